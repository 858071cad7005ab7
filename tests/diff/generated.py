"""Pairs of tables of random types, for the property test: columns, keys, values, tolerances.

Few values a column, so that rows meet; among them those just inside and outside the tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.diff.kinds import (
    COLUMNS,
    DECLARED,
    KEYS,
    KNOWN,
    SIMPLE,
    UNFIT,
    VALUES,
    D,
    as_one_of,
)  # fmt: skip
from tests.diff.oracle import FLOATS, NUMBERS, TIMES, Pair, plain

ZONE = "America/New_York"
AMOUNTS = st.sampled_from(
    [
        D(0),
        D("1e-9"),
        D("0.0001"),
        D("0.01"),
        D("0.5"),
        D(1),
    ]
)
SPANS = st.sampled_from(
    [*(timedelta(hours=hours) for hours in (0, 1, 24, 36, 9_600_000)), timedelta(microseconds=1)]
)


OFTEN = st.sampled_from([True] * 5 + [False])


@dataclass(frozen=True)
class Case:
    """Two tables: the types of their columns, the rows, and whether each has a primary key."""

    key: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    pairs: tuple[Pair, ...]  # of `columns`, with their tolerances
    legacy: list[list[Any]]
    candidate: list[list[Any]]
    indexed: tuple[bool, bool]
    by_default: bool
    way: str  # how the comparison is to be cut up

    @property
    def key_pairs(self) -> tuple[Pair, ...]:
        """The key's types as the oracle knows them."""
        return tuple(_pair(types) for types in self.key)

    def table(self, side: int) -> str:
        """The columns of one side for CREATE TABLE."""
        items = [f"k{place} {_declared(types[side])}" for place, types in enumerate(self.key)]
        items += [f"c{place} {_declared(types[side])}" for place, types in enumerate(self.columns)]
        # A row a page: what cuts a table up looks at one row of a page.
        items.append("pad text STORAGE PLAIN DEFAULT repeat('-', 5000)")
        if self.indexed[side]:
            items.append(f"PRIMARY KEY ({', '.join(f'k{n}' for n in range(len(self.key)))})")
        return ", ".join(items)


def _declared(kind: str) -> str:
    return DECLARED.get(kind, kind)


def _pair(types: tuple[str, str]) -> Pair:
    legacy, candidate = (KNOWN.get(kind, kind) for kind in types)
    return Pair(legacy, candidate)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Two tables, candidate mostly a changed copy of legacy."""
    key = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)))
    columns = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4)))
    by_default = draw(st.booleans())
    common = (draw(AMOUNTS), draw(AMOUNTS), draw(SPANS)) if by_default else None
    pairs = tuple(_tolerant(draw, _pair(types), common) for types in columns)
    indexed = draw(st.sampled_from([(True, True), (False, False), (True, False), (True, True)]))
    pools = [_pools(draw, types, _pair(types), 5, not any(indexed)) for types in key]
    pools += [
        _pools(draw, types, pair, 2, True) for types, pair in zip(columns, pairs, strict=True)
    ]
    place = st.tuples(*(st.integers(0, len(pool[0]) - 1) for pool in pools))
    rows = draw(_of_size(place, draw(st.sampled_from([8, 1, 2, 4, 8, 12, 0]))))
    copied = [draw(_changed(row, pools, len(key))) for row in rows if draw(OFTEN)]
    sides = (rows, [*copied, *draw(_of_size(place, draw(st.sampled_from([0, 0, 1, 3]))))])
    tables = []
    for side, chosen in enumerate(sides):
        found = [[pools[at][side][n] for at, n in enumerate(row)] for row in chosen]
        tables.append(_unique(found, key, side) if indexed[side] else found)
    way = draw(st.sampled_from(["small", "leads", "ranges"]))
    return Case(key, columns, pairs, tables[0], tables[1], indexed, by_default, way)


def _of_size(
    items: st.SearchStrategy[tuple[int, ...]], size: int
) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(items, min_size=size, max_size=size)


@st.composite
def _changed(
    draw: st.DrawFn, row: tuple[int, ...], pools: list[tuple[list[Any], list[Any]]], size: int
) -> tuple[int, ...]:
    """The same key, and mostly the same values."""
    return tuple(
        place if at < size or draw(OFTEN) else draw(st.integers(0, len(pools[at][0]) - 1))
        for at, place in enumerate(row)
    )


def _tolerant(
    draw: st.DrawFn, pair: Pair, common: tuple[Decimal, Decimal, timedelta] | None
) -> Pair:
    kinds = {pair.legacy, pair.candidate}
    if kinds <= NUMBERS:
        absolute, relative = common[:2] if common else (draw(AMOUNTS), draw(AMOUNTS))
        return replace(pair, absolute=absolute, relative=relative)
    if kinds <= TIMES:
        return replace(pair, within=common[2] if common else draw(SPANS))
    return pair


def _pools(
    draw: st.DrawFn, types: tuple[str, str], pair: Pair, size: int, nulls: bool
) -> tuple[list[Any], list[Any]]:
    """For each side the values of a column; those at one place are the same or close."""
    base = [draw(VALUES[types[draw(st.integers(0, 1))]]) for _ in range(size)]
    spread = [other for value in base for other in (value, *_beside(pair, value))]
    if nulls:
        spread.append(None)
    left = [as_one_of(types[0], value) for value in spread]
    right = [as_one_of(types[1], value) for value in spread]
    fit = [
        place
        for place, both in enumerate(zip(left, right, strict=True))
        if all(value is not UNFIT for value in both)
    ]
    if not fit:  # what one type holds and the other does not
        simple = SIMPLE.get(types[0]) or draw(VALUES[types[0]])
        return [as_one_of(types[0], simple)], [as_one_of(types[1], simple)]
    return [left[place] for place in fit], [right[place] for place in fit]


def _beside(pair: Pair, value: Any) -> list[Any]:
    """Values just inside and just outside the tolerance."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date):
        return []
    if isinstance(value, date):
        if not pair.within:
            return []
        steps = [pair.within, pair.within + timedelta(microseconds=1), pair.within - timedelta(1)]
        return [later for step in steps if (later := _later(value, step)) is not None]
    if not Decimal(value).is_finite():
        return []
    number = Fraction(value)
    bound = max(Fraction(pair.absolute), Fraction(pair.relative) * abs(number))
    if not bound:
        return []
    inside = [number + bound, number - bound, number + bound * Fraction(999999, 1000000)]
    outside = [number + bound * Fraction(1000001, 1000000)]
    found = [_decimal(one) for one in (*inside, *outside)]
    if {pair.legacy, pair.candidate} & FLOATS:
        # A numeric that no double comes near is an error, not a difference.
        return [one for one in found if math.isfinite(one) and bool(float(one)) is bool(one)]
    return found


def _later(value: date, step: timedelta) -> date | None:
    try:
        later = value + step
    except OverflowError:
        return None
    return later if 2 <= later.year <= 9998 else None


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _unique(
    rows: Sequence[list[Any]], key: tuple[tuple[str, str], ...], side: int
) -> list[list[Any]]:
    """The rows that a primary key lets in."""
    forms = []
    for types in key:
        own = KNOWN.get(types[side], types[side])
        forms.append(plain(Pair(own, own), own, "UTC"))
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for row in rows:
        found = tuple(
            _length(form(value)) if types[side] == "interval" else form(value)
            for form, types, value in zip(forms, key, row[: len(key)], strict=True)
        )
        if None not in found and found not in seen:
            seen.add(found)
            kept.append(row)
    return kept


def _length(interval: str | None) -> str | None:
    """PostgreSQL takes these for equal, which a comparison does not."""
    return "30 days" if interval in ("1 mon", "30 days", "720:00:00") else interval
