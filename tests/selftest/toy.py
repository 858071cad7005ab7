"""A small database of real bars on both sides, and indicators computed from them by the flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from psycopg import sql

from parity.database import Database, Role
from parity.demo.market import adjusted_close, daily_bars
from parity.model.suite import Dataset, Kind, Relation, Suite, Tolerance
from prefect_flows.bars import NEW_YORK, Bar
from prefect_flows.indicators import compute
from prefect_flows.tables import INDICATOR_COLUMNS

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
LAST = date(2006, 3, 3)
AS_OF = datetime.combine(LAST, time(20), NEW_YORK)
SESSIONS = 330  # of bars; of indicators HELD, each with 300 days of bars before it
HELD = 120
SOURCES = ("yahoo", "polygon", "yahoo_adjusted")

BARS = sql.SQL(
    'CREATE TABLE {}.market_data (symbol text COLLATE "C" NOT NULL, timestamp timestamptz NOT '
    'NULL, data_source text COLLATE "C" NOT NULL, open numeric(15,4), high numeric(15,4), '
    "low numeric(15,4), close numeric(15,4), volume bigint, created_at timestamptz NOT NULL "
    "DEFAULT now(), PRIMARY KEY (symbol, timestamp, data_source))"
)
INDICATORS = sql.SQL(
    'CREATE TABLE {}.technical_indicators (symbol text COLLATE "C" NOT NULL, date date NOT NULL, '
    "{}, current_volume bigint, PRIMARY KEY (symbol, date))"
)


@cache
def _stored(symbol: str) -> tuple[tuple[Any, ...], ...]:
    """Rows of market_data: three sources."""
    rows: list[tuple[Any, ...]] = []
    raw = daily_bars(symbol, AS_OF, split_adjusted=False)[-SESSIONS:]
    bars = daily_bars(symbol, AS_OF)[-SESSIONS:]
    for source in SOURCES:
        for one in raw if source == "polygon" else bars:
            factor = adjusted_close(symbol, one, AS_OF) / one.close
            factor = factor if source == "yahoo_adjusted" else 1.0
            prices = [round(p * factor, 4) for p in (one.open, one.high, one.low, one.close)]
            stamp = datetime.combine(one.session, time(), NEW_YORK)
            rows.append((symbol, stamp, source, *prices, one.volume))
    return tuple(rows)


@cache
def _indicators(symbol: str) -> tuple[tuple[Any, ...], ...]:
    bars = [
        Bar(stamp, exact(open_), exact(high), exact(low), exact(close), int(volume))
        for _, stamp, source, open_, high, low, close, volume in _stored(symbol)
        if source == "yahoo_adjusted"
    ]
    out = []
    for place in range(len(bars) - HELD, len(bars)):
        since = bars[place].timestamp - timedelta(days=300)
        part = [bar for bar in bars[: place + 1] if bar.timestamp >= since]
        row = compute(part)[-1]
        out.append((symbol, row.date, *row.values, row.current_volume))
    return tuple(out)


def exact(value: float | str) -> Decimal:
    """A number as it prints."""
    return Decimal(str(value))


def fill(database: Database, symbols: Sequence[str] = SYMBOLS) -> None:
    """Makes and fills both sides' tables."""
    kinds = sql.SQL(", ").join(
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in INDICATOR_COLUMNS
    )
    for schema, role in (("legacy", Role.LEGACY_WRITER), ("prefect", Role.PREFECT_WRITER)):
        with database.connect_as(role) as connection:
            name = sql.Identifier(schema)
            connection.execute(BARS.format(name))
            connection.execute(INDICATORS.format(name, kinds))
            for table, columns, rows in _tables(symbols):
                marks = sql.SQL(", ").join([sql.Placeholder()] * len(columns))
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                text = sql.SQL("INSERT INTO {}.{} ({}) VALUES ({})").format(
                    name, sql.Identifier(table), names, marks
                )
                with connection.cursor() as cursor:
                    cursor.executemany(text, rows)


def _tables(
    symbols: Sequence[str],
) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    columns = ("symbol", "timestamp", "data_source", "open", "high", "low", "close", "volume")
    yield "market_data", columns, [row for symbol in symbols for row in _stored(symbol)]
    names = ("symbol", "date", *INDICATOR_COLUMNS, "current_volume")
    yield "technical_indicators", names, [row for one in symbols for row in _indicators(one)]


def bars_dataset(source: str, **more: Any) -> Dataset:
    """Bars of one source."""
    digit = Tolerance(abs=Decimal("0.0001"), because="the last digit")
    adjusted = source == "yahoo_adjusted"
    return Dataset(
        name=f"{source}_bars",
        kind=Kind.BARS,
        legacy=Relation("legacy", "market_data"),
        candidate=Relation("prefect", "market_data"),
        key=("symbol", "timestamp", "data_source"),
        symbol="symbol",
        time="timestamp",
        where=(("data_source", (source,)),),
        exclude=("created_at",),
        tolerances=tuple((name, digit) for name in ("open", "high", "low", "close"))
        if adjusted
        else (),
        **more,
    )


def _absolute(value: str) -> Tolerance:
    return Tolerance(abs=Decimal(value), because="a test")


def _relative(value: str) -> Tolerance:
    return Tolerance(rel=Decimal(value), because="a test")


PERCENT = ("bb_position", "bb_width", "volatility_20", "price_change_1d", "price_change_5d",
           "price_change_30d")  # fmt: skip


def indicators_dataset(**more: Any) -> Dataset:
    """Indicators of the adjusted bars, with the tolerances of parity.yaml."""
    return Dataset(
        name="indicators",
        kind=Kind.INDICATORS,
        legacy=Relation("legacy", "technical_indicators"),
        candidate=Relation("prefect", "technical_indicators"),
        key=("symbol", "date"),
        symbol="symbol",
        time="date",
        default_tolerance=_relative("1e-9"),
        tolerances=(
            ("ema_26", _relative("1e-5")),
            ("ema_50", _relative("0.0025")),
            ("rsi_14", _absolute("0.01")),
            *((f"macd_{part}", _absolute("0.002")) for part in ("line", "signal", "histogram")),
            *((name, _absolute("1e-8")) for name in PERCENT),
            ("current_volume", Tolerance()),
        ),
        computed_from="yahoo_adjusted_bars",
        **more,
    )


def suite(folder: Path, *datasets: Dataset) -> Suite:
    """A suite of the datasets, by default all of them."""
    wanted = datasets or (*map(bars_dataset, SOURCES), indicators_dataset())
    return Suite(
        migration="toy",
        root=folder,
        reports=folder / "reports",
        state=folder / "state",
        calendar="XNYS",
        at=time(20),
        jobs=(),
        datasets=tuple(wanted),
    )
