"""The fault matrix: each vendor, each fault; what is stored, what is reported, how it mends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from parity.database import Database, EmbeddedServer
from parity.demo.faults import FaultKind
from parity.demo.server import ReplayServer
from prefect_flows.errors import PassingError
from prefect_flows.loading import load_polygon, load_yahoo
from prefect_flows.queries.connection import connect
from prefect_flows.settings import Settings
from prefect_flows.tables import create_tables
from prefect_flows.work.outcome import Outcome
from tests.flows.conftest import at
from tests.flows.fault_cases import CASES, Case, Feed, document, matches

EVE, BEFORE = at("2005-02-25"), at("2005-02-23")
# Sessions from 26 January to 25 February 2005 (Presidents' Day is none), and hours from the 18th.
ROWS = {Feed.YAHOO_DAILY: 2 * 22, Feed.YAHOO_HOURLY: 2 * 5 * 7, Feed.POLYGON: 22}
SLOW = {FaultKind.HANG, FaultKind.DRIP}
BARS = """
SELECT data_source, to_char(timestamp AT TIME ZONE 'America/New_York', 'YYYY-MM-DD HH24:MI'),
       open, high, low, close, volume
FROM prefect.market_data ORDER BY 1, 2"""
Row = tuple[object, ...]


@dataclass(frozen=True)
class Loader:
    """A database with what was stored two sessions before, and the vendors."""

    database: Database
    vendors: ReplayServer
    settings: Settings

    def load(self, feed: Feed, *, patience: float = 20.0) -> Outcome:
        """Load as the flow's tasks do."""
        return self._load(feed, replace(self.settings, http_timeout_seconds=patience))

    def _load(self, feed: Feed, settings: Settings, evening: bool = True) -> Outcome:
        as_of = EVE if evening else BEFORE
        if feed is Feed.POLYGON:
            return load_polygon(
                "AAPL", days_back=30, incremental=False, as_of=as_of, settings=settings
            )
        interval, days = ("1d", 30) if feed is Feed.YAHOO_DAILY else ("1h", 7)
        return load_yahoo("AAPL", interval=interval, days_back=days, as_of=as_of, settings=settings)

    def start_over(self, feed: Feed) -> None:
        """Store what was there on the evening of 2005-02-23, and nothing else."""
        with psycopg.connect(self.database.admin_url) as connection:
            connection.execute("TRUNCATE prefect.market_data, prefect.load_runs")
        self._load(feed, self.settings, evening=False)
        with psycopg.connect(self.database.admin_url) as connection:
            connection.execute("TRUNCATE prefect.load_runs")

    def bars(self) -> list[Row]:
        """What is stored: data_source, time in New York, prices, volume."""
        return self._query(BARS)

    def runs(self) -> list[Row]:
        """What load_runs tells."""
        return self._query(
            "SELECT symbol, status, rows, coalesce(message, '') FROM prefect.load_runs"
        )

    def _query(self, statement: str) -> list[Row]:
        with psycopg.connect(self.database.admin_url) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def loader(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    name, admin = "fault_matrix", server.url(user="postgres", database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template_parity").format(sql.Identifier(name))
        )
    database = Database(server.url(user="postgres", database=name), server)
    url = database.url_as("prefect_writer")
    with connect(url) as connection:
        create_tables(connection)
    with ReplayServer(as_of=EVE, work_dir=tmp_path_factory.mktemp("replay")) as vendors:
        settings = Settings(
            database_url=url,
            yahoo_base_url=vendors.http_url,
            polygon_base_url=vendors.http_url,
            polygon_api_key=vendors.polygon_key,
        )
        yield Loader(database, vendors, settings)


@pytest.fixture(scope="module")
def undisturbed(loader: Loader) -> Callable[[Feed], list[Row]]:
    """What is stored where nothing goes wrong."""
    found: dict[Feed, list[Row]] = {}

    def of(feed: Feed) -> list[Row]:
        if feed not in found:
            loader.vendors.clear_faults()
            loader.start_over(feed)
            loader.load(feed)
            found[feed] = loader.bars()
        return found[feed]

    return of


@pytest.mark.parametrize("feed", Feed)
def test_where_nothing_goes_wrong_all_bars_are_stored(
    feed: Feed, undisturbed: Callable[[Feed], list[Row]]
) -> None:
    # The earlier run had looked as far back as 24 January (daily) and 16 February (hourly).
    earlier = {Feed.YAHOO_DAILY: 2 * 2, Feed.YAHOO_HOURLY: 2 * 2 * 7, Feed.POLYGON: 2}
    assert len(undisturbed(feed)) == ROWS[feed] + earlier[feed]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.feed}-{case.title}")
def test_a_fault(case: Case, loader: Loader, undisturbed: Callable[[Feed], list[Row]]) -> None:
    good = undisturbed(case.feed)
    loader.start_over(case.feed)
    before = loader.bars()
    loader.vendors.inject(case.fault)

    if case.error is None:
        outcome = loader.load(case.feed)
        assert matches(case.reported, outcome.message)
        left_out = {f"{bar} 00:00"[:16] for bar in case.left_out}
        assert loader.bars() == [row for row in good if row[1] not in left_out]
        assert loader.runs() == [("AAPL", "ok", outcome.rows, outcome.message)]
    else:
        with pytest.raises(case.error) as caught:
            loader.load(case.feed, patience=0.5 if case.fault.kind in SLOW else 20.0)
        assert type(caught.value) is case.error
        assert matches(case.reported, caught.value.reason)
        assert "\n" not in caught.value.reason
        if isinstance(caught.value, PassingError):
            assert caught.value.retry_after == case.wait
        assert loader.bars() == before
        assert loader.runs() == []  # the run that gives the symbol up adds its row

    loader.vendors.clear_faults()
    mended = loader.load(case.feed)
    assert loader.bars() == good
    assert (mended.rows, mended.message) == (ROWS[case.feed], "")


def test_every_kind_of_fault_stands_in_the_matrix() -> None:
    # A delay is either a hang or no fault.
    assert {case.fault.kind for case in CASES} == set(FaultKind) - {FaultKind.DELAY}


def test_the_document_is_in_step() -> None:
    written = Path(__file__).parents[2] / "docs" / "faults.md"
    assert written.read_text(encoding="utf-8") == document()
    assert len(re.findall(r"^\|", document(), re.MULTILINE)) > 40
