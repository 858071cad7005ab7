"""The command `parity`: parse, call a use case, map verdict or error to an exit code."""

from __future__ import annotations

from parity.cli.main import main

__all__ = ["main"]
