"""Leave to send a request to a vendor. What gives it is no business of who asks."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Permit", "nothing"]

Permit = Callable[[], None]
"""Returns when one more request may be sent."""


def nothing() -> None:
    """Permit at once."""
