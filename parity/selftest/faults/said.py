"""Values that were said elsewhere: stale_revision, source_mismatch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from parity.causes import Role
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Line
from parity.selftest.fault import Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import Edits, differs, either, long_enough, span

__all__ = ["FAULTS"]

BESIDE = 2  # rows of the symbol before and after, left as they are
BARS = frozenset({Kind.BARS})


def _stale_revision(bed: Bed, rng: Random) -> Seeded | None:
    """One side has gone on to say something else; this one still has what it said before."""
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    side, line = either(rng), rng.choice(long_enough(bed, 6))
    newest = max(bed.days)
    before = [place for place in line.places if bed.days[place] < newest]
    if not before:
        raise ImpossibleError("needs rows older than the newest session")
    size = min(len(before), rng.randint(1, 5))
    start = rng.choice([len(before) - size, rng.randint(0, len(before) - size)])
    edits: Edits = {}
    wanted = rng.choice([[Role.VOLUME], [Role.CLOSE], [Role.HIGH, Role.CLOSE, Role.VOLUME]])
    columns = bed.having(*wanted) or bed.numbers
    for place in before[start : start + size]:
        row, new = bed.values[side][place], {}
        for column in columns:
            if row[column.name] is not None:
                value = float(row[column.name]) * (1 + rng.choice([-1, 1]) * rng.uniform(1e-3, 0.1))
                new[column.name] = column.stored(side, value)
        if not new or None in new.values():
            return None
        edits[place] = new
    latest = max(bed.days[place] for place in edits)
    night = rng.choice(sorted({day for day in bed.days if latest <= day < newest}))
    told = f"{line.name}: {len(edits)} rows as the other side had them on {night}"
    return Seeded(side=side, changes=[Changes(side=side, edits=edits)], told=told, kept=night)


def _source_mismatch(bed: Bed, rng: Random) -> Seeded | None:
    """The values of another dataset of the same tables, under the same keys."""
    if not bed.siblings:
        raise ImpossibleError("no other dataset lies in its tables")
    side, name = either(rng), rng.choice(sorted(bed.siblings))
    theirs = dict(_theirs(bed, side, name))
    stretches = [one for line in bed.lines for one in _stretches(line, theirs)]
    if not stretches:
        return None
    edits: Edits = {}
    for stretch in rng.sample(stretches, min(len(stretches), rng.choice([1, 1, 2, 3]))):
        inner = stretch[BESIDE:-BESIDE]
        edits |= {place: dict(theirs[place]) for place in span(rng, inner, min(3, len(inner)))}
    told = f"{len(edits)} rows have the values of {name}"
    return Seeded(side=side, changes=[Changes(side=side, edits=edits)], told=told)


def _theirs(bed: Bed, side: Side, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The other dataset's rows, where they differ from the bed's."""
    fixed = {column for column, values in bed.dataset.where if len(values) == 1}
    open_ = [place for place, column in enumerate(bed.dataset.key) if column not in fixed]
    source = bed.siblings[name][side]
    for place, key in enumerate(bed.keys):
        found = source.get(tuple(key[one] for one in open_))
        if found is not None and differs(bed, side, place, found):
            yield place, found


def _stretches(line: Line, theirs: Mapping[int, Any]) -> list[list[int]]:
    """Neighbouring rows that all differ, long enough to leave some on both sides as they are.

    Without them a stretch cannot be told from an adjustment up to (or from) the day where the two
    datasets go together again.
    """
    stretches: list[list[int]] = [[]]
    for place in line.places:
        if place in theirs:
            stretches[-1].append(place)
        elif stretches[-1]:
            stretches.append([])
    return [one for one in stretches if len(one) > 2 * BESIDE]


FAULTS = (
    Fault(cause=Cause.STALE_REVISION, kinds=BARS, seed=_stale_revision),
    Fault(cause=Cause.SOURCE_MISMATCH, kinds=BARS, seed=_source_mismatch),
)
