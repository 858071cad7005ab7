"""Small datasets that are plausible in every way, to be spoilt by the tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from parity.model.suite import Dataset, Kind, Relation


def dataset(kind: Kind, **changes: Any) -> Dataset:
    settings: dict[str, Any] = {
        "name": "daily",
        "kind": kind,
        "legacy": Relation("legacy", "t"),
        "candidate": Relation("prefect", "t"),
        "key": ("symbol", "day"),
    }
    return Dataset(**(settings | changes))


def good(kind: Kind) -> pd.DataFrame:
    """Three rows: IBM on two days and GE on one, as a driver delivers them (objects)."""
    frame = pd.DataFrame(
        {
            "symbol": ["IBM", "IBM", "GE"],
            "day": [date(2005, 2, 25), date(2005, 2, 28), date(2005, 2, 28)],
        },
        dtype=object,
    )
    for name, values in _VALUES[kind].items():
        frame[name] = pd.Series(values, dtype=object)
    return frame


_VALUES: dict[Kind, dict[str, list[Any]]] = {
    Kind.BARS: {
        "open": [Decimal("92.6400"), Decimal("92.5300"), Decimal("35.5000")],
        "high": [Decimal("92.9000"), Decimal("92.8500"), Decimal("35.5000")],
        "low": [Decimal("91.8200"), Decimal("91.9400"), Decimal("35.5000")],
        "close": [Decimal("92.8000"), Decimal("92.5800"), Decimal("35.5000")],
        "volume": [4_000_000, 0, 20_000_000],
    },
    Kind.INDICATORS: {
        # The first row is warming up: no value is no error.
        "rsi_14": [None, 0.0, 100.0],
        "bb_upper": [None, 95.0, 35.5],
        "bb_middle": [None, 93.0, 35.5],
        "bb_lower": [None, 91.0, 35.5],
        "volatility_20": [None, 12.5, 0.0],
        "avg_volume_20": [None, 4_100_000.0, 0.0],
        "sma_200": [None, None, None],
    },
    Kind.TABLE: {"note": ["a", None, "c"]},
}
