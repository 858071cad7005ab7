"""`parity` phase, checklist, sign: what must hold to leave a phase, and who signs it."""

from __future__ import annotations

import click

__all__ = ["ALL"]

ALL: tuple[click.Command, ...] = ()
