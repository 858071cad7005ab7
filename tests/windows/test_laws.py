"""What holds after every night of any history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parity.model.audit import Audit
from parity.model.suite import Window
from parity.windows import EVERYTHING, Range, Scope, choose, coverage, next_audit

AT = datetime(2024, 3, 1, 1, tzinfo=UTC)
FIRST = date(2024, 1, 1)
SYMBOLS = "ABCDEFGHIJ"
Row = tuple[str, date]


@dataclass(frozen=True)
class Day:
    """What happens on a day, before its night."""

    appear: frozenset[str]
    vanish: frozenset[str]
    written: tuple[tuple[str, int], ...]  # symbol, days ago
    spoil: frozenset[str]
    mend: frozenset[str]
    truncate: bool
    digest: str
    runs: bool


some = st.frozensets(st.sampled_from(SYMBOLS), max_size=3)
seldom = st.integers(0, 19).map(lambda number: number == 0)
days = st.builds(
    Day,
    appear=some,
    vanish=st.one_of(st.just(frozenset[str]()), some),
    written=st.lists(
        st.tuples(st.sampled_from(SYMBOLS), st.integers(0, 400)), max_size=4
    ).map(tuple),
    spoil=st.frozensets(st.sampled_from(SYMBOLS), max_size=1),
    mend=some,
    truncate=seldom,
    digest=st.sampled_from("dddddddddddddde"),
    runs=st.integers(0, 5).map(bool),
)  # fmt: skip


@dataclass
class World:
    """Two sides, and what the harness remembers of them."""

    window: Window
    symbols: set[str] = field(default_factory=set)
    unseen: set[Row] = field(default_factory=set)  # written since the last night that ran
    truncated: bool = False
    broken: set[str] = field(default_factory=set)  # differ somewhere in their history
    previous: Audit | None = None
    verified: dict[str, int] = field(default_factory=dict)  # number of nights that ran by then
    nights: int = 0
    sessions: list[date] = field(default_factory=list)

    def pass_day(self, day: Day) -> None:
        today = FIRST + timedelta(days=len(self.sessions))
        self.sessions.append(today)
        self.symbols = (self.symbols | day.appear) - day.vanish
        self.broken = (self.broken - day.mend) & self.symbols
        for symbol, ago in day.written:
            if symbol in self.symbols:
                self.unseen.add((symbol, today - timedelta(days=ago)))
        for symbol in day.spoil & self.symbols:  # nothing breaks without a write
            self.broken.add(symbol)
            self.unseen.add((symbol, today - timedelta(days=300)))
        self.truncated |= day.truncate

    def touched(self) -> dict[str, list[Range]]:
        found: dict[str, list[Range]] = defaultdict(list)
        for symbol, at in sorted(self.unseen):
            found[symbol].append(Range(at, at + timedelta(days=1)))
        if self.truncated:
            found[EVERYTHING].append(Range(date.min, None))
        return dict(found)

    def scope(self, digest: str, touched: Mapping[str, Sequence[Range]]) -> Scope:
        return choose(
            window=self.window, symbols=sorted(self.symbols), previous=self.previous,
            digest=digest, session=self.sessions[-1], sessions=self.sessions, touched=touched,
            recent_from=self.sessions[-self.window.sessions :][0],
        )  # fmt: skip


def inside(scope: Scope, row: Row) -> bool:
    symbol, at = row
    return symbol in scope.whole or any(
        name == symbol and one.start <= at and (one.end is None or at < one.end)
        for name, one in scope.ranges
    )


@given(st.integers(1, 6), st.integers(1, 7), st.lists(days, min_size=1, max_size=30))
def test_laws_of_every_night(sessions: int, cycle: int, history: Iterable[Day]) -> None:
    world = World(Window(sessions=sessions, audit_cycle=cycle))
    for day in history:
        world.pass_day(day)
        if day.runs:
            _night(world, day.digest)


def _night(world: World, digest: str) -> None:
    before = world.previous
    touched = world.touched()
    scope = world.scope(digest, touched)
    _is_well_formed(scope, world.symbols)
    # The same night again has the same scope.
    assert world.scope(digest, touched) == scope
    assert all(inside(scope, row) for row in world.unseen if row[0] in world.symbols)
    if before is None or before.digest != digest or world.truncated:
        assert set(scope.whole) == world.symbols
    else:
        assert before.differing & world.symbols <= set(scope.whole)
    # What is broken shows if it is read; what is not read has been clean since it was verified.
    shown = {symbol for symbol in world.broken if symbol in scope.whole}
    assert shown >= {symbol for symbol in world.broken if before and symbol in before.differing}
    spoiled = {symbol for symbol, _ in world.unseen} & world.broken
    session = world.sessions[-1]
    after = next_audit(
        before, scope, sorted(world.symbols), shown | spoiled, digest, session, "1:1:", AT
    )
    assert after.differing == world.broken  # no difference is forgotten, none lives on

    world.nights += 1
    # One that is gone on a night is forgotten; gone and back between two, only its writes tell.
    world.verified = {name: at for name, at in world.verified.items() if name in world.symbols}
    world.verified |= dict.fromkeys(scope.whole, world.nights)
    assert set(after.verified) == world.symbols == set(world.verified)
    for number in world.verified.values():
        assert world.nights - number < world.window.audit_cycle
    found = coverage(
        after, scope, dict.fromkeys(world.symbols, 3), session, world.sessions,
        world.window.audit_cycle,
    )  # fmt: skip
    assert found.overdue == 0
    assert found.segments == 3 * len(world.symbols)
    assert found.compared == 3 * len(scope.whole)
    assert found.oldest == min(after.verified.values(), default=None)
    world.previous, world.unseen, world.truncated = after, set(), False


def _is_well_formed(scope: Scope, symbols: set[str]) -> None:
    ranged = [symbol for symbol, _ in scope.ranges]
    assert list(scope.whole) == sorted(set(scope.whole))
    assert ranged == sorted(ranged)
    assert set(scope.whole) | set(ranged) == symbols
    assert not set(scope.whole) & set(ranged)
    for (symbol, one), (other, two) in zip(scope.ranges, scope.ranges[1:], strict=False):
        if symbol == other:
            assert one.end is not None
            assert one.start < one.end < two.start
    assert all(one.end is None or one.start < one.end for _, one in scope.ranges)


@given(st.integers(1, 200), st.integers(1, 30))
def test_a_quiet_night_reads_its_share_and_no_more(count: int, cycle: int) -> None:
    symbols = [f"S{number:03}" for number in range(count)]
    sessions: list[date] = []
    previous: Audit | None = None
    wholes: list[tuple[str, ...]] = []
    for number in range(2 * cycle + 1):
        sessions.append(FIRST + timedelta(days=number))
        scope = choose(
            window=Window(audit_cycle=cycle), symbols=symbols, previous=previous, digest="d",
            session=sessions[-1], sessions=sessions, touched={}, recent_from=sessions[-1],
        )  # fmt: skip
        previous = next_audit(previous, scope, symbols, [], "d", sessions[-1], "1:1:", AT)
        wholes.append(scope.whole)
    share = -(-count // cycle)
    assert {len(whole) for whole in wholes[1:]} == {share}
    # In the first round no symbol comes twice, and neighbours come together.
    first = [symbol for whole in wholes[1 : count // share + 1] for symbol in whole]
    assert first == symbols[: len(first)]


@given(st.integers(1, 60), st.integers(2, 10), st.integers(1, 12))
def test_missed_nights_are_made_up_at_the_next_one(count: int, cycle: int, missed: int) -> None:
    symbols = [f"S{number:03}" for number in range(count)]
    sessions = [FIRST + timedelta(days=number) for number in range(3 * cycle + missed)]
    ran = [*range(2 * cycle), *range(2 * cycle + missed, len(sessions))]
    previous: Audit | None = None
    for number in ran:
        known = sessions[: number + 1][-cycle - 1 :]  # as few as the contract allows
        scope = choose(
            window=Window(audit_cycle=cycle), symbols=symbols, previous=previous, digest="d",
            session=known[-1], sessions=known, touched={}, recent_from=known[-1],
        )  # fmt: skip
        previous = next_audit(previous, scope, symbols, [], "d", known[-1], "1:1:", AT)
        months = dict.fromkeys(symbols, 1)
        assert coverage(previous, scope, months, known[-1], known, cycle).overdue == 0
        # Never more than the nights that were missed would have read, and its own share.
        gap = missed if number == 2 * cycle + missed else 1
        share = -(-count // cycle)
        assert number == 0 or len(scope.whole) <= min(count, share * max(gap, 1) + share)
