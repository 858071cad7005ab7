"""Calculate one symbol's indicators and store them. No Prefect here."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from psycopg import Connection

from prefect_flows import queries
from prefect_flows.bars import NEW_YORK, Window, session_of, to_daily
from prefect_flows.outcome import Outcome, Status
from prefect_flows.settings import Settings

if TYPE_CHECKING:
    from prefect_flows.indicators import IndicatorRow

__all__ = ["INDICATORS_JOB", "SOURCE", "calculate"]

INDICATORS_JOB = "calculate_daily_indicators"
SOURCE = "yahoo_adjusted"

_Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Sessions to write: those in `again`, and all from `first_new` on; `start` is the first."""

    start: date
    again: frozenset[date]
    first_new: date | None

    def wants(self, day: date) -> bool:
        return day in self.again or (self.first_new is not None and day >= self.first_new)


def calculate(
    symbol: str,
    *,
    days_back: int,
    as_of: datetime,
    restated: bool,
    settings: Settings,
    logger: _Logger,
) -> Outcome:
    """Write the indicators of the sessions that have none yet, in one transaction.

    Sessions later than the last one stored are written; where nothing is stored, only the
    newest. The last stored one is calculated again, since its bars may have been partial. After
    a restatement every stored session is written again, so that the table is never on two price
    scales. Each row is calculated from the `days_back` calendar days before its own session, so
    it comes out the same whenever it is calculated.

    Args:
        symbol: Ticker.
        days_back: Calendar days of history before each session written.
        as_of: Bars from then on are not looked at.
        restated: The symbol's bars were fetched again on another scale.
        settings: Where the tables are.
        logger: Told which indicators have too few rows.

    Raises:
        psycopg.Error: The database refused; nothing was written.
    """
    started_at = datetime.now(UTC)
    with queries.connect(settings.database_url) as connection:
        plan = _plan(connection, symbol, as_of, restated=restated)
        rows = [] if plan is None else _rows(connection, symbol, plan, days_back, as_of)
        outcome = _outcome(symbol, started_at, [row.date for row in rows])
        for row in filter(lambda row: row.missing, rows):
            logger.warning("%s %s: too few rows for %s", symbol, row.date, ", ".join(row.missing))
        with connection.transaction():
            if rows:
                queries.upsert_indicators(
                    connection,
                    symbol,
                    [(row.date, *row.values, row.current_volume) for row in rows],
                )
            queries.record_runs(connection, INDICATORS_JOB, [outcome])
    return outcome


def _rows(
    connection: Connection, symbol: str, plan: _Plan, days_back: int, as_of: datetime
) -> list[IndicatorRow]:
    from prefect_flows.indicators import compute  # TA-Lib's import takes a second

    history = Window(_midnight(plan.start - timedelta(days=days_back)), as_of)
    bars = to_daily(queries.bars_between(connection, symbol, SOURCE, history))
    days = [session_of(bar.timestamp) for bar in bars]
    return [
        compute(bars[bisect_left(days, day - timedelta(days=days_back)) : place + 1])[-1]
        for place, day in enumerate(days)
        if plan.wants(day)
    ]


def _plan(connection: Connection, symbol: str, as_of: datetime, *, restated: bool) -> _Plan | None:
    """Decide what to write; None where the symbol has no bars at all."""
    stored = queries.indicator_dates(connection, symbol, until=session_of(as_of))
    after = stored[-1] if stored else None
    new = queries.first_session_after(connection, symbol, SOURCE, after, end=as_of)
    if after is None:
        return None if new is None else _Plan(new[1], frozenset(), new[1])
    again = stored if restated else stored[-1:]
    return _Plan(again[0], frozenset(again), None if new is None else new[0])


def _outcome(symbol: str, started_at: datetime, days: Sequence[date]) -> Outcome:
    if not days:
        status, message = Status.EMPTY, f"no {SOURCE} bars are stored"
    else:
        status, message = Status.OK, f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
    return Outcome(
        symbol=symbol, started_at=started_at, status=status, rows=len(days), message=message
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), NEW_YORK)
