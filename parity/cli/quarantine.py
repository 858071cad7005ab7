"""parity cleanup: what becomes of the old schema in the last phase."""

from __future__ import annotations

import click

__all__ = ["ALL"]

ALL: tuple[click.Command, ...] = ()
