"""parity.yaml -> `Suite`: every problem at once, each with its path and line in the file."""

from __future__ import annotations

from parity.config.loading import load

__all__ = ["load"]
