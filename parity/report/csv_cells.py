"""The cells of a CSV file, column by column: one look at a column's types instead of one a cell.

A million rows formatted cell by cell take as long as all else of a night's report together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from operator import sub
from typing import Any

from parity.model.result import Discrepancy
from parity.report.words import EXCHANGE_ZONE, delta_of

__all__ = ["as_text", "columns_of", "header"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MISSING: Any = object()  # there is no such row, or no such column: an empty cell
_EXACT = Context(prec=200)
Values = Sequence[Any]


def header(key: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names of the columns that `columns_of` gives."""
    sides = ("legacy", "candidate", "delta")
    return [
        "state",
        *(as_text(f"key_{name}") for name in key),
        *(as_text(f"{name}_{side}") for name in names for side in sides),
        "differs",
        "incident",
    ]


def columns_of(rows: Sequence[Discrepancy], names: Sequence[str]) -> Iterator[Values]:
    """The cells of some rows, column by column; all have a key of the same size."""
    yield [row.state._value_ for row in rows]  # .value is a slow property
    for part in zip(*(row.key for row in rows), strict=True):
        yield _texts(part)
    legacies, candidates = [row.legacy for row in rows], [row.candidate for row in rows]
    for name in names:
        legacy, candidate = _side(legacies, name), _side(candidates, name)
        yield _texts(legacy)
        yield _texts(candidate)
        yield _deltas(legacy, candidate)
    yield [_joined(row.columns) for row in rows]
    yield _strings([row.incident for row in rows])


def as_text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


@lru_cache(maxsize=4096)
def _joined(columns: tuple[str, ...]) -> str:
    return as_text(";".join(columns))


def _side(sides: Sequence[dict[str, Any] | None], name: str) -> Values:
    return [_MISSING if side is None else side.get(name, _MISSING) for side in sides]


def _texts(values: Values) -> list[str]:
    kinds = set(map(type, values))
    write = _WRITERS.get(kinds.pop()) if len(kinds) == 1 else None
    return write(values) if write else list(map(_value, values))


def _deltas(legacy: Values, candidate: Values) -> list[str]:
    kinds = {*map(type, legacy), *map(type, candidate)}
    if kinds == {int}:
        return list(map(str, map(sub, candidate, legacy)))
    if kinds == {float} and _finite(legacy) and _finite(candidate):
        return _floats(list(map(sub, candidate, legacy)))
    if kinds == {Decimal} and _finite(legacy) and _finite(candidate):
        with localcontext(_EXACT):
            return _decimals(list(map(sub, candidate, legacy)))
    return list(map(_delta, legacy, candidate))


def _finite(values: Values) -> bool:
    return all(map(math.isfinite, values))


def _delta(legacy: object, candidate: object) -> str:
    delta = delta_of(legacy, candidate)
    if isinstance(delta, timedelta):
        return repr(delta.total_seconds())
    return "" if delta is None else _value(delta)


def _decimals(values: Values) -> list[str]:
    found = list(map(str, values))
    joined = "".join(found)
    # An exponent, NaN, Infinity: all others read the same in either form.
    return list(map(_number, values)) if "E" in joined or "n" in joined else found


def _floats(values: Values) -> list[str]:
    found = list(map(repr, values))
    return list(map(_number, values)) if "n" in "".join(found) else found


def _strings(values: Values) -> list[str]:
    return list(map(as_text, values))


def _moments(values: Values) -> list[str]:
    return [_utc(value) if value.tzinfo is UTC else _moment(value) for value in values]


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo is None else value.astimezone(EXCHANGE_ZONE)
    return moment.isoformat()


# Only for UTC: elsewhere the two hours that a clock repeats compare as equal.
_utc = lru_cache(maxsize=1 << 16)(_moment)


def _value(value: object) -> str:
    if value is _MISSING:
        return ""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value)
    return as_text(str(value))


def _number(value: float | Decimal) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value) if isinstance(value, float) else f"{value:f}"


_WRITERS = {
    type(_MISSING): lambda values: [""] * len(values),
    type(None): lambda values: ["NULL"] * len(values),
    int: lambda values: list(map(str, values)),
    float: _floats,
    Decimal: _decimals,
    str: _strings,
    datetime: _moments,
}
