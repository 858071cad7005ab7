"""A row as SQL: run against a real PostgreSQL it finds exactly that row, on both sides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from parity.database import Database
from parity.model.result import ColumnResult, DatasetResult, Origin, SchemaDrift
from parity.report.sql import both_sides, key_tests, literal
from tests.report.build import equal

NASTY = (
    "AAPL", "O'Neil", "a\\b", "\\'", "';--", '"', "%s", "$1", "$$", "{}", "\n\\! ls\n", "\t", "",
    " ", "é", "e\u0301", "\u202eLPAA", "\u200b", "💥", "NULL", "''", "\\u0041", "ﬀ",
    "x" * 3000, "\x01",
)  # fmt: skip


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield connection


def dataset(key: tuple[str, ...], columns: tuple[str, ...] = (), **values: Any) -> DatasetResult:
    origin = Origin(legacy=("legacy", "t"), candidate=("prefect", "t"))
    found = tuple(
        ColumnResult(name=name, mismatched=0, max_abs_delta=None, max_rel_delta=None)
        for name in columns
    )
    fields: dict[str, Any] = {"key": key, "columns": found, "origin": origin}
    return equal(**(fields | values))


def statement(result: DatasetResult, *key: object) -> str:
    both, origin = both_sides(result), result.origin
    assert both is not None
    assert origin is not None
    tests = key_tests(key, origin.timezone)
    assert tests is not None
    return both.statement(tests)


def ask(connection: psycopg.Connection, text: str) -> list[tuple[Any, ...]]:
    return connection.execute(text.encode()).fetchall()


def test_a_statement_shows_both_sides_beside_each_other(connection: psycopg.Connection) -> None:
    result = dataset(
        ("symbol", "timestamp", "data_source"),
        ("close", 'odd "name"'),
        origin=Origin(
            legacy=("legacy", "bars"),
            candidate=("prefect", 'Bars "new"'),
            rename=(("symbol", "ticker"), ("close", "last")),
            where=(("data_source", ("yahoo",)), ("close", ("1.5", "2"))),
        ),
    )
    stamp = datetime(2005, 2, 28, 5, tzinfo=UTC)
    assert statement(result, "O'Neil", stamp, None) == (
        'SELECT \'legacy\' AS side, "symbol", "timestamp", "data_source", "close", "odd ""name"""\n'
        'FROM "legacy"."bars"\n'
        """WHERE "close" IN ('1.5', '2') AND "symbol" = 'O''Neil' """
        """AND "timestamp" = '2005-02-28 00:00:00-05:00' AND "data_source" IS NULL\n"""
        "UNION ALL\n"
        'SELECT \'candidate\' AS side, "ticker" AS "symbol", "timestamp", "data_source", '
        '"last" AS "close", "odd ""name"""\n'
        'FROM "prefect"."Bars ""new"""\n'
        """WHERE "last" IN ('1.5', '2') AND "ticker" = 'O''Neil' """
        """AND "timestamp" = '2005-02-28 00:00:00-05:00' AND "data_source" IS NULL;\n"""
    )
    for name, symbol, close in (("legacy.bars", "symbol", "close"),
                                ('prefect."Bars ""new"""', "ticker", "last")):  # fmt: skip
        connection.execute(
            f'CREATE TABLE {name} ({symbol} text, "timestamp" timestamptz, data_source text, '
            f'{close} numeric, "odd ""name""" text)'.encode()
        )
        for source, value in ((None, "1.5"), (None, "7"), ("yahoo", "2")):
            row = ("O'Neil", stamp, source, value, name)
            connection.execute(f"INSERT INTO {name} VALUES (%s, %s, %s, %s, %s)".encode(), row)
    found = ask(connection, statement(result, "O'Neil", stamp, None))
    assert [(row[0], row[1], row[-1]) for row in found] == [
        ("legacy", "O'Neil", "legacy.bars"),
        ("candidate", "O'Neil", 'prefect."Bars ""new"""'),
    ]


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_every_nasty_text_finds_its_own_row_and_no_other(
    connection: psycopg.Connection, conforming: str
) -> None:
    for schema in ("legacy", "prefect"):
        connection.execute(f"CREATE TABLE {schema}.t (k text, n int, v text)".encode())
        for row in ((text, number) for text in (*NASTY, None) for number in (1, 2)):
            insert = f"INSERT INTO {schema}.t VALUES (%s, %s, {len(schema)})"
            connection.execute(insert.encode(), row)
    connection.execute(f"SET standard_conforming_strings = {conforming}".encode())
    result = dataset(("k", "n"), ("v",))
    for text in (*NASTY, None):
        found = ask(connection, statement(result, text, 2))
        assert found == [("legacy", text, 2, "6"), ("candidate", text, 2, "7")]


def test_no_statement_holds_a_character_that_a_terminal_obeys() -> None:
    result = dataset(("k",))
    for text in NASTY:
        written = statement(result, text).replace("\n", " ")
        assert written.isprintable()


FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001
TYPES: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("text", st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    ("bigint", st.integers(-(2**63), 2**63 - 1)),
    ("numeric", st.decimals(allow_nan=False) | st.just(Decimal("NaN"))),
    ("double precision", st.floats()),
    ("real", st.floats(width=32)),
    ("boolean", st.booleans()),
    ("date", st.dates()),
    ("time", st.times()),
    ("interval", st.timedeltas(timedelta(-10**6), timedelta(10**6))),
    ("bytea", st.binary()),
    ("uuid", st.uuids()),
    ("timestamp", st.datetimes()),
    ("timestamptz", st.datetimes(FIRST, LAST, timezones=st.just(UTC))),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), TYPES, ids=[kind for kind, _ in TYPES])
def test_a_literal_equals_its_value_in_a_column_of_its_type(
    connection: psycopg.Connection, kind: str, values: st.SearchStrategy[Any]
) -> None:
    connection.execute(f"CREATE TEMP TABLE one (v {kind})".encode())
    connection.execute("SET timezone = 'Asia/Tokyo'")

    @given(values)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def law(value: Any) -> None:
        connection.execute("TRUNCATE one")
        connection.execute("INSERT INTO one VALUES (%s)", [value])
        written = literal(value)
        assert written is not None
        assert ask(connection, f"SELECT count(*) FROM one WHERE v = {written}") == [(1,)]

    law()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_text_comes_back_as_it_was(connection: psycopg.Connection, text: str) -> None:
    assert ask(connection, f"SELECT {literal(text)}") == [(text,)]


def test_values_with_special_literals() -> None:
    assert literal(math.nan) == "'NaN'"
    assert literal(-math.inf) == "'-Infinity'"
    assert literal(Decimal("1.50")) == "1.50"
    assert literal(0.1) == "0.1"
    assert literal(True) == "TRUE"
    assert literal(b"\x00a") == r"E'\\x0061'"
    assert literal(date(2005, 2, 28)) == "'2005-02-28'"
    assert literal(time(9, 30)) == "'09:30:00'"
    assert literal(UUID(int=0)) == "'00000000-0000-0000-0000-000000000000'"
    assert literal(["a"]) is None
    assert key_tests(("a", ["b"]), None) is None


def test_an_instant_finds_a_bare_timestamp_and_a_date_in_the_datasets_zone(
    connection: psycopg.Connection,
) -> None:
    connection.execute("SET timezone = 'Asia/Tokyo'")
    connection.execute("CREATE TABLE legacy.t (k timestamp, v numeric(15,4))")
    connection.execute("CREATE TABLE prefect.t (k timestamptz, v double precision)")
    connection.execute(
        "INSERT INTO legacy.t VALUES ('2005-07-01 09:30', 1), ('2005-07-01 08:30', 2)"
    )
    connection.execute(
        "INSERT INTO prefect.t VALUES ('2005-07-01 08:30Z', 3), ('2005-07-01 09:30Z', 4)"
    )
    changed = (("k", "timestamp", "timestamptz"), ("v", "numeric(15,4)", "double precision"))
    result = dataset(("k",), ("v",), schema=SchemaDrift(type_changes=changed))
    assert result.origin is not None
    result = replace(result, origin=replace(result.origin, timezone="Europe/London"))
    moment = datetime(2005, 7, 1, 8, 30, tzinfo=UTC)  # 09:30 in London
    found = ask(connection, statement(result, moment))
    assert [(side, value) for side, _, value in found] == [("legacy", "1.0000"), ("candidate", "3")]


def test_without_an_origin_or_a_key_there_is_no_statement() -> None:
    assert both_sides(equal()) is None
    assert both_sides(dataset(())) is None


def test_names_are_quoted_as_psycopg_quotes_them() -> None:
    for name in ("a", 'a"b', "é", "Select", "a b", "%s"):
        text = statement(dataset((name,)), 1)
        assert f"WHERE {sql.Identifier(name).as_string()} = 1" in text
