"""The chain of the trail: any edit of any row is found."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity.evidence.chain import check_chain, check_head
from parity.model.trail import TrailEntry, chain_hash

START = datetime(2005, 2, 28, tzinfo=UTC)
LINE = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8)


def chain(rows: list[tuple[str, str, str]], gaps: list[int] | None = None) -> list[TrailEntry]:
    """A trail as the database makes it: kind, name and content of each row."""
    made: list[TrailEntry] = []
    at = START
    for number, (kind, by, text) in enumerate(rows, 1):
        at += timedelta(microseconds=(gaps or [1] * len(rows))[number - 1])
        entry = TrailEntry(
            number=number, migration="toy", at=at, kind=kind, by=by, content={"text": text},
            text=json.dumps({"text": text}), previous=made[-1].hash if made else "", hash="",
        )  # fmt: skip
        made.append(replace(entry, hash=chain_hash(entry)))
    return made


ROWS = st.lists(st.tuples(LINE, LINE, st.text(max_size=8)), min_size=1, max_size=6)
EDITS: dict[str, Any] = {
    "number": lambda _: st.integers(-3, 12),
    "migration": lambda _: LINE,
    "at": lambda old: st.timedeltas(timedelta(-2), timedelta(2)).map(lambda by: old + by),
    "kind": lambda _: st.text(max_size=8),
    "by": lambda _: st.text(max_size=8),
    "text": lambda _: st.text(max_size=8),
    "previous": lambda _: st.text("0123456789abcdef", max_size=64),
    "hash": lambda _: st.text("0123456789abcdef", min_size=64, max_size=64),
}


def found(trail: list[TrailEntry]) -> list[str]:
    return [str(finding) for finding in check_chain(trail)]


def test_every_column_is_edited() -> None:
    assert set(EDITS) == {field.name for field in fields(TrailEntry)} - {"content"}


@given(st.data(), ROWS)
def test_any_edit_of_any_field_is_found(data: st.DataObject, rows: list[Any]) -> None:
    trail = chain(rows)
    assert found(trail) == []
    place = data.draw(st.integers(0, len(trail) - 1))
    name = data.draw(st.sampled_from(sorted(EDITS)))
    old = getattr(trail[place], name)
    new = data.draw(EDITS[name](old).filter(lambda value: value != old))
    trail[place] = replace(trail[place], **{name: new})
    assert found(sorted(trail, key=lambda entry: entry.number))


@given(st.data(), ROWS.filter(lambda rows: len(rows) > 1))
def test_a_row_taken_out_or_put_elsewhere_is_found(data: st.DataObject, rows: list[Any]) -> None:
    trail = chain(rows)
    place = data.draw(st.integers(0, len(trail) - 2))
    left = [entry for entry in trail if entry.number != place + 1]
    assert found(left)[0] == f"trail row {place + 1}: gone"
    renumbered = [replace(entry, number=number) for number, entry in enumerate(left, 1)]
    assert found(renumbered)


@given(st.data(), ROWS)
def test_an_edit_with_a_new_hash_is_found_by_the_next_row_or_the_head(
    data: st.DataObject, rows: list[Any]
) -> None:
    trail = chain(rows)
    head = trail[-1].hash
    place = data.draw(st.integers(0, len(trail) - 1))
    edited = replace(trail[place], by=trail[place].by + "x")
    trail[place] = replace(edited, hash=chain_hash(edited))
    lines = found(trail)
    if place < len(trail) - 1:
        assert lines == [f"trail row {place + 2}: does not follow on row {place + 1}"]
    else:
        assert lines == []
        assert len(list(check_head(trail, head))) == 1


@given(ROWS, st.integers(1, 6))
def test_rows_taken_off_the_end_are_found_by_an_older_head_only(rows: list[Any], cut: int) -> None:
    trail = chain(rows)
    left = trail[:-cut]
    assert found(left) == []
    assert [str(one) for one in check_head(left, trail[-1].hash)] == [
        f"trail: no row has the hash {trail[-1].hash} any more: rows were taken off, or all made "
        "anew"
    ]
    assert all(not list(check_head(trail, entry.hash)) for entry in trail)


def test_each_line_names_its_row() -> None:
    trail = chain([("step", "anna", "a"), ("phase", "ben", "b"), ("step", "carl", "c")])
    first, second, third = trail
    assert found([first, replace(second, by="eve"), third]) == [
        "trail row 2: does not say what it said: its hash is of something else"
    ]
    assert found([third]) == ["trail rows 1 to 2: gone"]
    assert found([second, third]) == ["trail row 1: gone"]
    assert found([first, first, second, third])[0] == "trail row 1: has a number that is taken"
    older = replace(third, at=second.at - timedelta(seconds=1))
    assert found([first, second, replace(older, hash=chain_hash(older))]) == [
        "trail row 3: is older than row 2"
    ]
    forged = replace(first, previous="ab")
    assert found([replace(forged, hash=chain_hash(forged))]) == [
        "trail row 1: does not follow on nothing, as the first row must"
    ]


def test_two_rows_with_the_same_lines_are_told_apart() -> None:
    [row] = chain([("step", "anna", "a")])
    moved = replace(row, by="anna\n" + row.text[:4], text=row.text[4:])
    whole = replace(row, by="anna", text=moved.by[5:] + "\n" + moved.text)
    assert chain_hash(moved) == chain_hash(whole)
    moved = replace(moved, hash=chain_hash(moved))
    assert found([moved]) == ["trail row 1: has a line end in its kind or name"]
