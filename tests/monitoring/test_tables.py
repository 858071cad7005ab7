"""What the pipelines' tables say, and one line for what they do not. A real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from parity.database import Database
from parity.model.operations import Flows
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.monitoring import FlowRun, Read, Span, SymbolCount, Tables, night_runs
from parity.monitoring.prefect_api import NoAnswerError, PrefectApi

FLOWS = Flows(
    runs=Relation("prefect", "flow_runs"),
    legacy=Relation("legacy", "load_runs"),
    candidate=Relation("prefect", "load_runs"),
)
FIRST = datetime(2005, 2, 24, 5, tzinfo=UTC)
MADE = """
CREATE TABLE prefect.flow_runs (
    run_id text PRIMARY KEY, job text NOT NULL, as_of timestamptz, started_at timestamptz,
    finished_at timestamptz, state text, symbols int, failed int, retries int,
    cpu_seconds double precision, peak_memory bigint);
CREATE TABLE prefect.load_runs (
    id bigint GENERATED ALWAYS AS IDENTITY, job text, symbol text, started_at timestamptz,
    finished_at timestamptz, status text, run_id text, attempts int NOT NULL DEFAULT 1);
CREATE TABLE legacy.load_runs (
    job text, symbol text, started_at timestamptz, finished_at timestamptz, status text);
"""


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def harness(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect_as("parity_harness", autocommit=True) as connection:
        yield connection


def made(admin: psycopg.Connection) -> None:
    admin.execute(MADE.encode())
    admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA legacy, prefect TO parity_harness")


def read(tables: Tables, nights: tuple[Span, ...] = (), end: datetime | None = None) -> Read:
    return tables.read(first=FIRST, end=end, nights=nights, zone="America/New_York")


def test_flow_runs_are_of_the_moment_that_they_stand_for(
    admin: psycopg.Connection, harness: psycopg.Connection
) -> None:
    made(admin)
    admin.execute(
        "INSERT INTO prefect.flow_runs VALUES "
        "('early', 'a', '2005-02-24 04:59Z', '2025-01-01Z', NULL, 'running', 0, 0, 0, 0, 0), "
        "('in', 'a', '2005-02-24 05:00Z', '2025-01-01Z', '2025-01-01 00:00:30Z', 'completed', 4, 1,"
        " 2, 1.5, 99), "
        "('now', 'b', NULL, '2005-02-25 05:00Z', NULL, 'running', 0, 0, 0, 0, 0)"
    )
    tables = Tables(harness, FLOWS)
    whole = FlowRun(
        run_id="in", job="a", at=FIRST, started_at=datetime(2025, 1, 1, tzinfo=UTC),
        finished_at=datetime(2025, 1, 1, 0, 0, 30, tzinfo=UTC), state="completed", symbols=4,
        failed=1, retries=2, cpu_seconds=1.5, peak_memory=99,
    )  # fmt: skip
    found = read(tables)
    assert found.flows == ("a", "b")
    assert found.runs is not None
    assert [run.run_id for run in found.runs] == ["now", "in"]  # as they started
    assert found.runs[1] == whole
    assert found.runs[0].at == found.runs[0].started_at
    assert read(tables, end=datetime(2005, 2, 25, 5, tzinfo=UTC)).runs == (whole,)
    assert tables.newest() == datetime(2005, 2, 25, 5, tzinfo=UTC)
    assert tables.notes == ()


def test_symbols_are_counted_once_a_run_and_by_the_night_they_were_done_in(
    admin: psycopg.Connection, harness: psycopg.Connection
) -> None:
    made(admin)
    admin.execute(
        "INSERT INTO prefect.load_runs (job, symbol, started_at, finished_at, status, run_id, "
        "attempts) VALUES "
        # Done again in the same flow run: the last one counts, with its attempts.
        "('a', 'X', '2025-01-02 01:00Z', '2025-01-02 01:01Z', 'failed', 'r', 3), "
        "('a', 'X', '2025-01-02 01:10Z', '2025-01-02 01:11Z', 'ok', 'r', 2), "
        "('a', 'Y', '2025-01-02 01:00Z', '2025-01-02 01:01Z', 'failed', 'r', 3), "
        "('a', 'Z', '2025-01-02 01:00Z', '2025-01-02 01:01Z', 'empty', 'r', 1)"
    )
    admin.execute(
        "INSERT INTO legacy.load_runs VALUES "
        "('b', 'X', '2025-01-02 01:00Z', '2025-01-02 01:00Z', 'ok'), "
        "('b', 'X', '2025-01-02 01:02Z', '2025-01-02 01:02Z', 'failed'), "
        # After the night, and by then the next day in London but not in New York.
        "('b', 'X', '2025-01-03 01:00Z', '2025-01-03 01:00Z', 'ok')"
    )
    night = Span(
        datetime(2025, 1, 2, 0, 59, tzinfo=UTC), datetime(2025, 1, 2, 1, 30, tzinfo=UTC),
        date(2005, 2, 25),
    )  # fmt: skip
    found = read(Tables(harness, FLOWS), (night,))
    session = date(2005, 2, 25)
    assert found.symbols == {
        Side.CANDIDATE: (
            SymbolCount(
                job="a", run_id="r", session=session, symbols=3, failed=1, empty=1, retries=3
            ),
        ),
        Side.LEGACY: (
            SymbolCount(
                job="b", run_id=None, session=session, symbols=2, failed=1, empty=0, retries=None
            ),
            SymbolCount(
                job="b", run_id=None, session=date(2025, 1, 2), symbols=1, failed=0, empty=0,
                retries=None,
            ),
        ),
    }  # fmt: skip


def test_what_is_not_there_is_one_line_each(
    admin: psycopg.Connection, harness: psycopg.Connection
) -> None:
    made(admin)
    admin.execute("ALTER TABLE prefect.flow_runs DROP COLUMN state")
    admin.execute("REVOKE SELECT ON legacy.load_runs FROM parity_harness")
    admin.execute("DROP TABLE prefect.load_runs")
    tables = Tables(harness, FLOWS)
    assert tables.newest() is None
    assert read(tables) == Read()
    assert tables.notes == (
        "prefect.flow_runs (flows.runs) has no column state: nothing is counted from it",
        "legacy.load_runs (flows.load_runs.legacy) cannot be read (permission denied for table "
        "load_runs): nothing is counted from it",
        "prefect.load_runs (flows.load_runs.candidate) does not exist: nothing is counted from it",
    )
    absent = Tables(harness, Flows())
    assert read(absent) == Read()
    assert [line.split(" ")[0] for line in absent.notes] == [
        "flows.runs", "flows.load_runs.legacy", "flows.load_runs.candidate",
    ]  # fmt: skip


def test_columns_that_are_only_good_to_have(
    admin: psycopg.Connection, harness: psycopg.Connection
) -> None:
    admin.execute(
        'CREATE TABLE prefect."Läufe" (run_id uuid, job text, started_at timestamptz, '
        "finished_at timestamptz, state text, retries int)"
    )
    admin.execute(
        "INSERT INTO prefect.\"Läufe\" VALUES ('00000000-0000-0000-0000-000000000001', 'a', "
        "'2005-02-25Z', NULL, 'running', 7)"
    )
    admin.execute('GRANT SELECT ON prefect."Läufe" TO parity_harness')
    tables = Tables(harness, Flows(runs=Relation("prefect", "Läufe")))
    (run,) = read(tables).runs or ()
    assert (run.run_id[-1], run.retries, run.peak_memory, run.at) == ("1", 7, None, run.started_at)
    assert tables.notes[0] == (
        "prefect.Läufe has no columns as_of, symbols, failed, cpu_seconds, peak_memory, which are "
        "not counted"
    )


def test_a_night_that_is_running_is_seen(database: Database, harness: psycopg.Connection) -> None:
    from parity.database.queries import TRY_LOCK

    assert not night_runs(harness, "toy")
    with database.connect_as("parity_harness", autocommit=True) as night:
        night.execute(TRY_LOCK, ["toy"])
        assert night_runs(harness, "toy")
        assert not night_runs(harness, "other")
    with psycopg.connect(database.admin_url, autocommit=True) as elsewhere:
        elsewhere.execute(TRY_LOCK, ["other"])
        assert not night_runs(harness, "toy")


def test_what_is_no_address_or_does_not_answer_is_said_without_secrets() -> None:
    for url in ("127.0.0.1:4200/api", "ftp://host/api", "http://", "http://[::bad/api"):
        with pytest.raises(NoAnswerError, match="its address must begin with http"):
            PrefectApi(url, {})
    with (
        PrefectApi("http://me:hidden@127.0.0.1:9/api", {"PREFECT_API_KEY": "hidden"}) as api,
        pytest.raises(NoAnswerError) as caught,
    ):
        api.flows(known=(), tag="toy")
    assert api.url == "http://127.0.0.1:9/api"
    assert "refused" in str(caught.value)
    assert "hidden" not in str(caught.value)
