"""Batches, interrupted runs and restatements without Prefect: real database, replayed vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import Connection

from parity.demo.faults import Fault, FaultKind, Vendor
from prefect_flows.bars import Bar
from prefect_flows.calculating import INDICATORS_JOB, calculate, compute_all, read
from prefect_flows.errors import LimitError, PassingError, SettingsError
from prefect_flows.feeds import Answer, PolygonFeed
from prefect_flows.loading import check, fetch, load_yahoo
from prefect_flows.queries import runs
from prefect_flows.queries.connection import connect
from prefect_flows.settings import Settings
from prefect_flows.tables import create_tables
from prefect_flows.work.batching import Batch
from prefect_flows.work.outcome import Status, Usage
from tests.flows.conftest import at

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]
EVE, SPLIT_NIGHT = at("2005-02-25"), at("2005-02-28")


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with connect(settings.database_url) as opened:
        yield opened


@dataclass(slots=True)
class Spoiled:
    """Polygon's feed, whose answers for some symbols are not what they should be."""

    spoil: Mapping[str, Callable[[Answer], Answer]]
    inner: PolygonFeed = field(default_factory=lambda: PolygonFeed(30, incremental=False))
    job: str = "polygon_daily_ingestion"
    vendor: str = "polygon"
    daily: bool = True

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def ask(self, symbol: str, *rest: object) -> Answer:
        answer = self.inner.ask(symbol, *rest)  # type: ignore[arg-type]
        spoil = self.spoil.get(symbol)
        return answer if spoil is None else spoil(answer)


def batch(
    connection: Connection,
    settings: Settings,
    feed: object,
    *,
    waits: list[Sequence[PassingError]] | None = None,
) -> Batch:
    paused = [] if waits is None else waits
    return Batch(
        connection=connection,
        feed=feed,  # type: ignore[arg-type]
        as_of=EVE,
        settings=settings,
        permit=lambda: None,
        run_id="this",
        rounds=3,
        pause=lambda _, errors: paused.append(list(errors)),
    )


def dear(answer: Answer) -> Answer:
    """A bar that no column can hold."""
    (bars,) = answer.bars.values()
    return Answer({"polygon": [replace(bars[0], close=Decimal(10) ** 12), *bars[1:]]})


def broken(answer: Answer) -> Answer:
    raise AttributeError("something in the client")


def closed(answer: Answer) -> Answer:
    raise LimitError("the limit polygon lets nothing through")


@pytest.mark.parametrize("spoil", [dear, broken, closed])
def test_one_symbol_costs_no_other_whatever_is_wrong_with_it(
    spoil: Callable[[Answer], Answer], settings: Settings, connection: Connection, rows: Rows
) -> None:
    feed = Spoiled({"GOOG": spoil})

    outcomes = batch(connection, settings, feed).load(["AAPL", "IBM", "GOOG"])

    assert [one.status for one in outcomes] == [Status.OK, Status.OK, Status.FAILED]
    stored = rows("SELECT symbol, count(*) FROM prefect.market_data GROUP BY 1 ORDER BY 1")
    assert stored == [("AAPL", 22), ("IBM", 22)]
    assert rows("SELECT symbol, status FROM prefect.load_runs ORDER BY 1") == [
        ("AAPL", "ok"), ("GOOG", "failed"), ("IBM", "ok"),
    ]  # fmt: skip
    assert rows("SELECT count(*) FROM prefect.market_data_staging") == [(0,)]


def test_a_limit_that_is_closed_is_waited_for_once(
    settings: Settings, connection: Connection
) -> None:
    asked: list[str] = []

    def count(answer: Answer) -> Answer:
        asked.append("once more")
        raise LimitError("closed")

    feed = Spoiled({"AAPL": count, "IBM": count})
    outcomes = batch(connection, settings, feed).load(["AAPL", "IBM"])

    assert [one.message for one in outcomes] == ["LimitError: closed", "LimitError: closed"]
    assert asked == ["once more"]


def test_a_vendor_that_asks_for_more_patience_than_a_run_has_is_left_for_the_next(
    settings: Settings, connection: Connection, replay: ReplayServer
) -> None:
    replay.inject(
        Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="IBM", status=429, retry_after="3600")
    )
    waits: list[Sequence[PassingError]] = []

    outcomes = batch(connection, settings, PolygonFeed(30, False), waits=waits).load(["IBM"])

    assert (outcomes[0].status, outcomes[0].attempts, waits) == (Status.FAILED, 1, [])


# ------------------------------------------------------------------ restatements


def bars_of(rows: Rows, source: str) -> list[object]:
    found = rows(
        "SELECT close FROM prefect.market_data WHERE symbol = 'AAPL' AND data_source = %s"
        " ORDER BY timestamp",
        source,
    )
    return [close for (close,) in found]


@pytest.mark.parametrize("cut", [slice(8, None), slice(None, -8)])
def test_a_restated_history_that_leaves_out_what_is_stored_is_refused(
    cut: slice, settings: Settings, connection: Connection, replay: ReplayServer, rows: Rows
) -> None:
    whole = PolygonFeed(60, incremental=False)
    batch(connection, settings, whole).load(["AAPL"])
    before = bars_of(rows, "polygon")
    replay.set_as_of(SPLIT_NIGHT)
    answers = iter([slice(None), cut])

    def shorten(answer: Answer) -> Answer:
        place = next(answers)
        return Answer({source: bars[place] for source, bars in answer.bars.items()})

    feed = Spoiled({"AAPL": shorten}, inner=PolygonFeed(10, incremental=False))

    with pytest.raises(PassingError, match=r"the restated polygon lacks|ends on"):
        check(fetch(connection, feed, "AAPL", as_of=SPLIT_NIGHT, settings=settings))  # type: ignore[arg-type]

    assert bars_of(rows, "polygon") == before


def test_indicators_follow_a_restatement_though_the_run_that_met_it_died(
    settings: Settings, replay: ReplayServer, rows: Rows
) -> None:
    def indicators(as_of: datetime) -> list[object]:
        calculate(["AAPL"], days_back=300, as_of=as_of, settings=settings)
        found = rows(
            "SELECT round(sma_20::numeric, 2) FROM prefect.technical_indicators ORDER BY date"
        )
        return [average for (average,) in found]

    def load(as_of: datetime) -> None:
        replay.set_as_of(as_of)
        load_yahoo("AAPL", interval="1d", days_back=30, as_of=as_of, settings=settings)

    load(at("2005-02-24"))
    (before,) = indicators(at("2005-02-24"))
    # The split night stores its bars and dies; the next night meets no restatement of its own.
    load(SPLIT_NIGHT)
    load(at("2005-03-01"))

    averages = indicators(at("2005-03-01"))

    assert isinstance(before, Decimal)
    assert len(averages) == 4
    assert averages[0] == pytest.approx(before / 2, abs=Decimal("0.01"))
    # Once is enough: the next calculation takes the newest session only.
    (outcome,) = calculate(["AAPL"], days_back=300, as_of=at("2005-03-01"), settings=settings)
    assert outcome.rows == 1


# ------------------------------------------------------------------ going on


def begin(connection: Connection, run_id: str) -> list[str]:
    return runs.begin(
        connection, run_id, "job", as_of=EVE, arguments={"days_back": 1},
        granularity="symbol", runner="threads:4", symbols=3,
    )  # fmt: skip


def finish(connection: Connection, run_id: str, state: str) -> None:
    runs.finish(connection, run_id, state, failed=0, retries=0, usage=Usage(1.0, 1))


def test_a_run_goes_on_from_all_that_were_interrupted_since_the_last_that_ended(
    settings: Settings,
) -> None:
    url = settings.database_url
    with connect(url) as one:
        assert begin(one, "ended") == []
        finish(one, "ended", "completed")
    for number, run in enumerate(("first", "second")):
        with connect(url) as one:  # closed without an end: its lock is gone
            assert begin(one, run) == ["first"][:number]

    with connect(url) as alive, connect(url) as other:
        assert begin(alive, "third") == ["second", "first"]
        assert begin(other, "fourth") == ["second", "first"]  # the third is alive
        finish(alive, "third", "symbols_failed")
        finish(other, "fourth", "completed")
    with connect(url) as one:
        assert begin(one, "fifth") == []


def test_what_was_asked_for_otherwise_is_not_gone_on_with(settings: Settings) -> None:
    with connect(settings.database_url) as one:
        begin(one, "first")
    with connect(settings.database_url) as one:
        found = runs.begin(
            one, "second", "job", as_of=EVE, arguments={"days_back": 2},
            granularity="symbol", runner="threads:4", symbols=3,
        )  # fmt: skip

    assert found == []


def test_tables_are_made_while_somebody_writes(settings: Settings) -> None:
    with connect(settings.database_url) as writer, connect(settings.database_url) as other:
        other.execute("SET lock_timeout = '200ms'")
        with writer.transaction():
            runs.record(writer, "job", [], None)
            writer.execute(
                "INSERT INTO prefect.load_runs (job, started_at, status)"
                " VALUES ('job', now(), 'ok')"
            )
            create_tables(other)


@pytest.mark.parametrize("password", ["se%cret", "top secret"])
def test_a_url_that_cannot_be_read_is_told_without_its_password(password: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not a URI") as caught:
        connect(f"postgresql://me:{password}@127.0.0.1:1/x")

    assert "cret" not in str(caught.value)


def test_a_history_that_holds_two_kinds_of_bars_is_cut_into_days(
    settings: Settings, connection: Connection, rows: Rows
) -> None:
    load_yahoo("AAPL", interval="1h", days_back=3, as_of=EVE, settings=settings)
    load_yahoo("AAPL", interval="1d", days_back=30, as_of=at("2005-02-24"), settings=settings)

    (history,) = read(connection, ["AAPL"], days_back=300, as_of=EVE)
    ((_, (row,)),) = compute_all([history], 300)

    # 22 daily bars to 2005-02-24, and 2005-02-25 from its seven hourly ones.
    assert len(history.days) == 23
    volume = rows(
        "SELECT sum(volume)::bigint FROM prefect.market_data WHERE data_source = 'yahoo_adjusted'"
        " AND timestamp >= '2005-02-25 06:00+00'"
    )
    assert [(row.current_volume,)] == volume
    assert INDICATORS_JOB == "calculate_daily_indicators"


def test_a_transaction_that_dies_leaves_nothing_in_staging(
    settings: Settings, connection: Connection, rows: Rows
) -> None:
    bar = Bar(EVE, Decimal(1), Decimal(1), Decimal(1), Decimal(1), 1)
    from prefect_flows.queries.bars import store_bars

    with pytest.raises(psycopg.errors.CardinalityViolation), connection.transaction():
        store_bars(connection, {"A": {"polygon": [bar, bar]}})

    assert rows("SELECT count(*) FROM prefect.market_data_staging") == [(0,)]
    assert rows("SELECT count(*) FROM prefect.market_data") == [(0,)]
