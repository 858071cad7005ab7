"""parity waive: proposes the entry that accepts an incident."""

from __future__ import annotations

import click

__all__ = ["ALL"]

ALL: tuple[click.Command, ...] = ()
