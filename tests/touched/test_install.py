"""Switching the log on and off, who may do what, and what the log refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

import parity.store
from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.store import Store
from parity.touched import EVERYTHING, entries, gap, install, installed, remove
from tests.touched.conftest import BARS, since, snapshot, write

ALL = {EVERYTHING: [(date.min, None)]}
ROW = "INSERT INTO legacy.bars VALUES ('A', '2024-01-01')"


def is_on(database: Database, relation: Relation = BARS, time: str = "day") -> bool:
    with database.connect_as("parity_harness") as connection:
        return installed(connection, relation, "symbol", time)


def test_on_twice_and_off_twice(logged: Database) -> None:
    before = snapshot(logged)
    write(logged, ROW)
    assert not install(logged.admin_url, BARS, "symbol", "day")
    assert list(since(logged, before)) == ["A"]  # nothing is lost by it
    assert is_on(logged)

    assert remove(logged.admin_url, BARS)
    assert not remove(logged.admin_url, BARS)
    assert not is_on(logged)
    write(logged, ROW.replace("'A'", "'B'"))
    with logged.connect_as("parity_harness") as connection:
        assert entries(connection, BARS) == 0
    assert since(logged, before) == ALL


def test_what_was_written_before_the_log_began_counts_as_touched(logged: Database) -> None:
    remove(logged.admin_url, BARS)
    before = snapshot(logged)
    write(logged, ROW)
    install(logged.admin_url, BARS, "symbol", "day")
    assert since(logged, before) == ALL
    assert since(logged, snapshot(logged)) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE legacy.bars DISABLE TRIGGER parity_touched_insert",
        "DROP TRIGGER parity_touched_truncate ON legacy.bars",
        "ALTER TABLE legacy.bars RENAME COLUMN symbol TO ticker",
        "ALTER TABLE legacy.bars ALTER COLUMN day TYPE timestamptz",
        "ALTER TABLE legacy.bars ALTER COLUMN symbol TYPE varchar(10)",
        "DROP TABLE legacy.bars",
    ],
)
def test_a_log_that_is_not_whole_says_that_anything_may_be_touched(
    logged: Database, statement: str
) -> None:
    before = snapshot(logged)
    write(logged, statement)
    assert not is_on(logged)
    with logged.connect_as("parity_harness") as connection:
        said = gap(connection, BARS, before, "symbol", "day")
    assert said is not None
    assert said.endswith("; run parity track on")
    if not statement.startswith("DROP TABLE"):
        assert list(since(logged, before)) == [EVERYTHING]


def test_switching_on_again_mends_it(logged: Database) -> None:
    before = snapshot(logged)
    write(logged, "ALTER TABLE legacy.bars DISABLE TRIGGER ALL", ROW)
    assert install(logged.admin_url, BARS, "symbol", "day")
    assert is_on(logged)
    assert since(logged, before) == ALL
    after = snapshot(logged)
    write(logged, "DELETE FROM legacy.bars")
    assert list(since(logged, after)) == ["A"]


OFF, ON = (f"ALTER TABLE legacy.bars {what} TRIGGER ALL" for what in ("DISABLE", "ENABLE"))


@pytest.mark.parametrize("together", [True, False])
def test_triggers_that_were_off_for_a_while_may_have_missed_anything(
    logged: Database, together: bool
) -> None:
    before = snapshot(logged)
    if together:  # as pg_restore --disable-triggers does
        write(logged, OFF, ROW, ON)
    else:
        for statement in (OFF, ROW, ON):
            write(logged, statement)
    assert is_on(logged)
    with logged.connect_as("parity_harness") as connection:
        assert entries(connection, BARS) == 1  # that of the beginning: the row is in none
        said = gap(connection, BARS, before, "symbol", "day")
    assert said == (
        "the triggers of the log on legacy.bars were made, or switched off and on, since the "
        "earlier night"
    )
    assert since(logged, before) == ALL
    assert since(logged, snapshot(logged)) == {}  # the next night starts from this one


def test_triggers_that_were_off_when_the_night_before_looked(logged: Database) -> None:
    """Also in a subtransaction that began before that night and ended after it."""
    with logged.connect_as("legacy_writer") as writer:
        writer.execute(OFF)
        writer.execute(ROW)
        with writer.transaction():
            writer.execute(ON)
        write(logged, "CREATE TABLE legacy.other ()")  # a later transaction has ended
        before = snapshot(logged)
    assert since(logged, before) == ALL


def test_triggers_that_were_off_on_a_partition_are_told(logged: Database) -> None:
    write(
        logged,
        "CREATE TABLE legacy.parts (LIKE legacy.bars) PARTITION BY LIST (symbol)",
        "CREATE TABLE legacy.part_a PARTITION OF legacy.parts FOR VALUES IN ('A')",
    )
    parts = Relation("legacy", "parts")
    install(logged.admin_url, parts, "symbol", "day")
    before = snapshot(logged)
    assert since(logged, before, parts) == {}
    for what in ("DISABLE", "ENABLE"):
        write(logged, f"ALTER TABLE legacy.part_a {what} TRIGGER parity_touched_delete")
    with logged.connect_as("parity_harness") as connection:
        said = gap(connection, parts, before, "symbol", "day")
    assert said is not None
    assert "legacy.part_a" in said
    assert since(logged, before, parts) == ALL


def test_other_columns_are_another_log(logged: Database) -> None:
    before = snapshot(logged)
    write(logged, "ALTER TABLE legacy.bars ADD COLUMN stamp timestamptz")
    assert not is_on(logged, time="stamp")
    assert install(logged.admin_url, BARS, "symbol", "stamp")
    assert is_on(logged, time="stamp")
    assert not is_on(logged)
    assert list(since(logged, before, time="stamp")) == [EVERYTHING]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE legacy.bars RENAME COLUMN symbol TO ticker",
        "ALTER TABLE legacy.bars DROP COLUMN day",
        "ALTER TABLE legacy.bars ALTER COLUMN day TYPE text",
    ],
)
def test_a_changed_table_does_not_stop_its_writer(logged: Database, statement: str) -> None:
    before = snapshot(logged)
    write(logged, statement, "INSERT INTO legacy.bars DEFAULT VALUES", "DELETE FROM legacy.bars")
    with logged.connect_as("parity_harness") as connection:
        rows = connection.execute(
            "SELECT count(*) FROM parity.touched WHERE symbol IS NULL "
            "AND NOT pg_visible_in_snapshot(xid, %s::pg_snapshot)",
            [before],
        ).fetchone()
    assert rows == (2,)


def test_a_cast_of_the_writer_is_never_run_with_the_harness_rights(logged: Database) -> None:
    trick = (
        "CREATE TYPE legacy.trick AS ENUM ('A')",
        "CREATE FUNCTION legacy.steal(legacy.trick) RETURNS text LANGUAGE plpgsql AS "
        "$$ BEGIN TRUNCATE parity.touched; RETURN 'A'; END $$",
        "CREATE CAST (legacy.trick AS text) WITH FUNCTION legacy.steal(legacy.trick)",
    )
    write(
        logged,
        *trick,
        "ALTER TABLE legacy.bars ALTER COLUMN symbol TYPE legacy.trick USING 'A'::legacy.trick",
        ROW,
    )
    with logged.connect_as("parity_harness") as connection:
        assert entries(connection, BARS) == 2
    with pytest.raises(DatabaseError, match=r"symbol is legacy\.trick; the log needs a built-in"):
        install(logged.admin_url, BARS, "symbol", "day")


def test_a_writer_reaches_the_log_by_its_writes_only(logged: Database) -> None:
    for statement in (
        "SELECT * FROM parity.touched",
        "INSERT INTO parity.touched (relation_schema, relation_table) VALUES ('a', 'b')",
        "DELETE FROM parity.touched",
        "TRUNCATE parity.touched",
        "DROP TRIGGER x ON parity.touched",
        "SELECT parity.note_touched()",
        "CREATE TRIGGER mine AFTER INSERT ON legacy.bars "
        "FOR EACH STATEMENT EXECUTE FUNCTION parity.note_touched('prefect', 'bars')",
    ):
        for role in ("legacy_writer", "prefect_writer"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                write(logged, statement, role=role)
    with logged.connect_as("parity_harness") as connection:
        owner = connection.execute(
            "SELECT proowner::regrole::text, prosecdef, proconfig, proacl::text FROM pg_proc "
            "WHERE proname = 'note_touched'"
        ).fetchone()
    assert owner is not None
    assert owner[:3] == ("parity_harness", True, ["search_path=pg_catalog, pg_temp"])
    assert owner[3] == "{parity_harness=X/parity_harness}"


def test_names_of_the_writer_do_not_stand_in_for_ours(logged: Database) -> None:
    before = snapshot(logged)
    write(
        logged,
        "CREATE TABLE legacy.new_rows (symbol text, day date)",
        "INSERT INTO legacy.new_rows VALUES ('WRONG', '2000-01-01')",
        "CREATE FUNCTION legacy.min(timestamptz) RETURNS timestamptz LANGUAGE sql "
        "AS 'SELECT NULL::timestamptz'",
        "SET LOCAL search_path = legacy, pg_catalog",
        ROW,
    )
    assert list(since(logged, before)) == ["A"]


def test_partitions_of_all_levels(logged: Database) -> None:
    parts = Relation("legacy", "parts")
    write(
        logged,
        "CREATE TABLE legacy.parts (symbol text, day date, PRIMARY KEY (symbol, day)) "
        "PARTITION BY RANGE (day)",
        "CREATE TABLE legacy.y2023 PARTITION OF legacy.parts "
        "FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
        "CREATE TABLE legacy.y2024 (day date NOT NULL, symbol text NOT NULL) "
        "PARTITION BY LIST (symbol)",
        "CREATE TABLE legacy.y2024a PARTITION OF legacy.y2024 FOR VALUES IN ('A', 'B')",
        "ALTER TABLE legacy.parts ATTACH PARTITION legacy.y2024 "
        "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    )
    assert install(logged.admin_url, parts, "symbol", "day")
    assert not install(logged.admin_url, parts, "symbol", "day")

    def touched(*statements: str) -> list[str]:
        before = snapshot(logged)
        write(logged, *statements)
        with logged.connect_as("parity_harness") as connection:
            rows = connection.execute(
                "SELECT symbol, first, last FROM parity.touched "
                "WHERE NOT pg_visible_in_snapshot(xid, %s::pg_snapshot)",
                [before],
            ).fetchall()
        assert len(rows) == len(set(rows))  # parents and partitions do not note it twice
        return list(since(logged, before, parts))

    assert touched("INSERT INTO legacy.parts VALUES ('A', '2023-05-01'), ('B', '2024-05-01')") == [
        "A",
        "B",
    ]
    assert touched("INSERT INTO legacy.y2024 VALUES ('2024-06-01', 'A')") == ["A"]
    assert touched("UPDATE legacy.y2024a SET day = '2024-05-02' WHERE symbol = 'B'") == ["B"]
    assert touched("UPDATE legacy.parts SET day = '2024-05-03' WHERE day < '2024-01-01'") == ["A"]
    before = snapshot(logged)
    write(logged, "TRUNCATE legacy.y2024a")
    assert since(logged, before, parts) == ALL

    # A new partition is not logged yet, and may have come with rows.
    before = snapshot(logged)
    write(
        logged,
        "CREATE TABLE legacy.y2025 PARTITION OF legacy.parts "
        "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    )
    assert since(logged, before, parts) == ALL
    assert install(logged.admin_url, parts, "symbol", "day")
    assert since(logged, before, parts) == ALL
    before = snapshot(logged)
    assert since(logged, before, parts) == {}
    assert touched("INSERT INTO legacy.y2025 VALUES ('Z', '2025-01-01')") == ["Z"]
    assert remove(logged.admin_url, parts)
    with logged.connect_as("parity_harness") as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'parity%' "
            "AND tgrelid <> 'legacy.bars'::regclass"
        ).fetchone()
    assert left == (0,)


REFUSED = [
    ("CREATE VIEW legacy.v AS SELECT * FROM legacy.bars", "v", "day",
     "legacy.v is a view; log the table beneath it, or use a change column (window.changed)"),
    ("CREATE MATERIALIZED VIEW legacy.v AS SELECT * FROM legacy.bars", "v", "day",
     "legacy.v is a materialized view, which has no triggers; leave window.log out"),
    ("SELECT 1", "nothing", "day",
     "there is no table legacy.nothing; run the job that makes it, then parity track on"),
    ("SELECT 1", "bars", "no", "legacy.bars has no column no; name one of its columns"),
    ("SELECT 1", "bars", "symbol",
     "legacy.bars: symbol and time are both column symbol; name two"),
    ("SELECT 1", "bars", "close",
     "legacy.bars: column close is float8, no date or timestamp; "
     "name one that is as the dataset's time or changed"),
    ("ALTER TABLE legacy.bars ADD COLUMN next date GENERATED ALWAYS AS (day + 1) VIRTUAL",
     "bars", "next",
     "legacy.bars: column next is a virtual generated column, which triggers do not see; "
     "make it STORED, or leave window.log out"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "table", "time", "says"), REFUSED)
def test_what_cannot_be_logged_is_refused_with_the_reason(
    logged: Database, statement: str, table: str, time: str, says: str
) -> None:
    write(logged, statement)
    with pytest.raises(DatabaseError) as caught:
        install(logged.admin_url, Relation("legacy", table), "symbol", time)
    assert str(caught.value) == says
    with logged.connect_as("parity_harness") as connection:
        assert not installed(connection, Relation("legacy", table), "symbol", time)


@pytest.mark.slow
def test_a_busy_table_is_left_alone_and_the_user_told(logged: Database) -> None:
    remove(logged.admin_url, BARS)
    with logged.connect_as("legacy_writer") as writer:
        writer.execute(ROW)
        with pytest.raises(DatabaseError) as caught:
            install(logged.admin_url, BARS, "symbol", "day")
        writer.execute(ROW.replace("01-01", "01-02"))
    assert str(caught.value) == (
        "legacy.bars is being written: no lock on it within 5 s; run parity track on again "
        "when no job writes it"
    )
    assert not is_on(logged)
    assert install(logged.admin_url, BARS, "symbol", "day")


def test_a_role_without_the_right_is_told_which(logged: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        remove(logged.url_as("prefect_writer"), BARS)
    assert str(caught.value) == (
        "the log of legacy.bars cannot be switched off: permission denied for schema legacy; "
        "the connecting role needs to own it and to be a member of parity_harness"
    )
    with pytest.raises(DatabaseError, match="needs TRIGGER on it and to be a member of parity_har"):
        install(logged.url_as("legacy_writer"), BARS, "symbol", "day")


def test_an_administrator_that_is_no_superuser_will_do(logged: Database) -> None:
    with psycopg.connect(logged.admin_url) as connection:
        connection.execute("CREATE ROLE team LOGIN IN ROLE legacy_writer, parity_harness")
        name = connection.info.dbname
        connection.execute(
            psycopg.sql.SQL("GRANT CONNECT ON DATABASE {} TO team").format(
                psycopg.sql.Identifier(name)
            )
        )
    try:
        assert remove(logged.url_as("team"), BARS)
        assert install(logged.url_as("team"), BARS, "symbol", "day")
        before = snapshot(logged)
        write(logged, ROW)
        assert list(since(logged, before)) == ["A"]
    finally:
        with psycopg.connect(logged.admin_url) as connection:
            connection.execute("DROP OWNED BY team")
            connection.execute("DROP ROLE team")


def test_going_back_a_version_leaves_writers_alone(logged: Database) -> None:
    config = Config()
    config.set_main_option(
        "script_location", str(Path(parity.store.__file__).parent / "migrations")
    )
    with logged.engine_as("parity_harness").begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    write(logged, ROW)
    Store(logged.engine_as("parity_harness")).migrate()
    assert install(logged.admin_url, BARS, "symbol", "day")
