"""The chart of an incident: both sides and the difference below."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.picture import Series
from parity.model.thinning import thinned
from parity.report.pictures.seen import number_text, own_places, seen
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
    own = own_places(drawn)
    rows = _rows(drawn, times, delta, set(own), listed)
    return IncidentPicture(
        id=ident,
        label=seen(series, times_of(series.times)),
        column=visible(series.column),
        note=_note(series, len(drawn.times)),
        rows=rows,
        chart={
            "days": times.days,
            "times": times.numbers,
            "shade": [own[0], own[-1]] if own else None,
            "spans": _spans(own),
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


def _spans(own: Sequence[int]) -> list[list[int]]:
    """The first and the last of each run of neighbouring places."""
    spans: list[list[int]] = []
    for place in own:
        if spans and spans[-1][1] == place - 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    return spans


def _delta(legacy: Value, candidate: Value) -> Value:
    return None if legacy is None or candidate is None else candidate - legacy


def _short(values: Sequence[Value]) -> list[Value]:
    """Without the digits that no eye sees and every page pays for."""
    return [None if one is None else _plain(float(f"{one:.{_DIGITS}g}")) for one in values]


def _plain(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _some(series: Series, most: int) -> Series:
    pairs = list(zip(series.legacy, series.candidate, strict=True))
    telling = [place for place, (one, other) in enumerate(pairs) if one != other]
    lines = [[_delta(*pair) for pair in pairs], series.legacy, series.candidate]
    ends = min(10, most // 4)
    kept = thinned(len(series.times), most, ends=ends, telling=telling, lines=lines)
    return series if len(kept) == len(series.times) else series.at(kept)


def _rows(
    series: Series, times: Times, delta: Sequence[Value], own: set[int], most: int
) -> tuple[Moment, ...]:
    """The numbers: all of them, or the ends of the chart and what differs."""
    telling = [n for n, one in enumerate(delta) if one != 0]
    ends = min(_ENDS, most // 4)
    kept = thinned(len(delta), most, ends=ends, telling=telling, lines=[delta])
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


def _note(series: Series, drawn: int) -> str:
    if series.whole <= drawn:
        return ""
    whole = "more than 100,000 rows" if series.whole > _COUNTED else count(series.whole, "row")
    return f"{drawn:,} of {whole} are drawn; all rows that differ are in the CSV."
