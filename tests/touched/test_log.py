"""What each kind of statement leaves in the log, read as the next night reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import EVERYTHING, entries, gap, install, prune, remove, touched_since
from tests.touched.conftest import BARS, since, snapshot, write

ALL = {EVERYTHING: [(date.min, None)]}


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(first: str, last: str) -> tuple[date, date]:
    return day(first), day(last) + timedelta(days=1)


@pytest.fixture
def filled(logged: Database) -> Database:
    write(
        logged,
        "INSERT INTO legacy.bars VALUES ('A', '2024-01-10', 1), ('A', '2024-01-20', 2), "
        "('B', '2024-02-01', 3), ('C', '2024-03-01', 4)",
    )
    return logged


CASES = {
    "insert, by symbol and month": (
        "INSERT INTO legacy.bars VALUES ('A', '2024-01-05'), ('A', '2024-01-31'), "
        "('A', '2024-03-02'), ('Z', '2023-12-31')",
        {
            "A": [span("2024-01-05", "2024-01-31"), span("2024-03-02", "2024-03-02")],
            "Z": [span("2023-12-31", "2023-12-31")],
        },
    ),
    "update": (
        "UPDATE legacy.bars SET close = 9 WHERE symbol = 'A'",
        {"A": [span("2024-01-10", "2024-01-20")]},
    ),
    "an update that moves rows to another symbol touches both": (
        "UPDATE legacy.bars SET symbol = 'N' WHERE symbol = 'B'",
        {"B": [span("2024-02-01", "2024-02-01")], "N": [span("2024-02-01", "2024-02-01")]},
    ),
    "an update that moves a row in time touches both days": (
        "UPDATE legacy.bars SET day = '2024-05-05' WHERE symbol = 'C'",
        {"C": [span("2024-03-01", "2024-03-01"), span("2024-05-05", "2024-05-05")]},
    ),
    "delete": (
        "DELETE FROM legacy.bars WHERE symbol < 'C'",
        {"A": [span("2024-01-10", "2024-01-20")], "B": [span("2024-02-01", "2024-02-01")]},
    ),
    "truncate": ("TRUNCATE legacy.bars", ALL),
    "upsert, new and old rows": (
        "INSERT INTO legacy.bars VALUES ('C', '2024-03-01', 5), ('D', '2024-03-05', 6) "
        "ON CONFLICT (symbol, day) DO UPDATE SET close = EXCLUDED.close",
        {"C": [span("2024-03-01", "2024-03-01")], "D": [span("2024-03-05", "2024-03-05")]},
    ),
    "an upsert that does nothing": (
        "INSERT INTO legacy.bars VALUES ('C', '2024-03-01', 5) ON CONFLICT DO NOTHING", {},
    ),
    "merge": (
        "MERGE INTO legacy.bars b USING (VALUES ('C', '2024-03-01'::date), ('E', '2024-04-01')) "
        "AS n (symbol, day) ON b.symbol = n.symbol AND b.day = n.day "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (n.symbol, n.day)",
        {"C": [span("2024-03-01", "2024-03-01")], "E": [span("2024-04-01", "2024-04-01")]},
    ),
    "statements that touch no row": ("DELETE FROM legacy.bars WHERE symbol = 'none'", {}),
    "a row without a symbol": ("INSERT INTO legacy.bars VALUES (NULL, '2024-01-05')", {
        EVERYTHING: [span("2024-01-05", "2024-01-05")],
    }),
    "a row without a time": ("INSERT INTO legacy.bars VALUES ('A', NULL)", {
        "A": [(date.min, None)],
    }),
    "times that Python does not know": (
        "INSERT INTO legacy.bars VALUES ('A', '-infinity'), ('B', '0044-03-15 BC'), "
        "('C', 'infinity'), ('D', '10000-01-01'), ('E', '5874897-12-31'), ('C', '2024-01-01')",
        {
            "A": [(date.min, None)],
            "B": [(date.min, None)],
            "C": [span("2024-01-01", "2024-01-01"), (day("9999-12-31"), None)],
            "D": [(day("9999-12-31"), None)],
            "E": [(day("9999-12-31"), None)],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_statements(filled: Database, case: str) -> None:
    statement, expected = CASES[case]
    before = snapshot(filled)
    write(filled, statement)
    assert since(filled, before) == expected
    assert since(filled, snapshot(filled)) == {}


def test_copy(logged: Database) -> None:
    before = snapshot(logged)
    with (
        logged.connect_as("legacy_writer") as connection,
        connection.cursor().copy("COPY legacy.bars FROM STDIN") as copy,
    ):
        for number in range(400):
            copy.write_row((f"S{number % 2}", day("2024-01-01") + timedelta(days=number % 40), 1))
            if number == 39:
                break
    found = since(logged, before)
    assert found == {
        "S0": [span("2024-01-01", "2024-01-31"), span("2024-02-02", "2024-02-08")],
        "S1": [span("2024-01-02", "2024-01-30"), span("2024-02-01", "2024-02-09")],
    }
    with logged.connect_as("parity_harness") as connection:
        assert entries(connection, BARS) == 5  # the four, and that the log began


def test_single_rows_come_back_as_one_span_a_month(logged: Database) -> None:
    before = snapshot(logged)
    rows = [f"INSERT INTO legacy.bars VALUES ('A', '2024-01-{number:02}')" for number in (9, 3, 5)]
    write(logged, *rows)
    assert since(logged, before) == {"A": [span("2024-01-03", "2024-01-09")]}


def test_what_was_in_progress_at_the_snapshot_and_what_was_rolled_back(logged: Database) -> None:
    with (
        logged.connect_as("legacy_writer") as early,
        logged.connect_as("legacy_writer") as late,
        logged.connect_as("legacy_writer") as gone,
    ):
        early.execute("INSERT INTO legacy.bars VALUES ('EARLY', '2024-01-01')")
        first = snapshot(logged)
        late.execute("INSERT INTO legacy.bars VALUES ('LATE', '2024-01-02')")
        gone.execute("INSERT INTO legacy.bars VALUES ('GONE', '2024-01-03')")
        assert since(logged, first) == {}
        early.commit()
        gone.rollback()
        expected = {"EARLY": [span("2024-01-01", "2024-01-01")]}
        assert since(logged, first) == expected
        second = snapshot(logged)
        assert since(logged, second) == {}
        late.commit()
        assert since(logged, second) == {"LATE": [span("2024-01-02", "2024-01-02")]}
        assert since(logged, first) == expected | since(logged, second)


def test_a_reader_sees_only_what_its_own_snapshot_sees(logged: Database) -> None:
    before = snapshot(logged)
    with logged.connect_as("parity_harness") as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        kept = reader.execute("SELECT pg_current_snapshot()::text").fetchone()
        assert kept is not None
        write(logged, "INSERT INTO legacy.bars VALUES ('A', '2024-01-01')")
        assert touched_since(reader, BARS, before, symbol="symbol", time="day") == {}
    assert since(logged, kept[0]) == {"A": [span("2024-01-01", "2024-01-01")]}


def test_savepoints_that_are_rolled_back_leave_nothing(logged: Database) -> None:
    before = snapshot(logged)
    write(
        logged,
        "INSERT INTO legacy.bars VALUES ('A', '2024-01-01')",
        "SAVEPOINT s",
        "INSERT INTO legacy.bars VALUES ('B', '2024-01-01')",
        "ROLLBACK TO SAVEPOINT s",
        "SAVEPOINT t",
        "INSERT INTO legacy.bars VALUES ('C', '2024-01-01')",
        "RELEASE SAVEPOINT t",
    )
    assert list(since(logged, before)) == ["A", "C"]


def test_rows_deleted_through_a_foreign_key_are_logged(logged: Database) -> None:
    write(
        logged,
        "CREATE TABLE legacy.symbols (symbol text PRIMARY KEY)",
        "INSERT INTO legacy.symbols VALUES ('A'), ('B')",
        "ALTER TABLE legacy.bars ADD FOREIGN KEY (symbol) REFERENCES legacy.symbols "
        "ON DELETE CASCADE",
        "INSERT INTO legacy.bars VALUES ('A', '2024-01-01'), ('B', '2024-01-01')",
    )
    before = snapshot(logged)
    write(logged, "DELETE FROM legacy.symbols WHERE symbol = 'A'")
    assert since(logged, before) == {"A": [span("2024-01-01", "2024-01-01")]}
    write(logged, "TRUNCATE legacy.symbols CASCADE")
    assert EVERYTHING in since(logged, before)


def test_weird_names(database: Database, logged: Database) -> None:
    relation = Relation("prefect", 'Bars "of" 100%s \\ o\'clock')
    symbol, time = 'Sym"bol %', "t'ime\\"
    with database.connect_as("prefect_writer") as connection:
        names = [psycopg.sql.Identifier(name) for name in ("prefect", relation.table, symbol, time)]
        table = psycopg.sql.SQL(".").join(names[:2])
        connection.execute(
            psycopg.sql.SQL("CREATE TABLE {} ({} varchar(9), {} timestamptz)").format(
                table, *names[2:]
            )
        )
        connection.commit()
        assert install(database.admin_url, relation, symbol, time)
        assert not install(database.admin_url, relation, symbol, time)
        before = snapshot(database)
        connection.execute(
            psycopg.sql.SQL("INSERT INTO {} VALUES ('*', '2024-01-01 12:00:00.5+02'), "
                            "('x''\"%s', '2024-01-01 12:00+00')").format(table)
        )  # fmt: skip
    found = since(database, before, relation, symbol=symbol, time=time)
    noon = datetime(2024, 1, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    assert found == {
        "*": [(noon, noon + tick)],
        "x'\"%s": [(datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 12, 0, 0, 1, UTC))],
    }
    assert remove(database.admin_url, relation)


@pytest.mark.parametrize("writer_zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_bare_times_do_not_depend_on_the_zone_of_the_writer(
    database: Database, logged: Database, writer_zone: str
) -> None:
    relation = Relation("legacy", "hours")
    write(
        database,
        "CREATE DOMAIN legacy.moment AS timestamp",
        "CREATE TABLE legacy.hours (symbol int, at legacy.moment)",
    )
    install(database.admin_url, relation, "symbol", "at")
    before = snapshot(database)
    write(
        database,
        f"SET LOCAL TimeZone = '{writer_zone}'",
        # The hour from one to two came twice on that night in New York.
        "INSERT INTO legacy.hours VALUES (7, '2024-11-03 01:30'), (7, '2024-11-03 01:40'), "
        "(8, NULL), (9, 'infinity')",
    )
    plain = since(database, before, relation, time="at")
    wall = datetime(2024, 11, 3, 1, 30)  # noqa: DTZ001
    assert plain["7"] == [(wall, wall + timedelta(minutes=10, microseconds=1))]
    assert plain["8"] == [(datetime(1, 1, 1), None)]  # noqa: DTZ001
    assert plain["9"] == [(datetime(9999, 12, 31), None)]  # noqa: DTZ001

    new_york = ZoneInfo("America/New_York")
    instants = since(database, before, relation, time="at", zone=new_york)
    assert instants["7"] == [
        (
            datetime(2024, 11, 3, 5, 30, tzinfo=UTC),
            datetime(2024, 11, 3, 6, 40, 0, 1, tzinfo=UTC),
        )
    ]
    assert instants["8"] == [(datetime(1, 1, 1, tzinfo=UTC), None)]


def test_dates_as_instants_of_a_zone(logged: Database) -> None:
    before = snapshot(logged)
    write(logged, "INSERT INTO legacy.bars VALUES ('A', '2024-01-05'), ('B', NULL)")
    found = since(logged, before, zone=ZoneInfo("America/New_York"))
    midnight = datetime(2024, 1, 5, 5, tzinfo=UTC)
    assert found == {
        "A": [(midnight, midnight + timedelta(microseconds=1))],
        "B": [(datetime(1, 1, 1, tzinfo=UTC), None)],
    }


def test_pruning_keeps_what_a_later_night_needs(logged: Database) -> None:
    write(logged, "INSERT INTO legacy.bars VALUES ('A', '2024-01-01')")
    first = snapshot(logged)
    with logged.connect_as("legacy_writer") as slow:
        slow.execute("INSERT INTO legacy.bars VALUES ('SLOW', '2024-01-02')")
        second = snapshot(logged)  # does not see SLOW, which has the older transaction
        write(logged, "INSERT INTO legacy.bars VALUES ('B', '2024-01-03')")
    with logged.connect_as("parity_harness") as connection:
        assert prune(connection, BARS, second) == 2  # A, and that the log began
        assert prune(connection, BARS, second) == 0
    found = {"B": [span("2024-01-03", "2024-01-03")], "SLOW": [span("2024-01-02", "2024-01-02")]}
    assert since(logged, second) == found
    assert since(logged, first) == found  # nothing was committed between the two


def test_whoever_comes_with_a_snapshot_older_than_the_pruning_is_told_so(logged: Database) -> None:
    with logged.connect_as("legacy_writer") as slow:
        slow.execute("INSERT INTO legacy.bars VALUES ('SLOW', '2024-01-02')")
        write(logged, "INSERT INTO legacy.bars VALUES ('B', '2024-01-03')")
        first = snapshot(logged)
    # No new transaction has begun: the two differ only in that SLOW has ended.
    second = snapshot(logged)
    with logged.connect_as("parity_harness") as connection:
        assert prune(connection, BARS, second) == 3
    assert since(logged, second) == {}
    assert since(logged, first) == ALL
    with logged.connect_as("parity_harness") as connection:
        said = gap(connection, BARS, first, "symbol", "day")
        assert said == "the log of legacy.bars has been pruned since the earlier night"
        assert prune(connection, BARS, first) == 0
    assert since(logged, second) == {}


def test_a_snapshot_of_another_server_tells_nothing(logged: Database) -> None:
    foreign = "900000000:900000001:"
    assert since(logged, foreign) == ALL
    with logged.connect_as("parity_harness") as connection:
        assert prune(connection, BARS, foreign) == 0
    with pytest.raises(DatabaseError, match=r"the log of legacy\.bars .* invalid input syntax"):
        since(logged, "yesterday")
