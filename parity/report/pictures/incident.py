"""The chart of an incident: both sides and the difference below."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.picture import Series
from parity.model.thinning import thinned
from parity.report.pictures.seen import number_text, seen
from parity.report.pictures.times import Times, times_of
from parity.report.pictures.view import IncidentPicture, Moment
from parity.report.words import count, visible

__all__ = ["incident_picture"]

_ENDS = 3  # points at each end that are always listed
_DIGITS = 10
_COUNTED = 100_000

Value = float | None


def incident_picture(ident: str, series: Series, points: int, listed: int) -> IncidentPicture:
    """The picture of a series.

    Args:
        ident: the id of its place in the page.
        series: what is drawn.
        points: how many are drawn at most; those that differ come first.
        listed: how many are listed as numbers at most.

    Raises:
        ValueError: the series has times that are none.
    """
    drawn = _some(series, points)
    times = times_of(drawn.times)
    delta = [_delta(*pair) for pair in zip(drawn.legacy, drawn.candidate, strict=True)]
    own = [n for n, text in enumerate(drawn.times) if _own(series, text)]
    rows = _rows(drawn, times, delta, set(own), listed)
    return IncidentPicture(
        id=ident,
        label=seen(drawn, times),
        column=visible(series.column),
        note=_note(series, len(drawn.times), len(rows)),
        rows=rows,
        chart={
            "days": times.days,
            "times": times.numbers,
            "shade": [own[0], own[-1]] if own else None,
            "plots": [
                {
                    "name": visible(series.column),
                    "series": [
                        {"style": "legacy", "values": _short(drawn.legacy)},
                        {"style": "candidate", "values": _short(drawn.candidate)},
                    ],
                },
                # What the script works out of the two above.
                {"name": "Δ", "zero": True, "series": [{"style": "delta"}]},
            ],
        },
    )


def _own(series: Series, text: str) -> bool:
    # Texts of one form sort as their times do.
    return bool(series.first) and series.first <= text <= series.last


def _delta(legacy: Value, candidate: Value) -> Value:
    return None if legacy is None or candidate is None else candidate - legacy


def _short(values: Sequence[Value]) -> list[Value]:
    """Without the digits that no eye sees and every page pays for."""
    return [None if one is None else _plain(float(f"{one:.{_DIGITS}g}")) for one in values]


def _plain(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _some(series: Series, most: int) -> Series:
    pairs = zip(series.legacy, series.candidate, strict=True)
    telling = [place for place, (one, other) in enumerate(pairs) if one != other]
    kept = thinned(len(series.times), most, ends=min(10, most // 4), telling=telling)
    if len(kept) == len(series.times):
        return series
    return Series(
        dataset=series.dataset,
        incident=series.incident,
        symbol=series.symbol,
        column=series.column,
        times=tuple(series.times[place] for place in kept),
        legacy=tuple(series.legacy[place] for place in kept),
        candidate=tuple(series.candidate[place] for place in kept),
        first=series.first,
        last=series.last,
        whole=series.whole,
        source=series.source,
    )


def _rows(
    series: Series, times: Times, delta: Sequence[Value], own: set[int], most: int
) -> tuple[Moment, ...]:
    """The numbers: all of them, or the ends of the chart and what differs."""
    telling = [n for n, one in enumerate(delta) if one != 0]
    kept = thinned(len(delta), most, ends=min(_ENDS, most // 4), telling=telling)
    return tuple(
        Moment(
            time=times.texts[place],
            utc=times.utc[place],
            values=(
                number_text(series.legacy[place]),
                number_text(series.candidate[place]),
                number_text(_rounded(delta[place]), sign=True),
            ),
            own=place in own,
            gap=number > 0 and kept[number - 1] != place - 1,
        )
        for number, place in enumerate(kept)
    )


def _rounded(value: Value) -> Value:
    """A difference of doubles without the noise of their last digits."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _note(series: Series, drawn: int, listed: int) -> str:
    parts = []
    if series.whole > drawn:
        whole = "more than 100,000 rows" if series.whole > _COUNTED else count(series.whole, "row")
        parts.append(f"{drawn:,} of {whole} are drawn, the ends and what differs first")
    if listed < drawn:
        parts.append(f"{listed:,} of {drawn:,} points are listed")
    return "; ".join(parts)
