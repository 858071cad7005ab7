"""A comparison that is killed goes on in its own snapshot, or begins anew and says so."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any

import psycopg
import pytest

from parity.config import load
from parity.database import Database
from parity.diff import Journal
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.nightly.snapshot import view_of
from parity.nightly.taking import Taker
from tests.nightly import child
from tests.nightly.toy import CONFIG, SESSION

pytestmark = pytest.mark.slow

PRICES = [Relation("legacy", "prices"), Relation("prefect", "prices")]


Compared = tuple[int, dict[str, Any], list[str]]
_undisturbed: list[Compared] = []


def compare(folder: Path, database: Database, *, kill_after: int | None = None) -> Compared:
    """Exit code, result.json, and what was finished and said."""
    environ = {"PARITY_DATABASE_URL": database.admin_url, "PARITY_RESUME_ROWS": "0"}
    return child.compare(folder, environ, SESSION, kill_after)


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Path:
    config, datasets = CONFIG.split("jobs:")[0], CONFIG.split("datasets:")[1]
    (tmp_path / "parity.yaml").write_text(f"{config}connections: 1\ndatasets:{datasets}")
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("legacy", "prefect"):
            connection.execute(
                f'CREATE TABLE {schema}.prices (symbol text COLLATE "C", day date, price float8, '
                "PRIMARY KEY (symbol, day))"
            )
            connection.execute(
                f"INSERT INTO {schema}.prices SELECT 'S' || s, date '2024-02-29' - d, d "
                "FROM generate_series(1, 9) s, generate_series(0, 119) d"
            )
            connection.execute(f"GRANT SELECT ON {schema}.prices TO parity_harness")
        connection.execute("UPDATE prefect.prices SET price = price + 1 WHERE day = '2024-02-07'")
        connection.execute("DELETE FROM legacy.prices WHERE symbol = 'S7'")
        connection.execute("DELETE FROM prefect.prices WHERE symbol = 'S2' AND day > '2024-02-01'")
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE legacy.prices, prefect.prices")
    return tmp_path


@pytest.fixture
def undisturbed(folder: Path, database: Database) -> Compared:
    """What a comparison of these tables finds that nothing disturbs: in any database the same."""
    if not _undisturbed:
        _undisturbed.append(compare(folder, database))
    return _undisturbed[0]


def change(database: Database) -> None:
    """A writer goes on while the comparison lies dead."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE legacy.prices SET price = -1 WHERE day = '2024-02-28'")


def keepers(database: Database) -> int:
    with psycopg.connect(database.admin_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%keeper%' "
            "AND datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def wait_for(database: Database, statement: str) -> None:
    """Until a statement waits for a lock."""
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for _ in range(3000):
            if connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s "
                "AND datname = current_database()",
                [statement],
            ).fetchone():
                return
            sleep(0.02)
    raise AssertionError(f"nobody waits with {statement}")


def test_killed_after_the_first_and_the_last_slice_and_started_again_it_finds_the_same(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    code, expected, lines = undisturbed
    assert code == 0
    assert expected["datasets"][0]["rows"] == {
        "legacy": 960, "candidate": 1052, "matched": 925, "mismatched": 7, "legacy_only": 28,
        "candidate_only": 120, "duplicate_key": 0, "null_key": 0, "waived": 0, "unsettled": 0,
    }  # fmt: skip
    total = len(lines)
    assert total >= 4
    for finished in (1, total - 1):
        code, _, _ = compare(folder, database, kill_after=finished)
        assert code == -signal.SIGKILL
        assert keepers(database) == 1
        code, found, lines = compare(folder, database)
        assert code == 0
        assert found == expected
        assert keepers(database) == 0
        assert lines[0] == "said An interrupted comparison goes on in its own snapshot."
        assert len(lines) == 1 + total - finished  # nothing is done twice, nothing is left out


def test_killed_twice_it_still_sees_the_first_snapshot(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    _, expected, lines = undisturbed
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    change(database)
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    code, found, again = compare(folder, database)
    assert (code, found) == (0, expected)
    assert len(again) == 1 + len(lines) - 2
    assert compare(folder, database)[1] != expected  # the next one sees the change


def test_when_the_snapshot_is_gone_it_begins_anew_and_says_why(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    _, before, lines = undisturbed
    assert compare(folder, database, kill_after=2)[0] == -signal.SIGKILL
    end_keeper(database)
    change(database)
    code, found, again = compare(folder, database)
    assert code == 0
    assert again[0].startswith("said An interrupted comparison was begun anew: its snapshot is")
    assert len(again) == 1 + len(lines)
    rows = found["datasets"][0]["rows"]
    # Legacy prices of the 28th, but for S2 (missing in candidate) and S7 (missing in legacy).
    assert rows["mismatched"] == before["datasets"][0]["rows"]["mismatched"] + 7


def test_while_the_comparison_lies_dead_nobody_empties_its_tables(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    _, expected, _ = undisturbed
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '200ms'")
        for statement in (
            "TRUNCATE legacy.prices",
            "DROP TABLE prefect.prices",
            "VACUUM FULL prefect.prices",
        ):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute(statement)
    change(database)  # a writer is not held up
    assert compare(folder, database)[1] == expected


def test_tables_that_a_writer_waits_for_are_given_free_and_compared_anew(
    folder: Path, database: Database
) -> None:
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    reload = (
        "TRUNCATE legacy.prices; INSERT INTO legacy.prices SELECT * FROM prefect.prices; COMMIT"
    )
    with psycopg.connect(database.admin_url) as connection, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(connection.execute, reload)
        wait_for(database, "TRUNCATE%")
        _, found, lines = compare(folder, database)
        writing.result()
    assert lines[0] == (
        "said An interrupted comparison was begun anew: a writer waits for its tables."
    )
    rows = found["datasets"][0]["rows"]
    # What the writer stored: a copy of candidate, 9 x 120 rows less 28.
    assert (rows["legacy"], rows["matched"]) == (1052, 1052)


def reexported(folder: Path, connection: psycopg.Connection, token: str | None = None) -> None:
    """Keeps a snapshot in this connection; the journal's own, or as one whose token is the same."""
    path = folder / ".parity" / "comparing" / "toy" / "snapshot.json"
    journal = json.loads(path.read_text())
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    if token is None:
        connection.execute(f"SET TRANSACTION SNAPSHOT '{journal['token']}'")
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None
    path.write_text(json.dumps({**journal, "token": row[0]}))


def end_keeper(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'parity snapshot keeper' AND datname = current_database()"
        ).fetchall()
    assert ended == [(True,)]


def test_tables_that_were_emptied_and_filled_again_are_compared_anew(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    """Where no lock held, the snapshot is still there, but the rows that it saw are not."""
    _, expected, lines = undisturbed
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    with psycopg.connect(database.admin_url) as holder:
        reexported(folder, holder)
        end_keeper(database)
        with psycopg.connect(database.admin_url) as connection:
            connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM legacy.prices")
            connection.execute("TRUNCATE legacy.prices")
            connection.execute("INSERT INTO legacy.prices SELECT * FROM kept")
        code, found, again = compare(folder, database)
    assert code == 0
    assert found == expected
    assert again[0] == (
        "said An interrupted comparison was begun anew: "
        "tables have been emptied, rewritten or made anew since."
    )
    assert len(again) == 1 + len(lines)


def test_a_token_that_is_another_snapshots_by_now_is_not_taken(
    folder: Path, database: Database, undisturbed: Compared
) -> None:
    before = undisturbed[1]
    assert compare(folder, database, kill_after=1)[0] == -signal.SIGKILL
    end_keeper(database)
    change(database)
    with psycopg.connect(database.admin_url) as holder:
        reexported(folder, holder, "another")
        _, found, again = compare(folder, database)
    assert again[0].startswith("said An interrupted comparison was begun anew: its snapshot is")
    assert found != before


def test_rows_of_a_reload_that_was_going_on_are_seen(folder: Path, database: Database) -> None:
    """A snapshot from before a TRUNCATE would find the table empty once it may read it."""
    with (
        Taker.of(database, PRICES, 1) as taker,
        psycopg.connect(database.admin_url) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        connection.execute("TRUNCATE legacy.prices")
        connection.execute("INSERT INTO legacy.prices SELECT * FROM prefect.prices")
        taking = pool.submit(taker.take)
        wait_for(database, "LOCK TABLE%")
        connection.commit()
        taken = taking.result()
        row = taken.connection.execute("SELECT count(*) FROM legacy.prices").fetchone()
        taker.release(taken.team)
    assert row == (1052,)


def test_a_refreshed_view_makes_no_row_appear_twice_or_vanish(
    folder: Path, database: Database
) -> None:
    """LOCK TABLE does not take a materialized view; a refresh would fill it for all snapshots."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("CREATE MATERIALIZED VIEW legacy.seen AS TABLE legacy.prices")
        connection.execute("GRANT SELECT ON legacy.seen TO parity_harness")
    with Taker.of(database, [Relation("legacy", "seen")], 2) as taker:
        taken = taker.take()
        with taken.team, psycopg.connect(database.admin_url) as connection:
            connection.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("REFRESH MATERIALIZED VIEW legacy.seen")


def test_a_writer_that_waits_does_not_stop_the_team(
    folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the first connection, and nobody else would get past it."""
    monkeypatch.setattr("parity.nightly.taking.SMALL", 0)
    with (
        Taker.of(database, PRICES, 3) as taker,
        psycopg.connect(database.admin_url) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        taken = taker.take()
        writing = pool.submit(connection.execute, "TRUNCATE legacy.prices")
        wait_for(database, "TRUNCATE%")
        barrier = Barrier(3)

        def rows_of(one: psycopg.Connection, _task: int) -> int:
            barrier.wait(30)
            row = one.execute("SELECT count(*) FROM legacy.prices").fetchone()
            assert row is not None
            return int(row[0])

        assert [found for _, found in taken.team.map(rows_of, range(3))] == [960] * 3
        taker.release(taken.team)
        writing.result()


def test_tables_made_anew_all_the_time_are_refused_with_the_reason(
    folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = count()
    monkeypatch.setattr("parity.nightly.taking.storage", lambda *_: {"x": str(next(number))})
    suite = load(folder / "parity.yaml")
    with (
        pytest.raises(DatabaseError, match="rewritten while their comparison begins"),
        view_of(suite, database, Journal(folder / "j", ""), print),
    ):
        pass


def test_an_interrupted_comparison_says_that_it_can_go_on(
    folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_RESUME_ROWS", "0")
    said: list[str] = []
    suite, journal = load(folder / "parity.yaml"), Journal(folder / "j", "")
    view = view_of(suite, database, journal, said.append)
    connection = view.__enter__().connection
    row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert row == ("0",)
    assert not view.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert said == [
        "What is finished is kept for ten minutes: parity compare, for the same session, "
        "goes on from there."
    ]
    assert journal.token() is not None
    assert keepers(database) == 1
    end_keeper(database)


def test_nothing_is_left_of_a_comparison_that_came_to_its_end(
    folder: Path, database: Database
) -> None:
    compare(folder, database)
    assert not (folder / ".parity" / "comparing" / "toy").exists()
    assert keepers(database) == 0
