"""Reads, in the night's own snapshot, what the charts of its incidents are drawn from.

Of the gravest incidents of a dataset, one column of the one symbol that has most of the rows: the
incident's own time and a little before and after. What that costs is bounded: at most `INCIDENTS`
incidents of a dataset, of each a few thousand rows a side of two columns. The first stretch of each
is planned beforehand, and where the planner finds no cheap way the table is left alone; the others
are only stopped, each statement after ten seconds, and behind `BUDGET` seconds no further one of
the dataset begins: what is left then is told. The discrepancies themselves are read once more from
the disk, whatever that takes, with eight bytes of memory for each.

A chart is a kindness: whatever fails here is told and leaves the night as it is.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from parity.database.batches import Batch, Rows
from parity.diff import Comparison
from parity.diff.columns import Compared, Family
from parity.diff.queries import AS_PLANNED, PATIENT, Axis, Part, course, extent
from parity.model.picture import Series
from parity.model.result import Incident
from parity.model.suite import Dataset, Kind
from parity.model.thinning import thinned
from parity.model.verdict import Side
from parity.nightly.snapshot import Say
from parity.report.pictures.seen import difference
from parity.report.pictures.times import times_of
from parity.report.words import EXCHANGE_ZONE

__all__ = ["INCIDENTS", "picture"]

INCIDENTS = 6  # of a dataset, the gravest
POINTS = 400  # of a series
AROUND = 20  # rows before and after the incident
REST = 60  # rows after it that are drawn where these are all that follow
HALF = 2_000  # rows of the incident that are read from either end
COUNTED = 100_001  # rows are counted up to here
BUDGET = 15.0  # seconds of a dataset, from its first statement on
COST = 20_000  # in the planner's units; about a tenth of a second
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_NUMBERS = (Family.NUMERIC, Family.DOUBLE)

Values = dict[Any, Any]  # by time


def picture(
    comparison: Comparison, rows: Rows, incidents: Sequence[Incident], say: Say
) -> tuple[Series, ...]:
    """Both sides' values around the gravest incidents of a dataset.

    None where the key has no time, no compared column is a number, or the reading fails.

    Args:
        comparison: of the dataset, its transaction still open; it is left as it was.
        rows: all discrepancies with their incidents.
        incidents: those of the dataset.
        say: is told what failed.
    """
    dataset = comparison.dataset
    numbers = [pair for pair in comparison.plan.columns if pair.family in _NUMBERS]
    if not incidents or not numbers or dataset.time not in dataset.key:
        return ()
    found: list[Series] = []
    done = 0
    try:
        # A savepoint that is always undone: no setting and no failure outlives it.
        with comparison.connection.transaction(force_rollback=True):
            comparison.connection.execute(AS_PLANNED)
            comparison.connection.execute(PATIENT)
            parts = list(_parts(dataset, rows, incidents))
            look = _Look(comparison, numbers, monotonic() + BUDGET)
            for incident, part in parts:
                series = look.series(incident, part)
                done += 1
                if series is not None:
                    found.append(series)
    except _SpentError:
        left = len(parts) - done
        say(f"{dataset.name}: {left} of {len(parts)} charts are left out: they take too long")
    except Exception as error:  # noqa: BLE001
        # Not a word of the comparison depends on it.
        text = (str(error).splitlines() or [""])[0][:200]
        say(f"{dataset.name}: charts are left out: {type(error).__name__}: {text}")
    return tuple(found)


class _SpentError(Exception):
    """The time for the charts of a dataset is over."""


@dataclass(slots=True)
class _Part:
    """The rows of an incident that have the same key but for their time.

    `moments` has the time of each as a number, by the columns that differ: of an incident with
    millions of rows there is no room for more.
    """

    rest: tuple[Any, ...]
    first: Any
    last: Any
    rows: int = 0
    moments: dict[tuple[str, ...], array[int]] = field(default_factory=dict)

    def add(self, moment: Any, columns: tuple[str, ...]) -> None:
        self.rows += 1
        self.first, self.last = min(self.first, moment), max(self.last, moment)
        held = self.moments.get(columns)
        if held is None:
            held = self.moments[columns] = array("q")
        held.append(_code(moment))

    @property
    def columns(self) -> Counter[str]:
        """In how many rows each column differs."""
        found: Counter[str] = Counter()
        for columns, held in self.moments.items():
            found.update(dict.fromkeys(columns, len(held)))
        return found

    def own(self, times: Iterable[Any], column: str) -> set[Any]:
        """Those of some times at which the column differs, or a side has no row."""
        codes = {_code(moment): moment for moment in times}
        found: set[int] = set()
        for columns, held in self.moments.items():
            if column in columns or not columns:
                found.update(code for code in held if code in codes)
        return {codes[code] for code in found}


def _code(moment: date) -> int:
    """A date or an instant as a number: days, or microseconds."""
    if not isinstance(moment, datetime):
        return moment.toordinal()
    begin = _BEGIN if moment.tzinfo else _BEGIN.replace(tzinfo=None)
    return (moment - begin) // _TICK


def _parts(
    dataset: Dataset, rows: Rows, incidents: Sequence[Incident]
) -> Iterator[tuple[Incident, _Part]]:
    """The gravest incidents, each with the part that has most of its rows."""
    ordered = sorted(
        incidents,
        key=lambda one: (one.waiver is not None, bool(one.explained_by), one.proved, -one.rows),
    )
    wanted: dict[str, dict[Hashable, _Part]] = {one.id: {} for one in ordered[:INCIDENTS]}
    place = dataset.key.index(str(dataset.time))
    for batch in rows.batches():
        for owner, moment, rest, columns in _plain(batch, place):
            parts = wanted.get(owner)
            if parts is not None and isinstance(moment, date) and None not in rest:
                part = parts.get(rest) or parts.setdefault(rest, _Part(rest, moment, moment))
                part.add(moment, columns)
    for incident in ordered[:INCIDENTS]:
        found = wanted[incident.id].values()
        if found:
            yield incident, max(found, key=lambda part: part.rows)


def _plain(batch: Batch, place: int) -> Iterator[tuple[str, Any, tuple[Any, ...], tuple[str, ...]]]:
    """Of each row its incident, time, other key columns and the columns that differ."""
    key = [column.plain() for column in batch.key]
    others = [column for number, column in enumerate(key) if number != place]
    rest: Iterable[tuple[Any, ...]] = zip(*others, strict=True) if others else [()] * len(batch)
    return zip(batch.incidents, key[place], rest, batch.columns, strict=True)


@dataclass(frozen=True, slots=True)
class _Read:
    """Values of both sides by time; `whole` counts the rows where not all were read."""

    legacy: Values
    candidate: Values
    whole: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    comparison: Comparison
    numbers: Sequence[Compared]
    until: float  # by the monotonic clock

    def series(self, incident: Incident, part: _Part) -> Series | None:
        """The series of an incident.

        None where no number differs, or the database would read too much for it.
        """
        dataset = self.comparison.dataset
        place = dataset.key.index(str(dataset.time))
        places = [number for number in range(len(dataset.key)) if number != place]
        fixed = tuple(zip(places, part.rest, strict=True))
        axis = Axis(place, fixed, self.comparison.types)
        column = _telling(dataset, self.numbers, part)
        if column is None or any(self._costly(side, axis, column, part) for side in Side):
            return None
        read = self._read(axis, column, part)
        times = sorted(read.legacy.keys() | read.candidate.keys())
        if len(times) < 2:
            return None
        return _series(dataset, incident, part, column, read, times)

    def _in_time(self) -> None:
        if monotonic() > self.until:
            raise _SpentError

    def _costly(self, side: Side, axis: Axis, column: Compared, part: _Part) -> bool:
        wanted = self._course(side, axis, column, [("<", part.first)], back=True, limit=AROUND)
        return bool(self.comparison.plan_of(wanted)["Total Cost"] > COST)

    def _course(
        self, side: Side, axis: Axis, column: Compared, limits: Any, *, back: bool, limit: int
    ) -> Part:
        reader = self.comparison.readers[side]
        return course(reader, axis, column, limits, back=back, limit=limit)

    def _read(self, axis: Axis, column: Compared, part: _Part) -> _Read:
        """The incident's rows, all or from both ends, and some before and after."""

        def ask(limits: Any, *, back: bool, limit: int) -> tuple[dict[Side, Values], bool]:
            return self._both(axis, column, limits, back=back, limit=limit)

        inner = [(">=", part.first), ("<=", part.last)]
        stretches = [ask([("<", part.first)], back=True, limit=AROUND)[0]]
        begin, cut = ask(inner, back=False, limit=HALF)
        stretches.append(begin)
        if cut:
            stretches.append(ask(inner, back=True, limit=HALF)[0])
        stretches.append(_after(*ask([(">", part.last)], back=False, limit=REST + 1)))
        sides: dict[Side, Values] = {side: {} for side in Side}
        for stretch in stretches:
            for side, values in stretch.items():
                sides[side].update(values)
        whole = self._extent(axis, sides) if cut else 0
        return _Read(sides[Side.LEGACY], sides[Side.CANDIDATE], whole)

    def _both(
        self, axis: Axis, column: Compared, limits: Any, *, back: bool, limit: int
    ) -> tuple[dict[Side, Values], bool]:
        """Both sides as far as both are known, and whether there is more of either.

        A side that has more rows ends earlier: beyond, the other one's would look alone.
        """
        found: dict[Side, Values] = {}
        ends = []
        for side in Side:
            self._in_time()
            part = self._course(side, axis, column, limits, back=back, limit=limit)
            rows = self.comparison.ask(part)
            found[side] = {}
            for moment, value in rows:
                if isinstance(moment, date):  # infinity comes as text
                    found[side].setdefault(moment, value)  # of a doubled key the first one read
            if len(rows) == limit and found[side]:
                ends.append(list(found[side])[-1])
        if not ends:
            return found, False
        end = max(ends) if back else min(ends)
        for side, values in found.items():
            found[side] = {
                moment: value
                for moment, value in values.items()
                if (moment >= end if back else moment <= end)
            }
        return found, True

    def _extent(self, axis: Axis, sides: dict[Side, Values]) -> int:
        """How many rows the larger side has from the first to the last time that is kept."""
        times = sides[Side.LEGACY].keys() | sides[Side.CANDIDATE].keys()
        limits = [(">=", min(times)), ("<=", max(times))]
        self._in_time()
        parts = [extent(self.comparison.readers[side], axis, limits, COUNTED) for side in Side]
        return max(int(self.comparison.ask(part)[0][0]) for part in parts)


def _after(read: dict[Side, Values], more: bool) -> dict[Side, Values]:
    """All that follows the incident; of much, as many rows as stand before it."""
    times = sorted(set().union(*read.values()))
    if not more and len(times) <= REST:
        return read
    kept = set(times[:AROUND])
    return {side: {t: v for t, v in values.items() if t in kept} for side, values in read.items()}


def _telling(dataset: Dataset, numbers: Sequence[Compared], part: _Part) -> Compared | None:
    """The close of bars where it differs or whole rows do, else what differs in most rows.

    None where none of them differs, but something else does.
    """
    columns = part.columns
    if dataset.kind is Kind.BARS:
        close = next((pair for pair in numbers if pair.name == "close"), None)
        if close is not None and (close.name in columns or not columns):
            return close
    most = max(numbers, key=lambda pair: columns[pair.name])
    return most if columns[most.name] or not columns else None


def _series(
    dataset: Dataset,
    incident: Incident,
    part: _Part,
    column: Compared,
    read: _Read,
    times: list[Any],
) -> Series:
    legacy = [_number(read.legacy.get(moment)) for moment in times]
    candidate = [_number(read.candidate.get(moment)) for moment in times]
    differs = [
        place
        for place, (one, other) in enumerate(zip(legacy, candidate, strict=True))
        if one != other
    ]
    owned = part.own(times, column.name)
    own = [place for place, moment in enumerate(times) if moment in owned]
    texts = _texts(times, dataset.timezone)
    every = Series(
        dataset=dataset.name,
        incident=incident.id,
        symbol=_symbol(dataset, part),
        column=column.name,
        times=texts,
        legacy=tuple(legacy),
        candidate=tuple(candidate),
        first=texts[own[0]] if own else "",
        last=texts[own[-1]] if own else "",
        whole=read.whole or len(times),
        source=_source(dataset, part),
        own=tuple(moment in owned for moment in times),
    )
    bounded = "of the points read, " if every.whole > len(times) else ""
    says = bounded + difference(every, times_of(texts))
    # Where others differ there too, the incident's own rows come first.
    return _kept(replace(every, says=says), [n for n in differs if times[n] in owned] or differs)


def _kept(every: Series, telling: Sequence[int]) -> Series:
    """The series with no more points than are drawn: no extreme of either side or of the delta."""
    sides = every.legacy, every.candidate
    delta = [
        None if one is None or other is None else other - one
        for one, other in zip(*sides, strict=True)
    ]
    size = len(every.times)
    kept = thinned(size, POINTS, ends=2 * AROUND, telling=telling, lines=[delta, *sides])
    return every.at(kept)


def _rest(dataset: Dataset, part: _Part) -> Iterator[tuple[str, str]]:
    names = [name for name in dataset.key if name != dataset.time]
    return ((name, str(value)) for name, value in zip(names, part.rest, strict=True))


def _symbol(dataset: Dataset, part: _Part) -> str:
    return next((value for name, value in _rest(dataset, part) if name == dataset.symbol), "")


def _source(dataset: Dataset, part: _Part) -> str:
    return ", ".join(value for name, value in _rest(dataset, part) if name != dataset.symbol)


def _number(value: Any) -> float | None:
    """What can be drawn; None for NULL, NaN and the infinities."""
    if not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer beyond the range of a double
        return None


def _texts(times: Sequence[date], zone: str | None) -> tuple[str, ...]:
    """Dates as such, instants in UTC.

    Bare timestamps are dates where all are midnights. Else they are of the dataset's zone, and
    without one they are drawn at the hour that they say.
    """
    bare = [one for one in times if isinstance(one, datetime) and one.tzinfo is None]
    days = all(one.time() == time() for one in bare)
    clock = ZoneInfo(zone) if zone else EXCHANGE_ZONE
    return tuple(_iso(one, clock, days=days) for one in times)


def _iso(moment: date, clock: ZoneInfo, *, days: bool) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    if moment.tzinfo is None:
        if days:
            return moment.date().isoformat()
        moment = moment.replace(tzinfo=clock)
    return moment.astimezone(UTC).isoformat()
