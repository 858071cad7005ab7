"""The old loaders against the replayed vendors: what they store, and their habits."""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer
    from tests.legacy.conftest import Connection, Job

pytestmark = pytest.mark.slow

NEW_YORK = ZoneInfo("America/New_York")
YAHOO = ("load_yahoo_data.py", "--interval", "1d")
POLYGON = ("load_polygon_data.py",)
BOTH = pytest.mark.parametrize(
    ("command", "vendor"), [(YAHOO, Vendor.YAHOO), (POLYGON, Vendor.POLYGON)]
)
THURSDAY, FRIDAY = date(2005, 2, 24), date(2005, 2, 25)
MONDAY = date(2005, 2, 28)  # AAPL splits 2:1


def evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 20, tzinfo=NEW_YORK)


def as_of(day: date) -> tuple[str, str]:
    return ("--as-of", evening(day).isoformat())


def real_closes(symbol: str, first: date, last: date) -> dict[date, Decimal]:
    """Closes as they were traded, from the data set itself."""
    source = files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz")
    with source.open("rb") as packed, gzip.open(packed, "rt") as text:
        rows = [row for row in csv.DictReader(text) if row["Ticker"] == symbol]
    found = {date.fromisoformat(row["Date"]): Decimal(row["Close"]) for row in rows}
    return {day: close for day, close in found.items() if first <= day <= last}


def closes(legacy: Connection, symbol: str, source: str) -> dict[date, Decimal]:
    rows = legacy.execute(
        "SELECT (timestamp AT TIME ZONE 'America/New_York')::date, close "
        "FROM legacy.market_data WHERE symbol = %s AND data_source = %s ORDER BY timestamp",
        [symbol, source],
    )
    return dict(rows.fetchall())


def all_bars(legacy: Connection) -> list[tuple[Any, ...]]:
    return legacy.execute(
        "SELECT symbol, timestamp, data_source, open, high, low, close, volume, created_at "
        "FROM legacy.market_data ORDER BY symbol, timestamp, data_source"
    ).fetchall()


def runs(legacy: Connection) -> list[tuple[Any, ...]]:
    return legacy.execute(
        "SELECT symbol, status, rows, message FROM legacy.load_runs ORDER BY id"
    ).fetchall()


def test_yahoo_stores_both_series_at_midnight_new_york(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    done = job(*YAHOO, *as_of(FRIDAY), "--symbols", "IBM", env=replay.environment())

    assert done.returncode == 0, done.stderr
    traded = real_closes("IBM", date(2005, 1, 26), FRIDAY)  # 30 calendar days
    assert closes(legacy, "IBM", "yahoo") == traded
    # IBM went ex-dividend on 2005-02-08 with 0.18: earlier closes shrink by close / (close + 0.18).
    factor = float(traded[date(2005, 2, 8)]) / (float(traded[date(2005, 2, 8)]) + 0.18)
    adjusted = closes(legacy, "IBM", "yahoo_adjusted")
    assert {day: float(close) for day, close in adjusted.items()} == pytest.approx(
        {d: float(c) * (factor if d < date(2005, 2, 8) else 1) for d, c in traded.items()}, abs=1e-4
    )
    stamps = {row[1].astimezone(NEW_YORK).time().isoformat() for row in all_bars(legacy)}
    assert stamps == {"00:00:00"}
    assert runs(legacy) == [("IBM", "ok", 2 * len(traded), None)]


def test_yahoo_takes_a_week_of_hours_by_default(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    done = job(YAHOO[0], *as_of(FRIDAY), "--symbols", "IBM", env=replay.environment())

    assert done.returncode == 0, done.stderr
    bars = [row for row in all_bars(legacy) if row[2] == "yahoo"]
    local = [row[1].astimezone(NEW_YORK) for row in bars]
    assert sorted({stamp.day for stamp in local}) == [18, 22, 23, 24, 25]  # 21: a holiday
    assert [f"{stamp:%H:%M}" for stamp in local if stamp.day == 25] == [
        "09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30",
    ]  # fmt: skip
    assert [row[3:8] for row in bars] == [
        row[3:8] for row in all_bars(legacy) if row[2] == "yahoo_adjusted"
    ]


def test_after_the_split_polygon_rows_before_the_last_stored_day_stay_as_they_were(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    args = (*POLYGON, "--symbols", "AAPL", "--days-back", "7")
    first = job(*args, *as_of(FRIDAY), env=replay.environment())
    before = closes(legacy, "AAPL", "polygon")
    replay.set_as_of(evening(MONDAY))

    second = job(*args, *as_of(MONDAY), env=replay.environment())

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    traded = real_closes("AAPL", date(2005, 2, 18), MONDAY)
    assert before == {day: close for day, close in traded.items() if day <= FRIDAY}
    assert closes(legacy, "AAPL", "polygon") == {
        **{day: close for day, close in traded.items() if day < FRIDAY},  # as before the split
        FRIDAY: Decimal("44.495"),  # the last stored day is asked for again
        MONDAY: traded[MONDAY],
    }
    paths = [request.path.partition("/range/")[2] for request in replay.requests()]
    assert paths == ["1/day/2005-02-18/2005-02-25", "1/day/2005-02-25/2005-02-28"]


def test_after_the_split_yahoo_rows_are_mended_as_far_back_as_the_load_reaches(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    args = (*YAHOO, "--symbols", "AAPL")
    job(*args, *as_of(FRIDAY), "--days-back", "30", env=replay.environment())
    replay.set_as_of(evening(MONDAY))

    job(*args, *as_of(MONDAY), "--days-back", "7", env=replay.environment())

    traded = real_closes("AAPL", date(2005, 1, 26), MONDAY)
    for source in ("yahoo", "yahoo_adjusted"):
        stored = closes(legacy, "AAPL", source)
        assert stored[date(2005, 2, 18)] == traded[date(2005, 2, 18)]
        assert stored[date(2005, 2, 22)] == traded[date(2005, 2, 22)] / 2
        assert stored[FRIDAY] == Decimal("44.495")
        assert stored.keys() == traded.keys()


@BOTH
def test_a_second_run_changes_nothing_but_created_at(
    job: Job, legacy: Connection, replay: ReplayServer, command: tuple[str, ...], vendor: Vendor
) -> None:
    args = (*command, *as_of(FRIDAY), "--symbols", "AAPL,IBM")
    job(*args, env=replay.environment())
    before = all_bars(legacy)

    done = job(*args, env=replay.environment())

    assert done.returncode == 0, done.stderr
    after = all_bars(legacy)
    assert {row[0] for row in before} == {"AAPL", "IBM"}
    assert [row[:-1] for row in after] == [row[:-1] for row in before]
    assert after[-1][-1] > before[-1][-1]  # the newest bar of IBM was written again


@BOTH
def test_nothing_newer_than_as_of_is_stored(
    job: Job, legacy: Connection, replay: ReplayServer, command: tuple[str, ...], vendor: Vendor
) -> None:
    replay.set_as_of(evening(date(2005, 3, 3)))

    done = job(*command, *as_of(MONDAY), "--symbols", "IBM", env=replay.environment())

    assert done.returncode == 0, done.stderr
    assert max(row[1] for row in all_bars(legacy)).astimezone(NEW_YORK).date() == MONDAY


def test_a_night_done_again_resumes_at_the_last_day_before_it(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    replay.set_as_of(evening(MONDAY))
    args = (*POLYGON, "--symbols", "IBM", "--days-back", "7")
    job(*args, *as_of(MONDAY), env=replay.environment())
    before = closes(legacy, "IBM", "polygon")

    done = job(*args, *as_of(FRIDAY), env={**replay.environment(), "SYMBOLS": "AAPL"})

    assert done.returncode == 0, done.stderr
    assert runs(legacy)[-1] == ("IBM", "ok", 1, "from 2005-02-25")
    assert closes(legacy, "IBM", "polygon") == before


def test_symbols_come_from_the_environment(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    done = job(*POLYGON, *as_of(FRIDAY), env={**replay.environment(), "SYMBOLS": "ibm, GOOG IBM"})

    assert done.returncode == 0, done.stderr
    assert [row[0] for row in runs(legacy)] == ["IBM", "GOOG"]


@BOTH
@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.STATUS, 500), (FaultKind.STATUS, 429), (FaultKind.MALFORMED, 500)],
)
def test_one_bad_symbol_costs_no_other(
    job: Job,
    legacy: Connection,
    replay: ReplayServer,
    command: tuple[str, ...],
    vendor: Vendor,
    kind: FaultKind,
    status: int,
) -> None:
    replay.inject(Fault(kind=kind, vendor=vendor, symbol="GOOG", status=status))

    done = job(*command, *as_of(FRIDAY), "--symbols", "ZZZZ,GOOG,IBM", env=replay.environment())

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"{command[0][:-3]}: failed: ZZZZ, GOOG"
    assert "Traceback" not in done.stderr
    assert replay.polygon_key not in done.stdout + done.stderr
    assert {row[0] for row in all_bars(legacy)} == {"IBM"}
    unknown, bad, good = runs(legacy)
    assert unknown[:3] == ("ZZZZ", "empty", 0)
    assert bad[0] == "GOOG"
    assert bad[1] in ("empty", "failed")
    assert good[:2] == ("IBM", "ok")
    assert good[2] == len(all_bars(legacy))


def test_a_wrong_polygon_key_fails_every_symbol_and_is_not_shown(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    env = {**replay.environment(), "POLYGON_API_KEY": "wrong-s3cret"}

    done = job(*POLYGON, *as_of(FRIDAY), "--symbols", "AAPL,IBM", env=env)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "load_polygon_data: failed: AAPL, IBM"
    assert "wrong-s3cret" not in done.stdout + done.stderr + str(runs(legacy))
    assert [row[1] for row in runs(legacy)] == ["failed", "failed"]


@BOTH
def test_a_bar_without_a_close_is_dropped_and_named(
    job: Job, legacy: Connection, replay: ReplayServer, command: tuple[str, ...], vendor: Vendor
) -> None:
    replay.inject(Fault(kind=FaultKind.NULLS, vendor=vendor, symbol="IBM"))

    done = job(*command, *as_of(FRIDAY), "--symbols", "IBM", env=replay.environment())

    assert done.returncode == 0, done.stderr
    assert " dropped: " in done.stderr
    assert max(row[1] for row in all_bars(legacy)).astimezone(NEW_YORK).date() == THURSDAY


def test_a_symbol_is_written_whole_or_not_at_all(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    legacy.execute(
        "ALTER TABLE legacy.market_data ADD CONSTRAINT refuse_ibm "
        "CHECK (symbol <> 'IBM' OR data_source <> 'yahoo_adjusted')"
    )

    done = job(*YAHOO, *as_of(FRIDAY), "--symbols", "IBM,AAPL", env=replay.environment())

    assert done.returncode == 1
    assert {row[0] for row in all_bars(legacy)} == {"AAPL"}
    failed, good = runs(legacy)
    assert failed[:3] == ("IBM", "failed", 0)
    assert failed[3].startswith("CheckViolation: ")
    assert good[:2] == ("AAPL", "ok")


def test_a_lost_database_ends_the_job_with_one_line(
    job: Job, legacy: Connection, replay: ReplayServer
) -> None:
    legacy.execute(
        "CREATE FUNCTION legacy.cut() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
    )
    legacy.execute(
        "CREATE TRIGGER cut BEFORE INSERT ON legacy.market_data "
        "FOR EACH ROW WHEN (NEW.symbol = 'IBM') EXECUTE FUNCTION legacy.cut()"
    )

    done = job(*POLYGON, *as_of(FRIDAY), "--symbols", "AAPL,IBM,GOOG", env=replay.environment())

    assert done.returncode == 2
    last_line = done.stderr.splitlines()[-1]
    assert last_line.startswith("load_polygon_data.py: lost the database at IBM: ")
    assert "Traceback" not in done.stderr
    assert {row[0] for row in all_bars(legacy)} == {"AAPL"}
