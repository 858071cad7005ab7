"""What is expected of each kind of dataset, as plain data (no Great Expectations import)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.model.suite import Dataset, Kind

__all__ = ["FINITE", "Expectation", "expectations", "is_presence", "plain", "presence_of"]

PRICES = ("open", "high", "low", "close")

# Pairs are checked one by one, so that a failed check says which two columns are at odds.
BAR_ORDER = (
    ("high", "open"),
    ("high", "close"),
    ("high", "low"),
    ("open", "low"),
    ("close", "low"),
)
BAND_ORDER = (("bb_upper", "bb_middle"), ("bb_middle", "bb_lower"))

# Columns that `frame.prepare` adds. Control characters keep them apart from real column names.
FINITE = "\x1fnot finite"
_PRESENCE = "\x1fpresence of "


def presence_of(column: str) -> str:
    """The name of the added column that is None exactly where `column` is NULL (NaN is not)."""
    return _PRESENCE + column


def is_presence(name: str) -> bool:
    """True of the names that `presence_of` gives."""
    return name.startswith(_PRESENCE)


def plain(text: str) -> str:
    """The text with the names of added columns as people know them."""
    return text.replace(FINITE, "not finite").replace(_PRESENCE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One expectation: `type` and `kwargs` as Great Expectations names them.

    `label` and `column` are what reports show (`column` is None for a whole row or table);
    `needs` are the columns of the data it looks at.
    """

    label: str
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    column: str | None = None
    needs: tuple[str, ...] = ()


def expectations(dataset: Dataset) -> tuple[Expectation, ...]:
    """The expectations of a dataset, by its kind; those on excluded columns are left out.

    Bars: keys, prices and volume are never NULL, prices > 0, volume >= 0, high and low enclose
    open and close, all numbers are finite. Indicators: values lie in their range and the bands
    in order where they are not NULL, all numbers are finite. Every kind: there are rows, keys
    are not NULL and unique.
    """
    found = (*_table(dataset), *_BY_KIND[dataset.kind]())
    excluded = set(dataset.exclude)
    return tuple(item for item in found if not excluded & set(item.needs))


def _table(dataset: Dataset) -> Iterable[Expectation]:
    yield Expectation(
        label="has rows", type="expect_table_row_count_to_be_between", kwargs={"min_value": 1}
    )
    yield from (_not_null(column) for column in dataset.key)
    yield _unique(dataset.key)


def _bars() -> Iterable[Expectation]:
    yield from (_not_null(column) for column in (*PRICES, "volume"))
    yield from (_between("> 0", column, min_value=0, strict_min=True) for column in PRICES)
    yield _between(">= 0", "volume", min_value=0)
    yield from (_ordered(upper, lower) for upper, lower in BAR_ORDER)
    yield _finite()


def _indicators() -> Iterable[Expectation]:
    yield _between("0 to 100", "rsi_14", min_value=0, max_value=100)
    yield from (_ordered(upper, lower) for upper, lower in BAND_ORDER)
    yield _between(">= 0", "volatility_20", min_value=0)
    yield _between(">= 0", "avg_volume_20", min_value=0)
    yield _finite()


_BY_KIND = {Kind.BARS: _bars, Kind.INDICATORS: _indicators, Kind.TABLE: tuple}


def _not_null(column: str) -> Expectation:
    return Expectation(
        label="not null",
        type="expect_column_values_to_not_be_null",
        kwargs={"column": presence_of(column)},
        column=column,
        needs=(column,),
    )


def _between(label: str, column: str, **bounds: Any) -> Expectation:
    return Expectation(
        label=label,
        type="expect_column_values_to_be_between",
        kwargs={"column": column, **bounds},
        column=column,
        needs=(column,),
    )


def _ordered(upper: str, lower: str) -> Expectation:
    # Missing values are left to the other checks: backends disagree on comparing them.
    return Expectation(
        label=f"{upper} >= {lower}",
        type="expect_column_pair_values_a_to_be_greater_than_b",
        kwargs={
            "column_A": upper,
            "column_B": lower,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        column=upper,
        needs=(upper, lower),
    )


def _unique(key: tuple[str, ...]) -> Expectation:
    # The compound expectation refuses a single column.
    kind = "expect_compound_columns_to_be_unique"
    kwargs: dict[str, Any] = {
        "column_list": list(key),
        "ignore_row_if": "any_value_is_missing",
    }
    if len(key) == 1:
        kind, kwargs = "expect_column_values_to_be_unique", {"column": key[0]}
    return Expectation(
        label="unique key", type=kind, kwargs=kwargs, column=", ".join(key), needs=key
    )


def _finite() -> Expectation:
    # One check for all numbers of a row: the added column names the first that is not finite.
    return Expectation(
        label="finite", type="expect_column_values_to_be_null", kwargs={"column": FINITE}
    )
