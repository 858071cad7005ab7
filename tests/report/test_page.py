"""The pages in a real browser. The `page` fixture fails on any console message."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from parity.model.result import Incident, RunResult, Scope
from parity.model.verdict import Side, Verdict
from parity.report.nights import NightRow
from parity.report.publish import write_index, write_night
from parity.report.serving import ServingView, SwitchRow
from tests.report.build import (
    Rows,
    different,
    equal,
    failed_job_night,
    good_night,
    pair,
    run,
    source,
    split_night,
)

pytestmark = pytest.mark.slow

WORDS = {"pass": "Pass", "fail": "Fail", "undecided": "Undecided"}


def night(name: str) -> tuple[RunResult, Rows]:
    if name == "fail":
        return split_night()
    return (good_night() if name == "pass" else failed_job_night()), {}


def publish(folder: Path, result: RunResult, rows: Rows) -> str:
    write_night(result, source(rows), folder)
    return (folder / "index.html").as_uri()


@pytest.mark.parametrize("size", [(1280, 800), (360, 740), (2560, 1440)])
@pytest.mark.parametrize("name", WORDS)
def test_the_verdict_is_in_the_first_view_and_nothing_scrolls_sideways(
    page: Page, tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(publish(tmp_path / "n", *night(name)))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(WORDS[name])
    for part in (heading, page.locator(".seal"), page.locator(".answer")):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size[1]
        assert box["x"] + box["width"] <= size[0]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_header_sorts_by_number_both_ways_and_says_so(page: Page, tmp_path: Path) -> None:
    page.goto(publish(tmp_path / "n", *night("fail")))
    table = page.locator("#dataset-1-values")
    header = table.get_by_role("columnheader", name="close")
    dates = table.locator("tbody tr td:nth-child(2)")
    expect(header).to_have_attribute("aria-sort", "none")
    expect(dates.first).to_have_text("2005-02-28 00:00")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    # The delta is -(89.72 + n) / 2 for the bar n days back: lowest for the oldest, n = 299.
    expect(dates.first).to_have_text("2004-05-05 00:00")
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(dates.first).to_have_text("2005-02-28 00:00")
    expect(dates).to_have_count(200)


def test_the_filter_hides_rows_and_counts_them(page: Page, tmp_path: Path) -> None:
    page.goto(publish(tmp_path / "n", *night("fail")))
    tools = page.locator("[data-filter=dataset-1-values]")
    tools.get_by_label("Filter rows").fill("aapl 2005-02-2")
    expect(tools.get_by_role("status")).to_have_text("9 of 200 rows")
    assert page.locator("#dataset-1-values tbody tr:visible").count() == 9
    tools.get_by_label("Filter rows").fill("")
    assert page.locator("#dataset-1-values tbody tr:visible").count() == 200


def incident_night(folder: Path) -> str:
    """Two incidents of one dataset, with examples; the second has the more rows."""
    rows = [replace(pair("IBM", number), incident="few") for number in range(3)]
    rows += [replace(pair("AAPL", number), incident="many") for number in range(40)]
    columns = [f"a_column_with_a_long_name_{number}" for number in range(6)]
    example = {
        "key": {"symbol": "AAPL"},
        **{side: dict.fromkeys(columns, "123456.7891") for side in ("legacy", "undone")},
    }
    evidence = {"examples": [example] * 3, "says": "AAPL: prices are 2:1", "undo": "divide by 2"}
    incidents = tuple(
        Incident(
            id=ident, cause=cause, proved=proved, rows=number, columns=("close",), scope=Scope(),
            evidence=evidence,
        )
        for ident, cause, proved, number in (
            ("few", "unexplained", False, 3),
            ("many", "split_adjustment", True, 40),
        )
    )  # fmt: skip
    result = run(Verdict.FAIL, different("bars", rows, incidents=incidents))
    return publish(folder, result, {"bars": rows})


def test_an_incident_leads_to_its_rows_and_shows_no_others(page: Page, tmp_path: Path) -> None:
    page.goto(incident_night(tmp_path / "n"))
    rows = page.locator("#dataset-1-values tbody tr:visible")
    expect(rows).to_have_count(43)
    page.locator("#incident-few").get_by_role("link", name="its rows").click()
    expect(rows).to_have_count(3)
    expect(rows.first).to_be_in_viewport()
    rows.first.get_by_role("link", name="unexplained").click()
    expect(page.locator("#incident-few")).to_be_in_viewport()


@pytest.mark.parametrize("media", ["screen", "print"])
def test_incidents_fit_a_telephone_and_paper_and_have_readable_ink(
    page: Page, tmp_path: Path, media: Literal["screen", "print"]
) -> None:
    width = 400 if media == "screen" else 800
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(media=media)
    page.goto(incident_night(tmp_path / "n"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for ident in ("few", "many"):
        says = page.locator(f"#incident-{ident} .says")
        assert says.evaluate("one => getComputedStyle(one).color") == "rgb(22, 32, 43)"


def test_markup_in_a_symbol_is_text(page: Page, tmp_path: Path) -> None:
    symbol = "<script>document.title='owned'</script>"
    page.goto(publish(tmp_path / "n", *split_night(symbol)))
    expect(page.locator("#dataset-1-values tbody td").first).to_have_text(symbol)
    expect(page.get_by_role("heading", level=1)).to_contain_text(symbol)
    assert page.title() == "✕ Fail · cron-to-prefect · 2005-02-28"
    assert page.locator("script").count() == 1


def test_the_page_fetches_nothing_and_allows_no_inline_code_unseen(
    page: Page, tmp_path: Path
) -> None:
    page.goto(publish(tmp_path / "n", *night("fail")))
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    html = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    assert " style=" not in html
    assert not re.search(r"\son[a-z]+=", html)


def test_a_script_that_is_not_ours_is_refused(browser: Browser, tmp_path: Path) -> None:
    publish(tmp_path / "n", *night("fail"))
    file = tmp_path / "n" / "index.html"
    html = file.read_text(encoding="utf-8")
    file.write_text(html.replace("</main>", "<script>document.title='owned'</script></main>"))
    context = browser.new_context()
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(file.as_uri())
    expect(opened.locator("#dataset-1-values thead button").first).to_be_visible()  # ours ran
    title = opened.title()
    context.close()
    assert title == "✕ Fail · cron-to-prefect · 2005-02-28"
    assert len(said) == 1
    assert "Content Security Policy" in said[0]


def test_a_differing_cell_holds_both_values_the_delta_and_a_sign(
    page: Page, tmp_path: Path
) -> None:
    page.goto(publish(tmp_path / "n", *night("fail")))
    cell = page.locator("#dataset-1-values td.pair").first
    expect(cell).to_have_text("L89.7200C44.8600≠ Δ-44.8600")
    stamp = page.locator("#dataset-1-values tbody td:nth-child(2)").first
    expect(stamp).to_have_attribute("title", "2005-02-28 05:00 UTC")


def test_dark_and_light_have_readable_ink(page: Page, tmp_path: Path) -> None:
    address = publish(tmp_path / "n", *night("fail"))
    shades = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(address)
        shades[scheme] = page.evaluate(
            "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name])"
        )
    assert shades["light"] == ["rgb(22, 32, 43)", "rgb(245, 247, 249)"]
    assert shades["dark"] == ["rgb(230, 235, 240)", "rgb(15, 21, 27)"]


def test_the_index_leads_to_each_night(page: Page, tmp_path: Path) -> None:
    failed, rows = split_night()
    before = dataclasses.replace(good_night(), session=date(2005, 2, 25))
    for result, held in ((failed, rows), (before, {})):
        write_night(result, source(held), tmp_path / result.phase / result.session.isoformat())
    write_index([NightRow.of(before), NightRow.of(failed)], tmp_path, migration="cron-to-prefect")
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.locator("#nights tbody th")).to_have_text(["2005-02-28", "2005-02-25"])
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "502 rows of AAPL in 3 datasets unexplained since 2004-02-28"
    )
    page.locator("#nights").get_by_role("link", name="2005-02-25").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pass")
    page.get_by_role("link", name="All nights").click()
    expect(page.locator("#nights")).to_be_visible()


NAMES = ("yahoo_bars", "polygon_bars", "yahoo_adjusted_bars", "indicators", "latest_indicators")


def index_of(folder: Path) -> str:
    """Three nights of five datasets, with a cutover and a rollback between them."""
    rows = []
    for day, verdict in ((24, Verdict.PASS), (25, Verdict.FAIL), (28, Verdict.FAIL)):
        datasets = [equal(name, 2_016_000) for name in NAMES[:-1]]
        if verdict is Verdict.FAIL:
            datasets.append(different(NAMES[-1], [pair("AAPL", n) for n in range(200)]))
        night = run(verdict, *datasets, session=date(2005, 2, day), run_id=f"r{day}")
        rows.append(NightRow.of(night))
    moves = ((Side.CANDIDATE, 24, "anna"), (Side.LEGACY, 25, "ben"))
    switches = tuple(
        SwitchRow(at=datetime(2005, 2, day, 23, tzinfo=UTC), by=by, to=to, after=date(2005, 2, day))
        for to, day, by in moves
    )
    serving = ServingView(phase="validation", primary=Side.LEGACY, switches=switches)
    write_index(rows, folder, migration="m", serving=serving)
    return (folder / "index.html").as_uri()


def test_the_index_says_who_is_primary_and_marks_switches_between_nights(
    page: Page, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(index_of(tmp_path))
    expect(page.locator(".serving")).to_have_text(
        "Phase validation; primary: the scripts (legacy), rolled back 2005-02-25 by ben"
    )
    told = page.locator("#nights tbody tr").evaluate_all(
        "rows => rows.map(row => row.cells[0].textContent.trim())"
    )
    assert told == [
        "2005-02-28", "⇄ rolled back 2005-02-25 by ben", "2005-02-25",
        "⇄ cut over 2005-02-24 by anna", "2005-02-24",
    ]  # fmt: skip
    # All columns are there to be seen.
    table = page.locator("#history .scroll")
    assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    status = page.locator("[data-filter=nights]")
    status.get_by_label("Filter rows").fill("2005-02-25")
    expect(status.get_by_role("status")).to_have_text("1 of 3 rows")
    assert page.locator("#nights tbody tr:visible").count() == 1
    status.get_by_label("Filter rows").fill("")
    page.get_by_role("columnheader", name="rows differ").get_by_role("button").click()
    assert page.locator("#nights tr.moved").count() == 0  # they would stand anywhere
    assert page.locator("#nights tbody tr").count() == 3


def test_the_checklist_is_linked_where_it_is(page: Page, tmp_path: Path) -> None:
    page.goto(index_of(tmp_path))
    assert page.get_by_role("link", name="Checklist").count() == 0
    (tmp_path / "checklist.html").write_text("<title>the checklist</title>", encoding="utf-8")
    page.goto(index_of(tmp_path))
    page.get_by_role("link", name="Checklist").click()
    assert page.title() == "the checklist"
