"""The drill: there and back on views of its own, with readers that notice nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.nightly import Harness
from parity.plan import readers as reading
from parity.plan.drill import Drilled, drill
from parity.plan.readers import Readers
from parity.plan.verifying import views_of
from parity.switch import make_anew
from tests.conftest import Inside
from tests.plan.toy_cutover import check, prepare

OF_MARKET = (
    "SELECT c.oid, w.xmin FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid "
    "WHERE c.relnamespace = 'market'::regnamespace ORDER BY 1"
)
IN_DRILL = "SELECT relname FROM pg_class WHERE relnamespace = 'market_drill'::regnamespace"


@pytest.fixture
def harness(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    return prepare(database.admin_url, tmp_path)


def ask(database: Database, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.admin_url) as connection:
        return connection.execute(text.encode()).fetchall()


def rehearse(harness: Harness) -> Drilled:
    return drill(harness, readers=2, seconds=0.3, by="anna", say=lambda _line: None)


def impatient(harness: Harness) -> Harness:
    plan = harness.suite.plan
    plan = replace(plan, switching=replace(plan.switching, attempts=1))
    return replace(harness, suite=replace(harness.suite, plan=plan))


def test_a_good_drill_is_timed_and_on_record_and_leaves_market_alone(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    before = ask(database, OF_MARKET)
    told = inside("drill", "--readers", "3", "--seconds", "0.3", "--by", "anna", "--json", "-",
                  folder=tmp_path)  # fmt: skip
    assert told.returncode == 0, told
    found = json.loads(told.stdout)
    (entry,) = harness.store.trail("toy", TrailKind.DRILL)
    assert (entry.content, entry.by) == (found, "anna")
    assert (found["ok"], found["readers"], found["why_not"]) == (True, 3, "")
    assert (found["errors"], found["mixed"], found["views"]) == (0, 0, ["prices", "sizes"])
    assert found["reads"] >= 9  # each of three readers once before, between and after
    assert 0 < found["seconds_to_switch"] < 60
    assert 0 < found["seconds_to_switch_back"] < 60
    assert found["longest_wait"] > 0
    assert found["before"] == found["after"]
    assert [one.split()[0] for one in found["before"].values()] == ["10", "1"]
    assert len(set(found["before"].values())) == 2
    assert ask(database, OF_MARKET) == before
    assert ask(database, IN_DRILL) == []
    assert check(database.admin_url, tmp_path) == "legacy"


def test_it_is_printed_in_eighty_columns(tmp_path: Path, harness: Harness, inside: Inside) -> None:
    told = inside("drill", "--readers", "1", "--seconds", "0.1", folder=tmp_path)
    assert told.returncode == 0
    assert "Drill of 2 views: good" in told.stdout
    assert "0 errors, 0 mixed" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80


def test_what_legacy_writes_meanwhile_is_no_difference(
    database: Database, harness: Harness
) -> None:
    def say(line: str) -> None:
        ask(database, "WITH more AS (INSERT INTO legacy.sizes VALUES (gen_random_uuid(), 'x') "
            "RETURNING symbol) SELECT * FROM more")  # fmt: skip

    found = drill(harness, readers=1, seconds=0.1, by="anna", say=say)
    assert found.ok, found.why_not
    assert found.before == found.after
    assert ask(database, "SELECT count(*) FROM legacy.sizes") == [(3,)]


def test_a_drill_that_cannot_switch_has_failed_and_says_why(
    database: Database, harness: Harness
) -> None:
    """A session that reads the drill's views and does not end."""
    holders: list[psycopg.Connection] = []

    def say(line: str) -> None:
        if "read candidate" in line:
            holders.append(database.connect_as("parity_harness"))
            holders[0].execute("SELECT * FROM market_drill.sizes")

    try:
        found = drill(impatient(harness), readers=1, seconds=0.1, by="anna", say=say)
    finally:
        for holder in holders:
            holder.close()
    assert found.exit_code == 1
    assert found.why_not.startswith("the views of schema market_drill were in use at each of 1 ")
    assert found.seconds_to_switch is not None
    assert found.seconds_to_switch_back is None
    (entry,) = harness.store.trail("toy", TrailKind.DRILL)
    assert (entry.content["ok"], entry.content["why_not"]) == (False, found.why_not)
    assert rehearse(harness).ok  # nothing is in the way of the next one


def test_readers_that_meet_an_error_fail_the_drill(database: Database, harness: Harness) -> None:
    """The candidate has a value that fits no column of legacy: casting it fails."""
    ask(database, "UPDATE prefect.prices SET price = 1e300 RETURNING 1")
    found = rehearse(harness)
    assert found.exit_code == 1
    assert found.seen.errors > 0
    assert "numeric field overflow" in found.why_not


def test_a_row_that_cannot_be_served_fails_the_drill_wherever_it_is(
    database: Database, harness: Harness
) -> None:
    """Readers read the first row only; a digest reads all of them."""
    ask(database, "INSERT INTO prefect.prices VALUES ('B', '2024-02-01', 1e300) RETURNING 1")
    found = rehearse(harness)
    assert found.seen.errors == 0
    assert found.why_not == ("the views cannot be read: numeric field overflow")


def test_an_empty_side_fails_the_drill(database: Database, harness: Harness) -> None:
    ask(database, "DELETE FROM prefect.sizes RETURNING 1")
    found = rehearse(harness)
    assert not found.ok
    assert "no rows in sizes" in found.why_not


def test_readers_count_transactions_that_see_both_sides(
    database: Database, harness: Harness
) -> None:
    """The count can be other than zero."""
    views = tuple(view.with_mark() for view in views_of(harness))
    make_anew(database, views, Side.LEGACY, "market_drill")
    make_anew(database, views[:1], Side.CANDIDATE, "market_drill")
    make_anew(database, views[1:], Side.LEGACY, "market_drill")
    with database.connect_as("parity_switch") as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW market_drill.prices AS SELECT symbol, day, "
            "price, 'candidate'::text AS parity_side FROM legacy.prices"
        )
    crowd = Readers(database, views, "market_drill", 2, ["prices", "sizes"])
    with crowd:
        while crowd.total().mixed < 5 and not crowd.total().errors:
            pass
    seen = crowd.total()
    assert (seen.errors, seen.sides["legacy"], seen.sides["candidate"]) == (0, 0, 0)
    assert seen.mixed == seen.reads


def test_a_reader_that_is_stuck_is_noticed(
    database: Database, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.2)
    views = tuple(view.with_mark() for view in views_of(harness))
    make_anew(database, views, Side.LEGACY, "market_drill")
    crowd = Readers(database, views, "market_drill", 2, [])
    with crowd:
        assert crowd.all_read(Side.LEGACY, 0.0)
        assert not crowd.all_read(Side.CANDIDATE, 0.0)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE prefect.sizes RENAME TO gone", r"the candidate side has no prefect\.sizes"),
        ("REVOKE CREATE ON SCHEMA market_drill FROM parity_switch", "permission denied for schema"),
    ],
)
def test_a_drill_that_cannot_run_is_no_failed_drill(
    database: Database, harness: Harness, statement: str, message: str
) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(statement.encode())
    with pytest.raises(ParityError, match=message):
        rehearse(harness)
    assert harness.store.trail("toy", TrailKind.DRILL) == ()


def test_a_night_that_runs_is_waited_for(harness: Harness) -> None:
    with harness.alone(), pytest.raises(ParityError, match="another night"):
        rehearse(harness)


def test_what_a_killed_drill_left_is_made_anew(database: Database, harness: Harness) -> None:
    views = tuple(view.with_mark() for view in views_of(harness))
    make_anew(database, views, Side.CANDIDATE, "market_drill")
    ask(database, "SELECT 1; CREATE VIEW market_drill.on_top AS SELECT * FROM market_drill.sizes; "
        "SELECT 1")  # fmt: skip
    assert rehearse(harness).ok
