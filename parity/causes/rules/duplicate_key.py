"""A key has several rows on one side or on both.

Test: the rows of the key, by side. Proof: without the extra copies one row is left, and it matches
the other side's row: all copies equal it, or one of them does. Where the other side has no row, the
copies equal one another; where it doubles too, each copy has an equal one on the other side. Keys
whose copies differ and none of which matches stay unexplained: nobody knows which row is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from parity.causes.context import Context
from parity.causes.frame import Bools, Differences, Ints, beyond, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import grouped, symbol_groups
from parity.model.cause import Cause
from parity.model.result import RowState
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_MOST = 50  # more copies of one key than this are not compared with one another


@dataclass(frozen=True, slots=True)
class _Keys:
    """Rows with duplicate keys, sorted by key and side, the first side's first."""

    rows: Ints
    key: Ints  # of each row, from 0
    legacy: Bools  # of each row
    first: dict[Side, Ints]  # by key: place in `rows` of the side's first row
    count: dict[Side, Ints]  # by key


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    del context
    mine = rows[found.having(RowState.DUPLICATE_KEY)[rows]]
    if not len(mine):
        return
    keys = _keys(found, mine)
    proved, identical = _proved(found, keys)
    doubled = {side: count > 1 for side, count in keys.count.items()}
    which = np.where(doubled[Side.LEGACY] & doubled[Side.CANDIDATE], 2,
                     np.where(doubled[Side.LEGACY], 0, 1))  # fmt: skip
    copies = np.maximum(keys.count[Side.LEGACY], keys.count[Side.CANDIDATE])
    at = np.flatnonzero(proved[keys.key])
    label = which[keys.key] * 2 + identical[keys.key]
    for part in grouped(label[at]):
        some = at[part]
        key = keys.key[some]
        build = partial(_hypothesis, which=int(which[key[0]]), identical=bool(identical[key[0]]))
        place = np.empty(len(found), dtype=np.int64)
        place[keys.rows[some]] = copies[key]
        for symbol, group in symbol_groups(found, keys.rows[some]):
            yield build(symbol, group, copies=int(place[group].max()))


def _hypothesis(symbol: str, rows: Ints, *, which: int, identical: bool, copies: int) -> Hypothesis:
    side = (Side.LEGACY, Side.CANDIDATE, None)[which]
    of = "{symbols}: " if symbol else ""
    if side is None:
        what = "both sides have several rows for one key, and the same ones"
    elif identical:
        what = f"{side.value} has several rows for one key, identical copies"
    else:
        what = (
            f"{side.value} has several rows for one key that differ; "
            f"one of them is {other(side).value}'s row"
        )
    keep = "one of the copies" if identical or side is None else f"the copy that {other(side)} has"
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(str(side or "both"), "identical" if identical else "differing", symbol),
        says=f"{of}{what} ({{rows}} rows)",
        undo=f"keep {keep}, drop the rest",
        evidence={
            "copies": copies,
            "doubles": "both" if side is None else side.value,
            "identical": identical,
        },
        side=side,
    )


def _keys(found: Differences, rows: Ints) -> _Keys:
    legacy = found.present[Side.LEGACY][rows]
    order = np.lexsort((~legacy, found.time[rows], found.code[rows]))
    rows, legacy = rows[order], legacy[order]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = np.diff(found.code[rows]) != 0
    fresh[1:] |= np.diff(found.time[rows]) != 0
    key = np.cumsum(fresh) - 1
    size = int(key[-1]) + 1
    ours = np.bincount(key[legacy], minlength=size)
    theirs = np.bincount(key[~legacy], minlength=size)
    start = np.flatnonzero(fresh)
    first = {Side.LEGACY: start, Side.CANDIDATE: start + ours}
    return _Keys(rows, key, legacy, first, {Side.LEGACY: ours, Side.CANDIDATE: theirs})


def _proved(found: Differences, keys: _Keys) -> tuple[Bools, Bools]:
    """By key: whether dropping the extra copies settles it; whether a side's copies are equal."""
    count = keys.count
    largest = np.maximum(count[Side.LEGACY], count[Side.CANDIDATE])
    identical = np.ones(len(largest), dtype=bool)
    np.logical_and.at(identical, keys.key, _equal_to_first(found, keys))
    matched = _matched(found, keys)
    some = {side: np.zeros(len(largest), dtype=bool) for side in Side}
    every = np.ones(len(largest), dtype=bool)
    np.logical_and.at(every, keys.key, matched)
    for side in Side:
        mine = keys.legacy if side is Side.LEGACY else ~keys.legacy
        np.logical_or.at(some[side], keys.key[mine], matched[mine])
    alone = (count[Side.LEGACY] == 0) | (count[Side.CANDIDATE] == 0)
    single = (count[Side.LEGACY] == 1) | (count[Side.CANDIDATE] == 1)
    good = np.where(alone, identical, np.where(single, some[Side.LEGACY], every))
    return good & (largest <= _MOST), identical


def _equal_to_first(found: Differences, keys: _Keys) -> Bools:
    """By row: equal to the first row of its key on its side."""
    equal = np.ones(len(keys.rows), dtype=bool)
    for side in Side:
        mine = np.flatnonzero(keys.legacy if side is Side.LEGACY else ~keys.legacy)
        values = found.values[side]
        first = keys.rows[keys.first[side][keys.key[mine]]]
        same = beyond(found.fields, values.take(keys.rows[mine]), values.take(first))
        equal[mine] = ~same.any(axis=1)
    return equal


def _matched(found: Differences, keys: _Keys) -> Bools:
    """By row: whether the other side has a row of the same key that matches it."""
    matched = np.zeros(len(keys.rows), dtype=bool)
    for side in Side:
        mine = np.flatnonzero(keys.legacy if side is Side.LEGACY else ~keys.legacy)
        there = other(side)
        for number in range(min(_MOST, int(keys.count[there].max(initial=0)))):
            ask = mine[keys.count[there][keys.key[mine]] > number]
            partner = keys.rows[keys.first[there][keys.key[ask]] + number]
            differs = beyond(
                found.fields,
                found.values[side].take(keys.rows[ask]),
                found.values[there].take(partner),
            )
            matched[ask] |= ~differs.any(axis=1)
    return matched


RULE = Rule(
    cause=Cause.DUPLICATE_KEY,
    kinds=frozenset(Kind),
    order=10,
    propose=_propose,
)
