"""One side still says what the other said on an earlier night and has corrected since.

Test and proof: the row as it is equals, in every column, what the other side's row was on an
earlier night, of which the newest that equals it is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from parity.causes.context import Context, Revision
from parity.causes.frame import Differences, Floats, Ints, Values, beyond, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import scopes_of
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    if not len(rows):
        return
    for stale in Side:
        said = sorted(
            context.revisions(other(stale), rows), key=lambda one: one.session, reverse=True
        )
        if said:
            yield from _hypotheses(found, stale, said, context)


def _hypotheses(
    found: Differences, stale: Side, said: Sequence[Revision], context: Context
) -> Iterator[Hypothesis]:
    rows = np.array([one.row for one in said], dtype=np.int64)
    earlier = _values(found, stale, rows, said)
    differs = beyond(found.fields, found.values[stale].take(rows), earlier)
    same = np.flatnonzero(~differs.any(axis=1))
    _, newest = np.unique(rows[same], return_index=True)  # the newest come first
    same = same[newest]
    scopes = scopes_of(found, rows[same], context)
    for group in grouped(scopes.number):
        places = same[group]
        nights = sorted({said[place].session.isoformat() for place in places.tolist()})
        symbol = scopes.names[scopes.number[group[0]]]
        yield _hypothesis(rows[places], earlier.take(places), stale, nights, symbol)


def _values(found: Differences, stale: Side, rows: Ints, said: Sequence[Revision]) -> Values:
    """What was said, as values; a column that was not kept equals nothing."""
    shape = (len(said), len(found.fields))
    numbers, null = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    texts: dict[int, np.ndarray[Any, np.dtype[np.object_]]] = {}
    missing = object()
    for place, field in enumerate(found.fields):
        column = [one.values.get(field.name, missing) for one in said]
        null[:, place] = [value is None for value in column]
        if field.number:
            numbers[:, place] = _floats(column, missing)
            lost = np.array([value is missing for value in column], dtype=bool)
            # Not NaN, which equals NaN.
            numbers[lost, place] = np.where(
                np.isnan(found.values[stale].numbers[rows[lost], place]), 0.0, np.nan
            )
        elif place in found.values[stale].texts:
            texts[place] = np.empty(len(said), dtype=object)
            texts[place][:] = column
    return Values(numbers, null, texts)


def _floats(column: Sequence[Any], missing: object) -> Floats:
    return np.array(
        [np.nan if value is None or value is missing else float(value) for value in column],
        dtype=np.float64,
    )


def _hypothesis(
    rows: Ints, earlier: Values, stale: Side, nights: list[str], symbol: str
) -> Hypothesis:
    newer = other(stale)
    when = nights[-1] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"
    evidence: dict[str, Any] = {"said": nights[-1], "stale_side": stale.value}
    if len(nights) > 1:
        evidence["nights"] = nights[-10:]
    subject = "{symbols}: " if symbol else ""
    return Hypothesis(
        rows=rows,
        proof=Changed(newer, earlier),
        identity=(stale.value, symbol),
        says=f"{subject}{stale.value} still has what {newer.value} said on the night of {when} "
        "({rows} rows, {first} to {last})",
        undo=f"take {newer.value}'s row of night {when}",
        evidence=evidence,
        side=newer,
    )


RULE = Rule(cause=Cause.STALE_REVISION, kinds=frozenset(Kind), order=80, propose=_propose)
