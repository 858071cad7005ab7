"""What changes from night to night: rows that differ, incidents, and how long the jobs took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parity.report.nights import NightRow
from parity.report.pictures.view import Moment, TrendPictures
from parity.report.words import ABSENT, count

__all__ = ["LAST", "NIGHTS", "trend_pictures"]

NIGHTS = 250  # the newest, on the page of all nights
LAST = 30  # on the page of a night
_EPOCH = date(1970, 1, 1)
_KEYS = (
    ("rows", "rows differ"), ("unproved", "not proved"), ("proved", "proved"),
    ("waived", "waived"), ("legacy", "legacy jobs, s"), ("candidate", "candidate jobs, s"),
)  # fmt: skip

_LARGE = 1_000  # seconds; beyond, tenths tell nothing

Numbers = tuple[float | None, ...]


def trend_pictures(newest: Sequence[NightRow], most: int = NIGHTS) -> TrendPictures | None:
    """The trends of the newest nights; None where there are fewer than two.

    Args:
        newest: all nights, the newest first.
        most: how many are shown.
    """
    nights = list(reversed(newest[:most]))
    if len(nights) < 2:
        return None
    values = [_values(night) for night in nights]
    return TrendPictures(
        id="chart-trends",
        label=_label(nights, values),
        note=f"the newest {most:,} of {count(len(newest), 'night')}" if len(newest) > most else "",
        keys=_KEYS
        if any(one is not None for night in nights for one in night.seconds)
        else _KEYS[:4],
        columns=tuple(name for _, name in _KEYS),
        rows=tuple(
            Moment(time=night.session.isoformat(), utc="", values=tuple(map(_text, numbers)))
            for night, numbers in zip(reversed(nights), reversed(values), strict=True)
        ),
        chart={
            "days": True,
            "times": [(night.session - _EPOCH).days for night in nights],
            "shade": None,
            "plots": _plots(list(zip(*values, strict=True))),
        },
    )


def _values(night: NightRow) -> Numbers:
    kinds = (night.discrepancies, night.unproved, night.proved, night.waived_incidents)
    legacy, candidate = night.seconds
    return (*kinds, legacy, candidate)


def _plots(columns: Sequence[Numbers]) -> list[dict[str, object]]:
    rows, unproved, proved, waived, legacy, candidate = columns
    plots: list[dict[str, object]] = [
        {
            "name": "rows differ",
            "zero": True,
            "whole": True,
            "series": [{"style": "rows", "values": rows}],
        },
        {
            "name": "incidents",
            "zero": True,
            "whole": True,
            "series": [
                {"style": "unproved", "values": unproved},
                {"style": "proved", "values": proved},
                {"style": "waived", "values": waived},
            ],
        },
    ]
    if any(one is not None for one in (*legacy, *candidate)):
        plots.append(
            {
                "name": "jobs, s",
                "zero": True,
                "series": [
                    {"style": "legacy", "values": legacy},
                    {"style": "candidate", "values": candidate},
                ],
            }
        )
    return plots


def _text(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{int(value < _LARGE)}f}"


def _label(nights: Sequence[NightRow], values: Sequence[Numbers]) -> str:
    """What is seen: how many rows differ and how many incidents are not proved, first to last."""
    ends = f"{nights[0].session.isoformat()} to {nights[-1].session.isoformat()}"
    rows = [int(one[0] or 0) for one in values]
    told = [f"{count(len(nights), 'night')}, {ends}: {_course(rows)}"]
    open_now = int(values[-1][1] or 0)
    told.append(f"{count(open_now, 'incident')} not proved in the last")
    for side, place in (("legacy", 4), ("candidate", 5)):
        known = [number for one in values if (number := one[place]) is not None]
        if known:
            ends = " to ".join(dict.fromkeys(map(_text, (min(known), max(known)))))
            told.append(f"{side} jobs took {ends} seconds")
    return "; ".join(told)


def _course(rows: Sequence[int]) -> str:
    if len(set(rows)) == 1:
        return f"{count(rows[0], 'row')} {'differs' if rows[0] == 1 else 'differ'} in each"
    return f"{min(rows):,} to {max(rows):,} rows differ, {rows[-1]:,} in the last"
