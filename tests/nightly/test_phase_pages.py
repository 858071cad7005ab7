"""The pages of phases of a real migration: its database, its trail, its calendar, its folder."""

from __future__ import annotations

import html
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.operations import Retention
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness, open_harness
from parity.nightly.phase_pages import publish_phases
from parity.nightly.publishing import publish_all, publish_overview
from parity.nightly.recording import record_config
from parity.nightly.upkeep.cleanup import clean_up
from parity.plan.phases import advance, retreat
from parity.plan.signing import sign
from tests.plan.conftest import CONFIG, FRI, NEXT_WED, THU, WED, at, drilled, night, save

NEXT_THU = date(2005, 2, 24)
Opened = Callable[..., Harness]


@pytest.fixture
def opened(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens the harness of a config in a folder of its own."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def make(config: str = CONFIG) -> Harness:
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})

    return make


def walk(opened: Opened) -> Harness:
    """To validation, where a signature lapses, and back; Tuesday has no night."""
    harness = opened()
    record_config(harness, "ben")
    save(harness, night(WED, "parallel_run"), night(THU, "parallel_run"))
    assert advance(harness, by="anna", now=at(THU), environ={}).moved
    save(harness, night(FRI))
    sign(harness, "trained", by="anna", note="course of <b>Friday</b>", now=at(FRI))
    harness = opened(CONFIG.replace("drill: 7d", "drill: 5d"))
    record_config(harness, "carl")
    drilled(harness, ok=False, why_not="the views were locked")
    save(harness, night(NEXT_WED, verdict=Verdict.UNDECIDED))
    retreat(harness, by="carl", why="the flows must wait")
    save(harness, night(NEXT_THU, "parallel_run"))
    return harness


def page(harness: Harness, phase: str) -> str:
    return (harness.suite.reports / phase / "index.html").read_text("utf-8")


def text(found: str) -> str:
    """What a reader sees of a page, in one line."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", found, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def summary(found: str) -> list[str]:
    section = found.partition('<section class="dataset told"')[2].partition("</section>")[0]
    return [html.unescape(line) for line in re.findall(r"<p>(.*?)</p>", section)]


def dead(harness: Harness) -> list[str]:
    """Links of the phases' pages that lead nowhere."""
    found = []
    for path in harness.suite.reports.glob("*/index.html"):
        links = re.findall(r'href="([^"#:]+\.html)"', path.read_text("utf-8"))
        found += [link for link in links if not (path.parent / link).is_file()]
    return found


@pytest.mark.slow
def test_a_migration_is_walked_and_each_phase_has_its_page(opened: Opened) -> None:
    harness = walk(opened)
    publish_all(harness)
    first, second = (page(harness, phase) for phase in ("parallel_run", "validation"))
    assert summary(first)[1] == (
        "It lasted from the session of 16 February 2005 to that of 17 February 2005 and has been "
        "in force again since the session of 24 February 2005: 3 sessions, all of which passed."
    )
    assert summary(first)[-1].startswith(
        "For validation the only condition is missing: 1 more session in a row; if all goes well "
        "from now on, all could hold on 25 February 2005 at the earliest."
    )
    assert summary(second)[1] == (
        "It lasted from the session of 18 February 2005 to that of 23 February 2005: 3 sessions, "
        "of which 1 passed, 1 was undecided and 1 has no night."
    )
    assert "by carl (“the flows must wait”)." in summary(second)[2]
    assert (
        "Flows were as reliable as scripts: all 2 runs of flows and all 2 runs of scripts succeeded"
    ) in text(second)
    said = text(second)
    assert "course of <b>Friday</b>" in said
    assert "✕ lapsed: parity.yaml has changed since" in said
    assert "- validation: {sessions: 3, drill: 7d} + validation: {sessions: 3, drill: 5d}" in said
    assert "1 line added, 1 line removed · carl" in said
    assert "the drill failed: the views were locked" in said
    assert "validation → parallel run: the flows must wait" in said
    assert "first on record" in text(first)
    assert dead(harness) == []


def test_a_night_that_was_compared_again_in_another_phase_is_told_in_both(opened: Opened) -> None:
    harness = opened()
    save(harness, night(WED, "parallel_run"), night(THU, "parallel_run", verdict=Verdict.FAIL))
    assert advance(harness, by="anna", now=at(THU), environ={}).moved
    save(harness, night(FRI))
    publish_all(harness)
    assert harness.store.superseded("toy") == ()
    save(harness, night(THU))
    [earlier] = harness.store.superseded("toy")
    assert (earlier.run_id, earlier.phase) == ("toy.2005-02-17.1", "parallel_run")
    assert [one.phase for one in harness.store.nights("toy")] == [
        "validation", "validation", "parallel_run",
    ]  # fmt: skip
    shutil.rmtree(harness.suite.reports)
    publish_all(harness)
    assert dead(harness) == []
    index = (harness.suite.reports / "index.html").read_text(encoding="utf-8")
    assert "compared again later in validation" in index
    assert 'href="parallel_run/2005-02-17/index.html"' in index
    assert "The latest of 3 nights." in index
    first = page(harness, "parallel_run")
    assert "The session of 17 February 2005 was compared again in validation and passed." in text(
        first
    )
    assert "2 sessions, of which 1 passed and 1 failed" in summary(first)[1]
    assert "1 session, which" not in summary(page(harness, "validation"))[1]
    # Found again in its first phase it is superseded no more: the other one is.
    save(harness, night(THU, "parallel_run", verdict=Verdict.FAIL))
    assert [one.phase for one in harness.store.superseded("toy")] == ["validation"]


@pytest.mark.slow
def test_pages_that_go_by_age_leave_no_dead_link(opened: Opened) -> None:
    harness = walk(opened)
    publish_all(harness)
    assert 'href="2005-02-18/index.html"' in page(harness, "validation")
    short = replace(harness.suite, retention=Retention(reports=timedelta(days=1)))
    gone = replace(harness, suite=short)
    account = clean_up(gone, at(NEXT_THU), say=lambda _line: None)
    assert next(line.number for line in account.lines if line.what == "pages") == 1
    assert not (harness.suite.reports / "validation" / "2005-02-18").exists()
    assert "Friday 18 February 2005: Pass" in page(harness, "validation")
    assert dead(harness) == []
    publish_overview(gone)  # and the next night brings none back
    assert dead(harness) == []


def test_a_phase_that_has_just_begun_has_a_page_too(opened: Opened) -> None:
    harness = opened()
    save(harness, night(WED, "parallel_run"), night(THU, "parallel_run"))
    advance(harness, by="anna", now=at(THU), environ={})
    publish_overview(harness)
    assert summary(page(harness, "validation"))[1].endswith("; no night of it is stored.")
    assert "left for validation" in text(page(harness, "parallel_run"))
    assert "0 of 3 sessions in a row" in text(page(harness, "validation"))


def test_after_a_cutover_the_candidate_is_primary(opened: Opened) -> None:
    harness = opened()
    save(harness, night(WED, "cutover", primary=Side.CANDIDATE), night(THU, "cutover"))
    publish_overview(harness)
    # The trail knows of no such phase: its nights are told all the same.
    assert "Longest row: 1 session, 16 February 2005." in text(page(harness, "cutover"))


def test_what_cannot_be_told_stops_nothing_and_leaves_the_page(
    opened: Opened, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    harness = walk(opened)
    publish_overview(harness)
    before = page(harness, "validation")
    nights = harness.store.nights("toy")
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("ALTER TABLE parity.attempt RENAME TO gone")
    with caplog.at_level(logging.WARNING):
        publish_phases(harness, nights, (), None)
    assert "the pages of the phases stay as they were: StoreError: " in caplog.text
    assert 'relation "parity.attempt" does not exist' in caplog.text
    assert page(harness, "validation") == before


def test_a_folder_that_cannot_be_written_stops_nothing(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    harness = opened()
    save(harness, night(WED, "parallel_run"))
    harness.suite.reports.mkdir(parents=True)
    (harness.suite.reports / "parallel_run").write_text("a file")
    with caplog.at_level(logging.WARNING):
        publish_overview(harness)
    assert "the pages of the phases stay as they were" in caplog.text
    assert (harness.suite.reports / "index.html").is_file()
