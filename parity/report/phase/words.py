"""Dates, names and texts as the page of a phase tells them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parity.report.words import day, visible

__all__ = ["anded", "cut", "date_text", "name_of"]

_LONG = 160


def name_of(phase: str) -> str:
    """`parallel run`."""
    return visible(phase.replace("_", " "))


def date_text(session: date) -> str:
    """`28 February 2005`."""
    return day(session).split(" ", 1)[1]


def cut(text: str, longest: int = _LONG) -> str:
    """The text in one line with nothing hidden in it, and no longer than that."""
    shown = visible(" ".join(text.split())[: 2 * longest], most=None)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def anded(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else list(parts))
