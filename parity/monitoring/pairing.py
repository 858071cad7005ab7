"""Which names mean the same work: `legacy-yahoo`, `load_yahoo_data`, `yahoo_market_data_flow`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

__all__ = ["partner", "plain"]


def plain(name: str) -> str:
    """A flow's name as it is compared: Prefect writes `-` where a function has `_`."""
    return name.replace("-", "_").lower()


def partner(name: str, among: Collection[str]) -> str | None:
    """The one of `among` that does the same; None where there is none, or more than one.

    That is the one of the same name, else the one that shares a word with it which no other of
    `among` has: of `legacy-yahoo` and `legacy-polygon`, the first for `yahoo_market_data_flow`.
    """
    for other in among:
        if plain(other) == plain(name):
            return other
    known = Counter(word for other in among for word in _words(other))
    found = [
        other for other in among if any(known[word] == 1 for word in _words(other) & _words(name))
    ]
    return found[0] if len(found) == 1 else None


def _words(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.lower())) - {""}
