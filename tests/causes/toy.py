"""Two frames of rows as the rules see them: real bars, a small context, both in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from parity.causes import (
    NO_TIME,
    STATES,
    Calendar,
    Differences,
    Extent,
    Field,
    Fold,
    Revision,
    Role,
    Rows,
    Rule,
    Series,
    Values,
    explain,
    role_of,
)
from parity.causes.frame import Bools, Ints, beyond
from parity.demo.market import daily_bars, intraday_bars  # noqa: F401
from parity.exchange import Exchange
from parity.explain.calendar import Sessions
from parity.model.result import Incident, RowState
from parity.model.suite import EXACT, Dataset, Kind, Relation, Tolerance
from parity.model.verdict import Side

NEW_YORK = ZoneInfo("America/New_York")
PRICE, COUNT = "numeric(15,4)", "bigint"
BARS = ("open", "high", "low", "close", "volume")


def fields(
    names: Sequence[str] = BARS,
    types: Mapping[str, str | tuple[str, str]] | None = None,
    tolerances: Mapping[str, Tolerance] | None = None,
) -> tuple[Field, ...]:
    """Fields named so; prices numeric(15,4) and volume bigint unless `types` says otherwise."""
    out = []
    for name in names:
        usual = COUNT if role_of(name) is Role.VOLUME else PRICE
        kind = (types or {}).get(name, usual)
        pair = (kind, kind) if isinstance(kind, str) else kind
        out.append(
            Field(
                name,
                pair[0] != "text",
                (tolerances or {}).get(name, EXACT),
                dict(zip(Side, pair, strict=True)),
                role_of(name),
            )
        )
    return tuple(out)


def dataset(kind: Kind = Kind.BARS, time: str = "timestamp", **more: Any) -> Dataset:
    """A dataset with key (symbol, time)."""
    return Dataset(
        name=more.pop("name", "bars"),
        kind=kind,
        legacy=Relation("legacy", "t"),
        candidate=Relation("prefect", "t"),
        key=("symbol", time),
        symbol="symbol",
        time=time,
        **more,
    )


@cache
def _real(symbol: str, first: date, last: date, split_adjusted: bool) -> pd.DataFrame:
    as_of = datetime.combine(last, datetime.min.time(), NEW_YORK) + timedelta(hours=20)
    bars = [
        bar
        for bar in daily_bars(symbol, as_of, split_adjusted=split_adjusted)
        if first <= bar.session <= last
    ]
    return pd.DataFrame(
        {
            "symbol": symbol,
            "timestamp": [bar.start.replace(hour=0, minute=0) for bar in bars],
            **{name: [round(float(getattr(bar, name)), 4) for bar in bars] for name in BARS[:4]},
            "volume": [float(bar.volume) for bar in bars],
        }
    )


def real_bars(
    symbols: Sequence[str] = ("AAPL", "IBM"),
    first: date = date(2004, 9, 1),
    last: date = date(2005, 2, 25),
    *,
    split_adjusted: bool = True,
) -> pd.DataFrame:
    """Real daily bars as of the evening of `last`: symbol, timestamp (midnight New York), OHLCV."""
    parts = [_real(symbol, first, last, split_adjusted) for symbol in symbols]
    return pd.concat(parts, ignore_index=True)


@dataclass
class Known:
    """A `Context` of rows that are all in memory."""

    dataset: Dataset
    session: date | None
    zone: ZoneInfo
    dated: bool
    calendar: Calendar | None
    rows: dict[Side, Rows]
    other_series: Sequence[Series] = ()
    bars: Mapping[Side, Rows] | None = None
    bar_places: Mapping[str, int] = field(default_factory=dict)
    bar_incidents: Sequence[Incident] = ()
    kept: Mapping[Side, Sequence[Revision]] = field(default_factory=dict)
    series: int = 0

    def days(self, time: Ints) -> Ints:
        index = pd.DatetimeIndex(pd.to_datetime(time, unit="us", utc=True))
        if not self.dated:
            index = index.tz_convert(self.zone)
        midnight = index.tz_localize(None).normalize()
        return np.asarray((midnight - pd.Timestamp("1970-01-01")).days, dtype=np.int64)

    def own(self, side: Side) -> Rows | None:
        return self.rows[side]

    def extent(self, side: Side) -> Extent:
        rows = self.rows[side]
        count = np.zeros(self.series, dtype=np.int64)
        first, last = np.full(self.series, NO_TIME), np.full(self.series, NO_TIME)
        for code in range(self.series):
            times = rows.time[rows.of(code)]
            count[code] = len(times)
            if len(times):
                first[code], last[code] = times[0], times[-1]
        return Extent(count, first, last)

    def days_with_rows(self, side: Side) -> Ints:
        return np.unique(self.days(self.rows[side].time))

    def others(self) -> Sequence[Series]:
        return self.other_series

    def inputs(self) -> Mapping[Side, Rows] | None:
        return self.bars

    def input_places(self) -> Mapping[str, int]:
        return self.bar_places

    def input_incidents(self) -> Sequence[Incident]:
        return self.bar_incidents

    def revisions(self, side: Side, rows: Ints) -> Sequence[Revision]:
        wanted = set(rows.tolist())
        return [one for one in self.kept.get(side, ()) if one.row in wanted]


def _times(column: pd.Series[Any]) -> Ints:
    values = pd.to_datetime(column, utc=True)
    since = (values - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1)
    return np.asarray(since, dtype=np.int64)


def values_of(frame: pd.DataFrame, wanted: Sequence[Field]) -> Values:
    """The frame's columns by field; None and NaN are both NULL (a NaN as such: Decimal NaN)."""
    numbers = np.full((len(frame), len(wanted)), np.nan)
    null = np.ones((len(frame), len(wanted)), dtype=bool)
    texts = {}
    for place, one in enumerate(wanted):
        column = frame[one.name]
        missing = [value is None or value is pd.NA or value != value for value in column]
        null[:, place] = np.array(missing, dtype=bool)
        if one.number:
            numbers[:, place] = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
        else:
            texts[place] = np.array(
                [None if gone else value for value, gone in zip(column, missing, strict=True)],
                dtype=object,
            )
    return Values(numbers, null, texts)


def rows_of(
    frame: pd.DataFrame, symbols: Sequence[str], wanted: Sequence[Field], time: str
) -> Rows:
    """A frame's rows sorted by symbol and time; rows of other symbols are left out."""
    mine = frame[frame["symbol"].isin(symbols)].copy()
    code = mine["symbol"].map({name: place for place, name in enumerate(symbols)})
    mine = mine.assign(_code=code, _time=_times(mine[time])).sort_values(["_code", "_time"])
    return Rows(
        mine["_code"].to_numpy(dtype=np.int64),
        mine["_time"].to_numpy(dtype=np.int64),
        values_of(mine, wanted),
    )


def compared(
    legacy: pd.DataFrame,
    candidate: pd.DataFrame,
    *,
    of: Dataset | None = None,
    wanted: Sequence[Field] | None = None,
    session: date | None = None,
    **context: Any,
) -> tuple[Differences, Known]:
    """What differs between two frames with columns symbol, <time> and the fields' names.

    A key that occurs twice on one side makes its rows `duplicate_key`, one discrepancy a row. More
    keyword arguments go to `Known` (other_series, bars, kept ...).
    """
    of = of or dataset()
    assert of.time is not None
    wanted = tuple(wanted or fields())
    symbols = sorted({*legacy["symbol"], *candidate["symbol"]})
    frames = {Side.LEGACY: legacy, Side.CANDIDATE: candidate}
    rows = {side: rows_of(frame, symbols, wanted, of.time) for side, frame in frames.items()}
    found = _differences(rows, wanted, tuple(symbols))
    first = frames[Side.LEGACY] if len(legacy) else candidate
    dated = not isinstance(first[of.time].iloc[0], pd.Timestamp | datetime)
    days = [value for frame in frames.values() for value in frame[of.time]]
    newest = max(pd.Timestamp(day).date() for day in days)
    exchange = Sessions(Exchange("XNYS"))
    known = Known(of, session or newest, NEW_YORK, dated, exchange, rows, series=len(symbols),
                  **context)  # fmt: skip
    return found, known


def _differences(
    rows: Mapping[Side, Rows], wanted: tuple[Field, ...], symbols: tuple[str, ...]
) -> Differences:
    keys = {side: pd.MultiIndex.from_arrays([part.code, part.time]) for side, part in rows.items()}
    doubled = keys[Side.LEGACY][keys[Side.LEGACY].duplicated()].append(
        keys[Side.CANDIDATE][keys[Side.CANDIDATE].duplicated()]
    )
    state: list[int] = []
    take: dict[Side, list[int]] = {side: [] for side in Side}
    irregular = STATES.index(RowState.DUPLICATE_KEY)
    for side in Side:
        for place in np.flatnonzero(keys[side].isin(doubled)).tolist():
            state.append(irregular)
            for one in Side:
                take[one].append(place if one is side else -1)
    single = {side: ~keys[side].isin(doubled) for side in Side}
    left, right = keys[Side.LEGACY], keys[Side.CANDIDATE]
    partner = rows[Side.CANDIDATE].find(rows[Side.LEGACY].code, rows[Side.LEGACY].time)
    pairs = np.flatnonzero(single[Side.LEGACY] & (partner >= 0))
    differs = beyond(
        wanted,
        rows[Side.LEGACY].values.take(pairs),
        rows[Side.CANDIDATE].values.take(partner[pairs]),
    )
    for place in pairs[differs.any(axis=1)].tolist():
        state.append(STATES.index(RowState.MISMATCHED))
        take[Side.LEGACY].append(place)
        take[Side.CANDIDATE].append(int(partner[place]))
    for side, mine, others, kind in (
        (Side.LEGACY, left, right, RowState.LEGACY_ONLY),
        (Side.CANDIDATE, right, left, RowState.CANDIDATE_ONLY),
    ):
        for place in np.flatnonzero(single[side] & ~mine.isin(others)).tolist():
            state.append(STATES.index(kind))
            for one in Side:
                take[one].append(place if one is side else -1)
    return _built(rows, wanted, symbols, np.array(state, dtype=np.int8), take)


def _built(
    rows: Mapping[Side, Rows],
    wanted: tuple[Field, ...],
    symbols: tuple[str, ...],
    state: np.ndarray[Any, np.dtype[np.int8]],
    take: Mapping[Side, list[int]],
) -> Differences:
    places = {side: np.array(take[side], dtype=np.int64) for side in Side}
    present: dict[Side, Bools] = {side: places[side] >= 0 for side in Side}
    values = {
        side: rows[side].values.take(places[side]) if len(rows[side]) else _none(len(state), wanted)
        for side in Side
    }
    for side in Side:
        values[side].numbers[~present[side]] = np.nan
    has = {side: rows[side] if len(rows[side]) else None for side in Side}
    code = np.zeros(len(state), dtype=np.int64)
    time = np.zeros(len(state), dtype=np.int64)
    for side, part in has.items():
        if part is not None:
            mine = present[side]
            code[mine], time[mine] = part.code[places[side][mine]], part.time[places[side][mine]]
    order = np.lexsort((time, code))
    differs = beyond(wanted, values[Side.LEGACY], values[Side.CANDIDATE])
    differs &= (state == STATES.index(RowState.MISMATCHED))[:, None]
    found = Differences(
        fields=wanted,
        series=tuple((symbol,) for symbol in symbols),
        symbols=symbols,
        state=state,
        code=code,
        time=time,
        values=values,
        present=present,
        differs=differs,
    )
    return found.take(order)


def _none(size: int, wanted: tuple[Field, ...]) -> Values:
    shape = (size, len(wanted))
    texts = {
        place: np.full(size, None, dtype=object)
        for place, one in enumerate(wanted)
        if not one.number
    }
    return Values(np.full(shape, np.nan), np.ones(shape, dtype=bool), texts)


def incidents(
    found: Differences, context: Known, rules: Sequence[Rule] | None = None
) -> tuple[Incident, ...]:
    """What the engine makes of them, with all rules unless some are given."""
    fold = Fold(context)
    owner = explain(found, context, fold, rules)
    out = fold.incidents()
    assert sorted(set(owner)) == sorted(one.id for one in out)
    assert sum(one.rows for one in out) == len(found) == len(owner)
    return out


def tolerance(absolute: str = "0", relative: str = "0") -> Tolerance:
    """A tolerance."""
    return Tolerance(abs=Decimal(absolute), rel=Decimal(relative))


__all__ = [
    "UTC",
    "Known",
    "compared",
    "dataset",
    "fields",
    "incidents",
    "real_bars",
    "rows_of",
    "tolerance",
    "values_of",
]
