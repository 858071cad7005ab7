"""The use case: run jobs, check, compare, judge, store, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.nightly.harness import Harness, harness_of, open_harness, read_suite
    from parity.nightly.night import Night
    from parity.nightly.publishing import publish_all

__all__ = ["Harness", "Night", "harness_of", "open_harness", "publish_all", "read_suite"]

_PLACES = {"Night": "night", "publish_all": "publishing"}


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: `parity diff` needs none of it, nor what it brings along."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'harness')}"), name)
