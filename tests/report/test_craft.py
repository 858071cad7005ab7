"""What is asked of every page: axe-core finds nothing, nothing is fetched, all fits its screen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Request, expect

from tests.report.pages import NIGHTS, OVERVIEWS, publish

pytestmark = pytest.mark.slow

NAMES = (*NIGHTS, *OVERVIEWS)
AXE = files("axe_playwright_python") / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Layout depends on the width, contrast on the scheme.
WIDTHS = {"light": (360, 1280), "dark": (360,)}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of each page, by name."""
    return publish(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def inspected(browser: Browser) -> Iterator[Page]:
    """A page into which axe-core can be put: its policy refuses that, and is tested elsewhere."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds, all open that can be opened; each with where it is."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    options = {"runOnly": TAGS, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(inspected: Page, pages: dict[str, Path], name: str, scheme: Any) -> None:
    inspected.emulate_media(color_scheme=scheme)
    inspected.goto(pages[name].as_uri())
    inspected.evaluate(AXE.read_text(encoding="utf-8"))
    for width in WIDTHS[scheme]:
        inspected.set_viewport_size({"width": width, "height": 800})
        assert violations(inspected) == [], f"at {width} px"


def test_the_check_itself_sees_what_is_wrong(inspected: Page, tmp_path: Path) -> None:
    bad = '<html lang=en><title>t</title><main><h1>t</h1><p style="color:#ddd">pale</p></main>'
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    inspected.goto((tmp_path / "bad.html").as_uri())
    inspected.evaluate(AXE.read_text(encoding="utf-8"))
    assert [one.split()[:2] for one in violations(inspected)] == [["serious", "color-contrast:"]]


@pytest.fixture
def alone(browser: Browser) -> Iterator[Page]:
    """A page without a network, which must ask for nothing but itself and say nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []

    def ask(request: Request) -> None:
        if not request.is_navigation_request():
            asked.append(request.url)

    page.on("request", ask)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == []
    assert said == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_without_its_folder_and_without_a_network(
    alone: Page, pages: dict[str, Path], tmp_path: Path, name: str
) -> None:
    copy = tmp_path / f"attached {name}.html"
    shutil.copy(pages[name], copy)
    alone.goto(copy.as_uri())
    expect(alone.get_by_role("heading", level=1)).to_be_visible()
    alone.evaluate("for (const one of document.querySelectorAll('thead button')) one.click()")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_refers_to_nothing_outside_of_the_reports(pages: dict[str, Path], name: str) -> None:
    html = pages[name].read_text(encoding="utf-8")
    soup = BeautifulSoup(html, "lxml")
    outside = [
        value
        for tag in soup.find_all(True)
        for attribute, value in tag.attrs.items()
        if attribute in ("src", "href", "action", "data", "poster", "srcset", "background")
        and re.match(r"[a-z][a-z0-9+.-]*:|//", str(value), re.IGNORECASE)
        and not str(value).startswith("data:image/svg+xml;base64,")
    ]
    assert outside == []
    assert not re.search(r"@import|url\(", str(soup.style))
    assert not [
        (tag.name, attribute)
        for tag in soup.find_all(True)
        for attribute in tag.attrs
        if attribute == "style" or attribute.startswith("on")
    ]
    assert {tag.name for tag in soup.find_all(True)}.isdisjoint(
        {"iframe", "object", "embed", "form", "base", "img", "video", "audio"}
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_in_the_page_allows_its_own_code_and_no_other(
    alone: Page, pages: dict[str, Path], name: str
) -> None:
    alone.goto(pages[name].as_uri())
    policy = alone.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules.pop("default-src") == ["'none'"]
    assert rules.pop("base-uri") == ["'none'"]
    assert rules.pop("form-action") == ["'none'"]
    assert rules.pop("img-src") == ["data:"]
    assert set(rules) == {"style-src", "script-src"}
    sources = [source for found in rules.values() for source in found]
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", source) for source in sources)
    # It stands before all that it is about.
    head = alone.evaluate("[...document.head.children].map((one) => one.tagName)")
    assert head.index("META") < head.index("STYLE")
    assert len(rules["script-src"]) == alone.locator("script:not([type])").count()


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_nothing_scrolls_sideways_and_no_line_is_too_long(
    alone: Page, pages: dict[str, Path], width: int
) -> None:
    alone.set_viewport_size({"width": width, "height": 900})
    for name in NAMES:
        alone.goto(pages[name].as_uri())
        alone.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert alone.evaluate("document.documentElement.scrollWidth") <= width, name
        # In em, of which one has nearly two letters of prose.
        long = alone.evaluate(
            """[...document.querySelectorAll('p, li')]
              .filter((one) => !one.closest('.top, .scroll') && one.innerText.length > 100)
              .map((one) => [one.clientWidth / parseFloat(getComputedStyle(one).fontSize), one])
              .filter(([em]) => em > 60).map(([em, one]) => [em, one.outerHTML])"""
        )
        assert long == [], name


def test_without_scripts_the_page_says_the_same(browser: Browser, pages: dict[str, Path]) -> None:
    told = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(pages["index"].as_uri())
        expect(page.locator("#nights tbody tr:not(.moved)")).to_have_count(4)
        expect(page.locator("[data-filter] input")).to_have_count(int(scripts))
        page.get_by_label("Fail 1").check()
        told.append(page.locator("#nights tbody tr:visible th").all_inner_texts())
        context.close()
    assert told == [["2005-02-28"]] * 2


def test_nights_are_picked_by_verdict_and_phase_with_the_filter(
    alone: Page, pages: dict[str, Path]
) -> None:
    alone.goto(pages["index"].as_uri())
    sessions = alone.locator("#nights tbody tr:visible th")
    expect(sessions).to_have_text(["2005-02-28", "2005-02-25", "2005-02-24", "2005-02-23"])
    expect(alone.locator("#nights tr.moved:visible")).to_have_count(2)
    alone.get_by_label("parallel run").check()
    expect(sessions).to_have_text(["2005-02-24", "2005-02-23"])
    expect(alone.locator("#nights tr.moved:visible")).to_have_count(0)
    alone.get_by_label("Undecided").check()
    expect(sessions).to_have_text(["2005-02-23"])
    alone.get_by_role("group", name="Verdict").get_by_label("all", exact=True).check()
    alone.get_by_label("Filter rows").fill("pass")
    expect(sessions).to_have_text(["2005-02-24"])
    alone.get_by_role("group", name="Phase").get_by_label("all", exact=True).check()
    alone.get_by_label("Filter rows").fill("")
    alone.get_by_role("columnheader", name="rows differ").get_by_role("button").click()
    differ = alone.locator("#nights tbody tr:visible td:nth-child(4)").all_inner_texts()
    assert [int(text) for text in differ] == [0, 0, 2, 21]


def test_the_calendar_has_each_night_on_its_day(alone: Page, pages: dict[str, Path]) -> None:
    alone.goto(pages["index"].as_uri())
    month = alone.locator(".months section").first
    expect(month.get_by_role("heading")).to_have_text("February 2005")
    # From Wednesday 23 to Friday 25, then Monday 28: no weekend, no hole.
    expect(month.locator("li")).to_have_text(
        ["23?Wednesday 23 February 2005: Undecided", "24✓Thursday 24 February 2005: Pass",
         "25✓Friday 25 February 2005: Pass", "28✕Monday 28 February 2005: Fail"]
    )  # fmt: skip
    boxes = [one.bounding_box() for one in month.locator("li").all()]
    across = [round(box["x"]) for box in boxes if box]
    down = [round(box["y"]) for box in boxes if box]
    assert across[0] < across[1] < across[2]
    assert across[3] < across[0]  # Monday is left of Wednesday, a week below
    assert down[0] == down[1] == down[2] < down[3]
    month.get_by_role("link", name="Monday 28").click()
    expect(alone).to_have_title("✕ Fail · cron-to-prefect · 2005-02-28")


def test_the_pages_are_linked_with_each_other(alone: Page, pages: dict[str, Path]) -> None:
    alone.goto(pages["index"].as_uri())
    alone.get_by_role("link", name="Checklist").click()
    expect(alone).to_have_title("✕ No · m · validation")
    alone.get_by_role("link", name="the night that shows sessions-passed").click()
    expect(alone).to_have_title("✕ Fail · cron-to-prefect · 2005-02-28")
    alone.get_by_role("link", name="All nights").click()
    expect(alone).to_have_title("✕ m: nights")


@pytest.mark.parametrize("name", NAMES)
def test_all_that_can_be_used_is_reached_by_tab_and_seen(
    alone: Page, pages: dict[str, Path], name: str
) -> None:
    alone.goto(pages[name].as_uri())
    alone.keyboard.press("Tab")
    expect(alone.locator(":focus")).to_have_text("Skip to the verdict")
    expect(alone.locator(":focus")).to_be_in_viewport(ratio=1)
    wanted = alone.evaluate(
        """[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
          .filter((one) => one.checkVisibility() && !one.disabled)
          .filter((one) => one.type !== 'radio' || one.checked).length"""
    )
    seen = []
    for _ in range(wanted):
        seen.append(
            alone.evaluate(
                """(() => { const one = document.activeElement;
                  one.dataset.met = (one.dataset.met || 0) + 1;
                  const style = getComputedStyle(one);
                  return [one.dataset.met, style.outlineStyle]; })()"""
            )
        )
        alone.keyboard.press("Tab")
    assert {met for met, _ in seen} == {"1"}  # each once: none missing, no trap
    assert {outline for _, outline in seen} <= {"solid", "auto"}


@pytest.mark.parametrize("name", NAMES)
def test_numbers_stand_on_the_right_with_figures_of_one_width(
    alone: Page, pages: dict[str, Path], name: str
) -> None:
    alone.goto(pages[name].as_uri())
    alone.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    odd = alone.evaluate(
        r"""[...document.querySelectorAll('table:not(.sheet) td')]
          .filter((one) => /^[-+−]?[\d,]*\.?\d+( %)?$/.test(one.innerText.trim()))
          .filter((one) => getComputedStyle(one).textAlign !== 'right'
            || !getComputedStyle(one).fontVariantNumeric.includes('tabular-nums'))
          .map((one) => one.outerHTML)"""
    )
    assert odd == []


def test_moments_are_in_exchange_time_with_utc_on_hover(
    alone: Page, pages: dict[str, Path]
) -> None:
    alone.goto(pages["checklist"].as_uri())
    moment = alone.locator(".top time")
    expect(moment).to_have_text("Monday 28 February 2005, 18:00")
    expect(moment).to_have_attribute("title", "2005-02-28 23:00 UTC")
    expect(moment).to_have_attribute("datetime", "2005-02-28T23:00:00+00:00")
    alone.goto(pages["index"].as_uri())
    # In New York it was still the day before.
    moved = alone.locator("tr.moved time").first
    expect(moved).to_have_text("2005-02-25")
    expect(moved).to_have_attribute("title", "2005-02-26 01:00 UTC")


@pytest.mark.parametrize("width", [1280, 2560])
def test_key_figures_stand_on_one_line(alone: Page, pages: dict[str, Path], width: int) -> None:
    alone.set_viewport_size({"width": width, "height": 900})
    alone.goto(pages["fail"].as_uri())
    figure = alone.locator("main > .figures dd").first
    figure.evaluate("one => { one.textContent = '166 of 166'; }")
    heights = alone.locator("main > .figures dd").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert max(heights) == min(heights)


@pytest.mark.parametrize("number", range(2, 11))
def test_no_card_stands_alone_below_the_others(
    alone: Page, pages: dict[str, Path], number: int
) -> None:
    alone.goto(pages["pass"].as_uri())
    # Seven of three in a row leave one whatever one does.
    for width in (800, 1024, 1280, 1920, 2560)[number == 7 :]:
        alone.set_viewport_size({"width": width, "height": 900})
        rows = alone.locator("#datasets ~ .cards").evaluate(
            """(all, number) => { const one = all.children[0];
              all.replaceChildren(...Array.from({length: number}, () => one.cloneNode(true)));
              const tops = [...all.children].map((card) => Math.round(card.offsetTop));
              return [...new Set(tops)].map((top) => tops.filter((n) => n === top).length); }""",
            number,
        )
        assert len(rows) == 1 or rows[-1] > 1, (width, rows)


def test_colours_of_the_reader_leave_every_verdict_to_be_seen(
    alone: Page, pages: dict[str, Path]
) -> None:
    alone.emulate_media(forced_colors="active")
    alone.goto(pages["index"].as_uri())
    for kind in (".hero", ".badge.fail", ".month a.fail"):
        assert alone.locator(kind).first.evaluate("one => getComputedStyle(one).borderStyle") == (
            "solid"
        )


def test_print_leaves_out_what_cannot_be_used_on_paper(alone: Page, pages: dict[str, Path]) -> None:
    alone.goto(pages["index"].as_uri())
    alone.emulate_media(media="print")
    for part in (".open", ".picks", ".tools"):
        expect(alone.locator(part).first).to_be_hidden()
    assert alone.locator(".scroll").first.evaluate("one => getComputedStyle(one).maxHeight") == (
        "none"
    )
    assert alone.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)"
