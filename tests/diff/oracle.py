"""The comparison once more, in plain Python, written from the design and not from the code.

Every value is first brought into one plain form that depends on the types of both sides: floats,
fractions, microseconds, texts. Then rows are paired and compared by that form.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Row = Sequence[Any]
Plain = Any

FLOATS = {"float4", "float8"}
NUMBERS = FLOATS | {"int2", "int4", "int8", "numeric"}
TIMES = {"date", "timestamp", "timestamptz"}


@dataclass(frozen=True)
class Pair:
    """The types of a column on both sides (without modifiers) and what counts as equal."""

    legacy: str
    candidate: str
    absolute: Decimal = Decimal(0)
    relative: Decimal = Decimal(0)
    within: timedelta = timedelta(0)


@dataclass(frozen=True)
class Finding:
    """A row that is not matched; `places` are the columns that differ. All values are plain."""

    state: str
    key: tuple[Plain, ...]
    legacy: tuple[Plain, ...] | None
    candidate: tuple[Plain, ...] | None
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a comparison must find."""

    matched: int
    findings: tuple[Finding, ...]

    @property
    def states(self) -> Counter[str]:
        """Rows by state, but the matched ones."""
        return Counter(finding.state for finding in self.findings)

    @property
    def columns(self) -> Counter[int]:
        """Mismatches by place of the column."""
        return Counter(place for finding in self.findings for place in finding.places)


def judge(
    legacy: Sequence[Row],
    candidate: Sequence[Row],
    *,
    key: Sequence[Pair],
    columns: Sequence[Pair],
    zone: str,
) -> Outcome:
    """Rows hold the key first, then the other columns."""
    pairs = (*key, *columns)
    size = len(key)
    findings: list[Finding] = []
    left = _all([plain(pair, pair.legacy, zone) for pair in pairs], legacy)
    right = _all([plain(pair, pair.candidate, zone) for pair in pairs], candidate)
    counts = [Counter(row[:size] for row in side) for side in (left, right)]
    alone: list[dict[tuple[Plain, ...], tuple[Plain, ...]]] = [{}, {}]
    for place, side in enumerate((left, right)):
        for row in side:
            values = (row[size:], None) if place == 0 else (None, row[size:])
            if None in row[:size]:
                findings.append(Finding("null_key", row[:size], *values))
            elif any(count[row[:size]] > 1 for count in counts):
                findings.append(Finding("duplicate_key", row[:size], *values))
            else:
                alone[place][row[:size]] = row[size:]
    matched = 0
    for found in alone[0].keys() | alone[1].keys():
        ours, theirs = alone[0].get(found), alone[1].get(found)
        if ours is None or theirs is None:
            state = "candidate_only" if ours is None else "legacy_only"
            findings.append(Finding(state, found, ours, theirs))
            continue
        differing = tuple(
            place
            for place, (pair, a, b) in enumerate(zip(columns, ours, theirs, strict=True))
            if not equal(pair, a, b)
        )
        if differing:
            findings.append(Finding("mismatched", found, ours, theirs, differing))
        else:
            matched += 1
    return Outcome(matched, tuple(findings))


def _all(forms: Sequence[Callable[[Any], Plain]], rows: Sequence[Row]) -> list[tuple[Plain, ...]]:
    return [tuple(form(value) for form, value in zip(forms, row, strict=True)) for row in rows]


def plain(pair: Pair, own: str, zone: str) -> Callable[[Any], Plain]:
    """What brings a value of the side whose type is `own` into plain form.

    Also one that a comparison reports, whatever form it has there.
    """
    types = {pair.legacy, pair.candidate}
    form: Callable[[Any], Plain]
    if types <= NUMBERS:
        form = _double if types & FLOATS else _exact
    elif types <= TIMES:
        instants = "timestamptz" in types or types == {"timestamp"}
        form = _microseconds(ZoneInfo(zone) if instants else None)
    elif types == {"jsonb"}:
        form = _document
    elif own == "bpchar":
        form = _unpadded
    else:
        form = _frozen
    return lambda value: None if value is None else form(value)


def equal(pair: Pair, left: Plain, right: Plain) -> bool:
    """Whether two plain values count as equal."""
    if left is None or right is None or isinstance(left, str) or isinstance(right, str):
        return bool(left == right)
    if isinstance(left, float):
        bounds = {"rel_tol": float(pair.relative), "abs_tol": float(pair.absolute)}
        return math.isclose(left, right, **bounds)
    if isinstance(left, Fraction):
        largest = max(abs(left), abs(right))
        bound = max(Fraction(pair.absolute), Fraction(pair.relative) * largest)
        return bool(abs(right - left) <= bound)
    if pair.within:
        return bool(abs(right - left) <= pair.within // timedelta(microseconds=1))
    return bool(left == right)


def _double(value: Any) -> Plain:
    number = float(value)
    return "NaN" if math.isnan(number) else number + 0.0  # no negative zero


def _exact(value: Any) -> Plain:
    number = Decimal(value)
    return Fraction(number) if number.is_finite() else str(number)


def _microseconds(zone: ZoneInfo | None) -> Callable[[Any], Plain]:
    def form(value: Any) -> Plain:
        if isinstance(value, str):
            return value
        if not isinstance(value, datetime):
            value = datetime.combine(value, datetime.min.time())
        offset = value.utcoffset()
        if offset is None:
            # PostgreSQL reads an hour that occurs twice, or never, in standard time.
            both = [value.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
            offset = min(one or timedelta(0) for one in both)
        clock = value.replace(tzinfo=None) - datetime(1, 1, 1)  # noqa: DTZ001
        return (clock - offset) // timedelta(microseconds=1)

    return form


def _document(text: str) -> Plain:
    return document(json.loads(text, parse_float=Decimal))


def document(value: Any) -> Plain:
    """The plain form of JSON that has been read."""
    return json.dumps(_tagged(value), sort_keys=True)


def _tagged(value: Any) -> Any:
    """Numbers as fractions, so that 1 is 1.0 and true is not 1."""
    if isinstance(value, dict):
        return {name: _tagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return ["number", str(Fraction(value))]


def _unpadded(value: str) -> Plain:
    """The blanks that pad a char(n) are no data; a text's own blanks are."""
    return value.rstrip(" ")


def _frozen(value: Any) -> Plain:
    if isinstance(value, list):
        return tuple(None if item is None else _frozen(item) for item in value)
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, Decimal):
        return _exact(value)
    return value
