"""One side's prices are not adjusted for a split that the other's are adjusted for.

Test: all prices of a row are p:q of the other side's (p and q up to 20, N:1 up to 100, or 21:20 to
26:25), and the volume is q:p. Where volumes are equal instead, at least three rows of a symbol must
have the ratio, and it is no power of ten (unit_scale) and not near 1 (dividend_adjustment). Proof:
divided by the ratio, with the volume multiplied, the row is equal within what rounding to stored
decimals adds.

The ratio is found from the median of a row's prices, so that a price which is rounded or null does
not hide it; a second cause may then explain what is left. The undo is tried on either side: what
was rounded after it was multiplied matches only so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.context import Context
from parity.causes.evidence import day_text
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints, other
from parity.causes.ratios import PRICES, RATIONALS, price_ratios
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import half_units, ordered, whose
from parity.causes.sequence import after_rows, matched_before
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

LEAST = 3  # rows with equal volume
_NEAR_ONE = 1.25
_PRECISE = 2e-4  # prices that tell the ratio worse than this leave it to the volume
_HIDDEN = 0.02  # relative: how far another cause may move the ratio
_INVERSE, _EQUAL, _NEITHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Segment:
    """Rows of a symbol with one ratio."""

    rows: Ints
    side: Side  # whose prices are the larger
    p: int
    q: int
    volume: str | None
    agrees: str | None  # the session from which on the sides agree again
    whole: bool  # no row in between matches


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = ordered(found, rows[found.both[rows]])
    if not len(rows) or not found.places(*PRICES):
        return
    for segment in _segments(found, rows, context):
        yield from _hypotheses(found, segment)


def _segments(found: Differences, rows: Ints, context: Context) -> list[_Segment]:
    ratios = price_ratios(found, rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        larger = np.maximum(ratios.row, 1 / ratios.row)
    legacy = ratios.row > 1
    volume = found.places(Role.VOLUME)[:1]
    label = RATIONALS.nearest(_better(found, rows, larger, ratios.width, legacy, volume))
    factor = RATIONALS.value[label]
    factors = np.where(legacy, factor, 1 / factor)
    with np.errstate(invalid="ignore"):
        apart = np.abs(larger / factor - 1)
        near = (apart <= ratios.width) & ratios.alike(factors)
        hidden = np.flatnonzero(~near & (apart < _HIDDEN))
        ratios = ratios.widened(found, rows, factors, hidden)
        near = (apart <= ratios.width) & ratios.alike(factors)
    how = _volumes(found, rows, factor, legacy, volume)
    mine = np.flatnonzero(near)
    segments = []
    for group in grouped(found.code[rows[mine]], legacy[mine].astype(np.int64), label[mine]):
        places = mine[group]
        side = Side.LEGACY if legacy[places[0]] else Side.CANDIDATE
        p, q = int(RATIONALS.p[label[places[0]]]), int(RATIONALS.q[label[places[0]]])
        for wanted, name in _variants(how[places], p, q, bool(volume)):
            segments.append((rows[places[wanted]], side, p, q, name))
    if not segments:
        return []
    last = np.array([segment[0][-1] for segment in segments], dtype=np.int64)
    first = np.array([segment[0][0] for segment in segments], dtype=np.int64)
    following = after_rows(found, last, context)
    behind, before = np.split(matched_before(found, np.concatenate([last, first]), context), 2)
    whole = behind == before
    return [
        _Segment(*segment, day_text(int(day)) if known else None, bool(alone))
        for segment, known, day, alone in zip(
            segments, following.known, following.day, whole, strict=True
        )
    ]


def _better(
    found: Differences, rows: Ints, ratio: Floats, width: Floats, legacy: Bools, volume: list[int]
) -> Floats:
    """The prices' ratio, or the volumes' where it agrees and tells more."""
    if not volume:
        return ratio
    mine = found.values[Side.LEGACY].numbers[rows, volume[0]]
    theirs = found.values[Side.CANDIDATE].numbers[rows, volume[0]]
    with np.errstate(invalid="ignore", divide="ignore"):
        inverse = np.where(legacy, theirs / mine, mine / theirs)
        noise = 2 / np.minimum(mine, theirs)
        agrees = (noise < _PRECISE) & (width > _PRECISE) & (np.abs(inverse / ratio - 1) <= width)
    return np.where(agrees, inverse, ratio)


def _volumes(
    found: Differences, rows: Ints, factor: Floats, legacy: Bools, volume: list[int]
) -> Ints:
    """By row: whether the volume is inverse, equal, or neither."""
    if not volume:
        return np.full(len(rows), _EQUAL)
    mine = found.values[Side.LEGACY].numbers[rows, volume[0]]
    theirs = found.values[Side.CANDIDATE].numbers[rows, volume[0]]
    small, large = np.where(legacy, mine, theirs), np.where(legacy, theirs, mine)
    with np.errstate(invalid="ignore", over="ignore"):
        inverse = np.abs(small * factor - large) <= factor
    equal = ~found.differs[rows, volume[0]]
    return np.where(equal, _EQUAL, np.where(inverse, _INVERSE, _NEITHER))


def _variants(how: Ints, p: int, q: int, volume: bool) -> Iterator[tuple[Ints, str | None]]:
    """Rows of a group whose volume is inverse, and those whose volume is equal."""
    inverse = bool((how == _INVERSE).any())
    if inverse:
        # Of other rows a second cause may have changed the volume.
        yield np.arange(len(how)), "inverse"
    rest = np.flatnonzero(how != _INVERSE) if inverse else np.arange(len(how))
    power = p in (10, 100) and q == 1
    if int((how[rest] == _EQUAL).sum()) >= LEAST and not power and p / q > _NEAR_ONE:
        yield rest, "equal" if volume else None


def _hypotheses(found: Differences, segment: _Segment) -> Iterator[Hypothesis]:
    """The larger side divided; and for rows that this leaves, the other side multiplied."""
    rows, side = segment.rows, segment.side
    down = _changed(found, segment, rows, side, segment.q / segment.p)
    yield _hypothesis(found, segment, rows, down)
    undone = found.take(rows).after({down.side: down.values}, down.slack)
    rest = rows[undone.differs.any(axis=1)]
    if len(rest):
        up = _changed(found, segment, rest, other(side), segment.p / segment.q)
        yield _hypothesis(found, segment, rest, up)


def _changed(
    found: Differences, segment: _Segment, rows: Ints, side: Side, factor: float
) -> Changed:
    values = found.values[side].take(rows)
    numbers, places = values.numbers.copy(), found.places(*PRICES)
    numbers[:, places] *= factor
    slack = np.zeros(numbers.shape)
    halves = half_units(found, other(side), rows) + half_units(found, side, rows) * factor
    slack[:, places] = halves[:, places]
    if segment.volume == "inverse":
        volume = found.places(Role.VOLUME)[0]
        numbers[:, volume] /= factor
        slack[:, volume] = max(1.0, 1 / factor)
    return Changed(side, values.with_numbers(numbers), slack)


def _hypothesis(found: Differences, segment: _Segment, rows: Ints, proof: Changed) -> Hypothesis:
    code = int(found.code[rows[0]])
    p, q, side = segment.p, segment.q, segment.side
    symbol = found.symbols[code]
    volume = {"inverse": f", volume {q}:{p}", "equal": ", volume equal", None: ""}[segment.volume]
    if segment.agrees is not None and segment.whole:
        when = f"before {segment.agrees}"
    else:
        when = "from {first} to {last}"
    return Hypothesis(
        rows=rows,
        proof=proof,
        identity=(
            side.value, f"{p}:{q}", str(segment.volume), str(segment.agrees),
            symbol if symbol is not None else str(found.series[code]),
        ),
        says=f"{whose(found, code)} {when}: {side.value}'s prices are {p}:{q} of "
        f"{other(side).value}'s{volume}",
        undo=_undo(segment, proof.side),
        evidence={"ratio": f"{p}:{q}", "agrees_from": segment.agrees, "volume": segment.volume},
        least=1 if segment.volume == "inverse" else LEAST,
        side=proof.side,
    )  # fmt: skip


def _undo(segment: _Segment, side: Side) -> str:
    ratio = str(segment.p) if segment.q == 1 else f"{segment.p}/{segment.q}"
    down = side is segment.side
    prices, volume = ("divide", "multiply") if down else ("multiply", "divide")
    text = f"{prices} {side.value}'s prices by {ratio}"
    return f"{text}, {volume} its volume by {ratio}" if segment.volume == "inverse" else text


RULE = Rule(cause=Cause.SPLIT_ADJUSTMENT, kinds=frozenset({Kind.BARS}), order=61, propose=_propose)
