"""What PostgreSQL complains of."""

from __future__ import annotations

import psycopg

__all__ = ["first_line"]


def first_line(error: psycopg.Error) -> str:
    """The first line of an error: what is wrong, without the statement and its context."""
    return (str(error).splitlines() or [type(error).__name__])[0]
