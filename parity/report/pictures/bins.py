"""Bins for sizes that span many magnitudes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Bins", "bins_of", "edges_between"]

_MOST = 24
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bins:
    """`counts[n]` sizes from `edges[n]` up to but not `edges[n + 1]`; the last has its end too.

    Sizes equal to a limit lie below it.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def edges_between(low: float, high: float) -> tuple[float, ...]:
    """Round numbers, the first not above `low`, the last not below `high`; 2 to 26 of them.

    1, 2, 5, 10 … where they suffice, else powers of ten.
    """
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    fine = [_power(step, exponent) for exponent in range(first, last + 1) for step in _STEPS]
    edges = _needed(fine, low, high)
    if len(edges) > _MOST + 1:
        apart = 1
        while len(edges) > _MOST + 1:
            decades = range(first - first % apart - apart, last + apart + 1, apart)
            edges = _needed([_power(1, exponent) for exponent in decades], low, high)
            apart += 1
    return tuple(edges)


def _power(step: int, exponent: int) -> float:
    # By way of its text the number is the one that a reader would type.
    return float(f"{step}e{exponent}")


def _needed(edges: list[float], low: float, high: float) -> list[float]:
    """The fewest neighbouring edges that have both between them."""
    known = [edge for edge in edges if 0 < edge < math.inf]
    before = [edge for edge in known if edge <= low]
    after = [edge for edge in known if edge >= high and edge > low]
    start, end = before[-1] if before else 0.0, after[0] if after else math.inf
    return [start, *(edge for edge in known if start < edge < end), end]


def bins_of(sizes: np.ndarray[Any, Any], limit: float | None = None) -> Bins:
    """How many of some sizes lie where.

    Args:
        sizes: finite and above zero, at least one.
        limit: what is not beyond it lies in other bins than what is: it is one of the edges.
    """
    import numpy as np

    low, high = float(sizes.min()), float(sizes.max())
    if limit is not None:
        # What is equal to the limit needs a bin below it.
        low = min(low, math.nextafter(limit, 0.0) if low == limit else limit)
        high = max(high, limit)
    edges = edges_between(low, high)
    if limit is not None:
        edges = tuple(sorted({*edges, limit}))
    places = np.searchsorted(np.asarray(edges), sizes, side="right") - 1
    places = np.minimum(places, len(edges) - 2)
    if limit is not None:
        places[sizes == limit] = edges.index(limit) - 1
    counts = np.bincount(places, minlength=len(edges) - 1)
    return Bins(edges, tuple(int(number) for number in counts))
