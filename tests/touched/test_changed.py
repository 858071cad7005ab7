"""What was written since a moment, from a column that says when a row changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import EVERYTHING, Changed, changed_since
from tests.touched.conftest import write

BARS = Relation("legacy", "bars")
NEW_YORK = ZoneInfo("America/New_York")
SINCE = datetime(2024, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def read(
    database: Database,
    relation: Relation = BARS,
    changed: str = "stamp",
    zone: ZoneInfo | None = None,
    since: datetime = SINCE,
    time: str = "day",
) -> Changed:
    with database.connect_as("parity_harness") as connection:
        return changed_since(connection, relation, "symbol", time, changed, since, zone=zone)


@pytest.fixture
def filled(database: Database) -> Database:
    write(
        database,
        "CREATE TABLE legacy.bars (symbol text, day date, stamp timestamptz)",
        "INSERT INTO legacy.bars VALUES "
        "('A', '2024-01-01', '2024-06-01 11:59:59.999999+00'), "
        "('A', '2024-01-05', '2024-06-01 12:00:00+00'), "
        "('A', '2024-01-09', '2024-06-01 14:00:00+02'), "
        "('A', '2024-03-01', '2024-06-02 00:00:00+00'), "
        "('B', '2024-01-01', '2024-05-31 00:00:00+00'), "
        "('C', '2024-02-02', NULL), "
        "('D', NULL, '2024-06-03 00:00:00+00')",
    )
    return database


def test_rows_at_or_after_the_moment_and_those_without_a_stamp(filled: Database) -> None:
    found = read(filled)
    assert found.spans == {
        "A": [
            (date(2024, 1, 5), date(2024, 1, 9) + DAY),
            (date(2024, 3, 1), date(2024, 3, 1) + DAY),
        ],
        "C": [(date(2024, 2, 2), date(2024, 2, 2) + DAY)],
        "D": [(date.min, None)],
    }
    assert found.hint == (
        "legacy.bars has no index on stamp: all of it was read to find what was written since "
        "the last night; CREATE INDEX ON legacy.bars (stamp)"
    )
    write(filled, "INSERT INTO legacy.bars VALUES (NULL, '2024-04-01', now())")
    assert read(filled).spans[EVERYTHING] == [(date(2024, 4, 1), date(2024, 4, 2))]


@pytest.mark.parametrize(
    ("index", "helps"),
    [
        ("(stamp)", True),
        ("USING brin (stamp)", True),
        ("(stamp, symbol)", True),
        ("(symbol, stamp)", False),
        ("(stamp) WHERE symbol = 'A'", False),
        ("USING hash (stamp)", False),
    ],
)
def test_the_hint_goes_with_an_index_that_helps(filled: Database, index: str, helps: bool) -> None:
    write(filled, f"CREATE INDEX ON legacy.bars {index}")
    assert (read(filled).hint is None) == helps


def test_a_view_is_read_and_gets_no_hint(filled: Database) -> None:
    write(filled, "CREATE VIEW legacy.v AS SELECT * FROM legacy.bars WHERE symbol < 'C'")
    found = read(filled, Relation("legacy", "v"))
    assert (list(found.spans), found.hint) == (["A"], None)


def test_bare_stamps_and_dates_are_in_the_zone_and_miss_nothing(database: Database) -> None:
    write(
        database,
        "CREATE TABLE legacy.bars (symbol text, at timestamp, stamp timestamp, stamped date)",
        # 2024-11-03 06:10 UTC is 01:10 in New York, the second time; 05:50 was 01:50 there.
        "INSERT INTO legacy.bars VALUES "
        "('LATE', '2024-01-02 10:00', '2024-11-03 01:10', '2024-11-03'), "
        "('OLD', '2024-01-02 10:00', '2024-11-02 23:00', '2024-11-02')",
    )
    since = datetime(2024, 11, 3, 5, 50, tzinfo=UTC)
    ten = datetime(2024, 1, 2, 15, tzinfo=UTC)
    for changed in ("stamp", "stamped"):
        found = read(database, changed=changed, zone=NEW_YORK, since=since, time="at")
        assert found.spans == {"LATE": [(ten, ten + timedelta(microseconds=1))]}


def test_weird_names(database: Database) -> None:
    relation = Relation("legacy", 'a "b" %s')
    write(
        database,
        'CREATE TABLE legacy."a ""b"" %s" (symbol text, "da%y" timestamptz, "st\'amp %" date)',
        "INSERT INTO legacy.\"a \"\"b\"\" %s\" VALUES ('A', '2024-01-01 00:00+00', '2024-07-01')",
    )
    with database.connect_as("parity_harness") as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        found = changed_since(connection, relation, "symbol", "da%y", "st'amp %", SINCE)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert found.spans == {"A": [(start, start + timedelta(microseconds=1))]}


def test_what_is_missing_is_named(filled: Database) -> None:
    with pytest.raises(DatabaseError, match=r"^there is no table or view legacy\.none$"):
        read(filled, Relation("legacy", "none"))
    with pytest.raises(DatabaseError, match=r"^legacy\.bars has no column no; name one"):
        read(filled, changed="no")
    with pytest.raises(DatabaseError, match="column symbol is text, no date or timestamp"):
        read(filled, changed="symbol")
