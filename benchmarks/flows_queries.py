"""SQL of the benchmark of flows: its bars, and what is found in an arm's tables afterwards."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

RELOAD = "SELECT pg_reload_conf()"

# Real daily bars of the demo's symbols, from which those of made-up tickers are made.
TEMPORARY = """
CREATE TEMPORARY TABLE bars_of_the_demo (
    symbol text, timestamp timestamptz,
    open numeric(15, 4), high numeric(15, 4), low numeric(15, 4), close numeric(15, 4),
    volume bigint)"""
COPY = """
COPY bars_of_the_demo (symbol, timestamp, open, high, low, close, volume) FROM STDIN"""
# Each made-up ticker has prices of its own: up to a fifth above those it is made of.
_FILL = """
INSERT INTO {table} (symbol, timestamp, data_source, open, high, low, close, volume)
SELECT name, timestamp, source, open * share, high * share, low * share, close * share, volume
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS made_up(name, number)
CROSS JOIN LATERAL (SELECT 1 + (number %% 1000) / 5000.0 AS share) AS scale
JOIN bars_of_the_demo AS bar ON bar.symbol = split_part(name, '-', 1)
CROSS JOIN unnest(%(sources)s::text[]) AS kind(source)
ORDER BY timestamp, name"""  # as nights would have written them: each adds a row a ticker

_BARS = """
SELECT count(*) FROM {table} WHERE symbol <> %(spare)s"""
# Sessions of which every ticker has an average that plain arithmetic finds too.
_AVERAGES = """
SELECT count(*) FROM {indicators} AS stored
WHERE symbol <> %(spare)s AND date = %(session)s AND abs(sma_20 - (
    SELECT avg(close) FROM (
        SELECT close FROM {bars} AS bar
        WHERE bar.symbol = stored.symbol AND data_source = 'yahoo_adjusted'
          AND timestamp <= %(session)s::timestamp AT TIME ZONE 'America/New_York'
        ORDER BY timestamp DESC LIMIT 20) AS newest)) < 1e-6"""
_STORED = """
SELECT count(*) FROM {indicators} WHERE symbol <> %(spare)s"""
_BARS_CONTENT = """
SELECT md5(string_agg(bar::text, ';' ORDER BY symbol, data_source, timestamp)) FROM (
    SELECT symbol, data_source, timestamp, open, high, low, close, volume FROM {table}
    WHERE symbol <> %(spare)s) AS bar"""
_INDICATORS_CONTENT = """
SELECT md5(string_agg((to_jsonb(stored) - 'created_at')::text, ';' ORDER BY symbol, date))
FROM {indicators} AS stored WHERE symbol <> %(spare)s"""

Query = sql.Composed

# The flow runs of a night that were not the start-up's; loading prices makes two.
NEWEST_RUNS = "SELECT run_id FROM prefect.flow_runs WHERE as_of = %s AND symbols > 1"


def reset_system(name: str) -> sql.Composed:
    """A setting of the whole server, as PostgreSQL ships it."""
    return sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name))


def create_database(name: str, template: str | None = None) -> sql.Composed:
    """A database, empty or a copy."""
    made = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is None:
        return made
    return made + sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))


def drop_database(name: str) -> sql.Composed:
    """Drops a database, whoever is connected."""
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def fill(schema: str) -> sql.Composed:
    """Bars of made-up tickers into a side's table: `names`, `sources`."""
    return _of(_FILL, schema)


def bars(schema: str) -> sql.Composed:
    """How many bars a side has."""
    return _of(_BARS, schema)


def averages(schema: str) -> sql.Composed:
    """How many tickers have, at a session, the mean of their last 20 closes."""
    return _of(_AVERAGES, schema)


def stored(schema: str) -> sql.Composed:
    """How many rows of indicators a side has."""
    return _of(_STORED, schema)


def bars_content(schema: str) -> sql.Composed:
    """A digest of a side's bars."""
    return _of(_BARS_CONTENT, schema)


def indicators_content(schema: str) -> sql.Composed:
    """A digest of a side's indicators."""
    return _of(_INDICATORS_CONTENT, schema)


def vacuum(schema: str) -> sql.Composed:
    """Statistics and the visibility map, as a table at rest has them."""
    return _of("VACUUM (ANALYZE) {table}", schema)


def _of(text: LiteralString, schema: str) -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(schema, "market_data"),
        bars=sql.Identifier(schema, "market_data"),
        indicators=sql.Identifier(schema, "technical_indicators"),
    )
