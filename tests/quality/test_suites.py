"""Which expectations a dataset gets; no Great Expectations involved."""

from __future__ import annotations

import subprocess
import sys

import pytest

from parity.model.suite import Kind
from parity.quality import expectations
from tests.quality.rows import dataset

BARS = [
    ("has rows", None),
    ("not null", "symbol"),
    ("not null", "day"),
    ("unique key", "symbol, day"),
    ("not null", "open"),
    ("not null", "high"),
    ("not null", "low"),
    ("not null", "close"),
    ("not null", "volume"),
    ("> 0", "open"),
    ("> 0", "high"),
    ("> 0", "low"),
    ("> 0", "close"),
    (">= 0", "volume"),
    ("high >= open", "high"),
    ("high >= close", "high"),
    ("high >= low", "high"),
    ("open >= low", "open"),
    ("close >= low", "close"),
    ("finite", None),
]
INDICATORS = [
    *BARS[:4],
    ("0 to 100", "rsi_14"),
    ("bb_upper >= bb_middle", "bb_upper"),
    ("bb_middle >= bb_lower", "bb_middle"),
    (">= 0", "volatility_20"),
    (">= 0", "avg_volume_20"),
    ("finite", None),
]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.BARS, BARS), (Kind.INDICATORS, INDICATORS), (Kind.TABLE, BARS[:4])],
)
def test_the_suite_of_each_kind(kind: Kind, expected: list[tuple[str, str | None]]) -> None:
    assert [(item.label, item.column) for item in expectations(dataset(kind))] == expected


def test_nothing_is_expected_of_excluded_columns() -> None:
    found = expectations(dataset(Kind.BARS, exclude=("low", "volume")))
    assert [(item.label, item.column) for item in found] == [
        entry
        for entry in BARS
        if entry[1] not in ("low", "volume") and "low" not in entry[0].split()
    ]


def test_great_expectations_is_not_imported_until_a_check_runs() -> None:
    program = "import sys, parity.quality; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
