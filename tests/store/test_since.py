"""New, gone and persisting discrepancies of two runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.database import Database
from parity.model.errors import UsageError
from parity.model.result import DatasetResult, Discrepancy, RowCounts, RowState, RunResult
from parity.model.since import Since
from parity.model.verdict import Verdict
from parity.store import Store
from parity.store.connection import reading
from parity.store.evidence import write_evidence
from parity.store.since import since_run
from parity.store.wholly import evidence_of, since_evidence
from tests.store.build import dataset, only, pair, run

FRIDAY, MONDAY = date(2005, 2, 25), date(2005, 2, 28)


def save(
    store: Store,
    rows: list[Discrepancy],
    session: date = MONDAY,
    limit: int = 100,
    evidence: Path | None = None,
    columns: tuple[str, ...] = ("close",),
    key: tuple[str, ...] = ("symbol",),
) -> RunResult:
    found = run(dataset(rows, columns, key), session=session)
    return store.save(found, {"bars": rows}, config="c", limit=limit, evidence=evidence)


def since(database: Database, now: RunResult, before: RunResult, evidence: Path | None) -> Since:
    with reading(database.engine_as("parity_harness")) as connection:
        [found] = since_run(connection, now, before.run_id, evidence)
    return found


def test_new_gone_persisting_and_changed(store: Store) -> None:
    before = save(
        store,
        [pair("A", 1.0, 2.0), pair("B", 1.0, 2.0), pair("C", 1.0, 2.0),
         only(RowState.LEGACY_ONLY, "D")],
        FRIDAY,
    )  # fmt: skip
    now = save(
        store,
        [pair("B", 1.0, 2.0), pair("C", 1.0, 2.5), pair("D", 1.0, 2.0),
         only(RowState.CANDIDATE_ONLY, "E")],
    )  # fmt: skip
    # A is gone, B the same, C changed; D was only in legacy and now differs: gone and new.
    assert store.since(now, before.run_id) == (
        Since(
            dataset="bars", new=2, gone=2, persisting=2, changed=1,
            new_keys=(("D",), ("E",)), gone_keys=(("A",), ("D",)),
        ),
    )  # fmt: skip
    same = Since(dataset="bars", persisting=4)
    assert store.since(now, now.run_id) == (same,)


def test_other_columns_that_differ_are_a_change(store: Store) -> None:
    row = Discrepancy(
        state=RowState.MISMATCHED, key=("A",), legacy={"close": 1.0, "open": 1.0},
        candidate={"close": 2.0, "open": 1.1}, columns=("close",),
    )  # fmt: skip
    wider = replace(row, columns=("close", "open"))
    runs = [
        store.save(
            run(dataset([one], ("close", "open")), session=session), {"bars": [one]}, config="c"
        )
        for one, session in ((row, FRIDAY), (wider, MONDAY))
    ]
    [since] = store.since(runs[1], runs[0].run_id)
    assert (since.persisting, since.changed) == (1, 1)


def test_nan_and_null_values_are_the_same_as_before(store: Store) -> None:
    rows = [pair("A", float("nan"), 1.0), only(RowState.LEGACY_ONLY, "B", None)]
    before = save(store, rows, FRIDAY)
    [since] = store.since(save(store, rows), before.run_id)
    assert since == Since(dataset="bars", persisting=2)


def test_doubled_and_null_keys_are_counted_one_by_one(store: Store) -> None:
    doubled = only(RowState.DUPLICATE_KEY, "A")
    null = only(RowState.NULL_KEY, None)
    before = save(store, [doubled, doubled, doubled, null], FRIDAY)
    now = save(store, [doubled, doubled, null, null])
    assert store.since(now, before.run_id) == (
        Since(
            dataset="bars", new=1, gone=1, persisting=3,
            new_keys=((None,),), gone_keys=(("A",),),
        ),
    )  # fmt: skip


def test_five_keys_of_each_in_key_order(store: Store) -> None:
    before = save(store, [pair(symbol, 1.0, 2.0) for symbol in "ABCDEFG"], FRIDAY)
    now = save(store, [pair(symbol, 1.0, 2.0) for symbol in "STUVWXYZ"])
    [since] = store.since(now, before.run_id)
    assert (since.new, since.gone) == (8, 7)
    assert since.new_keys == tuple((symbol,) for symbol in "STUVW")
    assert since.gone_keys == tuple((symbol,) for symbol in "ABCDE")


def test_keys_of_any_type_come_back_and_go_into_json(store: Store) -> None:
    key = ("A", datetime(2005, 2, 28, 5, tzinfo=UTC), date(2005, 2, 28), Decimal("1.50"),
           float("nan"), 7, None)  # fmt: skip
    names = ("s", "t", "d", "n", "f", "i", "z")
    row = Discrepancy(state=RowState.LEGACY_ONLY, key=key, legacy={"close": 1.0}, candidate=None)
    before = store.save(run(dataset([], ("close",), names), session=FRIDAY), {}, config="c")
    now = store.save(run(dataset([row], ("close",), names)), {"bars": [row]}, config="c")
    [since] = store.since(now, before.run_id)
    assert repr(since.new_keys) == repr((key,))
    assert json.loads(json.dumps(since.to_json(), allow_nan=False)) == {
        "dataset": "bars",
        "new": 1,
        "gone": 0,
        "persisting": 0,
        "changed": 0,
        "new_keys": [["A", "2005-02-28T05:00:00+00:00", "2005-02-28", "1.50", "nan", 7, None]],
        "gone_keys": [],
        "cut": False,
        "reason": None,
    }


@pytest.mark.parametrize(("first", "second"), [(2, 9), (9, 2)])
def test_a_run_that_was_cut_is_said(store: Store, first: int, second: int) -> None:
    rows = [pair(symbol, 1.0, 2.0) for symbol in "ABC"]
    before = save(store, rows, FRIDAY, limit=first)
    [since] = store.since(save(store, rows, limit=second), before.run_id)
    assert since.cut
    assert since.persisting == 2
    assert since.new + since.gone == 1


def test_of_runs_that_were_cut_the_files_are_compared(
    store: Store, database: Database, tmp_path: Path
) -> None:
    """Row A is new, and pushes C out of what is stored: C is not gone."""
    doubled, null = only(RowState.DUPLICATE_KEY, "N"), only(RowState.NULL_KEY, None)
    then = [
        *(pair(symbol, 1.0, 2.0) for symbol in "BCDE"), only(RowState.LEGACY_ONLY, "K"),
        doubled, doubled, doubled, null,
    ]  # fmt: skip
    today = [
        *(pair(symbol, 1.0, 2.0) for symbol in "ABC"), pair("D", 1.0, 2.5), pair("K", 1.0, 2.0),
        doubled, doubled, null, null,
    ]  # fmt: skip
    before = save(store, then, FRIDAY, 2, tmp_path)
    now = save(store, today, MONDAY, 2, tmp_path)
    assert store.since(now, before.run_id)[0].cut
    # Of nine rows on each side: B, C, D, two of N and one NULL persist.
    assert since(database, now, before, tmp_path) == Since(
        dataset="bars", new=3, gone=3, persisting=6, changed=1,
        new_keys=(("A",), ("K",), (None,)), gone_keys=(("E",), ("K",), ("N",)),
    )  # fmt: skip
    assert since(database, now, now, tmp_path) == Since(dataset="bars", persisting=9)


def test_a_run_without_discrepancies_has_no_file(
    store: Store, database: Database, tmp_path: Path
) -> None:
    nothing = save(store, [], FRIDAY, 2, tmp_path)
    many = save(store, [pair(symbol, 1.0, 2.0) for symbol in "ABCDEFG"], MONDAY, 2, tmp_path)
    keys = tuple((symbol,) for symbol in "ABCDE")
    assert since(database, many, nothing, tmp_path) == Since(dataset="bars", new=7, new_keys=keys)
    assert since(database, nothing, many, tmp_path) == Since(dataset="bars", gone=7, gone_keys=keys)


@pytest.mark.parametrize("harm", ["gone", "shorter", "another's"])
def test_without_the_files_the_answer_says_that_it_is_cut(
    store: Store, database: Database, tmp_path: Path, harm: str
) -> None:
    before = save(store, [pair(symbol, 1.0, 2.0) for symbol in "ABC"], FRIDAY, 2, tmp_path)
    now = save(store, [pair(symbol, 1.0, 2.0) for symbol in "ABD"], MONDAY, 2, tmp_path)
    assert not since(database, now, before, tmp_path).cut
    path = tmp_path / before.run_id / "bars.parquet"
    if harm == "gone":
        path.unlink()
    elif harm == "shorter":
        path.write_bytes(path.read_bytes()[:-40])
    else:  # the same names and number of rows, but of what another run has found
        path.write_bytes((tmp_path / now.run_id / "bars.parquet").read_bytes())
    found = since(database, now, before, tmp_path)
    assert (found.cut, found.persisting) == (True, 2)
    assert since(database, now, before, None).cut


def test_a_column_that_has_come_since_is_a_change_of_every_row(
    store: Store, database: Database, tmp_path: Path
) -> None:
    rows = [pair(symbol, 1.0, 2.0) for symbol in "ABC"]
    before = save(store, rows, FRIDAY, 2, tmp_path)
    wider = [
        replace(row, legacy={"close": 1.0, "open": None}, candidate={"close": 2.0, "open": None})
        for row in rows
    ]
    now = save(store, wider, MONDAY, 2, tmp_path, columns=("close", "open"))
    found = since(database, now, before, tmp_path)
    assert (found.persisting, found.changed, found.new, found.gone) == (3, 3, 0, 0)


# Values of one column are of one type, or of few; what prints alike need not be told apart there.
COLUMNS = st.sampled_from(
    [
        st.one_of(st.none(), st.floats(allow_nan=True).map(lambda value: value + 0.0)),
        st.one_of(st.none(), st.integers(-(2**70), 2**70)),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.dates(), st.just("infinity")),
        st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.sampled_from(["infinity"])),
        st.one_of(st.none(), st.sampled_from(["", "-", "1:", "2:a", "NULL", "é", "\x1f"])),
        st.decimals(allow_nan=False, allow_infinity=False, places=4),
    ]
)


@st.composite
def two_runs(draw: st.DrawFn) -> list[list[tuple[int, Any, Any]]]:
    """Keys and values of two runs; many values are the same in both."""
    kind = draw(COLUMNS)
    some = draw(st.lists(kind, min_size=1, max_size=4))
    rows = st.tuples(st.integers(0, 6), st.sampled_from(some), st.sampled_from(some))
    return [sorted(draw(st.lists(rows, max_size=8)), key=lambda row: row[0]) for _ in range(2)]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(runs=two_runs())
def test_any_two_runs_are_told_apart_as_python_tells_them(
    runs: list[list[tuple[int, Any, Any]]],
) -> None:
    with TemporaryDirectory() as folder:
        found = []
        for number, rows in enumerate(runs):
            listed = [
                Discrepancy(
                    state=RowState.DUPLICATE_KEY, key=(key,), candidate=None,
                    legacy={"a": one, "b": other},
                )
                for key, one, other in rows
            ]  # fmt: skip
            result = replace(run(dataset(listed, ("a", "b"), ("n",))), run_id=str(number))
            write_evidence(Path(folder), result, {"bars": listed}, "c")
            file = evidence_of(Path(folder) / str(number), "bars", "c", len(rows))
            assert file is not None
            found.append(file)
        since = since_evidence("bars", ["n"], found[1], found[0])
    assert since is not None
    before, now = runs
    changed = persisting = 0
    for key in range(7):
        pairs = list(
            zip(*([row[1:] for row in rows if row[0] == key] for rows in runs), strict=False)
        )
        persisting += len(pairs)
        changed += sum(repr(one) != repr(other) for one, other in pairs)
    assert (since.persisting, since.changed) == (persisting, changed)
    assert (since.new, since.gone) == (len(now) - persisting, len(before) - persisting)


def test_what_was_not_compared_is_neither_new_nor_gone(store: Store) -> None:
    rows = [pair("A", 1.0, 2.0)]
    failed = DatasetResult(
        name="bars", kind="table", verdict=Verdict.UNDECIDED, reasons=("no table",),
        key=("symbol",),
        rows=RowCounts(
            legacy=0, candidate=0, matched=0, mismatched=0, legacy_only=0, candidate_only=0
        ),
    )  # fmt: skip
    before = save(store, rows, FRIDAY)
    hours = replace(dataset(rows, ("close",)), name="hours", key=("symbol", "hour"))
    after = store.save(run(failed, hours), {"hours": rows}, config="c")
    assert store.since(after, before.run_id) == (
        Since(dataset="bars", reason="is not compared in this run"),
        Since(dataset="hours", reason="was not in run m.2005-02-25.1"),
    )
    assert store.since(before, after.run_id) == (
        Since(dataset="bars", reason="was not compared in run m.2005-02-28.1"),
        Since(dataset="hours", reason="is no longer compared"),
    )
    moved = replace(dataset(rows, ("close",)), key=("ticker",))
    other = store.save(run(moved, session=date(2005, 3, 1)), {"bars": rows}, config="c")
    assert store.since(other, before.run_id) == (
        Since(dataset="bars", reason="had another key in run m.2005-02-25.1: symbol"),
    )


def test_a_run_that_is_not_known_is_refused_with_the_newest_that_are(store: Store) -> None:
    now = save(store, [pair("A", 1.0, 2.0)], FRIDAY)
    later = save(store, [pair("A", 1.0, 2.0)])
    with pytest.raises(UsageError) as refused:
        store.since(now, "x")
    assert str(refused.value) == f"run x is not known; the newest are {later.run_id}, {now.run_id}"
    foreign = store.save(run(dataset([], ("close",)), migration="other"), {}, config="c")
    with pytest.raises(
        UsageError, match=r"run other\.2005-02-28\.1 is of migration other, not of m"
    ):
        store.since(now, foreign.run_id)
    with pytest.raises(UsageError, match="migration third has none yet"):
        store.since(replace(now, migration="third"), "x")
