"""What the comparison has to find of a fault, worked out from the rows in memory.

Written apart from the comparison: equality is decided here by exact decimal arithmetic.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from parity.model.result import Discrepancy, RowState
from parity.model.suite import Tolerance
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column, Key
from parity.selftest.fault import Changes

__all__ = ["Expected", "beyond", "expected"]

Found = tuple[RowState, Key]
_NEAR = Decimal("1e-12")  # of the values: what double arithmetic may add to a delta


@dataclass(frozen=True, slots=True)
class Expected:
    """Rows that must be found, and rows so near a tolerance's edge that they may be."""

    must: Counter[Found]
    may: Counter[Found]

    def missed(self, found: Iterable[Discrepancy]) -> list[Found]:
        """What must be found and is not."""
        return list((self.must - _counted(found)).elements())

    def beside(self, found: Iterable[Discrepancy]) -> list[Found]:
        """What is found and must not be."""
        return list((_counted(found) - self.must - self.may).elements())


def expected(bed: Bed, changes: Sequence[Changes]) -> Expected:
    """What differs once the changes are made to rows that agree."""
    by_side = {one.side: one for one in changes}
    places = {key: place for place, key in enumerate(bed.keys)}
    touched = dict.fromkeys(key for one in changes for key in _touched(bed, one))
    must: Counter[Found] = Counter()
    may: Counter[Found] = Counter()
    arrived = {side: _arrived(bed, by_side.get(side), side) for side in Side}
    for key in touched:
        rows = {
            side: _there(bed, by_side.get(side), side, places.get(key)) + arrived[side].get(key, [])
            for side in Side
        }
        for state, sure, count in _states(bed.columns, rows):
            (must if sure else may)[state, key] += count
    return Expected(must, may)


def _touched(bed: Bed, changes: Changes) -> Iterable[Key]:
    for place in changes.deletes:
        yield bed.keys[place]
    for place, values in changes.edits.items():
        yield bed.keys[place]
        yield _key(bed, place, values)
    for place, values in changes.inserts:
        yield _key(bed, place, values)


def _key(bed: Bed, place: int, values: Mapping[str, Any]) -> Key:
    time = str(bed.dataset.time)
    return bed.moved(place, values[time]) if time in values else bed.keys[place]


def _there(
    bed: Bed, changes: Changes | None, side: Side, place: int | None
) -> list[dict[str, Any]]:
    """The row of a place, if it still has its key."""
    if place is None:
        return []
    row = bed.values[side][place]
    if changes is None:
        return [row]
    edit = changes.edits.get(place, {})
    if place in changes.deletes or bed.dataset.time in edit:
        return []
    return [{**row, **edit}]


def _arrived(bed: Bed, changes: Changes | None, side: Side) -> dict[Key, list[dict[str, Any]]]:
    """Rows that are new under a key."""
    out: dict[Key, list[dict[str, Any]]] = {}
    if changes is None:
        return out
    moved = [item for item in changes.edits.items() if bed.dataset.time in item[1]]
    for place, values in (*moved, *changes.inserts):
        row = {**bed.values[side][place], **values}
        out.setdefault(_key(bed, place, values), []).append(row)
    return out


def _states(
    columns: Sequence[Column], rows: Mapping[Side, list[dict[str, Any]]]
) -> Iterable[tuple[RowState, bool, int]]:
    legacy, candidate = rows[Side.LEGACY], rows[Side.CANDIDATE]
    if len(legacy) > 1 or len(candidate) > 1:
        yield RowState.DUPLICATE_KEY, True, len(legacy) + len(candidate)
    elif legacy and not candidate:
        yield RowState.LEGACY_ONLY, True, 1
    elif candidate and not legacy:
        yield RowState.CANDIDATE_ONLY, True, 1
    elif legacy:
        verdicts = [
            beyond(one.field.tolerance, legacy[0][one.name], candidate[0][one.name])
            for one in columns
        ]
        if True in verdicts:
            yield RowState.MISMATCHED, True, 1
        elif None in verdicts:
            yield RowState.MISMATCHED, False, 1


def beyond(tolerance: Tolerance, left: Any, right: Any) -> bool | None:
    """Whether two values differ beyond tolerance; None where rounding decides."""
    if left is None or right is None:
        return left is not right
    if left == right:
        return False
    if not _numbers(left, right):
        return True
    odd = _odd(left), _odd(right)
    if any(odd):
        return odd != ("nan", "nan")
    if tolerance.exact:
        return True
    with localcontext(prec=60):
        one, two = Decimal(left), Decimal(right)
        delta, largest = abs(one - two), max(abs(one), abs(two))
        allowed = max(tolerance.abs, tolerance.rel * largest)
        floats = isinstance(left, float) or isinstance(right, float)
        if floats and abs(delta - allowed) <= _NEAR * largest:
            return None
        return delta > allowed


def _numbers(*values: Any) -> bool:
    return all(isinstance(one, int | float | Decimal) for one in values) and not any(
        isinstance(one, bool) for one in values
    )


def _odd(value: int | float | Decimal) -> str:
    if math.isnan(value):
        return "nan"
    return "" if math.isfinite(value) else "infinite"


def _counted(found: Iterable[Discrepancy]) -> Counter[Found]:
    return Counter((one.state, one.key) for one in found)
