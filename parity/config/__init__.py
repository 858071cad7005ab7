"""parity.yaml -> `Suite`: every problem at once, each with its path and line in the file.

So are the waivers of waivers.yaml.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from parity.model.suite import Suite
from parity.model.waiver import Waiver

__all__ = ["load", "load_text", "load_waivers"]


def load(path: Path) -> Suite:
    """Load parity.yaml; relative paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    from parity.config import loading  # here: commands without a file need no YAML, no pydantic

    return loading.load(path)


def load_text(text: str, path: Path) -> Suite:
    """Load what stood in parity.yaml at some time, as if it stood there now.

    Args:
        text: what the file held.
        path: the file; relative paths are relative to its folder.

    Raises:
        ConfigError: the text is wrong, with every problem in file order.
    """
    from parity.config import loading

    return loading.load_text(text, path)


def load_waivers(path: Path, datasets: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """Load waivers.yaml, in its order; a missing file has none.

    Args:
        path: the file.
        datasets: the names that a waiver may be about; None: any.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    from parity.config import waivers

    return waivers.load_waivers(path, datasets)
