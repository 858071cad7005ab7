"""The comparison once more, in plain Python, written from the design and not from the code."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Verdicts:
    """Row states by count, mismatches by column position, and the keys of rows that differ."""

    states: Counter[str]
    columns: Counter[int]


def numbers_equal(left: Any, right: Any, absolute: Decimal, relative: Decimal) -> bool:
    """|delta| <= max(abs, rel * max(|l|, |c|)); decimals exactly, doubles as doubles."""
    if left is None or right is None:
        return left is None and right is None
    if isinstance(left, float) or isinstance(right, float):
        a, b = float(left), float(right)
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=float(relative), abs_tol=float(absolute))
    c, d = Decimal(left), Decimal(right)
    if c.is_nan() or d.is_nan():
        return c.is_nan() and d.is_nan()
    if c.is_infinite() or d.is_infinite():
        return c == d
    bound = max(Fraction(absolute), Fraction(relative) * max(abs(Fraction(c)), abs(Fraction(d))))
    return abs(Fraction(d) - Fraction(c)) <= bound


def judge(
    legacy: list[Row],
    candidate: list[Row],
    *,
    keys: int,
    tolerances: dict[int, tuple[Decimal, Decimal]],
) -> Verdicts:
    """Rows are tuples whose first `keys` places are the key."""
    states: Counter[str] = Counter()
    columns: Counter[int] = Counter()
    null_free: list[dict[Row, list[Row]]] = []
    for side in (legacy, candidate):
        groups: dict[Row, list[Row]] = {}
        for row in side:
            key = row[:keys]
            if any(part is None for part in key):
                states["null_key"] += 1
            else:
                groups.setdefault(key, []).append(row)
        null_free.append(groups)
    left, right = null_free
    for key in left.keys() | right.keys():
        ours, theirs = left.get(key, []), right.get(key, [])
        if len(ours) > 1 or len(theirs) > 1:
            states["duplicate_key"] += len(ours) + len(theirs)
        elif not theirs:
            states["legacy_only"] += 1
        elif not ours:
            states["candidate_only"] += 1
        else:
            different = [
                place
                for place in range(keys, len(ours[0]))
                if not _equal(ours[0][place], theirs[0][place], tolerances.get(place))
            ]
            columns.update(different)
            states["mismatched" if different else "matched"] += 1
    return Verdicts(states, columns)


def _equal(left: Any, right: Any, tolerance: tuple[Decimal, Decimal] | None) -> bool:
    if isinstance(left, int | float | Decimal) or isinstance(right, int | float | Decimal):
        absolute, relative = tolerance or (Decimal(0), Decimal(0))
        return numbers_equal(left, right, absolute, relative)
    return bool(left == right)
