"""What the harness remembers, against a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.database import Database
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Discrepancy,
    Incident,
    JobOutcome,
    QualityCheck,
    RowCounts,
    RowState,
    RunResult,
    Scope,
    SecondOpinion,
    SelfTest,
)
from parity.model.verdict import Phase, Side, Verdict
from parity.store import Spool, Store
from parity.store.codec import decode, dumps, encode

SESSION = date(2005, 2, 28)
ROWS = [
    Discrepancy(
        state=RowState.MISMATCHED,
        key=("AAPL", datetime(2005, 2, 25, 5, tzinfo=UTC)),
        legacy={"longer_name": Decimal("88.9900"), "a": None},
        candidate={"longer_name": Decimal("44.4950"), "a": float("nan")},
        columns=("longer_name", "a"),
    ),
    Discrepancy(
        state=RowState.LEGACY_ONLY,
        key=("IBM", None),
        legacy={"longer_name": 1, "a": 2},
        candidate=None,
    ),
]


@pytest.fixture
def store(database: Database) -> Store:
    store = Store(database.engine_as("parity_harness"))
    store.migrate()
    return store


def night(session: date = SESSION, seconds: float = 1.0) -> RunResult:
    counts = RowCounts(
        legacy=10, candidate=9, matched=8, mismatched=1, legacy_only=1, candidate_only=0
    )
    dataset = DatasetResult(
        name="bars",
        kind="bars",
        verdict=Verdict.FAIL,
        reasons=("2 rows differ",),
        rows=counts,
        columns=(
            ColumnResult(name="longer_name", mismatched=1, max_abs_delta=44.495, max_rel_delta=0.5),
            ColumnResult(name="a", mismatched=1, max_abs_delta=None, max_rel_delta=None),
        ),
        incidents=(
            Incident(
                id="x", cause="unexplained", proved=False, rows=2, columns=("a",),
                scope=Scope(symbols=("AAPL",), first="2005-02-25", last="2005-02-25"),
                evidence={"why": ["no", 1, 0.5], "a": 1, "longer": {"z": 1, "b": 2}},
            ),
        ),
        key=("symbol", "timestamp"),
        quality=(
            QualityCheck(
                dataset="bars", side=Side.LEGACY, expectation="not null", column="a",
                success=True, unexpected=0, total=10,
            ),
        ),
    )  # fmt: skip
    job = JobOutcome(name="load", side=Side.LEGACY, exit_code=0, seconds=seconds, log="x.log")
    return RunResult(
        run_id="",
        migration="m",
        phase="parallel_run",
        session=session,
        as_of=datetime(2005, 3, 1, 1, tzinfo=UTC),
        verdict=Verdict.FAIL,
        reasons=("bars",),
        datasets=(dataset,),
        selftest=SelfTest(),
        second_opinion=SecondOpinion(rows=5, disagreements=0),
        jobs=(job,),
    )


def test_a_run_comes_back_as_it_was_stored(store: Store) -> None:
    saved = store.save(night(), {"bars": ROWS}, config="c")
    assert saved.run_id == "m.2005-02-28.1"
    assert store.current("m", SESSION) == saved == replace(night(), run_id="m.2005-02-28.1")
    current = store.current("m", SESSION)
    assert current is not None
    # As text, too: reports must come out the same to the byte.
    assert json.dumps(current.to_json()) == json.dumps(saved.to_json())
    back = list(store.discrepancies(saved, "bars"))
    assert repr(back) == repr(ROWS)  # repr, since NaN is not NaN
    assert back[0].legacy is not None
    assert list(back[0].legacy) == ["longer_name", "a"]


def test_finding_the_same_again_keeps_the_run_and_something_else_makes_a_new_one(
    store: Store,
) -> None:
    first = store.save(night(), {"bars": ROWS}, config="c")
    again = store.save(night(seconds=99.0), {"bars": ROWS}, config="c")
    assert again == first
    changed = [replace(ROWS[0], candidate={"longer_name": Decimal(45), "a": None}), ROWS[1]]
    other = store.save(night(), {"bars": changed}, config="c")
    assert other.run_id == "m.2005-02-28.2"
    assert store.current("m", SESSION) == other
    back = store.save(night(), {"bars": ROWS}, config="c")
    assert store.current("m", SESSION) == back


def test_nights_are_the_current_runs_newest_session_first(store: Store) -> None:
    assert store.nights("m") == ()
    store.save(night(date(2005, 2, 25)), {"bars": ROWS}, config="c")
    store.save(night(date(2005, 2, 28)), {"bars": []}, config="c")
    store.save(night(date(2005, 2, 28)), {"bars": ROWS}, config="c")
    assert [run.run_id for run in store.nights("m")] == ["m.2005-02-28.2", "m.2005-02-25.1"]
    assert store.nights("other") == ()


def test_a_save_that_fails_half_way_leaves_nothing(store: Store) -> None:
    def broken() -> Any:
        yield ROWS[0]
        raise RuntimeError("disk")

    class TwiceRead:
        """Fails at the second reading, when rows are being copied."""

        reads = 0

        def __iter__(self) -> Any:
            self.reads += 1
            return iter(ROWS) if self.reads == 1 else broken()

    with pytest.raises(RuntimeError):
        store.save(night(), {"bars": TwiceRead()}, config="c")
    assert store.current("m", SESSION) is None
    assert store.save(night(), {"bars": ROWS}, config="c").run_id == "m.2005-02-28.1"


def test_a_migration_starts_in_parallel_run_and_migrating_again_is_safe(store: Store) -> None:
    store.migrate()
    assert store.phase("m") is Phase.PARALLEL_RUN
    store.record_jobs("m", SESSION, night().jobs)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(alphabet=st.characters(codec="utf-8")),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(timedelta(-1000), timedelta(1000)),
    st.uuids(),
    st.binary(max_size=20),
)


@given(VALUES)
def test_a_value_survives_the_codec(value: Any) -> None:
    back = decode(encode(value))
    assert back == value
    assert type(back) is type(value)
    assert dumps(encode(value)) == dumps(encode(back))


def test_codec_examples() -> None:
    assert encode(Decimal("1.50")) == {"$": "decimal", "v": "1.50"}
    assert encode(float("nan")) == {"$": "float", "v": "nan"}
    assert encode(time(9, 30)) == {"$": "time", "v": "09:30:00"}
    assert decode({"$": "uuid", "v": "00000000-0000-0000-0000-000000000001"}) == UUID(int=1)


def test_a_spool_is_read_as_often_as_wanted_and_by_two_readers_in_turn() -> None:
    with Spool() as spool:
        for row in ROWS:
            spool.append(row)
        assert len(spool) == 2
        one, two = iter(spool), iter(spool)
        pairs = [(next(one), next(two)), (next(one), next(two))]
        assert [left.key for left, right in pairs] == [right.key for _, right in pairs]
        assert repr(list(spool)) == repr(ROWS)
