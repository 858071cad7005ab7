"""Data docs go with their night, and what somebody else calls alike stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from parity.model.names import quality_page
from parity.model.result import QualityCheck
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.publishing import publish_all
from parity.nightly.upkeep.cleanup import clean_up
from tests.store.build import dataset, run
from tests.upkeep.conftest import MakeHarness

OLD, NEW = date(2005, 2, 28), date(2006, 3, 1)
PAGE = quality_page("prices", Side.LEGACY)
CHECK = QualityCheck(
    dataset="prices", side=Side.LEGACY, expectation="has rows", column=None, success=True,
    unexpected=0, total=2,
)  # fmt: skip


def night(harness: Harness, session: date, phase: str) -> Path:
    """Stores a night with a page of data docs; returns the folder of its evidence."""
    compared = replace(dataset([], ("close",), name="prices"), quality=(CHECK,))
    found = replace(run(compared, session=session, migration="toy"), phase=phase)
    evidence = harness.suite.state / EVIDENCE
    stored = harness.store.save(found, {}, config="c", evidence=evidence, extras={PAGE: b"said"})
    return evidence / stored.run_id


def test_they_go_with_their_night(make: MakeHarness) -> None:
    harness = make()
    old = night(harness, OLD, "parallel_run")
    publish_all(harness)
    harness.store.append_trail("toy", TrailKind.PHASE, "me", {"to": "validation"})
    new = night(harness, NEW, "validation")
    publish_all(harness)
    reports = harness.suite.reports
    published = reports / "parallel_run" / "2005-02-28", reports / "validation" / "2006-03-01"
    assert [(folder / PAGE).read_bytes() for folder in published] == [b"said", b"said"]
    (old / "notes.html").write_text("mine")
    clean_up(harness, datetime(2006, 3, 3, 1, tzinfo=UTC), dry_run=False, say=lambda _line: None)
    assert not published[0].exists()
    assert [path.name for path in old.iterdir()] == ["notes.html"]
    assert (published[1] / PAGE).read_bytes() == (new / PAGE).read_bytes() == b"said"
