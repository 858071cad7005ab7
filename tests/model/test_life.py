"""What becomes of incidents from night to night, by hand and by laws."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.life import Life, State, lives, resolved
from parity.model.result import DatasetResult, Incident, RowCounts, RunResult, Scope, SecondOpinion
from parity.model.selftest import SelfTest
from parity.model.verdict import Verdict

MONDAY = date(2005, 2, 28)
NOT_COMPARED = None
EMPTY = "empty"

Found = dict[str, int] | str | None
"""Rows of each incident; or no comparison at all, or one with an empty side."""


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def dataset(found: Found, name: str = "bars") -> DatasetResult:
    if found is NOT_COMPARED or found == EMPTY:
        rows = 0 if found is NOT_COMPARED else 50
        counts = RowCounts(
            legacy=0, candidate=rows, matched=0, mismatched=0, legacy_only=0, candidate_only=rows
        )
        incidents = {"side": 50} if rows else {}
    else:
        assert isinstance(found, dict)
        incidents, differ = found, sum(found.values())
        counts = RowCounts(
            legacy=10 + differ, candidate=10 + differ, matched=10, mismatched=differ,
            legacy_only=0, candidate_only=0,
        )  # fmt: skip
    return DatasetResult(
        name=name,
        kind="bars",
        verdict=Verdict.UNDECIDED,
        reasons=(),
        rows=counts,
        incidents=tuple(
            Incident(id=ident, cause="rounding", proved=True, rows=n, columns=(), scope=Scope())
            for ident, n in incidents.items()
        ),
    )


def run(number: int, *datasets: DatasetResult) -> RunResult:
    return RunResult(
        run_id=f"m.{number}",
        migration="m",
        phase="parallel_run",
        session=day(number),
        as_of=datetime(2005, 3, 1, tzinfo=UTC),
        verdict=Verdict.UNDECIDED,
        reasons=(),
        datasets=datasets,
        selftest=SelfTest(),
        second_opinion=SecondOpinion(rows=0, disagreements=0),
    )


def history(*nights: Found) -> list[RunResult]:
    """A night for each, of one dataset, the oldest first."""
    return [run(number, dataset(found)) for number, found in enumerate(nights)]


def life(*nights: Found, ident: str = "a") -> Life:
    """Of an incident on the last of the nights."""
    runs = history(*nights)
    return lives(runs[-1], runs)["bars", ident]


def gone(*nights: Found) -> list[tuple[str, int, date]]:
    """What the last of the nights has no more: id, rows and last session."""
    runs = history(*nights)
    return [(one.incident.id, one.incident.rows, one.last) for one in resolved(runs[-1], runs)]


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([{"a": 7}], (State.NEW, 0, 0, (7,))),
        ([{}, {"a": 7}], (State.NEW, 1, 1, (7,))),
        ([{"b": 7}, {"a": 7}], (State.NEW, 1, 1, (7,))),
        ([{"a": 7}, {"a": 7}], (State.PERSISTING, 0, 0, (7, 7))),
        ([{"a": 492}, {"a": 493}], (State.GROWN, 0, 0, (492, 493))),
        ([{"a": 7}, {"a": 6}], (State.SHRUNK, 0, 0, (7, 6))),
        # Beside the night before, not beside the first.
        ([{"a": 7}, {"a": 9}, {"a": 8}], (State.SHRUNK, 0, 0, (7, 9, 8))),
        ([{"a": 7}, {}, {"a": 7}], (State.CAME_BACK, 0, 2, (7,))),
        ([{"a": 7}, {}, {"a": 5}, {"a": 6}], (State.GROWN, 0, 2, (5, 6))),
        # What was not compared is neither a break nor a night of the streak.
        ([{"a": 7}, NOT_COMPARED, {"a": 7}], (State.PERSISTING, 0, 0, (7, 7))),
        ([{"a": 7}, EMPTY, NOT_COMPARED, {"a": 8}], (State.GROWN, 0, 0, (7, 8))),
        ([{"a": 7}, {}, EMPTY, {"a": 7}], (State.CAME_BACK, 0, 3, (7,))),
        ([EMPTY, NOT_COMPARED, {"a": 7}], (State.NEW, 2, 2, (7,))),
    ],
)
def test_the_life_of_an_incident(
    nights: list[Found], expected: tuple[State, int, int, tuple[int, ...]]
) -> None:
    state, first, since, rows = expected
    assert life(*nights) == Life(state=state, first=day(first), since=day(since), rows=rows)


def test_what_an_empty_side_shows_is_new_on_each_such_night() -> None:
    assert life({}, EMPTY, EMPTY, ident="side").state is State.NEW
    assert life(EMPTY, {"side": 50}, ident="side").state is State.NEW


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([{"a": 7}], []),
        ([{"a": 7}, {"a": 8}], []),
        ([{"a": 7, "b": 2}, {"b": 2}], [("a", 7, day(0))]),
        ([{"a": 7}, {"a": 9}, {}], [("a", 9, day(1))]),
        ([{"a": 7}, {}, {}], []),  # it was resolved the night before
        ([{"a": 7}, NOT_COMPARED], []),
        ([{"a": 7}, EMPTY], []),
        ([{"a": 7}, EMPTY, NOT_COMPARED, {}], [("a", 7, day(0))]),
        ([{}, EMPTY, {}], []),  # what an empty side showed was never there
    ],
)
def test_what_is_resolved(nights: list[Found], expected: list[tuple[str, int, date]]) -> None:
    assert gone(*nights) == expected


def test_datasets_are_apart_and_one_that_is_not_compared_any_more_resolves_nothing() -> None:
    before = run(0, dataset({"a": 1}), dataset({"a": 2, "b": 3}, "more"), dataset({"c": 1}, "old"))
    now = run(1, dataset({}), dataset({"a": 2}, "more"), dataset({"a": 4}, "fresh"))
    assert {ident: one.state for ident, one in lives(now, [before]).items()} == {
        ("more", "a"): State.PERSISTING,
        ("fresh", "a"): State.NEW,
    }
    assert [(one.dataset, one.incident.id) for one in resolved(now, [before])] == [
        ("bars", "a"),
        ("more", "b"),
    ]


FOUND = st.one_of(
    st.just(NOT_COMPARED),
    st.just(EMPTY),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), max_size=3),
)
NIGHTS = st.lists(FOUND, min_size=1, max_size=8)


@given(NIGHTS, st.randoms(use_true_random=False), FOUND)
def test_neither_order_nor_later_nights_nor_the_night_itself_matter(
    nights: list[Found], dice: random.Random, later: Found
) -> None:
    runs = history(*nights)
    night, expected = runs[-1], lives(runs[-1], runs[:-1])
    mixed = [*runs, run(len(runs), dataset(later))]
    dice.shuffle(mixed)
    assert lives(night, mixed) == expected
    assert resolved(night, mixed) == resolved(night, runs[:-1])


@given(NIGHTS)
def test_nights_that_compared_nothing_might_as_well_not_be_there(nights: list[Found]) -> None:
    runs = history(*nights)
    telling = [one for one in runs if one.datasets[0].rows.legacy]
    assert lives(runs[-1], runs) == lives(runs[-1], telling)
    assert resolved(runs[-1], runs) == resolved(runs[-1], telling)


@given(NIGHTS)
def test_a_life_agrees_with_the_nights_it_is_told_from(nights: list[Found]) -> None:
    runs = history(*nights)
    night = runs[-1]
    found = lives(night, runs)
    assert set(found) == {("bars", incident.id) for incident in night.datasets[0].incidents}
    before = [
        {incident.id: incident.rows for incident in one.datasets[0].incidents}
        for one in runs[:-1]
        if one.datasets[0].rows.legacy
    ]
    for (_, ident), one in found.items():
        rows = next(entry.rows for entry in night.datasets[0].incidents if entry.id == ident)
        assert one.rows[-1] == rows
        assert one.first <= one.since <= night.session
        assert (one.state is State.NEW) == all(ident not in held for held in before)
        streak = one.rows[:-1]
        assert list(streak) == [held[ident] for held in before[len(before) - len(streak) :]]
        longer = before[len(before) - len(streak) - 1 : len(before) - len(streak)]
        assert all(ident not in held for held in longer)
        if not streak:
            assert one.state in (State.NEW, State.CAME_BACK)


@given(NIGHTS)
def test_an_incident_of_the_last_compared_night_persists_or_is_resolved(
    nights: list[Found],
) -> None:
    runs = history(*nights)
    *before, night = runs
    compared = [one for one in before if one.datasets[0].rows.legacy]
    had = {one.id for one in compared[-1].datasets[0].incidents} if compared else set()
    has = {one.id for one in night.datasets[0].incidents}
    ended = {one.incident.id for one in resolved(night, runs)}
    assert ended == (had - has if night.datasets[0].rows.legacy else set())
