"""Which of many points a chart keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["evenly", "thinned"]


def evenly(items: Sequence[int], most: int) -> list[int]:
    """At most `most` of the items, in their order: both ends, and the others evenly between.

    Of one the item in the middle.
    """
    size = len(items)
    if size <= most:
        return list(items)
    if most < 2:
        return [items[size // 2]] if most == 1 else []
    return [items[place * (size - 1) // (most - 1)] for place in range(most)]


def thinned(size: int, most: int, *, ends: int, telling: Collection[int]) -> list[int]:
    """The places, of `size` points in a row, that are kept: at most `most`, ascending.

    Args:
        size: how many there are.
        most: how many are kept, at least twice `ends`; all where there are no more.
        ends: so many at each end are all kept.
        telling: places that count for more, such as those at which both sides differ: half of
            what the ends leave is theirs, and more where the others do not need it.
    """
    if size <= most:
        return list(range(size))
    known = set(telling)
    between = range(ends, size - ends)
    first = [place for place in between if place in known]
    other = [place for place in between if place not in known]
    left = most - 2 * ends
    share = min(len(first), max(left - left // 2, left - len(other)))
    kept = evenly(first, share) + evenly(other, left - share)
    return [*range(ends), *sorted(kept), *range(size - ends, size)]
