"""What the locks of a comparison are about, and how large it will be."""

from __future__ import annotations

import psycopg
import pytest

from parity.database import Database
from parity.database.holding import hold, hold_and_count, storage
from parity.model.suite import Relation

PARTS = Relation("legacy", "parts")
SEEN = Relation("legacy", "seen")


@pytest.fixture
def filled(database: Database) -> Database:
    """Three partitions of 3,000 rows each, never analysed, and a view of them."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("CREATE TABLE legacy.parts (n int, v float8) PARTITION BY RANGE (n)")
        for part in range(3):
            connection.execute(
                f"CREATE TABLE legacy.part_{part} PARTITION OF legacy.parts "
                f"FOR VALUES FROM ({part * 3000}) TO ({(part + 1) * 3000})"
            )
        connection.execute("CREATE VIEW legacy.seen AS SELECT * FROM legacy.parts")
        connection.execute("INSERT INTO legacy.parts SELECT n, n FROM generate_series(0, 8999) n")
        connection.execute("GRANT SELECT ON legacy.parts, legacy.seen TO parity_harness")
    return database


@pytest.mark.parametrize("relation", [PARTS, SEEN], ids=str)
def test_rows_of_what_has_no_statistics_are_estimated(filled: Database, relation: Relation) -> None:
    with filled.connect_as("parity_harness") as connection:
        # pg_class knows of none of them: -1 for a table that was never analysed, and of the root.
        counts = connection.execute(
            "SELECT reltuples FROM pg_class WHERE relname LIKE 'part%'"
        ).fetchall()
        assert counts == [(-1.0,)] * 4
        assert 4500 < hold_and_count(connection, [relation]) < 18000
    with psycopg.connect(filled.admin_url, autocommit=True) as connection:
        connection.execute("ANALYZE legacy.parts")
    with filled.connect_as("parity_harness") as connection:
        assert hold_and_count(connection, [relation, relation]) == 18000


@pytest.mark.parametrize("relation", [PARTS, SEEN], ids=str)
@pytest.mark.parametrize("how", [hold, hold_and_count])
def test_what_lies_beneath_is_held(filled: Database, relation: Relation, how: object) -> None:
    assert callable(how)
    with filled.connect_as("parity_harness") as reader:
        reader.read_only = True
        reader.execute("SET LOCAL lock_timeout = '5s'")
        how(reader, [Relation("legacy", "none"), Relation("nowhere", "none"), relation])
        with psycopg.connect(filled.admin_url, autocommit=True) as writer:
            writer.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                writer.execute("TRUNCATE legacy.part_1")


def test_what_may_not_be_read_is_left_to_its_comparison(filled: Database) -> None:
    with psycopg.connect(filled.admin_url) as connection:
        connection.execute("REVOKE SELECT ON legacy.parts FROM parity_harness")
    with filled.connect_as("parity_harness") as connection:
        connection.execute("SET LOCAL lock_timeout = '5s'")
        hold(connection, [PARTS])
        assert hold_and_count(connection, [PARTS]) == 0
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_snapshot_is_of_what_was_there_when_the_lock_was_granted(filled: Database) -> None:
    with filled.connect_as("parity_harness") as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.read_only = True
        reader.execute("SET LOCAL lock_timeout = '5s'")
        hold(reader, [PARTS])
        with psycopg.connect(filled.admin_url) as writer:
            writer.execute("DELETE FROM legacy.parts WHERE n > 9")
        assert reader.execute("SELECT count(*) FROM legacy.parts").fetchone() == (10,)


@pytest.mark.parametrize(
    ("statement", "other"),
    [
        ("INSERT INTO legacy.parts VALUES (1, 2)", False),
        ("DELETE FROM legacy.parts", False),
        ("TRUNCATE legacy.part_1", True),
        ("CREATE TABLE legacy.part_3 PARTITION OF legacy.parts DEFAULT", True),
        ("ALTER TABLE legacy.parts DETACH PARTITION legacy.part_0", True),
        ("ALTER TABLE legacy.parts ALTER COLUMN v TYPE numeric", True),
        ("DROP TABLE legacy.part_2; CREATE TABLE legacy.part_2 PARTITION OF legacy.parts "
         "FOR VALUES FROM (6000) TO (9000)", True),
        ("REFRESH MATERIALIZED VIEW legacy.filled", True),
    ],
)  # fmt: skip
def test_files_are_others_when_rows_may_be_gone(
    filled: Database, statement: str, other: bool
) -> None:
    above = Relation("legacy", "above")
    with psycopg.connect(filled.admin_url) as writer:
        writer.execute("CREATE MATERIALIZED VIEW legacy.filled AS SELECT 1 AS n")
        parts = "SELECT n FROM legacy.parts UNION ALL SELECT n FROM legacy.filled"
        writer.execute(f"CREATE VIEW legacy.above AS {parts}")
        if "TYPE" in statement:
            writer.execute("DROP VIEW legacy.seen")
    with (
        filled.connect_as("parity_harness", autocommit=True) as reader,
        psycopg.connect(filled.admin_url) as writer,
    ):
        before = storage(reader, [above])
        assert set(before) >= {"legacy.above", "legacy.parts", "legacy.part_2", "legacy.filled"}
        if "TYPE" in statement:
            writer.execute("DROP VIEW legacy.above")
            writer.execute(statement)
            writer.execute(f"CREATE VIEW legacy.above AS {parts}")
        else:
            writer.execute(statement)
        writer.commit()
        assert (storage(reader, [above]) != before) is other
