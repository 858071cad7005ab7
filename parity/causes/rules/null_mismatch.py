"""NULL (or NaN) on one side, a value on the other.

Test: every column in which a row differs is NULL or NaN on one side and something else on the
other; all other columns are equal. Proof: with the other side's value put in, the row is equal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.frame import Bools, Differences, Ints, Values, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import known_equal, listed, missing, scopes_of
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    gone = {side: missing(found, side, rows) for side in Side}
    null = {side: found.values[side].null[rows] for side in Side}
    # NULL against NaN counts as NULL's side lacking the value.
    lacks = {
        side: found.differs[rows]
        & ((gone[side] & ~gone[other(side)]) | (null[side] & ~null[other(side)]))
        for side in Side
    }
    only = ((lacks[Side.LEGACY] | lacks[Side.CANDIDATE]) == found.differs[rows]).all(axis=1)
    some = np.flatnonzero(only & found.differs[rows].any(axis=1))
    if not len(some):
        return
    rows = rows[some]
    lacks = {side: cells[some] for side, cells in lacks.items()}
    nan = (gone[Side.LEGACY] & ~null[Side.LEGACY]) | (gone[Side.CANDIDATE] & ~null[Side.CANDIDATE])
    has_nan: Bools = np.asarray((nan[some] & found.differs[rows]).any(axis=1))
    pattern = np.concatenate([lacks[Side.LEGACY], lacks[Side.CANDIDATE]], axis=1)
    _, inverse = np.unique(np.packbits(pattern, axis=1), axis=0, return_inverse=True)
    kind = np.asarray(inverse, dtype=np.int64).ravel()
    scopes = scopes_of(found, rows, context)
    for group in grouped(scopes.number, kind, has_nan.astype(np.int64)):
        cells = {side: lacks[side][group] for side in Side}
        name = scopes.names[scopes.number[group[0]]]
        yield _hypothesis(found, rows[group], cells, bool(has_nan[group[0]]), name)


def _hypothesis(
    found: Differences, rows: Ints, cells: dict[Side, Bools], nan: bool, symbol: str
) -> Hypothesis:
    names = {
        side: [found.fields[place].name for place in np.flatnonzero(cells[side][0]).tolist()]
        for side in Side
    }
    sides = [side for side in Side if names[side]]
    side = sides[0]
    what = "NaN" if nan else "null"
    subject = "{symbols}: " if symbol else ""
    says = " and ".join(
        f"{one.value}'s {listed(names[one])} {'is' if len(names[one]) == 1 else 'are'} {what}"
        for one in sides
    )
    columns = list(dict.fromkeys(name for one in sides for name in names[one]))
    return Hypothesis(
        rows=rows,
        proof=Changed(side, _filled(found, side, rows), known_equal(found, rows)),
        identity=("+".join(sides), ",".join(columns), symbol),
        says=f"{subject}{says} where {_rest(sides)} a value ({{rows}} rows{{span}})",
        undo=f"put {other(side).value}'s value in",
        evidence={"columns": columns, "null_side": "+".join(sides), "nan": nan},
        side=side,
    )


def _rest(sides: list[Side]) -> str:
    return f"{other(sides[0]).value} has" if len(sides) == 1 else "the other side has"


def _filled(found: Differences, side: Side, rows: Ints) -> Values:
    """The side's rows with the other's cell wherever they differ."""
    mine, theirs = found.values[side].take(rows), found.values[other(side)].take(rows)
    cells = found.differs[rows]
    texts = {
        place: np.where(cells[:, place], theirs.texts[place], values)
        for place, values in mine.texts.items()
        if place in theirs.texts
    }
    return Values(
        np.where(cells, theirs.numbers, mine.numbers),
        np.where(cells, theirs.null, mine.null),
        texts,
    )


RULE = Rule(
    cause=Cause.NULL_MISMATCH, kinds=frozenset(Kind), order=50, propose=_propose, second=True
)
