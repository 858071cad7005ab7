"""cutover, rollback and drill: the switch, the way back, the rehearsal."""

from __future__ import annotations

import click

__all__ = ["ALL"]

ALL: tuple[click.Command, ...] = ()
