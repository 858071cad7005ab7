"""One transaction moves every view, or none; readers under load see neither errors nor a mix."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.store import Store
from parity.switch import View, note, queries, side_of, swap, swapping
from parity.switch.serving import layered
from tests.switch.toy import admin, both, make, move, read, resolved, serve, served

Read = Callable[[psycopg.Connection], set[object]]


def side(database: Database, views: tuple[View, ...]) -> Side | None:
    with database.connect_as("parity_harness") as connection:
        return side_of(connection, views)


@contextmanager
def holding(database: Database, text: str, name: str = "a long report") -> Iterator[None]:
    """A session that has read something and does not end its transaction."""
    url = database.url_as("parity_harness")
    with psycopg.connect(url, application_name=name) as holder:
        holder.execute(text.encode())
        yield


def test_all_views_are_moved_there_and_back(database: Database) -> None:
    views = serve(database, "a", "b")
    moved = move(database, views, Side.CANDIDATE)
    assert (moved.attempts, side(database, views)) == (1, Side.CANDIDATE)
    assert 0 < moved.longest_hold <= moved.seconds
    assert [read(database, name)[0][0] for name in ("a", "b")] == ["candidate"] * 2
    move(database, views, Side.LEGACY)
    assert side(database, views) is Side.LEGACY


def test_the_trail_is_written_exactly_when_the_views_are_moved(database: Database) -> None:
    views = serve(database, "a", "b")
    store = Store(database.engine_as("parity_harness"))
    store.migrate()

    def within(connection: psycopg.Connection) -> None:
        note(connection, "toy", TrailKind.SWITCH, "anna", {"to": "candidate", "why": "schön"})
        assert side_of(connection, views) is Side.CANDIDATE
        assert side(database, views) is Side.LEGACY  # nobody else sees it yet
        assert store.primary("toy") is Side.LEGACY

    swap(database, views, Side.CANDIDATE, schema="market", lock_timeout=timedelta(seconds=0.4),
         attempts=3, within=within)  # fmt: skip
    assert store.primary("toy") is Side.CANDIDATE
    (entry,) = store.trail("toy")
    assert (entry.by, entry.content["why"]) == ("anna", "schön")


def test_what_goes_wrong_within_changes_nothing(database: Database) -> None:
    views = serve(database, "a", "b")

    def within(connection: psycopg.Connection) -> None:
        connection.execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError, match="division by zero; nothing has changed"):
        swap(database, views, Side.CANDIDATE, schema="market", attempts=3,
             lock_timeout=timedelta(seconds=0.4), within=within)  # fmt: skip
    assert side(database, views) is Side.LEGACY


def test_a_long_reader_is_named_and_nothing_has_changed(database: Database) -> None:
    views = serve(database, "a", "b")
    said: list[str] = []
    with (
        holding(database, "SELECT * FROM market.b"),
        pytest.raises(
            DatabaseError,
            match=r"in use at each of 3 tries by session \d+ \(a long report, parity_harness\) "
            r"idle in transaction since 20.*; nothing has changed; to end it: psql -c "
            r"'SELECT pg_terminate_backend\(\d+\)', or try again later",
        ),
    ):
        swap(database, views, Side.CANDIDATE, schema="market", attempts=3, say=said.append,
             lock_timeout=timedelta(seconds=0.3), within=lambda _c: None)  # fmt: skip
    assert side(database, views) is Side.LEGACY
    # Once; 3 tries of 0.3 s, and pauses of at most 0.05 * 1.5² and 0.05 * 1.5³ s.
    (line,) = said
    session = line.split()[10]
    assert "a long report" in line
    assert line.endswith(
        "; try 1 of 3, for up to about 2 s; to end it: psql -c "
        f"'SELECT pg_terminate_backend({session})'"
    )


def test_it_tries_again_when_a_reader_has_ended(database: Database) -> None:
    views = serve(database, "a", "b")
    reader = database.connect_as("parity_harness")
    reader.execute("SELECT * FROM market.b")

    def say(_line: str) -> None:
        reader.commit()  # it ends after the first try

    with reader:
        moved = swap(database, views, Side.CANDIDATE, schema="market", attempts=40, say=say,
                     lock_timeout=timedelta(seconds=0.05), within=lambda _c: None)  # fmt: skip
    assert moved.attempts > 1
    assert side(database, views) is Side.CANDIDATE


def test_a_switch_waits_for_another_one(database: Database) -> None:
    views = serve(database, "a")
    with database.connect_as("parity_switch") as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('market', 7301847))")
        with pytest.raises(DatabaseError, match=r"by session \d+ \(client backend, parity_switch"):
            move(database, views, Side.CANDIDATE, limit=0.5, attempts=1)
    assert side(database, views) is Side.LEGACY
    move(database, views, Side.CANDIDATE, attempts=1)


def test_a_locked_or_missing_candidate_does_not_keep_it_from_legacy(database: Database) -> None:
    views = serve(database, "a", "b")
    move(database, views, Side.CANDIDATE)
    with psycopg.connect(database.admin_url) as holder:
        holder.execute("LOCK TABLE prefect.a, prefect.b IN ACCESS EXCLUSIVE MODE")
        move(database, views, Side.LEGACY, attempts=1)
    assert side(database, views) is Side.LEGACY
    move(database, views, Side.CANDIDATE)
    with admin(database) as connection:
        connection.execute("DROP TABLE prefect.a CASCADE")  # and with it the view
    move(database, views, Side.LEGACY, attempts=1)
    assert [read(database, name)[0][0] for name in ("a", "b")] == ["legacy"] * 2


@pytest.mark.parametrize("moment", ["before the commit", "at the commit"])
def test_a_connection_that_is_lost_leaves_no_doubt(
    database: Database, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The session is ended by an administrator; at the commit only its answer is lost."""
    views = serve(database, "a", "b")
    commit = psycopg.Connection.commit
    lost: list[int] = []

    def end(connection: psycopg.Connection) -> None:
        lost.append(connection.info.backend_pid)
        with admin(database) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [lost[0]])

    def within(connection: psycopg.Connection) -> None:
        if moment == "before the commit" and not lost:
            end(connection)

    def commit_and_lose(connection: psycopg.Connection) -> None:
        commit(connection)
        if moment == "at the commit" and not lost and connection.info.user == "parity_switch":
            end(connection)
            connection.execute("SELECT 1")  # notices

    monkeypatch.setattr(psycopg.Connection, "commit", commit_and_lose)
    moved = swap(database, views, Side.CANDIDATE, schema="market", attempts=3,
                 lock_timeout=timedelta(seconds=0.4), within=within)  # fmt: skip
    assert len(lost) == 1
    assert moved.attempts == (2 if moment == "before the commit" else 1)
    assert side(database, views) is Side.CANDIDATE


def test_whether_it_happened_is_asked_when_the_lost_session_has_ended(database: Database) -> None:
    """With a snapshot of before nothing would have happened."""
    views = serve(database, "a")
    name = str(psycopg.conninfo.conninfo_to_dict(database.admin_url)["dbname"])
    with admin(database) as connection:
        setting = "SET default_transaction_isolation = 'repeatable read'"
        connection.execute(f"ALTER ROLE parity_switch IN DATABASE {name} {setting}".encode())
    found: list[bool] = []
    with database.connect_as("parity_switch") as lost, admin(database) as other:
        lost.execute(queries.ONE_SWITCH, ["market"])
        row = lost.execute(queries.XID).fetchone()
        assert row
        lost.execute(queries.make_now(views[0], Side.CANDIDATE, "market"))
        switch = swapping._Switch(database, list(views), Side.CANDIDATE, "market", 1.0, print)
        asks = threading.Thread(target=lambda: found.append(swapping._happened(switch, row[0])))
        asks.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while other.execute(waiting.encode()).fetchone() == (0,):
            assert asks.is_alive()
        lost.commit()
    asks.join()
    assert found == [True]


def test_settings_of_the_team_do_not_get_in_the_way(database: Database) -> None:
    views = serve(database, "a")
    name = str(psycopg.conninfo.conninfo_to_dict(database.admin_url)["dbname"])
    with admin(database) as connection:
        for setting in (
            "default_transaction_isolation = serializable", "default_transaction_read_only = on",
            "statement_timeout = 100", "lock_timeout = 1",
        ):  # fmt: skip
            text = f"ALTER ROLE parity_switch IN DATABASE {name} SET {setting}"
            connection.execute(text.encode())

    def within(connection: psycopg.Connection) -> None:
        connection.execute("SELECT pg_sleep(0.15)")  # longer than the role's statements may take

    swap(database, views, Side.CANDIDATE, schema="market", lock_timeout=timedelta(seconds=0.4),
         attempts=1, within=within)  # fmt: skip
    assert side(database, views) is Side.CANDIDATE


def test_a_reader_in_the_middle_goes_on_while_a_switch_waits(database: Database) -> None:
    """It is in the gate, so every view is open to it; whoever comes later waits, and sees new."""
    views = serve(database, "a", "z")
    with database.connect_as("parity_harness") as reader:
        reader.execute("SELECT * FROM market.z")
        waits = threading.Event()
        switcher = threading.Thread(
            target=lambda: swap(
                database, views, Side.CANDIDATE, schema="market", attempts=40,
                lock_timeout=timedelta(minutes=1), within=lambda _c: None,
                say=lambda _line: waits.set(),
            )
        )  # fmt: skip
        switcher.start()
        assert waits.wait(20)  # it has waited and let go, though it was asked to wait a minute
        assert reader.execute("SELECT symbol FROM market.a").fetchall() == [("legacy",)]
    switcher.join()
    assert side(database, views) is Side.CANDIDATE


def test_views_that_were_made_by_hand_get_the_gate_with_the_next_switch(
    database: Database,
) -> None:
    for name in ("a", "b"):
        both(database, name)
    views = resolved(database, served("a"), served("b"))
    with database.connect_as("parity_switch") as connection:
        for view in views:
            connection.execute(queries.make_view(view, Side.LEGACY, "market", replace=False))
        assert layered(connection, views, "market") == frozenset()
    assert side(database, views) is Side.LEGACY
    move(database, views, Side.CANDIDATE)
    with database.connect_as("parity_switch") as connection:
        assert layered(connection, views, "market") == {"a", "b"}
    assert side(database, views) is Side.CANDIDATE
    with database.connect_as("parity_switch") as connection:
        for view in views:
            connection.execute(queries.make_view(view, Side.LEGACY, "market", replace=True))
    assert side(database, views) is Side.LEGACY
    assert read(database, "b")[0][0] == "legacy"


def two_views(connection: psycopg.Connection) -> set[object]:
    """A transaction that reads the views in any order."""
    seen: set[object] = set()
    with connection.transaction():
        for view in random.sample(("a", "b", "own"), 3):
            rows = connection.execute(f"SELECT symbol FROM market.{view}".encode()).fetchall()
            seen |= {row[0] for row in rows} or {"empty"}
    return seen


def joined(connection: psycopg.Connection) -> set[object]:
    """One statement over two views."""
    row = connection.execute(
        "SELECT b.symbol, a.symbol FROM market.b FULL JOIN market.a ON TRUE"
    ).fetchone()
    return set(row or {"empty"})


def prepared(connection: psycopg.Connection) -> set[object]:
    """A statement that the server has planned long ago."""
    rows = connection.execute("SELECT symbol FROM market.a", prepare=True).fetchall()
    return {row[0] for row in rows} or {"empty"}


def repeatable(connection: psycopg.Connection) -> set[object]:
    """A transaction that has one snapshot for all it reads."""
    seen: set[object] = set()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for view in ("b", "own", "a"):
            rows = connection.execute(f"SELECT symbol FROM market.{view}".encode()).fetchall()
            seen |= {row[0] for row in rows} or {"empty"}
    return seen


def through_a_cursor(connection: psycopg.Connection) -> set[object]:
    """A cursor that is open while a switch wants to go on."""
    seen: set[object] = set()
    with connection.transaction(), connection.cursor("slow") as cursor:
        cursor.execute("SELECT symbol FROM market.a")
        seen |= {row[0] for row in cursor} or {"empty"}
        rows = connection.execute("SELECT symbol FROM market.b").fetchall()
        seen |= {row[0] for row in rows} or {"empty"}
    return seen


READERS: tuple[Read, ...] = (two_views, joined, prepared, repeatable, through_a_cursor, two_views)


@pytest.mark.slow
def test_readers_under_load_see_no_error_and_no_mix(database: Database) -> None:
    views = serve(database, "a", "b")
    with admin(database) as connection:
        connection.execute("CREATE VIEW market.own AS SELECT symbol FROM market.b")
        connection.execute("GRANT SELECT ON market.own TO parity_harness")
    stop = threading.Event()
    seen: list[set[object]] = []
    errors: list[Exception] = []
    longest = [0.0]

    def consume(read_once: Read) -> None:
        try:
            with database.connect_as("parity_harness", autocommit=True) as connection:
                while not stop.is_set():
                    began = time.monotonic()
                    seen.append(read_once(connection))
                    longest[0] = max(longest[0], time.monotonic() - began)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=consume, args=(one,)) for one in READERS]
    for thread in threads:
        thread.start()
    try:
        for turn in range(30):
            before = len(seen)
            move(database, views, Side.LEGACY if turn % 2 else Side.CANDIDATE, attempts=100)
            while len(seen) < before + 30 and not errors:
                time.sleep(0.001)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    kinds = {frozenset(one) for one in seen}
    assert kinds == {frozenset({"legacy"}), frozenset({"candidate"})}
    assert len(seen) >= 900


def test_the_load_would_see_a_mix_if_the_views_were_moved_one_by_one(database: Database) -> None:
    """The readers above can fail."""
    views = serve(database, "a", "b")
    with admin(database) as connection:
        connection.execute("CREATE VIEW market.own AS SELECT symbol FROM market.b")
        connection.execute("GRANT SELECT ON market.own TO parity_harness")
    move(database, views[:1], Side.CANDIDATE)
    with database.connect_as("parity_harness", autocommit=True) as connection:
        assert two_views(connection) == joined(connection) == {"legacy", "candidate"}


def test_views_in_the_schema_for_drills_are_others(database: Database) -> None:
    views = serve(database, "a")
    move(database, views, Side.CANDIDATE, schema="market_drill")
    assert side(database, views) is Side.LEGACY
    assert read(database, "a", "market_drill") != read(database, "a")


def test_a_view_with_a_new_column_type_is_refused(database: Database) -> None:
    (view,) = serve(database, "a")
    other = View(served("a"), (("symbol", "text"), ("price", "text")))
    with pytest.raises(DatabaseError, match="cannot change data type of view column"):
        move(database, (other,), Side.CANDIDATE)
    make(database, "prefect", "ALTER TABLE prefect.a ADD COLUMN x int")
    assert side(database, (view,)) is Side.LEGACY
