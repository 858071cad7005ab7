"""Rows under another time: timezone_shift, label_shift, session_date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Line
from parity.selftest.fault import Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import either, head, long_enough, named, some, span, tail

__all__ = ["FAULTS", "free", "restamped"]

LEAST = 10
ZONES = ("UTC", "America/New_York", "Europe/London", "Asia/Tokyo")
Moved = dict[int, date]


def _timezone_shift(bed: Bed, rng: Random) -> Seeded | None:
    found = restamped(bed, rng)
    if found is None:
        return None
    side, moved, told = found
    return _seeded(bed, side, moved, told)


def restamped(bed: Bed, rng: Random) -> tuple[Side, Moved, str] | None:
    """Times read on a clock of one zone and stored as if of another, in whole days.

    Raises:
        ImpossibleError: the rows have dates, or too few.
    """
    if bed.time is None or bed.dated:
        raise ImpossibleError("needs a key with an instant")
    side, lines = either(rng), some(rng, long_enough(bed, LEAST))
    # Mostly of the exchange's own zone, as it is in life.
    home = str(bed.exchange.zone)
    zones = sorted({*ZONES, home})
    one = home if rng.random() < 0.5 else rng.choice(zones)
    two = rng.choice([zone for zone in zones if zone != one])
    moved: Moved = {}
    for line in lines:
        for place in _days(bed, rng, line):
            moment = bed.keys[place][bed.time]
            new = moment.astimezone(ZoneInfo(one)).replace(tzinfo=ZoneInfo(two)).astimezone(UTC)
            if new != moment:
                moved[place] = new
    if not moved or not free(bed, moved):
        return None
    return side, moved, f"{named(lines)}: {one} clock stored as {two}, {len(moved)} rows moved"


def _days(bed: Bed, rng: Random, line: Line) -> Sequence[int]:
    """A stretch of a symbol's rows that does not cut a day."""
    wanted = {bed.days[place] for place in span(rng, line.places, min(LEAST, len(line.places)))}
    return [place for place in line.places if bed.days[place] in wanted]


def free(bed: Bed, moved: Mapping[int, date]) -> bool:
    """Whether every row that moves finds its new key free."""
    stay = {key for place, key in enumerate(bed.keys) if place not in moved}
    new = [bed.moved(place, moment) for place, moment in moved.items()]
    return len(set(new)) == len(new) and not stay & set(new)


def _label_shift(bed: Bed, rng: Random) -> Seeded | None:
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    side, lines = either(rng), some(rng, long_enough(bed, LEAST))
    moved: Moved = {}
    later = rng.random() < 0.5
    for line in lines:
        if bed.daily:
            moved |= _by_sessions(bed, line, rng, later)
        else:
            step = _step(bed, line) * (1 if later else -1)
            moved |= {place: bed.keys[place][bed.time] + step for place in _days(bed, rng, line)}
    if not free(bed, moved):
        return None
    word = "later" if later else "earlier"
    what = "session" if bed.daily else "bar"
    return _seeded(
        bed, side, moved, f"{named(lines)}: {len(moved)} rows labelled one {what} {word}"
    )


def _by_sessions(bed: Bed, line: Line, rng: Random, later: bool) -> Moved:
    """Each row takes the stamp of the session after (or before) its own."""
    places = tail(rng, line.places, LEAST) if later else head(rng, line.places, LEAST)
    edge = bed.days[places[-1 if later else 0]]
    near = bed.exchange.between(edge - timedelta(days=15), edge + timedelta(days=15))
    beyond = [day for day in near if (day > edge if later else day < edge)]
    if not beyond:
        return {}
    outside = beyond[0] if later else beyond[-1]
    assert bed.time is not None
    stamps = [bed.keys[place][bed.time] for place in places]
    edge_stamp = _stamp(bed, stamps[-1 if later else 0], outside)
    new = [*stamps[1:], edge_stamp] if later else [edge_stamp, *stamps[:-1]]
    return dict(zip(places, new, strict=True))


def _stamp(bed: Bed, like: date, day: date) -> date:
    """The day's stamp, at the same time of day as another row's."""
    if not isinstance(like, datetime):
        return day
    local = like.astimezone(bed.clock)
    apart = local.date() - bed.day(like)
    return datetime.combine(day + apart, local.time(), bed.clock).astimezone(UTC)


def _step(bed: Bed, line: Line) -> timedelta:
    assert bed.time is not None
    times = [bed.keys[place][bed.time] for place in line.places]
    apart = [after - before for before, after in pairwise(times)]
    return min(apart, default=timedelta(hours=1))


def _session_date(bed: Bed, rng: Random) -> Seeded | None:
    if bed.time is None:
        raise ImpossibleError("needs a key with a time")
    least = 3
    side, lines = either(rng), some(rng, long_enough(bed, least))
    step = timedelta(days=rng.choice([1, -1]))
    moved: Moved = {}
    for line in lines:
        wanted = tail(rng, line.places, least) if step.days > 0 else head(rng, line.places, least)
        moved |= {place: bed.keys[place][bed.time] + step for place in wanted}
    if not free(bed, moved):
        return None
    told = f"{named(lines)}: {len(moved)} rows dated {step.days:+d} day"
    return _seeded(bed, side, moved, told)


def _seeded(bed: Bed, side: Side, moved: Mapping[int, date], told: str) -> Seeded:
    edits = {place: {str(bed.dataset.time): moment} for place, moment in moved.items()}
    return Seeded(side=side, changes=[Changes(side=side, edits=edits)], told=told)


FAULTS = (
    Fault(cause=Cause.TIMEZONE_SHIFT, kinds=frozenset({Kind.BARS}), seed=_timezone_shift),
    Fault(cause=Cause.LABEL_SHIFT, kinds=frozenset({Kind.BARS}), seed=_label_shift),
    Fault(cause=Cause.SESSION_DATE, kinds=frozenset({Kind.INDICATORS}), seed=_session_date),
)
