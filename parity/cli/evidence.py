"""parity evidence: is all of it as it was, and one file of it for an auditor."""

from __future__ import annotations

import click

__all__ = ["ALL"]

ALL: tuple[click.Command, ...] = ()
