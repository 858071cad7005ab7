"""Frames of bars for the tests of moved keys, and the ways to move them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache

import pandas as pd

from parity.demo.market import intraday_bars
from parity.model.result import Incident
from parity.model.verdict import Side
from tests.causes.toy import BARS, NEW_YORK

__all__ = ["by_cause", "edited", "hourly", "reordered", "reread", "sides", "stepped"]


@cache
def _hourly(symbol: str, first: date, last: date, clock_hours: bool) -> pd.DataFrame:
    as_of = datetime.combine(last, datetime.min.time(), NEW_YORK) + timedelta(hours=20)
    bars = intraday_bars(symbol, as_of, since=first, clock_hours=clock_hours)
    return pd.DataFrame(
        {
            "symbol": symbol,
            "timestamp": pd.DatetimeIndex([bar.start for bar in bars]).tz_convert("UTC"),
            **{name: [round(float(getattr(bar, name)), 4) for bar in bars] for name in BARS[:4]},
            "volume": [float(bar.volume) for bar in bars],
        }
    )


def hourly(
    symbols: Sequence[str] = ("AAPL", "IBM"),
    first: date = date(2005, 3, 21),
    last: date = date(2005, 4, 15),
    *,
    clock_hours: bool = False,
) -> pd.DataFrame:
    """Synthetic hourly bars over the change to daylight saving time of 2005-04-03, in UTC."""
    parts = [_hourly(symbol, first, last, clock_hours) for symbol in symbols]
    return pd.concat(parts, ignore_index=True)


def reread(times: pd.Series, of: str, as_if: str) -> pd.Series:
    """Clock readings in one zone, taken for another's."""
    local = times.dt.tz_convert(of).dt.tz_localize(None)
    read = local.dt.tz_localize(as_if, ambiguous=True, nonexistent="shift_forward")
    moments: pd.Series = read.dt.tz_convert("UTC")
    return moments


def sides(
    side: Side, faulty: pd.DataFrame, good: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Legacy and candidate, `side` being the faulty one."""
    return (faulty, good) if side is Side.LEGACY else (good, faulty)


def edited(
    frame: pd.DataFrame, rows: Sequence[int], name: str, change: Callable[[pd.Series], pd.Series]
) -> pd.DataFrame:
    """A frame with other values of a column in some rows."""
    here = frame.index.isin(list(rows))
    return frame.assign(**{name: frame[name].where(~here, change(frame[name]))})


def reordered(frame: pd.DataFrame, rows: Sequence[int], order: Sequence[int]) -> pd.DataFrame:
    """A frame in which the values (not the keys) of some rows are those of others of its rows."""
    place = list(range(len(frame)))
    for row, other in zip(rows, order, strict=True):
        place[row] = other
    values = frame[list(BARS)].iloc[place].reset_index(drop=True)
    return frame.assign(**{name: values[name] for name in BARS})


def by_cause(found: Sequence[Incident]) -> dict[str, int]:
    """Rows of each cause."""
    rows: dict[str, int] = {}
    for one in found:
        rows[one.cause] = rows.get(one.cause, 0) + one.rows
    return rows


def stepped(frame: pd.DataFrame, by: int, first: int, last: int) -> pd.DataFrame:
    """Rows of the days numbered `first` to `last` moved by one day of the frame.

    A moved row takes the place of one that is there; one for which there is no such day is gone.
    """
    days = sorted(frame["timestamp"].unique())
    number = frame["timestamp"].map({day: place for place, day in enumerate(days)})
    inside = number.between(first, last)
    to = (number + by * inside).map(dict(enumerate(days))).astype(frame["timestamp"].dtype)
    out = frame.assign(timestamp=to, _moved=inside).dropna(subset="timestamp")
    out = out.sort_values("_moved", kind="stable")
    out = out.drop_duplicates(["symbol", "timestamp"], keep="last")
    return out.drop(columns="_moved").sort_index().reset_index(drop=True)
