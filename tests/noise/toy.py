"""A small migration whose legacy job does not always write the same."""

from __future__ import annotations

from datetime import date

SESSION = date(2024, 2, 29)

CONFIG = """
version: 1
migration: jittery-toy
selftest_seconds: 0
jobs:
  - name: old
    side: legacy
    command: ["{python}", old.py, "{session}", "{as_of}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:legacy_writer}"}
  - name: new
    side: candidate
    command: ["{python}", -c, "raise SystemExit('never run by parity noise')"]
    timeout: 20s
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    rename: {price: px}
    exclude: [written, only_in_candidate]
    tolerance:
      price: {abs: 100, because: "exactly measured all the same"}
  - name: names
    kind: table
    legacy: legacy.names
    candidate: prefect.names
    key: [symbol]
"""

# The second run is told from the first by the name of its database, which no real job looks at.
HEAD = """
import os, sys, psycopg
session, as_of = sys.argv[1:]
connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
database = connection.execute("SELECT current_database()").fetchone()[0]
second = database.startswith("parity_noise_")
connection.execute(
    "CREATE TABLE IF NOT EXISTS legacy.prices (symbol text, day date, price numeric, "
    "volume bigint, ratio float8, written timestamptz DEFAULT clock_timestamp(), "
    "PRIMARY KEY (symbol, day))"
)
connection.execute("CREATE TABLE IF NOT EXISTS legacy.names (symbol text PRIMARY KEY, name text)")
def price(symbol, price, volume, ratio):
    connection.execute(
        "INSERT INTO legacy.prices VALUES (%s, %s, %s, %s, %s) ON CONFLICT (symbol, day) "
        "DO UPDATE SET price = EXCLUDED.price, volume = EXCLUDED.volume, ratio = EXCLUDED.ratio",
        [symbol, session, price, volume, ratio],
    )
def name(symbol, text):
    connection.execute(
        "INSERT INTO legacy.names VALUES (%s, %s) ON CONFLICT (symbol) DO NOTHING", [symbol, text]
    )
"""

# Jitter in the price of A by 0.25; all else is constant.
JITTER = (
    HEAD
    + """
price("A", 100.25 if second else 100, 7, 0.1)
price("B", 50, 8, 0.1 + 0.2)
price("C", None, None, float("nan"))
name("A", "Alpha")
name("B", "Beta's \\"\\t name")
"""
)
