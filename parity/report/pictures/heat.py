"""The heat map: rows that differ, symbol by session."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parity.model.result import Origin
from parity.report.pictures.kept import Kept
from parity.report.pictures.view import HeatCell, HeatMap, HeatRow
from parity.report.words import EXCHANGE_ZONE, count, some_of, visible

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["SESSIONS", "SYMBOLS", "heat_map"]

SYMBOLS = 40  # those with most rows
SESSIONS = 60  # the newest; what came before is one column
SHADES = 5
_LONG = 10  # sessions; so many runs are told
_RUNS = 3
_WEEKEND = 5  # days from a session to the next one
ALL = "all"
_EPOCH = date(1970, 1, 1)


def heat_map(
    kept: Kept, symbols: Collection[str], most: int = SYMBOLS, origin: Origin | None = None
) -> HeatMap | None:
    """Counts of the rows that differ.

    The session of a row is the day of its time at the exchange. None where the key has no time,
    or all rows are of one symbol and one session.

    Args:
        kept: the file of all rows that differ.
        symbols: of the dataset's incidents; they tell which column of the key has symbols where
            the origin does not. Where none has, there is one row of all.
        most: how many symbols are shown.
        origin: names the columns that have time and symbol. Where it does not, the time is the
            first column of the key that may be one.
    """
    import numpy as np

    table = kept.table(kept.key)
    days = _days(kept, table, origin)
    if days is None:
        return None
    names, codes = _symbols(kept, table, set(symbols), origin)
    counted = _counted(codes, days, len(names))
    if np.count_nonzero(counted.whole) * len(counted.days) <= 1:
        return None
    return _map(names, counted, most)


def _columns(kept: Kept, named: str | None) -> tuple[str, ...]:
    """The file's name of a column of the key; all of them where it is not known which."""
    held = kept.names.get(("key", named)) if named else None
    return (held,) if held else kept.key


def _days(kept: Kept, table: pa.Table, origin: Origin | None) -> np.ndarray[Any, Any] | None:
    """For each row the session as days since 1970, -2**31 where it has none; None: no time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in _columns(kept, origin.time if origin else None):
        column = table[name]
        if pa.types.is_timestamp(column.type):
            if column.type.tz is None:
                column = _zoned(column, origin.timezone if origin else None)
            if column.type.tz is not None:
                zoned = column.cast(pa.timestamp("us", tz=str(EXCHANGE_ZONE)))
                column = pc.local_timestamp(zoned)
            # An Arrow date is the floor of the day, before 1970 too.
            column = pc.floor_temporal(column, unit="day").cast(pa.date32())
        if pa.types.is_date32(column.type):
            filled = pc.fill_null(column.cast(pa.int32()), np.iinfo(np.int32).min)
            return np.asarray(filled.to_numpy(), dtype=np.int64)
    return None


def _zoned(column: pa.ChunkedArray, zone: str | None) -> pa.ChunkedArray:
    """Bare timestamps as instants, where their zone is known and not all are midnights: days."""
    import pyarrow.compute as pc

    if zone is None or pc.all(pc.equal(column, pc.floor_temporal(column, unit="day"))).as_py():
        return column
    return pc.assume_timezone(column, zone, ambiguous="earliest", nonexistent="earliest")


def _symbols(
    kept: Kept, table: pa.Table, symbols: set[str], origin: Origin | None
) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The symbols, and for each row its place among them."""
    import numpy as np
    import pyarrow as pa

    best: tuple[int, list[str], np.ndarray[Any, Any]] | None = None
    sure = origin is not None and ("key", origin.symbol or "") in kept.names
    for name in _columns(kept, origin.symbol if origin else None):
        column = table[name]
        if not sure and (not pa.types.is_string(column.type) or not symbols):
            continue
        encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        names = ["NULL" if one is None else one for one in encoded.dictionary.to_pylist()]
        known = 1 if sure else len(symbols.intersection(names))
        if known and (best is None or known > best[0]):
            places = encoded.indices.fill_null(len(names)).to_numpy()
            best = known, [*names, "NULL"], places
    if best is None:
        return [ALL], np.zeros(table.num_rows, dtype=np.int64)
    return best[1], best[2]


@dataclass(frozen=True, slots=True)
class _Counted:
    """`grid` counts rows by symbol (of `whole`) and day (of `days`); `timeless` have no time."""

    grid: np.ndarray[Any, Any]
    days: Sequence[int]
    whole: np.ndarray[Any, Any]
    timeless: int


def _counted(codes: np.ndarray[Any, Any], days: np.ndarray[Any, Any], symbols: int) -> _Counted:
    import numpy as np

    has = days > np.iinfo(np.int32).min
    known, places = np.unique(days[has], return_inverse=True)
    flat = np.bincount(codes[has] * len(known) + places, minlength=symbols * len(known))
    grid = flat.reshape(symbols, len(known)) if len(known) else flat.reshape(symbols, 0)
    return _Counted(grid, known.tolist(), grid.sum(axis=1), int((~has).sum()))


def _map(names: Sequence[str], counted: _Counted, most: int) -> HeatMap:
    import numpy as np

    # The order of the names decides between as many rows, so that every page says the same.
    order = sorted(range(len(names)), key=lambda n: (-int(counted.whole[n]), names[n]))
    order = [n for n in order if counted.whole[n]]
    shown, older = order[:most], max(0, len(counted.days) - SESSIONS)
    newer = counted.grid[:, older:]
    columns = [_day(day) for day in counted.days[older:]]
    if older:
        newer = np.column_stack([counted.grid[:, :older].sum(axis=1), newer])
        columns.insert(0, f"before {columns[0]}")
    # The sum of all that came before would make every session look pale.
    top = max(1, int(newer[shown][:, 1 if older else 0 :].max()))
    rows = tuple(
        HeatRow(
            symbol=visible(names[n]),
            whole=f"{int(counted.whole[n]):,}",
            cells=tuple(_cell(int(number), top) for number in newer[n]),
        )
        for n in shown
    )
    left = sum(int(counted.whole[n]) for n in order[most:])
    return HeatMap(
        sessions=tuple(columns),
        rows=rows,
        says=_says(len(order), len(shown), len(counted.days), older, left, counted.timeless),
        told=_told(names, counted, shown) if len(shown) == len(order) else (),
    )


def _told(names: Sequence[str], counted: _Counted, shown: Sequence[int]) -> tuple[str, ...]:
    """What the map shows where that is one long run of single rows for each symbol; else empty."""
    import numpy as np

    runs: dict[tuple[int, int], list[str]] = {}
    for n in shown:
        places = np.flatnonzero(counted.grid[n])
        first, last = int(places[0]), int(places[-1])
        unbroken = len(places) == last - first + 1 >= _LONG
        if not unbroken or counted.whole[n] != len(places) or _gaps(counted.days[first : last + 1]):
            return ()
        runs.setdefault((first, last), []).append(names[n])
    if len(runs) > _RUNS:
        return ()
    return tuple(
        f"{some_of(tuple(sorted(whose)))}: one row on each of {last - first + 1:,} sessions "
        f"from {_day(counted.days[first])} to {_day(counted.days[last])}"
        for (first, last), whose in runs.items()
    )


def _gaps(days: Sequence[int]) -> bool:
    """Whether there is more between two sessions than a long weekend."""
    return any(after - before > _WEEKEND for before, after in pairwise(days))


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()


def _cell(number: int, top: int) -> HeatCell:
    if not number:
        return HeatCell(text="", exact="", shade=0)
    # By magnitude: a session with every row of the day must not make all others look alike.
    share = 0.5 if top == 1 else math.log(number) / math.log(top)
    shade = min(SHADES, 1 + round((SHADES - 1) * share))
    return HeatCell(text=_short(number), exact=f"{number:,}", shade=shade)


def _short(number: int) -> str:
    """A count in at most four characters: 999, 12k, 3M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size and number >= 10_000:
            return f"{number // size}{letter}"
    return str(number)


def _says(symbols: int, shown: int, days: int, older: int, left: int, timeless: int) -> str:
    parts = [f"{count(symbols, 'symbol')} × {count(days, 'session')} with rows that differ"]
    if older:
        parts.append(f"the first column sums up the {count(older, 'session')} before")
    if symbols > shown:
        rest = count(symbols - shown, "symbol")
        parts.append(f"the {shown} symbols with most rows; {count(left, 'row')} of {rest} left out")
    if timeless:
        parts.append(f"{count(timeless, 'row')} without a time left out")
    return "; ".join(parts)
