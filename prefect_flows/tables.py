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
# Added later: a table that was made before has them not.
_LOAD_RUNS_SINCE = """
ALTER TABLE prefect.load_runs
    ADD COLUMN IF NOT EXISTS run_id text,
    ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 1,
    ADD COLUMN IF NOT EXISTS restated boolean NOT NULL DEFAULT false"""
_LOAD_RUNS_INDEXES = {
    "load_runs_run": "CREATE INDEX load_runs_run ON prefect.load_runs (run_id, job, symbol)",
    "load_runs_symbol": "CREATE INDEX load_runs_symbol ON prefect.load_runs (symbol, job, id)",
}
_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
_LOAD_RUNS_COLUMNS = """
SELECT count(*) FROM pg_attribute WHERE attrelid = 'prefect.load_runs'::regclass
  AND attname IN ('run_id', 'attempts', 'restated') AND NOT attisdropped"""

_FLOW_RUNS = """
CREATE TABLE IF NOT EXISTS prefect.flow_runs (
    run_id       text PRIMARY KEY,  -- Prefect's id of the flow run
    job          text NOT NULL,     -- name of the flow
    as_of        timestamptz NOT NULL,
    arguments    jsonb NOT NULL,    -- two runs that share them are for the same rows
    granularity  text NOT NULL,
    runner       text NOT NULL,
    symbols      integer NOT NULL,
    goes_on_from text,              -- the interrupted run whose symbols need not be done again
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    state        text NOT NULL CHECK (state IN
        ('running', 'completed', 'symbols_failed', 'failed', 'no_session', 'interrupted')),
    failed       integer,
    retries      integer,
    cpu_seconds  double precision,
    peak_memory  bigint             -- bytes
)"""
_FLOW_RUNS_INDEX = "CREATE INDEX flow_runs_job ON prefect.flow_runs (job, as_of)"

# What the backfill has asked for: sessions in such a range are stored, or the vendor has none.
_BACKFILLED = """
CREATE TABLE IF NOT EXISTS prefect.backfilled (
    symbol      text COLLATE "C" NOT NULL,
    data_source text COLLATE "C" NOT NULL,
    first       date NOT NULL,
    last        date NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, data_source, first, last)
)"""

# Where rows are copied to before they are merged. Unlogged: what a crash leaves is not needed.
# They are emptied after each merge, so they want vacuuming by number of rows, not by their share.
_STAGING = """
CREATE UNLOGGED TABLE IF NOT EXISTS prefect.{staging} (
    batch uuid NOT NULL,
    LIKE prefect.{table} INCLUDING DEFAULTS
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"""
_STAGED = ("market_data", "technical_indicators")


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
        # ALTER TABLE waits for every writer, also where there is nothing to add.
        if connection.execute(_LOAD_RUNS_COLUMNS).fetchone() != (3,):
            connection.execute(_LOAD_RUNS_SINCE)
        for index, statement in _LOAD_RUNS_INDEXES.items():
            # CREATE INDEX IF NOT EXISTS would wait for every writer before it looks.
            if connection.execute(_EXISTS, [f"prefect.{index}"]).fetchone() == (False,):
                connection.execute(statement)
        connection.execute(_FLOW_RUNS)
        if connection.execute(_EXISTS, ["prefect.flow_runs_job"]).fetchone() == (False,):
            connection.execute(_FLOW_RUNS_INDEX)
        connection.execute(_BACKFILLED)
        for table in _STAGED:
            connection.execute(_staging(table))


def _staging(table: str) -> sql.Composed:
    return sql.SQL(_STAGING).format(
        table=sql.Identifier(table), staging=sql.Identifier(f"{table}_staging")
    )


def _indicators(table: str, key: tuple[str, ...]) -> sql.Composed:
    columns = [
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in INDICATOR_COLUMNS
    ]
    return sql.SQL(_INDICATORS).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(columns),
        key=sql.SQL(", ").join(sql.Identifier(name) for name in key),
    )
