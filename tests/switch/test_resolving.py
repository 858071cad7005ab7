"""Both sides look the same to whoever reads a view."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.plan import Served
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.switch import View, create_missing, resolve_as_served, resolving
from tests.switch.toy import both, make, move, read, resolved, serve, served

SHAPE = (
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), c.collname FROM pg_attribute a "
    "LEFT JOIN pg_collation c ON c.oid = a.attcollation "
    "WHERE a.attrelid = 'market.t'::regclass AND a.attnum > 0 ORDER BY a.attnum"
)


def shape(database: Database) -> list[tuple[str, ...]]:
    with database.connect_as("parity_switch") as connection:
        return connection.execute(SHAPE).fetchall()


def test_columns_are_those_of_both_sides_in_the_order_and_with_the_types_of_legacy(
    database: Database,
) -> None:
    make(
        database,
        "legacy",
        """
        CREATE TABLE legacy.t (symbol varchar(8), at timestamptz(3), close numeric(15,4),
            gone int, "Größe" float4, code text COLLATE "C");
        INSERT INTO legacy.t VALUES ('A', '2024-02-29 16:00Z', 1.5, 7, 0.5, 'x')""",
    )
    make(
        database,
        "prefect",
        """
        CREATE TABLE prefect.t (extra text, code text, "Größe" float8, close float8,
            at timestamptz, symbol text);
        INSERT INTO prefect.t VALUES ('e', 'y', 0.25, 2.00005, '2024-02-29 16:00:00.123456Z', 'B')
    """,
    )
    (view,) = resolved(database, served("t"))
    assert view.columns == (
        ("symbol", "character varying(8)"),
        ("at", "timestamp(3) with time zone"),
        ("close", "numeric(15,4)"),
        ("Größe", "real"),
        ("code", 'text COLLATE pg_catalog."C"'),
    )
    with database.connect_as("parity_switch") as connection:
        assert create_missing(connection, [view], Side.LEGACY) == ["t"]
    on_legacy = shape(database)
    assert on_legacy[0][:2] == ("symbol", "character varying(8)")
    assert on_legacy[4] == ("code", "text", "C")
    assert read(database, "t")[0][2] == Decimal("1.5000")
    move(database, (view,), Side.CANDIDATE)
    assert shape(database) == on_legacy
    symbol, at, close, size, code = read(database, "t")[0]
    assert (symbol, close, size, code) == ("B", Decimal("2.0001"), 0.25, "y")
    assert str(at).startswith("2024-02-29 16:00:00.123")
    move(database, (view,), Side.LEGACY)
    assert shape(database) == on_legacy


def test_columns_and_other_names_of_the_config(database: Database) -> None:
    make(database, "legacy", "CREATE TABLE legacy.t (a int, b int)")
    make(database, "prefect", "CREATE TABLE prefect.t2 (x bigint, b int); "
         "INSERT INTO prefect.t2 VALUES (5, 6)")  # fmt: skip
    wanted = served("t", candidate="t2", columns=(("a", "bigint"),), rename=(("a", "x"),))
    (view,) = resolved(database, wanted)
    assert view.columns == (("a", "bigint"),)
    move(database, (view,), Side.CANDIDATE)
    assert read(database, "t") == [(5,)]


def test_a_view_stays_as_it_is_when_tables_gain_columns(database: Database) -> None:
    (view,) = serve(database, "t")
    for schema in ("legacy", "prefect"):
        make(database, schema, f"ALTER TABLE {schema}.t ADD COLUMN later int")
    assert len(resolved(database, served("t"))[0].columns) == 3
    with database.connect_as("parity_switch") as connection:
        assert resolve_as_served(connection, [served("t")]) == (view,)


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        ("CREATE TABLE prefect.other (a int)", "view t: the candidate side has no prefect.t"),
        ("CREATE TABLE prefect.t (b int)", "legacy.t and prefect.t have no column in common"),
        (
            "CREATE TABLE prefect.t (symbol text, price int[])",
            r"the candidate side \(prefect.t, column price\) cannot serve it: cannot cast",
        ),
        (
            "CREATE TABLE prefect.t (symbol text, price int); "
            "REVOKE ALL ON prefect.t FROM parity_switch",
            "view t: the candidate side .* permission denied for table t",
        ),
    ],
)
def test_what_a_side_cannot_serve_is_told_by_view_side_and_column(
    database: Database, candidate: str, message: str
) -> None:
    make(database, "legacy", "CREATE TABLE legacy.t (symbol text, price numeric)")
    make(database, "prefect", candidate)
    with pytest.raises(DatabaseError, match=message):
        resolved(database, served("t"))


def test_a_column_of_the_config_must_be_on_both_sides(database: Database) -> None:
    both(database, "t")
    wanted = served("t", columns=(("price", "numeric"),), rename=(("price", "preis"),))
    with pytest.raises(
        DatabaseError,
        match=r"prefect.t of the candidate side has no column preis \(column price of the view\)",
    ):
        resolved(database, wanted)


def test_both_sides_may_not_be_the_same(database: Database) -> None:
    both(database, "t")
    same = Relation("legacy", "t")
    with pytest.raises(DatabaseError, match=r"both sides are legacy\.t"):
        resolved(database, Served(view="t", legacy=same, candidate=same))


def test_a_table_that_somebody_has_locked_does_not_hold_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "PATIENCE", timedelta(milliseconds=50))
    both(database, "t")
    with psycopg.connect(database.admin_url) as holder:
        holder.execute("LOCK TABLE prefect.t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError, match="canceling statement due to lock timeout"):
            resolved(database, served("t"))


def test_a_view_is_the_same_after_the_trail_has_kept_it() -> None:
    view = View(served('we "ird', rename=(("a", "x.y"),)), (("a", "numeric(15,4)"), ("b", "text")))
    assert View.of_json(view.to_json()) == view
    assert view.to_json() == {
        "view": 'we "ird',
        "legacy": ["legacy", 'we "ird'],
        "candidate": ["prefect", 'we "ird'],
        "columns": [["a", "numeric(15,4)"], ["b", "text"]],
        "rename": {"a": "x.y"},
    }


def test_names_of_the_views_below_are_no_names_for_views(database: Database) -> None:
    for name in ("parity_gate", "parity_now_t"):
        with pytest.raises(DatabaseError, match="names like this are parity's own"):
            resolved(database, served(name))


def test_the_longest_names_are_served_too(database: Database) -> None:
    """PostgreSQL cuts names after 63 bytes; the view below must not become the view itself."""
    names = ["v" * 63, "v" * 62 + "w", "ü" * 31]
    views = serve(database, *names)
    assert len({view.now for view in views} | set(names)) == 6
    move(database, views, Side.CANDIDATE)
    assert [read(database, name)[0][0] for name in names] == ["candidate"] * 3
