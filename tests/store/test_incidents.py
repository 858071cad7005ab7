"""Rows with their incidents, and runs with causes and a self-test, stored and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st

import parity.store
from parity.database import Database
from parity.database.batches import Owned
from parity.model.errors import StoreError
from parity.model.result import Discrepancy, RowState, RunResult
from parity.model.selftest import CauseScore, SelfTest
from parity.model.verdict import Verdict
from parity.store import Spool, Store
from parity.store.runs import RESULT, content_of
from tests.store.build import SESSION, dataset, night, only, pair, run

TESTED = SelfTest(
    causes=(
        CauseScore(cause="rounding", injected=3, detected=3, right=3, wrong=0),
        CauseScore(cause="unit_scale", injected=2, detected=1, right=1, wrong=0),
    ),
    seed="m 2005-02-28",
    undetected=("unit_scale of 1,000 on IBM, 12 rows",),
)
EVIDENCE: dict[str, Any] = {
    "says": "AAPL before 2005-02-28: legacy's prices are 2:1 of candidate's",
    "ratio": [2, 1],
    "offset": -0.5,
    "least": 5e-324,
    "large": 2**60,
    "deltas": {"z": {"max_abs": None, "max_rel": 0.5}, "a": {"max_abs": 1e300, "max_rel": None}},
    "examples": [{"key": {"symbol": "é\u2028<b>"}, "legacy": {}, "undone": {"close": "44.495"}}],
    "odd": {"": [True, False, None, "$", {"$": "decimal", "v": "1"}]},
}


def with_evidence(evidence: dict[str, Any]) -> RunResult:
    plain = night()
    [bars] = plain.datasets
    [incident] = bars.incidents
    return replace(
        plain, datasets=(replace(bars, incidents=(replace(incident, evidence=evidence),)),)
    )


def owned(rows: list[Discrepancy], *owners: str) -> list[Discrepancy]:
    return [replace(row, incident=owner) for row, owner in zip(rows, owners, strict=True)]


@pytest.mark.parametrize("ident", ["", "0a1b2c3d4e5f", 'odd\t\\N"{}\n%s é'])
def test_a_row_comes_back_with_its_incident(store: Store, ident: str) -> None:
    rows = owned([pair("A", 1.0, 2.0), only(RowState.LEGACY_ONLY, "B")], ident, "other")
    saved = store.save(run(dataset(rows, ("close",))), {"bars": rows}, config="c")
    assert list(store.discrepancies(saved, "bars")) == rows


def test_rows_that_move_to_another_incident_are_another_finding(store: Store) -> None:
    rows = [pair("A", 1.0, 2.0), pair("B", 1.0, 2.0)]
    found = run(dataset(rows, ("close",)))
    first = store.save(found, {"bars": owned(rows, "x", "y")}, config="c")
    assert store.save(found, {"bars": owned(rows, "x", "y")}, config="c") == first
    assert store.save(found, {"bars": owned(rows, "x", "x")}, config="c") != first


def test_a_spool_gets_owners_without_being_written_again(store: Store, tmp_path: Path) -> None:
    rows = [pair(f"S{number:04}", 1.0, 2.0) for number in range(3000)]
    owners = [f"incident{number // 700}" for number in range(3000)]
    expected = owned(rows, *owners)
    with Spool() as spool:
        spool.extend(rows)
        held = Owned(spool, owners)
        assert len(held) == 3000
        assert list(held) == list(held) == expected
        assert list(spool) == rows
        found = run(dataset(rows, ("close",)))
        saved = store.save(found, {"bars": held}, config="c", evidence=tmp_path)
        assert list(store.discrepancies(saved, "bars")) == expected
        table = pq.read_table(tmp_path / saved.run_id / "bars.parquet")
        assert table["incident"].to_pylist() == owners
        with pytest.raises(ValueError, match="3000 discrepancies have 2999 owners"):
            Owned(spool, owners[1:])


def test_a_spool_keeps_incidents_beside_rows_that_have_none(tmp_path: Path) -> None:
    rows = [pair(f"S{number}", 1.0, 2.0) for number in range(2000)]
    rows[1500] = replace(rows[1500], incident="x")
    with Spool.at(tmp_path / "s") as spool:
        spool.extend(rows)
        spool.finish()
    with Spool.open(tmp_path / "s") as back:
        assert list(back) == rows


def test_a_spool_of_the_version_before_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Spool.at(path) as spool:
        spool.append(pair("A", 1.0, 2.0))
        spool.finish()
    path.write_bytes(path.read_bytes().replace(b"parity spool 2", b"parity spool 1"))
    with pytest.raises(StoreError, match="no complete spool of discrepancies; remove it"):
        Spool.open(path)


def test_evidence_comes_back_as_it_was(store: Store) -> None:
    found = with_evidence(EVIDENCE)
    saved = store.save(found, {"bars": []}, config="c")
    [back] = store.nights("m")
    assert back == saved
    assert json.dumps(back.to_json()) == json.dumps(replace(found, run_id=back.run_id).to_json())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), JSON, max_size=4))
def test_any_json_evidence_survives_the_text_it_is_stored_as(evidence: dict[str, Any]) -> None:
    found = with_evidence(evidence)
    text = json.dumps(RESULT.dump_python(found, mode="json"))
    assert RESULT.validate_python(json.loads(text)) == found


def test_a_self_test_comes_back(store: Store) -> None:
    found = replace(night(), selftest=TESTED)
    store.save(found, {"bars": []}, config="c")
    [back] = store.nights("m")
    assert back.selftest == TESTED
    assert back.selftest.to_json() == {
        "seed": TESTED.seed, "injected": 5, "detected": 4, "attributed": 4, "wrong": 0,
    }  # fmt: skip


def test_a_self_test_that_got_further_is_no_other_finding(store: Store) -> None:
    fewer = replace(TESTED, causes=TESTED.causes[:1], undetected=())
    first = store.save(replace(night(), selftest=fewer), {"bars": []}, config="c")
    more = SelfTest(causes=(replace(TESTED.causes[0], injected=9, detected=9, right=9),), seed="s")
    assert store.save(replace(night(), selftest=more), {"bars": []}, config="c") == first
    # But where it changes what the night is worth, it is one.
    doubted = replace(
        night(), selftest=TESTED, verdict=Verdict.UNDECIDED, reasons=("a seeded fault was missed",)
    )
    assert store.save(doubted, {"bars": []}, config="c") != first


def test_the_digest_without_a_self_test_is_that_of_any_other() -> None:
    assert content_of(night(), "d") == content_of(replace(night(), selftest=TESTED), "d")


def test_runs_of_the_version_before_still_load(store: Store, database: Database) -> None:
    """Their self-test was three counts, and their rows had no incident."""
    config = Config()
    folder = Path(parity.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    engine = database.engine_as("parity_harness")
    row = pair("A", 1.0, 2.0)
    saved = store.save(run(dataset([row], ("close",))), {"bars": [row]}, config="c")
    old = RESULT.dump_python(saved, mode="json")
    old["selftest"] = {"injected": 12, "detected": 12, "attributed": 11}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        connection.exec_driver_sql("UPDATE parity.run SET result = %s", (json.dumps(old),))
    store.migrate()
    assert store.nights("m") == (replace(saved, selftest=SelfTest()),)
    assert list(store.discrepancies(saved, "bars")) == [row]
    assert store.current("m", SESSION) is not None
