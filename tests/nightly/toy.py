"""A small migration: two scripts, two tables, one parity.yaml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from parity.nightly import Night

SESSION = date(2024, 2, 29)
Migration = Callable[..., Night]

CONFIG = """selftest_seconds: 0
version: 1
migration: toy
jobs:
  - name: old
    side: legacy
    command: ["{python}", old.py, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:legacy_writer}"}
  - name: new
    side: candidate
    command: ["{python}", new.py, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:prefect_writer}"}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    tolerance:
      price: {abs: 0.01, because: "a cent"}
"""

SCRIPT = """
import os, sys, psycopg
session, schema = sys.argv[1], {schema!r}
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {{schema}}.prices "
        "(symbol text, day date, price float8, PRIMARY KEY (symbol, day))"
    )
    for symbol, price in {rows!r}:
        connection.execute(
            f"INSERT INTO {{schema}}.prices VALUES (%s, %s, %s) "
            "ON CONFLICT (symbol, day) DO UPDATE SET price = EXCLUDED.price",
            [symbol, session, price],
        )
"""


def script(schema: str, rows: list[tuple[str, float | None]]) -> str:
    """A job that stores rows of the session."""
    return SCRIPT.format(schema=schema, rows=rows)


ROWS: list[tuple[str, float | None]] = [("A", 1.0), ("B", 2.0), ("<script>", 3.0)]
