"""Rows that are missing or too many.

missing_symbol, missing_session, late_edge, off_calendar, duplicate_key.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.selftest.bed import Bed, Line
from parity.selftest.fault import EVERYTHING, Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import either, long_enough, named

__all__ = ["FAULTS"]

TIMED = frozenset({Kind.BARS, Kind.INDICATORS})


def _missing_symbol(bed: Bed, rng: Random) -> Seeded | None:
    if bed.dataset.symbol is None or len(bed.lines) < 2:
        raise ImpossibleError("needs two symbols")
    side, lines = either(rng), rng.sample(list(bed.lines), rng.randint(1, len(bed.lines) - 1))
    gone = frozenset(place for line in lines for place in line.places)
    told = f"all of {named(lines)} is gone"
    return Seeded(side=side, changes=[Changes(side=side, deletes=gone)], told=told)


def _some_lines(bed: Bed, rng: Random, least: int) -> list[Line]:
    """All symbols, or one, or a few."""
    lines = long_enough(bed, least)
    return lines if rng.random() < 0.5 else rng.sample(lines, rng.randint(1, len(lines)))


def _missing_session(bed: Bed, rng: Random) -> Seeded | None:
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    lines = _some_lines(bed, rng, 3)
    inner = [sorted({bed.days[place] for place in line.places})[1:-1] for line in lines]
    common = sorted(set(inner[0]).intersection(*inner[1:]))
    if not common:
        raise ImpossibleError("needs a session with others before and after it")
    day, side = rng.choice(common), either(rng)
    gone = frozenset(p for line in lines for p in line.places if bed.days[p] == day)
    told = f"{named(lines)}: {day} is gone"
    return Seeded(side=side, changes=[Changes(side=side, deletes=gone)], told=told)


def _late_edge(bed: Bed, rng: Random) -> Seeded | None:
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    lines, side = _some_lines(bed, rng, 5), either(rng)
    newest = sorted({bed.days[place] for line in lines for place in line.places})
    number = rng.choice([1, 1, 2, 3])
    if len(newest) <= number:
        raise ImpossibleError(f"needs more than {number} sessions")
    late = set(newest[-number:])
    gone = frozenset(p for line in lines for p in line.places if bed.days[p] in late)
    told = f"{named(lines)}: ends {number} sessions early, before {min(late)}"
    return Seeded(side=side, changes=[Changes(side=side, deletes=gone)], told=told)


def _off_calendar(bed: Bed, rng: Random) -> Seeded | None:
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    lines, side = _some_lines(bed, rng, 3), either(rng)
    first, last = min(bed.days), max(bed.days)
    sessions = set(bed.exchange.between(first, last))
    closed = [
        day for number in range((last - first).days)
        if (day := first + timedelta(days=number)) not in sessions
    ]  # fmt: skip
    if not closed:
        raise ImpossibleError("no closed day lies among the rows")
    day = rng.choice(closed)
    inserts = []
    for line in lines:
        before = max((d for p in line.places if (d := bed.days[p]) < day), default=None)
        if before is None or any(bed.days[place] == day for place in line.places):
            continue
        for place in line.places:
            if bed.days[place] == before:
                moment = _later(bed, bed.keys[place][bed.time], (day - before).days)
                inserts.append((place, {str(bed.dataset.time): moment}))
    if not inserts:
        return None
    told = f"{named(lines)}: rows on {day:%A} {day}, copied from the session before"
    return Seeded(side=side, changes=[Changes(side=side, inserts=inserts)], told=told)


def _later(bed: Bed, moment: date, days: int) -> date:
    """The same time of day some days later."""
    if not isinstance(moment, datetime):
        return moment + timedelta(days=days)
    local = moment.astimezone(bed.clock)
    later = datetime.combine(local.date() + timedelta(days=days), local.time(), bed.clock)
    return later.astimezone(UTC)


def _duplicate_key(bed: Bed, rng: Random) -> Seeded | None:
    side = either(rng)
    places = rng.sample(range(len(bed.keys)), min(len(bed.keys), rng.randint(1, 4)))
    inserts = []
    for place in places:
        other: dict[str, object] = {}
        if bed.numbers and rng.random() < 0.5:  # as often as not with another value
            column = rng.choice(bed.numbers)
            old = bed.values[side][place][column.name]
            value = None if old is None else column.stored(side, float(old) * 1.01)
            if value is not None:
                other = {column.name: value}
        inserts.append((place, other))
    told = f"{len(places)} keys twice"
    changes = Changes(side=side, inserts=inserts, unique=False)
    return Seeded(side=side, changes=[changes], told=told)


FAULTS = (
    Fault(cause=Cause.MISSING_SYMBOL, kinds=TIMED, seed=_missing_symbol),
    Fault(cause=Cause.MISSING_SESSION, kinds=TIMED, seed=_missing_session),
    Fault(cause=Cause.LATE_EDGE, kinds=TIMED, seed=_late_edge),
    Fault(cause=Cause.OFF_CALENDAR, kinds=frozenset({Kind.BARS}), seed=_off_calendar),
    Fault(cause=Cause.DUPLICATE_KEY, kinds=EVERYTHING, seed=_duplicate_key),
)
