"""Views that are missing are made; which side they read is in the catalog."""

from __future__ import annotations

import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.verdict import Side
from parity.switch import View, create_missing, digest, digest_relations, side_of
from tests.switch.toy import admin, both, make, move, read, resolved, serve, served


def side(database: Database, views: tuple[View, ...]) -> Side | None:
    with database.connect_as("parity_harness") as connection:
        return side_of(connection, views)


def test_missing_views_are_made_and_others_left_alone(database: Database) -> None:
    views = serve(database, "a")
    both(database, "b")
    with admin(database) as connection:
        row = connection.execute("SELECT oid, xmin FROM pg_class WHERE relname = 'a' "
                                 "AND relkind = 'v'").fetchone()  # fmt: skip
    views = (*views, *resolved(database, served("b")))
    with database.connect_as("parity_switch") as connection:
        assert create_missing(connection, views, Side.CANDIDATE) == ["b"]
        assert create_missing(connection, views, Side.CANDIDATE) == []
    with admin(database) as connection:
        again = connection.execute("SELECT oid, xmin FROM pg_class WHERE relname = 'a' "
                                   "AND relkind = 'v'").fetchone()  # fmt: skip
    assert again == row
    assert [read(database, name)[0][0] for name in ("a", "b")] == ["legacy", "candidate"]
    with pytest.raises(DatabaseError, match="read both sides: a reads legacy, b reads candidate"):
        side(database, views)


def test_who_makes_a_view_waits_for_no_reader_and_keeps_none_waiting(database: Database) -> None:
    views = serve(database, "a")
    both(database, "b")
    views = (*views, *resolved(database, served("b")))
    with database.connect_as("parity_harness") as reader:
        reader.execute("SELECT * FROM market.a")  # it is in the gate
        with database.connect_as("parity_switch") as connection:
            connection.execute("SET lock_timeout = '1s'")
            assert create_missing(connection, views, Side.LEGACY) == ["b"]
        assert read(database, "b") == reader.execute("SELECT * FROM market.b").fetchall()


def test_the_side_is_what_the_catalog_says(database: Database) -> None:
    both(database, "a")
    views = resolved(database, served("a"))
    assert side(database, views) is None
    move(database, views, Side.LEGACY)
    assert side(database, views) is Side.LEGACY
    move(database, views, Side.CANDIDATE)
    assert side(database, views) is Side.CANDIDATE


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE VIEW market.a AS SELECT 1 AS one", "market.a reads no table: neither side"),
        (
            "CREATE VIEW market.a AS SELECT l.symbol FROM legacy.a l, prefect.a",
            "market.a reads legacy.a, prefect.a: both sides",
        ),
        ("CREATE TABLE market.a (x int)", "market.a is there, but it is no view"),
    ],
)
def test_what_is_no_view_over_one_side_is_told(
    database: Database, statement: str, message: str
) -> None:
    both(database, "a")
    views = resolved(database, served("a"))
    with database.connect_as("parity_switch") as connection:
        connection.execute(statement)
    with pytest.raises(DatabaseError, match=message):
        side(database, views)


def test_consumers_read_without_rights_on_the_sides(database: Database) -> None:
    serve(database, "a")
    with admin(database) as connection:
        connection.execute("CREATE ROLE consumer_of_serving")
        connection.execute("GRANT USAGE ON SCHEMA market TO consumer_of_serving")
        connection.execute("GRANT SELECT ON market.a TO consumer_of_serving")
        try:
            connection.execute("SET ROLE consumer_of_serving")
            assert connection.execute("SELECT symbol FROM market.a").fetchall() == [("legacy",)]
        finally:
            connection.execute("RESET ROLE; DROP OWNED BY consumer_of_serving; "
                               "DROP ROLE consumer_of_serving")  # fmt: skip


def test_a_digest_tells_rows_and_not_their_order(database: Database) -> None:
    columns = "symbol text, price numeric(15,4), at timestamptz, x float8"
    rows = "('a', 1, '2024-02-29 12:00Z', 0.1), ('a', 1, '2024-02-29 12:00Z', 0.1), " \
           "('b', NULL, '2024-03-01 12:00Z', 'NaN'), ('', 2, NULL, 0)"  # fmt: skip
    for schema, order in (("legacy", "ASC"), ("prefect", "DESC")):
        make(database, schema, f"CREATE TABLE {schema}.t ({columns}); "
             f"INSERT INTO {schema}.t SELECT * FROM (VALUES {rows}) v "
             f"ORDER BY 1 {order}".replace("SELECT *", "SELECT column1, column2, "
             "column3::timestamptz, column4::float8"))  # fmt: skip
    views = resolved(database, served("t"))
    move(database, views, Side.LEGACY)
    with database.connect_as("parity_harness") as connection:
        connection.execute("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'")
        connection.commit()
        first = digest(connection, views)["t"]
        assert first.rows == 4
        assert digest_relations(connection, views, Side.CANDIDATE)["t"] == first
    # A row more, a row less and one that is there twice instead of once are all seen.
    for change in (
        "INSERT INTO prefect.t VALUES ('a', 1, '2024-02-29 12:00Z', 0.1)",
        "DELETE FROM prefect.t WHERE symbol = 'a'",
        "INSERT INTO prefect.t VALUES ('b', NULL, '2024-03-01 12:00Z', 'NaN'), (NULL, 2, NULL, 0)",
        "DELETE FROM prefect.t WHERE symbol IS NULL; UPDATE prefect.t SET symbol = NULL "
        "WHERE symbol = ''",
    ):
        make(database, "prefect", change)
        with database.connect_as("parity_harness") as connection:
            assert digest_relations(connection, views, Side.CANDIDATE)["t"] != first
