"""Every SQL statement of the old scripts, except the tables themselves (schema.sql)."""

from __future__ import annotations

from typing import Final

from psycopg.sql import SQL, Composed, Identifier, Placeholder

INDICATORS: Final = (
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
    "current_volume",
)

_COLUMNS = SQL(", ").join(map(Identifier, ("symbol", "date", *INDICATORS)))
_VALUES = SQL(", ").join([Placeholder()] * (2 + len(INDICATORS)))
_OVERWRITE = SQL(", ").join(
    SQL("{0} = EXCLUDED.{0}").format(Identifier(name)) for name in ("date", *INDICATORS)
)

# CREATE TABLE IF NOT EXISTS fails when two jobs race for it; one at a time does not.
LOCK_SCHEMA: Final = "SELECT pg_advisory_xact_lock(hashtext('legacy.schema.sql'))"

UPSERT_BAR: Final = """
    INSERT INTO legacy.market_data
        (symbol, timestamp, data_source, open, high, low, close, volume)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (symbol, timestamp, data_source) DO UPDATE SET
        open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low,
        close = EXCLUDED.close, volume = EXCLUDED.volume, created_at = now()
"""

LAST_STORED: Final = """
    SELECT max(timestamp) FROM legacy.market_data
    WHERE symbol = %s AND data_source = %s AND timestamp <= %s
"""

BARS: Final = """
    SELECT timestamp, open::float8, high::float8, low::float8, close::float8, volume
    FROM legacy.market_data
    WHERE symbol = %s AND data_source = 'yahoo_adjusted' AND timestamp BETWEEN %s AND %s
    ORDER BY timestamp
"""

# The first value written for a date stays, whatever later runs compute for it.
INSERT_INDICATORS: Final[Composed] = SQL("""
    INSERT INTO legacy.technical_indicators ({}) VALUES ({})
    ON CONFLICT (symbol, date) DO NOTHING
""").format(_COLUMNS, _VALUES)

UPSERT_LATEST: Final[Composed] = SQL("""
    INSERT INTO legacy.technical_indicators_latest ({}) VALUES ({})
    ON CONFLICT (symbol) DO UPDATE SET {}, created_at = now()
""").format(_COLUMNS, _VALUES, _OVERWRITE)

INSERT_RUN: Final = """
    INSERT INTO legacy.load_runs (job, symbol, started_at, finished_at, status, rows, message)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
