"""Load a batch of symbols in rounds: what failed and can pass is tried again. No Prefect here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import Connection

from prefect_flows.errors import LimitError, PassingError
from prefect_flows.feeds import Feed
from prefect_flows.loading import Fetched, check, fetch, store
from prefect_flows.permit import Permit
from prefect_flows.queries.runs import done, record
from prefect_flows.settings import Settings
from prefect_flows.work.failing import can_pass, reason
from prefect_flows.work.outcome import Outcome, Status

__all__ = ["Batch", "fetch_checked"]


def fetch_checked(
    connection: Connection,
    feed: Feed,
    symbol: str,
    *,
    as_of: datetime,
    settings: Settings,
    permit: Permit,
) -> Fetched:
    """Fetch a symbol and check the answer.

    Raises:
        VendorError: The answer could not be used.
        psycopg.Error: The database refused.
    """
    fetched = fetch(connection, feed, symbol, as_of=as_of, settings=settings, permit=permit)
    check(fetched)
    return fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Symbols that are fetched one after another and stored together.

    Attributes:
        connection: In autocommit.
        feed: What is asked of which vendor.
        as_of: Nothing newer is asked for or stored.
        settings: Of the surroundings.
        permit: Called before each request.
        run_id: Under which load_runs knows the work.
        rounds: How often a symbol is tried at most.
        pause: Called between rounds with the number of the one that is over and its errors.
    """

    connection: Connection
    feed: Feed
    as_of: datetime
    settings: Settings
    permit: Permit
    run_id: str
    rounds: int
    pause: Callable[[int, Iterable[PassingError]], None]

    def load(self, symbols: Sequence[str]) -> list[Outcome]:
        """Load them; what a round fetched is stored before the next one.

        Symbols that the run has stored already are not loaded again.

        Raises:
            psycopg.Error: The database refused; rounds before are stored.
        """
        before = done(self.connection, [self.run_id], self.feed.job, symbols)
        outcomes = {symbol: before[symbol] for symbol in symbols if symbol in before}
        left = [symbol for symbol in symbols if symbol not in outcomes]
        number = 1
        while left:
            ended, again = self._round(left, number)
            outcomes |= {one.symbol: one for one in ended}
            if again:
                self.pause(number, again)
            left = [error.symbol for error in again]
            number += 1
        return [outcomes[symbol] for symbol in symbols]

    def _round(
        self, symbols: Iterable[str], number: int
    ) -> tuple[list[Outcome], list[PassingError]]:
        """Try each symbol once; return what came to an end, and what is to be tried again."""
        fetched: list[Fetched] = []
        failed: list[Outcome] = []
        again: list[PassingError] = []
        closed: LimitError | None = None
        for symbol in symbols:
            started_at = datetime.now(UTC)
            try:
                if closed is not None:
                    raise closed  # it would only wait in vain once more for each symbol
                fetched.append(self._fetch(symbol))
            except psycopg.OperationalError:
                raise  # the database's fault, not the symbol's
            except Exception as error:  # noqa: BLE001  # whatever it is, it costs no other symbol
                closed = error if isinstance(error, LimitError) else closed
                if isinstance(error, PassingError) and number < self.rounds and can_pass(error):
                    # The answer may not have told which symbol it was about.
                    again.append(PassingError(symbol, error.reason, error.retry_after))
                else:
                    failed.append(_failed(symbol, started_at, number, error))
        stored, refused = self._store(fetched, number)
        failed += refused
        record(self.connection, self.feed.job, failed, self.run_id)
        return [*stored, *failed], again

    def _store(
        self, fetched: Sequence[Fetched], number: int
    ) -> tuple[list[Outcome], list[Outcome]]:
        """Store all at once; one by one where the database refuses what one of them holds."""
        tried = {one.symbol: number for one in fetched}
        try:
            return self._stored(fetched, tried), []
        except (psycopg.DataError, psycopg.IntegrityError, OverflowError) as error:
            if len(fetched) == 1:
                return [], [_failed(fetched[0].symbol, fetched[0].started_at, number, error)]
        ended = [self._store([one], number) for one in fetched]
        return [o for stored, _ in ended for o in stored], [o for _, bad in ended for o in bad]

    def _stored(self, fetched: Sequence[Fetched], tried: dict[str, int]) -> list[Outcome]:
        return store(self.connection, self.feed, fetched, run_id=self.run_id, attempts=tried)

    def _fetch(self, symbol: str) -> Fetched:
        return fetch_checked(
            self.connection,
            self.feed,
            symbol,
            as_of=self.as_of,
            settings=self.settings,
            permit=self.permit,
        )


def _failed(symbol: str, started_at: datetime, number: int, error: Exception) -> Outcome:
    return Outcome(
        symbol=symbol,
        started_at=started_at,
        status=Status.FAILED,
        message=reason(error),
        attempts=number,
    )
