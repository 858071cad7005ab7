"""The columns of the tables, and the SQL of the values in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

__all__ = ["BARS", "INDICATORS", "Column", "Shape"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its type, and how it is made of `s` (symbol), `h` (hour or day), `p` (price)."""

    name: str
    type: LiteralString
    value: LiteralString


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a data set look like. `changed` and `noisy` are columns of doubles."""

    key: tuple[Column, ...]
    values: tuple[Column, ...]
    changed: str
    noisy: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, the key's first."""
        return self.key + self.values


BARS = Shape(
    key=(
        Column("symbol", 'text COLLATE "C"', "'S' || lpad(s::text, 5, '0')"),
        Column(
            "timestamp", "timestamptz", "timestamptz '2000-01-01 00:00+00' + h * interval '1 hour'"
        ),
        Column("data_source", 'text COLLATE "C"', "'yahoo'"),
    ),
    values=(
        Column("open", "double precision", "p"),
        Column("high", "double precision", "p * 1.01"),
        Column("low", "double precision", "p * 0.99"),
        Column("close", "double precision", "p * 1.001"),
        Column("volume", "bigint", "1000 + (s * 7919 + h * 104729) % 100000"),
    ),
    changed="close",
    noisy="close",
)
_INDICATORS: tuple[tuple[str, LiteralString], ...] = (
    ("sma_20", "p"),
    ("sma_50", "p * 0.98"),
    ("sma_200", "p * 0.93"),
    ("ema_12", "p * 1.002"),
    ("ema_26", "p * 1.001"),
    ("ema_50", "p * 0.99"),
    ("rsi_14", "50 + 49 * sin(h * 0.37 + s)"),
    ("macd_line", "p * 0.013"),
    ("macd_signal", "p * 0.011"),
    ("macd_histogram", "p * 0.002"),
    ("bb_upper", "p * 1.08"),
    ("bb_middle", "p"),
    ("bb_lower", "p * 0.92"),
    ("bb_position", "0.5 + 0.4 * sin(h * 0.11 + s)"),
    ("bb_width", "p * 0.16"),
    ("volatility_20", "0.2 + 0.1 * sin(h * 0.07 + s)"),
    ("price_change_1d", "sin(h * 1.3 + s)"),
    ("price_change_5d", "sin(h * 0.5 + s)"),
    ("price_change_30d", "sin(h * 0.2 + s)"),
    ("avg_volume_20", "p * 10000"),
)
INDICATORS = Shape(
    key=(
        Column("symbol", 'text COLLATE "C"', "'S' || lpad(s::text, 5, '0')"),
        Column("date", "date", "date '2000-01-01' + h::int"),
    ),
    values=tuple(Column(name, "double precision", value) for name, value in _INDICATORS),
    changed="rsi_14",
    noisy="ema_12",
)
