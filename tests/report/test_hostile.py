"""Hostile texts are shown and do nothing, in pages and in a terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from parity.model.verdict import Verdict
from parity.report.beside import Beside
from parity.report.checklist import write_checklist
from parity.report.escaping import harmless
from parity.report.nights import NightRow
from parity.report.publish import write_index, write_night
from parity.report.terminal import render_night
from parity.report.words import visible
from tests.report import hostile
from tests.report.build import different, pair, run, source

NIGHT = "validation/2005-02-28/index.html"
PAGES = (NIGHT, "index.html", "checklist.html")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hostile night with its index and checklist."""
    reports = tmp_path_factory.mktemp("hostile")
    result, rows = hostile.night()
    beside = Beside(
        previous=NightRow.of(result), nights=[result], gate=hostile.checklist(),
        series=hostile.series(),
    )  # fmt: skip
    write_night(result, source(rows), (reports / NIGHT).parent, beside=beside)
    write_checklist(hostile.checklist(), reports)
    nights = [NightRow.of(result), replace(NightRow.of(result), phase=hostile.TEXTS["image"])]
    write_index(nights, reports, migration=hostile.TEXTS["script"], serving=hostile.serving())
    return reports


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that it says or asks for."""
    context = browser.new_context()
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on(
        "request",
        lambda request: heard.extend([request.url] * (not request.is_navigation_request())),
    )
    yield page, heard
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_and_nothing_breaks_out(
    opened: tuple[Page, list[str]], reports: Path, name: str, width: int
) -> None:
    page, heard = opened
    heard.clear()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((reports / name).as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    for part in ("a", "td", "summary", ".card"):  # handlers would hear this
        page.evaluate(
            """(part) => { for (const one of document.querySelectorAll(part))
              for (const kind of ['mouseover', 'focus', 'error'])
                one.dispatchEvent(new Event(kind)); }""",
            part,
        )
    assert page.evaluate("window.owned") is None
    assert [text for text in heard if not text.startswith("data:image/svg+xml")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img, iframe, object, [onerror], [onmouseover]").count() == 0
    schemes = page.locator("a[href]").evaluate_all("all => all.map((one) => one.protocol)")
    assert set(schemes) == {"file:"}
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


# Clicks every link within the page, and tells those whose target is then not in view.
CLICKS = """async () => {
  const lost = [];
  for (const link of document.querySelectorAll('main a[href^="#"]')) {
    if (!link.checkVisibility()) continue;
    link.click();
    await new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told)));
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const { top, bottom } = target?.getBoundingClientRect() ?? {};
    if (!(bottom > 0 && top < innerHeight)) lost.push(link.hash);
  }
  return lost;
}"""


@pytest.mark.slow
def test_after_a_click_the_target_is_in_view(opened: tuple[Page, list[str]], reports: Path) -> None:
    page, _ = opened
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((reports / NIGHT).as_uri())
    assert page.evaluate(CLICKS) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_all_hostile_texts_can_be_read(reports: Path, name: str) -> None:
    content = (reports / name).read_text(encoding="utf-8")
    text = BeautifulSoup(content, "lxml").get_text()
    for kind in ("script", "image", "ends", "link", "entity", "quotes", "sql", "emoji", "unseen"):
        assert visible(hostile.TEXTS[kind]) in text, kind
    assert "\\u202egnp.exe\\u202c" in text
    assert "\\x1b[31mred" in text
    assert "half \\ud83d of a pair" in text
    assert "49" not in re.sub(r"\d{3,}|[\d,.]*,[\d,.]+", "", text).split("7*7")[0][-2:]
    assert "… (10,240 characters)" in text
    assert "L" * 201 not in text


@pytest.mark.slow
def test_pages_stay_small_and_the_whole_text_is_beside_them(reports: Path) -> None:
    sizes = {name: (reports / name).stat().st_size for name in PAGES}
    assert max(sizes.values()) < 3_000_000, sizes
    kept = json.loads((reports / NIGHT).with_name("result.json").read_text(encoding="utf-8"))
    assert hostile.TEXTS["long"] in kept["reasons"]
    files = "".join(
        file.read_text(encoding="utf-8") for file in (reports / NIGHT).parent.glob("*.csv")
    )
    assert hostile.TEXTS["long"] in files


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_is_not_steered(width: int) -> None:
    result, _ = hostile.night()
    printed = render_night(result, width=width)
    odd = {one for one in str(printed) if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl"}}
    assert odd <= {"\n"}
    assert len(str(printed).splitlines()) < 2_000


# What a database can hold.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES)
@example(name="</td></tr></table><script>")
@example(name="\u202e\x00")
def test_any_name_is_in_the_page_as_it_reads(tmp_path: Path, name: str) -> None:
    rows = [pair(name, 0)]
    result = run(Verdict.FAIL, different(name, rows))
    write_night(result, source({name: rows}), tmp_path / "n")
    soup = BeautifulSoup((tmp_path / "n" / "index.html").read_bytes().decode(), "html.parser")
    cell = soup.select_one("#dataset-1-values tbody td")
    assert cell is not None
    shown = re.sub("[\u2068\u2069]", "", cell.get_text())
    assert shown == (visible(name) if name.strip(" ") == name != "" else f'"{visible(name)}"')


@given(st.text(st.characters()))
def test_what_is_harmless_shows_no_unseen_character_and_is_left_alone(text: str) -> None:
    told = str(harmless(text))
    unseen = {one for one in told if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co"}}
    assert unseen <= {"\n", "\t", "\u2068", "\u2069"}
    assert told.count("\u2068") == told.count("\u2069")
    plain = re.sub("[\u2068\u2069]", "", told)
    assert "".join(str(harmless(one)) for one in re.findall(r"[\n\t]|[ -~]+", text)) == "".join(
        re.findall(r"[\n\t]|[ -~]+", text)
    )
    # Of a pile of marks only the number is told.
    left = len(re.sub(r"[^\w\s]", "", text))
    assert len(plain) >= left - text.count("\u2068") - text.count("\u2069")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("AAPL 2:1", "AAPL 2:1"),
        ("two\nlines\tof it", "two\nlines\tof it"),
        ("bell\x07", "bell\\x07"),
        ("שלום עולם, 502 rows", "\u2068שלום עולם\u2069, 502 rows"),
        ("é́́́́́", "é́́́́\\u0301"),
        ("a" + "\u0301" * 61, "a" + "\u0301" * 4 + "(×57)"),
        (7, 7),
        (None, None),
    ],
)
def test_harmless(text: Any, told: Any) -> None:
    assert harmless(text) == told


def test_a_long_text_is_cut_and_tells_how_long_it_is() -> None:
    prose = "three words and " * 70
    assert visible(prose[:1_000]) == prose[:1_000]
    assert visible(prose) == prose[:1_000] + "… (1,120 characters)"
    assert visible("x" * 160 + " y") == "x" * 160 + " y"
    assert visible("y " + "x" * 161) == "y " + "x" * 158 + "… (163 characters)"
    assert visible("x" * 200, most=200) == "x" * 200
    assert visible("x" * 5_000, most=None) == "x" * 5_000
    assert len(str(harmless("x" * 1_000_000))) < 13_000
