"""Text that may leave the house: short, on one line, without secrets."""

from __future__ import annotations

from parity.model.secrets import without_secrets

__all__ = ["short"]

LONGEST = 300


def short(text: str, most: int = LONGEST) -> str:
    """The text on one line, at most so long, with logins of addresses and secrets starred out."""
    line = without_secrets(" ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
