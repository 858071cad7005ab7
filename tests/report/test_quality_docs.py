"""The data docs beside a night's page: linked where they are, and harmless in a real browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page

from parity.model.names import quality_page
from parity.model.result import QualityCheck, RunResult
from parity.model.suite import Kind
from parity.model.verdict import Side, Verdict
from parity.quality import Validation, docs_page, validate
from parity.report import evidence as evidence_files
from parity.report.beside import Beside
from parity.report.publish import write_night
from parity.store.evidence import write_evidence
from tests.quality.rows import dataset, good
from tests.report.build import equal, run, split_night

SESSION = date(2005, 2, 28)
NAME = "Daily <b>bars</b>"
PAGES = {side: quality_page(NAME, side) for side in Side}
ATTACK = '"><img src="http://127.0.0.1:9/x" onerror="document.title = 1"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def validations() -> dict[Side, Validation]:
    """Legacy holds; the candidate has a negative volume in a row with a hostile key."""
    spoilt = good(Kind.BARS)
    spoilt.at[0, "symbol"], spoilt.at[0, "volume"] = ATTACK, -1
    rows = {Side.LEGACY: good(Kind.BARS), Side.CANDIDATE: spoilt}
    return {side: validate(dataset(Kind.BARS, name=NAME), side, rows[side]) for side in Side}


@pytest.fixture
def evidence(tmp_path: Path, validations: dict[Side, Validation]) -> Path:
    """The evidence of the night, with the pages of both sides."""
    place = tmp_path / "evidence" / night(()).run_id
    place.mkdir(parents=True)
    for side, found in validations.items():
        (place / PAGES[side]).write_bytes(docs_page(found, SESSION, 1_000))
    return tmp_path / "evidence"


def night(checks: tuple[QualityCheck, ...]) -> RunResult:
    """A night of one dataset with these checks."""
    return run(Verdict.PASS, replace(equal(NAME), quality=checks))


def checks_of(validations: dict[Side, Validation]) -> tuple[QualityCheck, ...]:
    return tuple(check for side in Side for check in validations[side].checks)


def publish(result: RunResult, folder: Path, evidence: Path | None) -> str:
    """Publishes the night; returns its page."""
    write_night(result, lambda _name: (), folder, beside=Beside(evidence=evidence))
    return (folder / "index.html").read_text(encoding="utf-8")


def docs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("quality-*"))


def test_links_lead_there_and_back_without_a_request_or_a_word_on_the_console(
    page: Page, tmp_path: Path, evidence: Path, validations: dict[Side, Validation]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    publish(night(checks_of(validations)), tmp_path / "n", evidence)
    page.goto((tmp_path / "n" / "index.html").as_uri())
    links = page.get_by_role("link", name="data docs of ")
    assert links.all_inner_texts() == ["data docs of legacy", "data docs of candidate"]
    for side in reversed(Side):
        page.get_by_role("link", name=f"data docs of {side.value}").click()
        page.wait_for_url(f"**/{PAGES[side]}")
        assert page.title() == f"Quality of {NAME}, {side.value}, 2005-02-28"
        assert page.get_by_role("heading", level=1).inner_text().endswith(f", {side.value}")
        if side is Side.CANDIDATE:
            assert page.get_by_text("✕ Fail: 1 of 20 expectations fail.").is_visible()
            row = page.get_by_role("group", name="Rows of >= 0 volume").locator("tbody tr")
            assert row.inner_text().split("\t") == [f"{ATTACK[:80]}…", "2005-02-25", "-1.0"]
        page.get_by_role("link", name="The night of 2005-02-28").click()
        page.wait_for_url("**/index.html#quality-*")
        # The anchor is the part with the table, which a browser opens to show it.
        assert page.locator("details:target table").is_visible()
    assert page.locator("img").count() == 0
    assert {url.partition("#")[0].rpartition("/")[0] for url in asked} == {
        (tmp_path / "n").as_uri()
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 2560])
def test_a_page_can_be_read_on_any_screen(
    page: Page, evidence: Path, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(next(evidence.rglob(PAGES[Side.CANDIDATE])).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == ("rgb(15, 21, 27)" if scheme == "dark" else "rgb(245, 247, 249)")


def test_an_old_night_has_no_link(
    tmp_path: Path, evidence: Path, validations: dict[Side, Validation]
) -> None:
    checks = checks_of(validations)
    shown = publish(night(checks), tmp_path / "n", tmp_path / "none")
    assert "Quality checks: " in shown
    assert "quality-daily-b-bars-b" in shown  # the anchor
    assert "data docs" not in shown
    assert publish(night(checks), tmp_path / "other", None).count("data docs") == 0


def test_only_the_side_that_has_a_page_is_linked(
    tmp_path: Path, evidence: Path, validations: dict[Side, Validation]
) -> None:
    next(evidence.rglob(PAGES[Side.LEGACY])).unlink()
    shown = publish(night(checks_of(validations)), tmp_path / "n", evidence)
    assert PAGES[Side.LEGACY] not in shown
    assert f'href="{PAGES[Side.CANDIDATE]}">data docs of candidate</a>' in shown
    assert docs_in(tmp_path / "n") == [PAGES[Side.CANDIDATE]]


def test_pages_stay_when_the_evidence_has_gone_and_go_with_their_night(
    tmp_path: Path, evidence: Path, validations: dict[Side, Validation]
) -> None:
    result, folder = night(checks_of(validations)), tmp_path / "n"
    publish(result, folder, evidence)
    both = sorted(PAGES.values())
    assert docs_in(folder) == both
    # A copy: what is added to the page is not in what was sealed.
    kept = next(evidence.rglob(both[0]))
    before = kept.read_bytes()
    with (folder / both[0]).open("ab") as published:
        published.write(b"<!-- added -->")
    assert kept.read_bytes() == before
    shown = publish(result, folder, None)
    assert docs_in(folder) == both
    assert all(f'href="{name}"' in shown for name in both)
    # Another run of the session: its pages are not those.
    assert "data docs" not in publish(replace(result, run_id="another"), folder, None)
    assert docs_in(folder) == []


def test_a_dataset_that_was_not_checked_has_no_page(tmp_path: Path, evidence: Path) -> None:
    assert "quality-" not in publish(night(()), tmp_path / "n", evidence)
    assert docs_in(tmp_path / "n") == []


@pytest.mark.parametrize(("linked", "same"), [(evidence_files.LINKED, False), (0, True)])
def test_rows_are_copied_too_unless_they_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: int, same: bool
) -> None:
    """The sealed file itself is beside the page only where a copy would take much disk."""
    monkeypatch.setattr(evidence_files, "LINKED", linked)
    result, rows = split_night()
    write_evidence(tmp_path / "evidence", result, rows, "content")
    (tmp_path / "n").mkdir()
    taken = evidence_files.take(tmp_path / "evidence", tmp_path / "none", tmp_path / "n", result)
    assert taken == set(rows)
    for name in taken:
        published = tmp_path / "n" / evidence_files.parquet_name(name)
        kept = tmp_path / "evidence" / result.run_id / f"{name}.parquet"
        assert published.read_bytes() == kept.read_bytes()
        assert published.samefile(kept) is same
