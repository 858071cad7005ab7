"""What a chart of both sides shows, in words."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.picture import Series
from parity.report.pictures.times import Times
from parity.report.words import ratio_text, visible

__all__ = ["difference", "number_text", "own_places", "seen"]

_ALIKE = 0.001  # ratios so near to one another are one ratio, deltas by their own size
_ROUGHLY = 0.05  # of what a ratio is away from 1
_NEAR = 0.1  # beyond, a ratio is told as such, else as a percentage
_NAMED = {0.5: "half of legacy", 2.0: "twice legacy"}


def number_text(value: float | None, *, sign: bool = False) -> str:
    """A value as it is, without the digits that only a double has; a dash for none."""
    if value is None:
        return "—"
    if not value:
        return "0"
    size = abs(value)
    if size < 1e-6 or size >= 1e15:
        return f"{value:+.6g}" if sign else f"{value:.6g}"
    text = f"{value:+,.10f}" if sign else f"{value:,.10f}"
    text = text.rstrip("0").rstrip(".")
    digits = sum(character.isdigit() for character in text.lstrip("+-0.,"))
    if digits > 12 and "." in text:
        text = f"{value:+,.4f}" if sign else f"{value:,.4f}"
    return text


def seen(series: Series, times: Times) -> str:
    """`close of AAPL, 2005-01-28 to 2005-03-03: candidate is half of legacy from 2005-02-28 on`."""
    ends = " to ".join(dict.fromkeys((times.texts[0], times.texts[-1])))
    whose = f" of {visible(series.symbol)}" if series.symbol else ""
    source = f" ({visible(series.source)})" if series.source else ""
    return f"{visible(series.column)}{whose}{source}, {ends}: {_told(series, times)}"


def _told(series: Series, times: Times) -> str:
    """What was told when all points were there, else what those that were kept tell."""
    if series.says:
        return visible(series.says, most=None)
    part = "of the points kept, " if series.whole > len(series.times) else ""
    return part + difference(series, times)


def own_places(series: Series) -> list[int]:
    """The places of the incident's rows; of an older file all from its first to its last."""
    if series.own is not None:
        return [place for place, mine in enumerate(series.own) if mine]
    if not series.first:
        return []
    # Texts of one form sort as their times do.
    return [n for n, text in enumerate(series.times) if series.first <= text <= series.last]


def difference(series: Series, times: Times) -> str:
    """What the points of a series show: `candidate is half of legacy from 2005-02-28 on`."""
    # What else differs nearby is another incident's, or within tolerance.
    known = series.own is not None or bool(series.first)
    own = own_places(series) if known else range(len(series.times))
    pairs = [(n, series.legacy[n], series.candidate[n]) for n in own]
    both = [n for n, one, other in pairs if one != other and None not in (one, other)]
    alone = {
        "candidate": [n for n, one, other in pairs if other is None and one is not None],
        "legacy": [n for n, one, other in pairs if one is None and other is not None],
    }
    parts = []
    if both:
        parts.append(f"{_relation(series, both)} {_when(both, times)}")
    for side, places in alone.items():
        if places:
            parts.append(f"{side} has no value {_when(places, times)}")
    return "; ".join(parts) or "no difference can be drawn"


def _relation(series: Series, places: Sequence[int]) -> str:
    """How candidate is to legacy where both have numbers that differ."""
    pairs = [(series.legacy[place] or 0.0, series.candidate[place] or 0.0) for place in places]
    ratios = [other / one for one, other in pairs if one]
    if len(ratios) == len(pairs):
        for known, says in _NAMED.items():
            if all(abs(ratio - known) <= _ALIKE for ratio in ratios):
                return f"candidate is {says}"
    deltas = [other - one for one, other in pairs]
    if max(deltas) - min(deltas) <= _ALIKE * abs(deltas[0]):
        way = "above" if deltas[0] > 0 else "below"
        return f"candidate is {abs(deltas[0]):.4g} {way} legacy"
    if len(ratios) == len(pairs) and max(ratios) - min(ratios) <= _ROUGHLY * abs(ratios[0] - 1):
        if abs(ratios[0] - 1) > _NEAR:
            return f"candidate is about {ratios[0]:.3g} times legacy"
        way = "above" if ratios[0] > 1 else "below"
        return f"candidate is about {ratio_text(abs(ratios[0] - 1))} {way} legacy"
    most = max(abs(delta) for delta in deltas)
    return f"the sides differ by up to {most:.4g}"


def _when(places: Sequence[int], times: Times) -> str:
    """`on 2005-02-28`, `from 2005-02-28 on`, `until …`, or from and to."""
    first, last = times.texts[places[0]], times.texts[places[-1]]
    if len(places) == 1:
        return f"on {first}" if times.days else f"at {first}"
    begins, ends = places[0] == 0, places[-1] == len(times.texts) - 1
    between = "" if len(places) == places[-1] - places[0] + 1 else f" at {len(places)} points"
    if begins and ends:
        return f"throughout{between}"
    if ends:
        return f"from {first} on{between}"
    return f"until {last}{between}" if begins else f"from {first} to {last}{between}"
