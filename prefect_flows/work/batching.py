"""Load a batch of symbols in rounds: what failed and can pass is tried again. No Prefect here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import Connection

from prefect_flows.errors import PassingError, VendorError
from prefect_flows.feeds import Feed, Permit
from prefect_flows.loading import Fetched, check, fetch, store
from prefect_flows.queries.runs import done, record
from prefect_flows.settings import Settings
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
        before = done(self.connection, [self.run_id], self.feed.job)
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
        for symbol in symbols:
            started_at = datetime.now(UTC)
            try:
                fetched.append(self._fetch(symbol))
            except VendorError as error:
                if isinstance(error, PassingError) and number < self.rounds:
                    # The answer may not have told which symbol it was about.
                    again.append(PassingError(symbol, error.reason, error.retry_after))
                    continue
                failed.append(
                    Outcome(
                        symbol=symbol,
                        started_at=started_at,
                        status=Status.FAILED,
                        message=error.reason,
                        attempts=number,
                    )
                )
        tried = {one.symbol: number for one in fetched}
        stored = store(self.connection, self.feed, fetched, run_id=self.run_id, attempts=tried)
        record(self.connection, self.feed.job, failed, self.run_id)
        return [*stored, *failed], again

    def _fetch(self, symbol: str) -> Fetched:
        return fetch_checked(
            self.connection,
            self.feed,
            symbol,
            as_of=self.as_of,
            settings=self.settings,
            permit=self.permit,
        )
