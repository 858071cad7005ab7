"""The tables that the flows write, all in schema `prefect`."""

from __future__ import annotations

from psycopg import Connection, sql

__all__ = ["INDICATOR_COLUMNS", "TRIGRAMS_AVAILABLE", "create_tables"]

INDICATOR_COLUMNS = (
    "sma_20",
    "sma_50",
    "sma_200",
    "ema_12",
    "ema_26",
    "ema_50",
    "rsi_14",
    "macd_line",
    "macd_signal",
    "macd_histogram",
    "bb_upper",
    "bb_middle",
    "bb_lower",
    "bb_position",
    "bb_width",
    "volatility_20",
    "price_change_1d",
    "price_change_5d",
    "price_change_30d",
    "avg_volume_20",
)

TRIGRAMS_AVAILABLE = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('prefect_flows.tables'))"
_SCHEMA_EXISTS = "SELECT to_regnamespace('prefect') IS NOT NULL"
_SCHEMA = "CREATE SCHEMA prefect"

_MARKET_DATA = """
CREATE TABLE IF NOT EXISTS prefect.market_data (
    symbol      text COLLATE "C" NOT NULL,
    timestamp   timestamptz NOT NULL,
    data_source text COLLATE "C" NOT NULL,
    open        numeric(15, 4),
    high        numeric(15, 4),
    low         numeric(15, 4),
    close       numeric(15, 4),
    volume      bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, timestamp, data_source)
)"""

_INDICATORS = """
CREATE TABLE IF NOT EXISTS prefect.{table} (
    symbol         text COLLATE "C" NOT NULL,
    date           date NOT NULL,
    {columns},
    current_volume bigint,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({key})
)"""

_LOAD_RUNS = """
CREATE TABLE IF NOT EXISTS prefect.load_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job         text NOT NULL,
    symbol      text COLLATE "C",
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    status      text NOT NULL CHECK (status IN ('ok', 'failed', 'empty')),
    rows        bigint NOT NULL DEFAULT 0,
    message     text
)"""


def create_tables(connection: Connection) -> None:
    """Create what is missing, in one transaction; safe for flows that start at once."""
    with connection.transaction():
        # CREATE … IF NOT EXISTS alone fails when two sessions run it at the same moment.
        connection.execute(_LOCK)
        if connection.execute(_SCHEMA_EXISTS).fetchone() == (False,):
            connection.execute(_SCHEMA)
        connection.execute("SET LOCAL client_min_messages = warning")
        connection.execute(_MARKET_DATA)
        connection.execute(_indicators("technical_indicators", ("symbol", "date")))
        connection.execute(_indicators("technical_indicators_latest", ("symbol",)))
        connection.execute(_LOAD_RUNS)


def _indicators(table: str, key: tuple[str, ...]) -> sql.Composed:
    columns = [
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in INDICATOR_COLUMNS
    ]
    return sql.SQL(_INDICATORS).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(columns),
        key=sql.SQL(", ").join(sql.Identifier(name) for name in key),
    )
