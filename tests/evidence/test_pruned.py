"""What is deleted of old runs is in the trail before it goes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from parity.model.trail import TrailKind
from parity.nightly.pruning import prune_old_evidence
from parity.nightly.upkeep import cleanup as upkeep
from tests.evidence.conftest import FIRST, SECOND, Toy

RUN, NEXT = "toy.2005-02-28.1", "toy.2005-03-01.1"
LATER = datetime(2006, 9, 1, tzinfo=UTC)


def pruned(toy: Toy) -> list[list[str]]:
    return [row.content["run_ids"] for row in toy.harness.store.trail("toy", TrailKind.PRUNED)]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=31)


def test_a_superseded_run_goes_once(toy: Toy) -> None:
    for close in (1.0, 1.5):
        toy.night(FIRST, close)
    assert prune_old_evidence(toy.harness, soon()) == [RUN]
    assert pruned(toy) == [[RUN]]
    assert not (toy.evidence / RUN).exists()
    assert toy.found() == []
    assert prune_old_evidence(toy.harness, soon()) == []
    assert pruned(toy) == [[RUN]]
    toy.night(SECOND)  # which does not seal again what is gone
    assert not (toy.evidence / RUN).exists()
    verification = toy.verify()
    assert (verification.sealed, verification.pruned, verification.waiting) == (2, 1, 0)


def test_a_run_that_a_decision_names_stays(toy: Toy) -> None:
    for close in (1.0, 1.5):
        toy.night(FIRST, close)
    toy.harness.store.append_trail("toy", TrailKind.STEP, "me", {"of": RUN})
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "me", {"evidence": [RUN]})
    assert prune_old_evidence(toy.harness, soon()) == []
    assert (pruned(toy), toy.found()) == ([], [])


def test_cleanup_keeps_the_runs_of_a_decision(toy: Toy) -> None:
    for session in (FIRST, SECOND):
        toy.night(session)
    moved = {"to": "validation", "evidence": [NEXT]}
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "me", moved)
    toy.harness.store.append_trail("toy", TrailKind.STEP, "me", {"of": RUN})  # decides nothing
    upkeep.clean_up(toy.harness, LATER, say=lambda _: None)
    assert [path.name for path in toy.evidence.iterdir()] == [NEXT]
    assert toy.execute("SELECT run_id FROM parity.run") == [(NEXT,)]
    assert toy.found() == []


def test_a_row_without_a_deletion_is_fine(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    for close in (1.0, 1.5):
        toy.night(FIRST, close)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prune_old_evidence(toy.harness, soon())
    assert (toy.evidence / RUN / "manifest.json").exists()
    assert (pruned(toy), toy.found()) == ([[RUN]], [])
    assert prune_old_evidence(toy.harness, soon()) == [RUN]
    assert pruned(toy) == [[RUN]]


def test_cleanup_says_so_before_anything_goes(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.night(FIRST)
    toy.night(SECOND)
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "me", {"to": "validation"})
    (toy.evidence / "toy.2005-02-25.1").mkdir()  # of a run that went before a kill
    (toy.evidence / "toy.2005-02-25.1" / "prices.parquet").write_bytes(b"rows")

    def clean(*, dry_run: bool = False) -> None:
        upkeep.clean_up(toy.harness, LATER, dry_run=dry_run, say=lambda _: None)

    clean(dry_run=True)
    assert pruned(toy) == []
    with monkeypatch.context() as patch:
        patch.setattr(upkeep._Work, "pages", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            clean()
    assert pruned(toy) == [["toy.2005-02-25.1", RUN, NEXT]]
    assert toy.found() == []
    clean()
    assert len(pruned(toy)) == 1
    assert sorted(path.name for path in toy.evidence.iterdir()) == []
    assert toy.execute("SELECT * FROM parity.run") == []
    assert toy.found() == []
