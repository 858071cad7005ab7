"""What the harness remembers, against a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.audit import Audit
from parity.model.result import Discrepancy, RowState
from parity.model.verdict import Phase
from parity.store import Store
from parity.store.codec import column_texts, decode, dumps, encode, text
from tests.store.build import ROWS, SESSION, dataset, night, only, pair, run


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
    assert dumps(encode(value)) == dumps(encode(back)) == text(value)
    assert column_texts([value, None, value]) == [text(value), "null", text(value)]


def test_codec_examples() -> None:
    assert encode(Decimal("1.50")) == {"$": "decimal", "v": "1.50"}
    assert encode(float("nan")) == {"$": "float", "v": "nan"}
    assert encode(time(9, 30)) == {"$": "time", "v": "09:30:00"}
    assert decode({"$": "uuid", "v": "00000000-0000-0000-0000-000000000001"}) == UUID(int=1)


def test_an_instant_is_the_same_whatever_zone_it_was_read_in() -> None:
    utc = datetime(2005, 2, 28, 5, 0, tzinfo=UTC)
    new_york = utc.astimezone(timezone(timedelta(hours=-5)))
    assert text(utc) == text(new_york) == '{"$":"datetime","v":"2005-02-28T05:00:00+00:00"}'
    assert encode(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))["v"].endswith(
        "-05:00"
    )


def test_odd_names_and_texts_come_back(store: Store) -> None:
    names = ('a"b', "c\\d", "e\tf", "%s {x}", "NULL")
    values = dict(zip(names, ['"', "\\N", "\t\n\r", "%", "\u2028é𝄞"], strict=True))
    row = Discrepancy(
        state=RowState.MISMATCHED, key=("\\.", None), legacy=values,
        candidate=dict.fromkeys(names), columns=names,
    )  # fmt: skip
    saved = store.save(run(dataset([row], names, ("a", "b"))), {"bars": [row]}, config="c")
    assert list(store.discrepancies(saved, "bars")) == [row]


def test_no_more_rows_are_stored_than_the_limit_and_the_counts_stay(store: Store) -> None:
    rows = [pair(symbol, 1.0, 2.0) for symbol in "ABCDE"]
    few = [only(RowState.LEGACY_ONLY, "X")]
    found = run(dataset(rows, ("close",)), dataset(few, ("close",), name="few"))
    saved = store.save(found, {"bars": rows, "few": few}, config="c", limit=3)
    assert [entry.stored for entry in saved.datasets] == [3, None]
    assert [entry.rows.discrepancies for entry in saved.datasets] == [5, 1]
    assert [entry.incidents[0].rows for entry in saved.datasets] == [5, 1]
    assert [row.key for row in store.discrepancies(saved, "bars")] == [("A",), ("B",), ("C",)]
    assert list(store.discrepancies(saved, "few")) == few
    assert store.current("m", SESSION) == saved


def test_a_limit_that_is_just_met_cuts_nothing(store: Store) -> None:
    rows = [pair(symbol, 1.0, 2.0) for symbol in "ABC"]
    saved = store.save(run(dataset(rows, ("close",))), {"bars": rows}, config="c", limit=3)
    assert saved.datasets[0].stored is None
    assert list(store.discrepancies(saved, "bars")) == rows


def test_a_row_beyond_the_limit_is_part_of_what_was_found(store: Store) -> None:
    rows = [pair(symbol, 1.0, 2.0) for symbol in "ABCDE"]
    found = run(dataset(rows, ("close",)))
    first = store.save(found, {"bars": rows}, config="c", limit=3)
    assert store.save(found, {"bars": rows}, config="c", limit=3) == first
    other = [*rows[:4], pair("E", 1.0, 2.5)]
    assert store.save(found, {"bars": other}, config="c", limit=3).run_id == "m.2005-02-28.2"
    raised = store.save(found, {"bars": other}, config="c", limit=10)
    assert raised.run_id == "m.2005-02-28.3"
    assert len(list(store.discrepancies(raised, "bars"))) == 5


def test_more_rows_than_a_batch_are_stored_up_to_the_limit(store: Store) -> None:
    rows = [pair(f"S{number:05d}", float(number), 0.5) for number in range(5000)]
    found = run(dataset(rows, ("close",)))
    saved = store.save(found, {"bars": rows}, config="c", limit=2500)
    back = list(store.discrepancies(saved, "bars"))
    assert back == rows[:2500]


AUDIT = Audit(
    digest="d1",
    snapshot="733:733:",
    at=datetime(2005, 2, 28, 22, 0, 0, 123456, tzinfo=UTC),
    verified={"AAPL": date(2005, 2, 25), "é": date(2005, 2, 28)},
    differing=frozenset({"AAPL", "ZZZ"}),
)


def test_an_audit_comes_back_for_the_next_session_only(store: Store) -> None:
    store.save(night(), {"bars": ROWS}, config="c", audits={"bars": AUDIT})
    assert store.audit("m", "bars", SESSION) is None
    assert store.audit("m", "bars", date(2005, 3, 1)) == AUDIT
    assert store.audit("m", "other", date(2005, 3, 1)) is None
    assert store.audit("other", "bars", date(2005, 3, 1)) is None


def test_the_audit_is_that_of_the_run_that_holds_for_the_newest_session(store: Store) -> None:
    later = replace(AUDIT, digest="d2")
    store.save(night(date(2005, 2, 25)), {"bars": ROWS}, config="c", audits={"bars": AUDIT})
    store.save(night(), {"bars": ROWS}, config="c", audits={"bars": later})
    assert store.audit("m", "bars", date(2005, 3, 1)) == later
    # Compared again and found other: the run that holds has no audit, and no older one stands in.
    store.save(night(), {"bars": ROWS[:1]}, config="c")
    assert store.audit("m", "bars", date(2005, 3, 1)) is None
    assert store.audit("m", "bars", SESSION) == AUDIT


def test_a_kept_run_takes_the_audits_of_its_newest_attempt(store: Store) -> None:
    other = replace(AUDIT, digest="d2")
    store.save(night(), {"bars": ROWS}, config="c", audits={"bars": AUDIT})
    store.save(night(), {"bars": ROWS}, config="c", audits={"bars": other, "hours": other})
    assert store.audit("m", "bars", date(2005, 3, 1)) == other
    assert store.audit("m", "hours", date(2005, 3, 1)) == other
