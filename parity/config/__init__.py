"""parity.yaml -> `Suite`: every problem at once, each with its path and line in the file."""

from __future__ import annotations

from pathlib import Path

from parity.model.suite import Suite

__all__ = ["load"]


def load(path: Path) -> Suite:
    """Load parity.yaml; relative paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    from parity.config import loading  # here: commands without a file need no YAML, no pydantic

    return loading.load(path)
