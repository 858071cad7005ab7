"""Which of many points a chart keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

__all__ = ["Line", "evenly", "thinned"]

Line = Sequence[float | None]
"""The values of a line; None where it has none."""


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


def thinned(
    size: int, most: int, *, ends: int, telling: Collection[int], lines: Sequence[Line] = ()
) -> list[int]:
    """The places, of `size` points in a row, that are kept: at most `most`, ascending.

    No extreme of a line is lost: half of what the ends leave goes to the lowest and the highest
    points, of each line and of each of as many stretches as there is room for.

    Args:
        size: how many there are.
        most: how many are kept, at least twice `ends`; all where there are no more.
        ends: so many at each end are all kept.
        telling: places that count for more, such as those at which both sides differ: half of
            what is left then is theirs, and more where the others do not need it.
        lines: whose extremes are kept, `size` values each; the first one's come first.
    """
    if size <= most:
        return list(range(size))
    between = range(ends, size - ends)
    left = most - 2 * ends
    far = set(_extremes(between, lines, left))
    left -= len(far)
    known = set(telling) - far
    first = [place for place in between if place in known]
    other = [place for place in between if place not in known and place not in far]
    share = min(len(first), max(left - left // 2, left - len(other)))
    kept = [*far, *evenly(first, share), *evenly(other, left - share)]
    return [*range(ends), *sorted(kept), *range(size - ends, size)]


def _extremes(between: range, lines: Sequence[Line], room: int) -> list[int]:
    """The extremes of each stretch; where there is no room for one stretch, as many as there is."""
    if not lines:
        return []
    each = 2 * len(lines)
    stretches = max(1, room // 2 // each)
    found: dict[int, None] = {}
    for number in range(stretches):
        start, end = (len(between) * at // stretches for at in (number, number + 1))
        found.update(dict.fromkeys(_ends(between[start:end], lines)))
    return list(found)[:room]


def _ends(stretch: range, lines: Sequence[Line]) -> Iterator[int]:
    """The places of the highest and the lowest value of each line."""
    for line in lines:
        held = [(value, place) for place in stretch if (value := line[place]) is not None]
        if held:
            yield max(held)[1]
            yield min(held)[1]
