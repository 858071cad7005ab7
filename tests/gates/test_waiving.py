"""Which incidents a waiver covers, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.gates import find_incident, followers_of, propose, untouched, waive
from parity.gates.waiving import covers
from parity.model.errors import UsageError
from parity.model.result import Incident, Scope
from parity.model.verdict import Verdict
from parity.model.waiver import Waiver, WaiverState
from tests.report import build

SESSION = date(2005, 2, 28)


def waiver(ident: str = "w", **values: Any) -> Waiver:
    fields: dict[str, Any] = {
        "id": ident, "dataset": "bars", "cause": "rounding", "owner": "anna", "reason": "known",
        "expires": date(2005, 3, 30), "max_rows": 100,
    }  # fmt: skip
    return Waiver(**(fields | values))


def incident(ident: str = "i", rows: int = 5, **values: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": ident, "cause": "rounding", "proved": True, "rows": rows, "columns": ("close",),
        "scope": Scope(symbols=("AAPL", "IBM"), first="2005-02-17", last="2005-02-25"),
        "evidence": {"states": {"mismatched": rows}},
    }  # fmt: skip
    return Incident(**(fields | values))


LACKING = {"evidence": {"states": {"mismatched": 1, "legacy_only": 4}}}
NULL_KEYS = {"evidence": {"states": {"null_key": 5}}}
NOWHERE = {"scope": Scope(), "columns": ()}


@pytest.mark.parametrize(
    ("given", "found", "expected"),
    [
        ({}, {}, True),
        ({"dataset": "indicators"}, {}, False),
        ({"cause": "formula"}, {}, False),
        # Half of a pair is another cause.
        ({}, {"cause": "formula + rounding"}, False),
        ({"cause": "formula + rounding"}, {"cause": "formula + rounding"}, True),
        ({"symbols": ("IBM", "AAPL", "MSFT")}, {}, True),
        ({"symbols": ("AAPL",)}, {}, False),
        ({"columns": ("close", "open")}, {}, True),
        ({"columns": ("open",)}, {}, False),
        ({"columns": ("close",)}, {"columns": ("close", "open")}, False),
        ({"first": date(2005, 2, 17), "last": date(2005, 2, 25)}, {}, True),
        ({"first": date(2005, 2, 18)}, {}, False),
        ({"last": date(2005, 2, 24)}, {}, False),
        ({"first": date(2005, 2, 17)}, {}, True),
        # What is not known lies within nothing but everything.
        ({}, NOWHERE, True),
        ({"symbols": ("AAPL",)}, NOWHERE, False),
        ({"columns": ("close",)}, NOWHERE, False),
        ({"first": date(1990, 1, 1)}, NOWHERE, False),
        ({"last": date(2030, 1, 1)}, NOWHERE, False),
        # A row that one side lacks differs in all of its columns.
        ({"columns": ("close",)}, LACKING, False),
        ({"symbols": ("AAPL", "IBM")}, LACKING, True),
        # A row with a NULL in its key may have no day.
        ({"last": date(2005, 2, 25)}, NULL_KEYS, False),
        ({}, NULL_KEYS, True),
        # Nor a symbol.
        ({"symbols": ("AAPL", "IBM")}, NULL_KEYS, False),
        # Rows of which nothing is known may be any.
        ({}, {"evidence": {}}, False),
        ({"columns": ("close",)}, {"evidence": {"states": {}}}, False),
    ],
)
def test_a_waiver_covers_what_lies_wholly_within_it(
    given: dict[str, Any], found: dict[str, Any], expected: bool
) -> None:
    assert covers(waiver(**given), "bars", incident(**found)) is expected


def states(*waivers: Waiver, incidents: tuple[Incident, ...], session: date = SESSION) -> (
    tuple[dict[str, tuple[str, int, tuple[str, ...]]], dict[str, str | None]]
):  # fmt: skip
    found = waive("bars", incidents, waivers, session)
    uses = {use.waiver.id: (use.state.value, use.rows, use.incidents) for use in found.uses}
    return uses, {one.id: one.waiver for one in found.incidents}


def test_a_waiver_is_used_up_to_its_cap_and_not_a_row_beyond() -> None:
    both = (incident("a", 7), incident("b", 5))
    assert states(waiver(max_rows=12), incidents=both) == (
        {"w": ("used", 12, ("a", "b"))},
        {"a": "w", "b": "w"},
    )
    assert states(waiver(max_rows=11), incidents=both) == (
        {"w": ("over_cap", 12, ("a", "b"))},
        {"a": None, "b": None},
    )


def test_a_waiver_holds_on_the_session_it_expires_and_on_none_after_it() -> None:
    one = waiver(expires=SESSION)
    assert states(one, incidents=(incident(),))[1] == {"i": "w"}
    after = date(2005, 3, 1)
    assert states(one, incidents=(incident(),), session=after) == (
        {"w": ("expired", 5, ("i",))},
        {"i": None},
    )
    # Also where nothing would need it.
    assert states(one, incidents=(), session=after)[0] == {"w": ("expired", 0, ())}
    assert untouched(one, after).state is WaiverState.EXPIRED
    assert untouched(one, SESSION).state is WaiverState.UNUSED


def test_the_first_of_two_in_the_file_has_the_incident() -> None:
    narrow = waiver("narrow", symbols=("AAPL", "IBM"))
    wide = waiver("wide")
    assert states(wide, narrow, incidents=(incident(),)) == (
        {"wide": ("used", 5, ("i",)), "narrow": ("unused", 0, ())},
        {"i": "wide"},
    )
    assert states(narrow, wide, incidents=(incident(),))[1] == {"i": "narrow"}
    # Also where the first is over its cap: the second is no way around that.
    assert states(waiver("small", max_rows=4), wide, incidents=(incident(),)) == (
        {"small": ("over_cap", 5, ("i",)), "wide": ("unused", 0, ())},
        {"i": None},
    )
    # One that has expired is out of the way.
    old = waiver("old", expires=date(2005, 2, 1))
    assert states(old, wide, incidents=(incident(),)) == (
        {"old": ("expired", 0, ()), "wide": ("used", 5, ("i",))},
        {"i": "wide"},
    )


def test_what_follows_needs_a_waiver_of_its_own() -> None:
    bars = incident("a", cause="split_adjustment")
    after = incident("b", cause="upstream", explained_by="a")
    found = states(waiver(cause="split_adjustment"), incidents=(bars, after))
    assert found[1] == {"a": "w", "b": None}


def test_waivers_of_other_datasets_are_left_out() -> None:
    assert waive("bars", (), [waiver(dataset="indicators")], SESSION).uses == ()


CAUSES = st.sampled_from(["rounding", "formula"])
NAMES = st.sets(st.sampled_from("ABC"), max_size=2).map(lambda found: tuple(sorted(found)))
DAYS = st.none() | st.dates(date(2005, 2, 1), date(2005, 2, 5))
STATES = st.dictionaries(
    st.sampled_from(["mismatched", "legacy_only", "null_key"]),
    st.integers(1, 3),
    min_size=1,
    max_size=2,
)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    first, last = draw(DAYS), draw(DAYS)
    days = sorted(day.isoformat() for day in (first, last) if day is not None)
    return incident(
        draw(st.sampled_from("ijkl")), draw(st.integers(1, 9)), cause=draw(CAUSES),
        columns=draw(NAMES), evidence={"states": draw(STATES)},
        scope=Scope(
            symbols=draw(NAMES), first=days[0] if days else None, last=days[-1] if days else None
        ),
    )  # fmt: skip


WAIVERS = st.builds(
    waiver, st.sampled_from("pqrs"), dataset=st.sampled_from(["bars", "others"]), cause=CAUSES,
    symbols=NAMES, columns=NAMES, first=DAYS, last=DAYS, max_rows=st.integers(1, 20),
    expires=st.sampled_from([date(2005, 2, 1), SESSION]),
)  # fmt: skip
FILES = st.lists(WAIVERS, max_size=4, unique_by=lambda one: one.id)
FOUND = st.lists(incidents(), max_size=4, unique_by=lambda one: one.id)


@given(FILES, FOUND)
def test_waiving_changes_nothing_but_who_waives_and_keeps_every_cap(
    file: list[Waiver], found: list[Incident]
) -> None:
    done = waive("bars", found, file, SESSION)
    assert [replace(one, waiver=None) for one in done.incidents] == found
    assert [use.waiver for use in done.uses] == [one for one in file if one.dataset == "bars"]
    by = {use.waiver.id: use for use in done.uses}
    for one in done.incidents:
        if one.waiver is None:
            continue
        use = by[one.waiver]
        assert use.state is WaiverState.USED
        assert covers(use.waiver, "bars", one)
        assert not use.waiver.expired(SESSION)
    for use in done.uses:
        mine = [one for one in done.incidents if one.id in use.incidents]
        assert sum(one.rows for one in mine) == use.rows
        waived = [one for one in mine if one.waiver == use.waiver.id]
        assert waived == (mine if use.state is WaiverState.USED else [])
        if use.state is WaiverState.USED:
            assert 0 < use.rows <= use.waiver.max_rows


@given(FILES, FOUND)
def test_an_incident_is_left_only_for_a_reason(file: list[Waiver], found: list[Incident]) -> None:
    done = waive("bars", found, file, SESSION)
    over = {use.waiver.id for use in done.uses if use.state is WaiverState.OVER_CAP}
    for one in done.incidents:
        valid = [w for w in file if covers(w, "bars", one) and not w.expired(SESSION)]
        expected = valid[0].id if valid and valid[0].id not in over else None
        assert one.waiver == expected


@given(incidents(), st.lists(st.sampled_from(["bars-rounding", "bars-rounding-2"])))
def test_what_is_proposed_covers_the_incident_and_is_no_wider_than_it_can_be(
    one: Incident, taken: list[str]
) -> None:
    found = propose(
        "bars", one, owner="o", reason="r", expires=SESSION, max_rows=one.rows, taken=taken
    )
    assert covers(found, "bars", one)
    assert found.id not in taken
    keyed = "null_key" not in one.evidence["states"]
    assert found.symbols == (one.scope.symbols if keyed else ())
    assert set(found.columns) in (set(), set(one.columns))
    known = set(one.evidence["states"]) <= {"mismatched"}
    assert bool(found.columns) == (known and bool(one.columns))
    dated = one.scope.first is not None and "null_key" not in one.evidence["states"]
    assert (found.first is not None) == (found.last is not None) == dated


def test_what_no_waiver_covers_is_not_proposed() -> None:
    with pytest.raises(UsageError, match="does not tell which rows it is of"):
        propose(
            "bars", incident(evidence={}), owner="o", reason="r", expires=SESSION, max_rows=5,
            taken=(),
        )  # fmt: skip


def test_a_proposal_has_a_name_that_no_other_has() -> None:
    def ident(dataset: str, cause: str, *taken: str) -> str:
        one = incident(cause=cause)
        return propose(
            dataset, one, owner="o", reason="r", expires=SESSION, max_rows=5, taken=taken
        ).id

    assert ident("bars", "rounding") == "bars-rounding"
    assert ident("bars", "rounding", "bars-rounding", "bars-rounding-2") == "bars-rounding-3"
    assert ident("bars", "formula + rounding") == "bars-formula-rounding"
    assert len(ident("b" * 64, "rounding", "b" * 56)) <= 64


def night(session: date, *found: Incident) -> Any:
    rows = build.counts(10, sum(one.rows for one in found))
    dataset = build.different("bars", [], rows=rows, incidents=found)
    return build.run(Verdict.FAIL, dataset, session=session)


def test_an_incident_that_is_not_there_is_told_where_it_is_or_what_is_near() -> None:
    here = night(SESSION, incident("cafe01"), incident("cafe02", cause="formula"))
    before = night(date(2005, 2, 25), incident("beef"))
    both = [here, before]
    assert find_incident(here, "cafe01", both) == ("bars", incident("cafe01"))
    for ident, words in (
        ("beef", "it was there on 2005-02-25: --session 2005-02-25"),
        ("cafe", r"near it: cafe01 \(bars, rounding\), cafe02 \(bars, formula\)"),
        ("cafe03", "near it: cafe0"),
        ("zz", r"there are cafe01 \(bars, rounding\), cafe02"),
    ):
        with pytest.raises(UsageError, match=words):
            find_incident(here, ident, both)


def test_followers_are_those_it_explains_in_whole_or_in_part() -> None:
    root = incident("a", cause="split_adjustment")
    whole = incident("b", cause="upstream", explained_by="a")
    part = incident("c", cause="upstream", explained_by="x", evidence={"incidents": ["x", "a"]})
    other = incident("d", cause="upstream", explained_by="x", evidence={"incidents": ["x"]})
    assert followers_of(night(SESSION, root, whole, part, other), "a") == [
        ("bars", whole), ("bars", part),
    ]  # fmt: skip
