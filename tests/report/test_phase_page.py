"""The page of a phase in a real browser. The `page` fixture fails on any console message."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from parity.model.monitoring import RunKind
from parity.model.phase import Change, Event, PhaseReport, SignOff, Stay
from parity.model.verdict import Phase, Verdict
from parity.report.phase import phase_page, write_phase
from tests.report.phases import (
    F,
    P,
    at,
    failed_week,
    figures,
    forced_cutover,
    gate,
    life,
    move,
    ran,
    re_entered,
    report,
    sessions,
    use,
)

pytestmark = pytest.mark.slow

HOSTILE = "</script><img src=x onerror=alert(1)> \"quotes' \u202egnirts {{ 7*7 }} 😀"


def publish(found: PhaseReport, reports: Path) -> str:
    return write_phase(found, reports).as_uri()


def site(reports: Path) -> str:
    """The phase of a failed week with everything that it may be linked with."""
    found = replace(failed_week(), phases=(Phase.PARALLEL_RUN, Phase.VALIDATION, Phase.CUTOVER))
    for name in ("index.html", "checklist.html"):
        (reports / name).write_text("<!doctype html><link rel=icon href='data:,'>")
    for phase in ("parallel_run", "cutover"):
        publish(replace(found, phase=Phase(phase), sessions=(), incidents=()), reports)
    for session in found.sessions:
        if session.link:
            night = reports / "validation" / session.link
            night.parent.mkdir(parents=True, exist_ok=True)
            night.write_text("<!doctype html><link rel=icon href='data:,'>")
    return publish(found, reports)


def test_the_summary_is_there_and_every_link_leads_somewhere(page: Page, tmp_path: Path) -> None:
    page.goto(site(tmp_path))
    expect(page).to_have_title("… cron-to-prefect: phase validation")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Validation: in force: 3 of 4 sessions in a row"
    )
    assert page.locator(".told p").count() == 7
    links = [
        link for link in page.locator("a").evaluate_all("all => all.map((one) => one.href)")
        if "#" not in link
    ]  # fmt: skip
    names = [link.removeprefix(tmp_path.as_uri()) for link in links]
    assert {"/index.html", "/checklist.html", "/parallel_run/index.html"} <= set(names)
    assert {"/cutover/index.html", "/validation/2005-02-22/index.html"} <= set(names)
    for name in set(names):
        assert (tmp_path / name.lstrip("/")).is_file(), name
    page.get_by_role("link", name="parallel run").click()
    page.get_by_role("link", name="validation").click()
    page.get_by_role("link", name="18 fail").click()
    assert page.url.endswith("/validation/2005-02-18/index.html")


def test_the_nights_of_the_folder_stay_where_they_are(tmp_path: Path) -> None:
    site(tmp_path)
    publish(failed_week(), tmp_path)
    assert (tmp_path / "validation" / "2005-02-16" / "index.html").is_file()
    assert [path.name for path in (tmp_path / "validation").glob(".*")] == []


@pytest.mark.parametrize("made", [failed_week, re_entered, forced_cutover, report])
def test_nothing_scrolls_sideways(page: Page, tmp_path: Path, made: object) -> None:
    assert callable(made)
    page.goto(publish(made(), tmp_path))
    for width, height in ((1280, 800), (360, 740), (2560, 1440)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.get_by_role("heading", level=1).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height


def test_days_say_what_they_are_without_colour(page: Page, tmp_path: Path) -> None:
    page.goto(publish(failed_week(), tmp_path))
    february = page.get_by_role("table", name="February 2005")
    expect(february.locator("td.fail").first).to_have_text("18 ✕fail")
    expect(february.locator("td.missing")).to_have_text("25 ∅no night")
    expect(february.locator("td.closed")).to_have_attribute(
        "title", "Monday 21 February 2005: the exchange was closed"
    )
    expect(february.locator("td.missing a")).to_have_count(0)
    expect(february.locator("td.undecided a")).to_have_attribute(
        "title", "Thursday 24 February 2005: Undecided, legacy job load-yahoo failed"
    )


def test_incidents_sort_by_how_long_they_lived(page: Page, tmp_path: Path) -> None:
    found = replace(failed_week(), incidents=tuple(
        life(str(number), nights=number, rows=1, cause=f"cause{number}") for number in (2, 10, 9)
    ))  # fmt: skip
    page.goto(publish(found, tmp_path))
    table = page.locator("#lives")
    table.get_by_role("columnheader", name="nights").get_by_role("button").click()
    assert table.locator("tbody th").all_text_contents() == ["cause2", "cause9", "cause10"]


def test_times_are_new_yorks_with_utc_beside(page: Page, tmp_path: Path) -> None:
    page.goto(publish(failed_week(), tmp_path))
    stamp = page.locator("#decisions ~ .scroll time").first
    expect(stamp).to_have_text("2005-02-16 09:30 New York")
    expect(stamp).to_have_attribute("title", "2005-02-16 14:30 UTC")
    expect(stamp).to_have_attribute("datetime", "2005-02-16T14:30:00+00:00")


def test_a_change_is_read_line_by_line_and_a_long_one_is_folded(page: Page, tmp_path: Path) -> None:
    long = Change(number=3, at=at(2005, 2, 25), by="ben", file="waivers.yaml", added=20,
                  diff=tuple(f"+line {number}" for number in range(20)))  # fmt: skip
    found = failed_week()
    page.goto(publish(replace(found, changes=(*found.changes, long)), tmp_path))
    folded = page.locator("details").get_by_text("line 19")
    expect(folded).to_be_hidden()
    page.get_by_text("The change, 20 lines").click()
    expect(folded).to_be_visible()
    diff = page.get_by_role("region", name="Change of parity.yaml")
    assert diff.inner_text().splitlines() == [
        "@@ -3,1 +3,1 @@", "-  sessions: 10", "+  sessions: 4",
    ]  # fmt: skip


def hostile() -> PhaseReport:
    """Whatever people chose the text of."""
    found = failed_week()
    lines = [
        figures(HOSTILE, RunKind.SCRIPT, 3),
        figures(f"{HOSTILE}2", RunKind.FLOW, 3, beside=HOSTILE),
    ]
    moved = move("parallel_run", "validation", at(2005, 2, 16), by=HOSTILE, why=HOSTILE,
                 forced=True)  # fmt: skip
    return replace(
        found,
        migration=HOSTILE,
        stays=(
            Stay(first=date(2005, 2, 16), last=date(2005, 3, 2), entered=moved, red=(HOSTILE,),
                 flows=ran(*lines, first=date(2005, 2, 16), number=10)),
        ),
        sessions=sessions(date(2005, 2, 16), [P, F], {Verdict.FAIL: HOSTILE * 200}),
        incidents=(
            life(HOSTILE, HOSTILE, dataset=HOSTILE, symbols=(HOSTILE, "x" * 10_000), gone=None),
            life("2", waiver=HOSTILE, gone=None),
        ),
        waivers=(use(owner=HOSTILE, dataset=HOSTILE),),
        signatures=(
            SignOff(number=1, item=HOSTILE, text=HOSTILE, by=HOSTILE, at=at(2005, 2, 16),
                    note=HOSTILE * 200),
        ),
        changes=(
            Change(number=1, at=at(2005, 2, 16), by=HOSTILE, file="parity.yaml",
                   diff=(f"+{HOSTILE}", "-" + "y" * 10_000)),
        ),
        events=(
            Event(number=1, at=at(2005, 2, 16), by=HOSTILE, kind=HOSTILE, says=HOSTILE * 200),
        ),
        gate=gate(earliest=None),
    )  # fmt: skip


def test_hostile_texts_are_shown_and_do_nothing(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(publish(hostile(), tmp_path))
    assert page.locator("main img").count() == 0
    assert "\u202e" not in page.content()
    assert "49" not in page.locator(".crumbs").first.inner_text()
    expect(page.locator(".crumbs").first).to_contain_text("</script><img src=x onerror=alert(1)>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phase_of_250_nights_with_1000_incidents_is_below_a_megabyte() -> None:
    days = sessions(date(2004, 3, 1), [P, F, P, None, P] * 50, {Verdict.FAIL: "rows differ " * 20})
    lives = tuple(
        life(f"yahoo_bars-{number}", symbols=tuple(f"SYM{number + n}" for n in range(5)),
             dataset="indicators_latest", returns=number % 2, follows=True)
        for number in range(1_000)
    )  # fmt: skip
    found = failed_week()
    events = tuple(replace(found.events[1], number=n) for n in range(250))
    changes = tuple(
        replace(found.changes[1], number=n, diff=("+" + "x" * 80,) * 100) for n in range(60)
    )
    whole = replace(found, sessions=days, incidents=lives, events=events, changes=changes,
                    open_days=tuple(one.day for one in days))  # fmt: skip
    page = phase_page(whole)
    assert len(page.encode()) < 1_000_000
    assert len(re.findall(r"<tr><td data-sort=", page)) == 1_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """axe-core is put into the page, which its policy refuses but for here."""
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(publish(failed_week(), tmp_path))
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "async (tags) => (await axe.run(document, {runOnly: tags})).violations"
        ".map((one) => one.id + ' ' + one.nodes[0].target + ' ' + one.nodes[0].failureSummary)",
        tags,
    )
    context.close()
    assert found == []


def test_without_a_checklist_page_none_is_linked(tmp_path: Path) -> None:
    write_phase(failed_week(), tmp_path)
    assert "checklist.html" not in (tmp_path / "validation" / "index.html").read_text("utf-8")
