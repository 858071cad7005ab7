"""Which failures can pass, and what they were in one line. Pure."""

from __future__ import annotations

import psycopg

from prefect_flows.errors import PassingError, VendorError

__all__ = ["LONGEST_WAIT_SECONDS", "can_pass", "reason"]

# A vendor that asks for more patience than that is asked again by the next run.
LONGEST_WAIT_SECONDS = 60.0


def can_pass(cause: object) -> bool:
    """Tell whether a failure can pass by itself soon.

    So are a vendor's passing fault, unless it asks for more patience than a run has, and a
    database hiccup.
    """
    if isinstance(cause, PassingError):
        return (cause.retry_after or 0.0) <= LONGEST_WAIT_SECONDS
    return isinstance(cause, psycopg.OperationalError)


def reason(cause: object) -> str:
    """Return why a symbol failed, in one line."""
    if isinstance(cause, VendorError):
        return cause.reason
    text = " ".join(str(cause).split())[:500]
    return f"{type(cause).__name__}: {text}"
