"""Calculate the indicators of many symbols at once and store them. No Prefect here.

Three steps, so that they can be tasks of their own: `read` (one query for all symbols),
`compute_all` (pure), `store`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from prefect_flows.bars import midnight, session_of
from prefect_flows.feeds import YAHOO_JOB
from prefect_flows.folding import NO_BARS, Daily, daily
from prefect_flows.indicators import IndicatorRow, Series, compute_newest
from prefect_flows.queries.connection import connect
from prefect_flows.queries.indicators import Known, closes, known, store_indicators
from prefect_flows.queries.runs import record
from prefect_flows.settings import Settings
from prefect_flows.work.outcome import Outcome, Status

__all__ = [
    "INDICATORS_JOB",
    "SOURCE",
    "History",
    "calculate",
    "compute_all",
    "read",
    "store",
]

INDICATORS_JOB = "calculate_daily_indicators"
SOURCE = "yahoo_adjusted"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A symbol's sessions, and which of them are to be written.

    Attributes:
        symbol: Ticker.
        started_at: When work on it began.
        days: Sessions as days since 1970-01-01, int64, ascending.
        close: Their closes, float64.
        volume: Their volumes, float64; NaN where there is none.
        wanted: The sessions to write; each must be in `days` to be written.
    """

    symbol: str
    started_at: datetime
    days: NDArray[np.int64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    wanted: NDArray[np.int64]


def read(
    connection: Connection,
    symbols: Sequence[str],
    *,
    days_back: int,
    as_of: datetime,
    restated: frozenset[str] = frozenset(),
) -> list[History]:
    """Read what the sessions to write are calculated from.

    Sessions later than the last one stored are written; where nothing is stored, only the
    newest. The last stored one is calculated again, since its bars may have been partial. After
    a restatement every stored session is written again, so that the table is never on two price
    scales.

    Args:
        connection: In autocommit.
        symbols: Tickers.
        days_back: Calendar days of history before each session written.
        as_of: Bars from then on are not looked at.
        restated: Those whose bars were fetched again on another scale, beside those of which
            load_runs says so.

    Returns:
        One a symbol, in order; without sessions where no bars are stored.

    Raises:
        psycopg.Error: The database refused.
    """
    started_at = datetime.now(UTC)
    facts = known(
        connection,
        symbols,
        SOURCE,
        end=as_of,
        until=session_of(as_of),
        whole=restated,
        jobs=(YAHOO_JOB, INDICATORS_JOB),
    )
    firsts = {symbol: first for symbol in symbols if (first := _first(facts[symbol]))}
    starts = {symbol: midnight(first - timedelta(days_back)) for symbol, first in firsts.items()}
    stored = closes(connection, starts, SOURCE, end=as_of)
    series = {
        symbol: daily(days, is_daily, close, volume)
        for symbol, days, is_daily, close, volume in stored
    }
    return [
        _history(symbol, started_at, facts[symbol], series.get(symbol, NO_BARS))
        for symbol in symbols
    ]


def compute_all(
    histories: Sequence[History], days_back: int
) -> list[tuple[History, list[IndicatorRow]]]:
    """Calculate the rows to write of all symbols, in one pass.

    Each is calculated from the `days_back` calendar days before its session, so it comes out the
    same whenever that is done, and whatever is calculated beside it. Pure.

    Returns:
        Each history with its rows, in order.
    """
    windows = [_windows(history, days_back) for history in histories]
    rows = iter(compute_newest(window for found in windows for window in found))
    return [
        (history, list(islice(rows, len(found))))
        for history, found in zip(histories, windows, strict=True)
    ]


def store(
    connection: Connection,
    computed: Sequence[tuple[History, Sequence[IndicatorRow]]],
    *,
    run_id: str | None = None,
    attempts: int = 1,
) -> list[Outcome]:
    """Write the rows and the account of them, in one transaction.

    Raises:
        psycopg.Error: The database refused; nothing was written.
    """
    outcomes = [_outcome(history, rows, attempts) for history, rows in computed]
    with connection.transaction():
        store_indicators(
            connection,
            (
                (history.symbol, row.date, *row.values, row.current_volume)
                for history, rows in computed
                for row in rows
            ),
        )
        record(connection, INDICATORS_JOB, outcomes, run_id)
    return outcomes


def calculate(
    symbols: Sequence[str],
    *,
    days_back: int,
    as_of: datetime,
    settings: Settings,
    restated: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Read, calculate and store; see there.

    Raises:
        psycopg.Error: The database refused; nothing was written.
    """
    with connect(settings.database_url) as connection:
        histories = read(connection, symbols, days_back=days_back, as_of=as_of, restated=restated)
        return store(connection, compute_all(histories, days_back))


def _first(facts: Known) -> date | None:
    """The earliest session to write."""
    stored, newest, sessions = facts
    if sessions:
        return sessions[0]
    return stored or newest


def _history(symbol: str, started_at: datetime, facts: Known, series: Daily) -> History:
    stored, newest, sessions = facts
    days, close, volume = series
    if stored is None:
        wanted = _numbers([] if newest is None else [newest])
    else:
        again = _numbers(sessions or [stored])
        wanted = np.concatenate([again, days[days > again[-1]]])
    return History(
        symbol=symbol,
        started_at=started_at,
        days=days,
        close=close,
        volume=volume,
        wanted=wanted,
    )


def _windows(history: History, days_back: int) -> list[Series]:
    """What each row to write is calculated from; nothing where its bars are gone."""
    days = history.days
    found = []
    for day in history.wanted:
        place = int(np.searchsorted(days, day))
        if place == len(days) or days[place] != day:
            continue
        start = int(np.searchsorted(days, day - days_back))
        window = slice(start, place + 1)
        found.append(
            Series(_EPOCH + timedelta(int(day)), history.close[window], history.volume[window])
        )
    return found


def _numbers(days: Sequence[date]) -> NDArray[np.int64]:
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64)


def _outcome(history: History, rows: Sequence[IndicatorRow], attempts: int) -> Outcome:
    days = [row.date for row in rows]
    if not days:
        status, message = Status.EMPTY, f"no {SOURCE} bars are stored"
    else:
        status, message = Status.OK, f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
        if missing := rows[-1].missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            message += f"; too few rows for {', '.join(missing[:3])}{more}"
    return Outcome(
        symbol=history.symbol,
        started_at=history.started_at,
        status=status,
        rows=len(days),
        message=message,
        attempts=attempts,
    )
