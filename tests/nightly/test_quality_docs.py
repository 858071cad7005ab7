"""A night keeps the data docs with its run: published, sealed, and gone with it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from parity.model.result import RunResult
from parity.model.verdict import Phase, Verdict
from parity.nightly import Night
from parity.plan.evidence import bundle, verify
from tests.nightly.toy import Migration

pytestmark = pytest.mark.slow

PAGES = ["quality-prices-candidate.html", "quality-prices-legacy.html"]


def folders(night: Night, result: RunResult) -> tuple[Path, Path]:
    """The run's evidence, and its published folder."""
    suite = night.harness.suite
    return (
        suite.state / "evidence" / result.run_id,
        suite.reports / "parallel_run" / night.session.isoformat(),
    )


def docs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("quality-*"))


def test_the_pages_of_a_night_are_published_sealed_and_bundled(
    migration: Migration, tmp_path: Path
) -> None:
    night = migration()
    result = night.run(os.environ)
    kept, published = folders(night, result)
    assert docs_in(kept) == docs_in(published) == PAGES
    page = (published / PAGES[1]).read_text(encoding="utf-8")
    assert "Quality of <bdi>prices</bdi>, legacy" in page
    assert "2024-02-29" in page
    assert f'href="{PAGES[1]}"' in (published / "index.html").read_text(encoding="utf-8")
    assert verify(night.harness).findings == []
    bundle(night.harness, Phase.PARALLEL_RUN, tmp_path / "it.zip", as_it_is=False)
    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        held = [Path(name).name for name in archive.namelist()]
    assert sorted(name for name in held if name.startswith("quality-")) == PAGES
    # A second comparison that finds the same leaves what is sealed as it is.
    before = (kept / PAGES[0]).stat().st_mtime_ns
    again = migration()
    assert again.run(os.environ).run_id == result.run_id
    assert (kept / PAGES[0]).stat().st_mtime_ns == before
    assert docs_in(published) == PAGES
    (kept / PAGES[0]).write_text(page, encoding="utf-8")
    [finding] = verify(night.harness).findings
    assert PAGES[0] in str(finding)


def test_a_dataset_that_was_not_compared_leaves_no_page(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("parity.nightly.examine.opinion_of", broken)
    night = migration()
    result = night.run(os.environ)
    assert result.verdict is Verdict.UNDECIDED
    kept, published = folders(night, result)
    assert docs_in(kept) == docs_in(published) == []
