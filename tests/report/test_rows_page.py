"""Tables of rows in a real browser: filter, sort, columns, identical values, copying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from parity.database import Database
from parity.model.result import ColumnResult, Discrepancy, Origin, RowState
from parity.model.verdict import Verdict
from parity.report.publish import write_night
from tests.report.build import Rows, different, only, pair, run, source

pytestmark = pytest.mark.slow

ORIGIN = Origin(
    legacy=("legacy", "bars"), candidate=("prefect", "bars"), rename=(("volume", "shares"),)
)
TABLE = "#dataset-1-values"


def columns(*names: str) -> tuple[ColumnResult, ...]:
    return tuple(
        ColumnResult(name=name, mismatched=1, max_abs_delta=1.0, max_rel_delta=0.5)
        for name in names
    )


def row(symbol: object, legacy: dict[str, Any], **candidate: Any) -> Discrepancy:
    """A pair that differs in the columns given for the candidate."""
    return Discrepancy(
        state=RowState.MISMATCHED,
        key=(symbol,),
        legacy=legacy,
        candidate=legacy | candidate,
        columns=tuple(candidate),
    )


def publish(folder: Path, rows: list[Discrepancy], **values: Any) -> str:
    held: Rows = {"bars": rows}
    write_night(run(Verdict.FAIL, different("bars", rows, **values)), source(held), folder)
    return (folder / "index.html").as_uri()


def mixed(folder: Path) -> str:
    """Four rows of five columns: `close` differs in two, `note` in one, three columns never.

    `drift` is equal by tolerance in the second row, and NULL on both sides in the third.
    """
    held = {"open": 1000.5, "close": 10.0, "note": "a", "drift": 1.5, "lot": 100}
    rows = [
        row("A", held, close=12.5),
        replace(row("B", held, close=9.0), candidate=held | {"close": 9.0, "drift": 1.50001}),
        row("C", held | {"drift": None, "open": 20.0}, note="<b>"),
        row("D", held | {"open": None, "close": None}, note=None),
    ]
    return publish(
        folder, rows, key=("symbol",), columns=columns("open", "close", "note", "drift", "lot")
    )


def shown(page: Page, table: str = TABLE) -> dict[str, list[str]]:
    """What is seen: the cells of each column that is shown, by its header."""
    found: list[list[str]] = page.locator(f"{table} tr:visible").evaluate_all(
        "rows => rows.map(row => [...row.cells].filter(cell => !cell.hidden)"
        ".map(cell => cell.textContent))"
    )
    return {name: list(cells) for name, *cells in zip(*found, strict=True)}


def tools(page: Page) -> Locator:
    return page.locator("[data-filter=dataset-1-values]")


def test_at_first_columns_that_differ_are_shown_and_a_dot_where_they_do_not(
    page: Page, tmp_path: Path
) -> None:
    page.goto(mixed(tmp_path / "n"))
    assert shown(page) == {
        "symbol": ["A", "B", "C", "D"],
        "close": ["L10.0C12.5≠ Δ+2.500", "L10.0C9.0≠ Δ-1.000", "·", "·"],
        "note": ["·", "·", "LaC<b>≠ Δ—", "LaCNULL≠ Δ—"],
    }
    expect(tools(page).locator("summary")).to_have_text("Columns: 2 of 5")
    expect(tools(page).get_by_role("status")).to_have_text("4 rows")


def test_identical_values_come_and_go(page: Page, tmp_path: Path) -> None:
    page.goto(mixed(tmp_path / "n"))
    before = shown(page)
    toggle = tools(page).get_by_label("Show identical values")
    toggle.press("Space")
    assert shown(page) == {
        "symbol": ["A", "B", "C", "D"],
        "open": ["1,000.5", "1,000.5", "20.0", "NULL"],
        "close": ["L10.0C12.5≠ Δ+2.500", "L10.0C9.0≠ Δ-1.000", "10.0", "NULL"],
        "note": ["a", "a", "LaC<b>≠ Δ—", "LaCNULL≠ Δ—"],
        "drift": ["1.5", "L1.5C1.50001", "NULL", "1.5"],
        "lot": ["100", "100", "100", "100"],
    }
    expect(tools(page).locator("summary")).to_have_text("Columns: 5 of 5")
    toggle.press("Space")
    assert shown(page) == before


def test_columns_are_chosen_with_the_keyboard_alone(page: Page, tmp_path: Path) -> None:
    page.goto(mixed(tmp_path / "n"))
    summary = tools(page).locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    box = tools(page).get_by_role("checkbox", name="open")
    expect(box).to_be_visible()
    expect(box).not_to_be_checked()
    for _ in range(3):  # all, as at first, the first column
        page.keyboard.press("Tab")
    expect(box).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(box).not_to_be_visible()
    assert list(shown(page)) == ["symbol", "open", "note"]
    summary.press("Enter")
    expect(box).to_be_checked()  # the choice is kept
    tools(page).get_by_role("button", name="Only those that differ").click()
    assert list(shown(page)) == ["symbol", "close", "note"]
    tools(page).get_by_role("button", name="All", exact=True).click()
    assert list(shown(page)) == ["symbol", "open", "close", "note", "drift", "lot"]
    page.get_by_role("heading", level=1).click()
    expect(box).not_to_be_visible()


def test_a_column_that_was_added_sorts_by_number_with_its_rows(page: Page, tmp_path: Path) -> None:
    page.goto(mixed(tmp_path / "n"))
    tools(page).get_by_label("Show identical values").check()
    header = page.locator(TABLE).get_by_role("columnheader", name="open")
    header.get_by_role("button").click()
    assert shown(page)["symbol"] == ["C", "A", "B", "D"]  # 20, 1000.5, 1000.5, NULL
    header.get_by_role("button").click()
    assert shown(page)["symbol"] == ["A", "B", "C", "D"]
    page.locator(TABLE).get_by_role("columnheader", name="close").get_by_role("button").click()
    tools(page).get_by_label("Show identical values").uncheck()
    assert shown(page)["close"][:2] == ["L10.0C9.0≠ Δ-1.000", "L10.0C12.5≠ Δ+2.500"]
    tools(page).get_by_label("Show identical values").check()
    assert dict(zip(shown(page)["symbol"], shown(page)["open"], strict=True)) == {
        "A": "1,000.5", "B": "1,000.5", "C": "20.0", "D": "NULL",
    }  # fmt: skip


def test_the_filter_looks_at_what_is_shown(page: Page, tmp_path: Path) -> None:
    page.goto(mixed(tmp_path / "n"))
    field = tools(page).get_by_label("Filter rows")
    field.fill("1,000.5")
    expect(tools(page).get_by_role("status")).to_have_text("0 of 4 rows")
    tools(page).get_by_label("Show identical values").check()
    expect(tools(page).get_by_role("status")).to_have_text("2 of 4 rows")
    assert shown(page)["symbol"] == ["A", "B"]
    field.fill("")
    expect(tools(page).get_by_role("status")).to_have_text("4 rows")


def wide_rows(count: int, width: int) -> list[Discrepancy]:
    names = [f"measure_{number:03}" for number in range(width)]
    return [
        row(
            f"S{number}",
            {name: (number * 7 + place) / 3 for place, name in enumerate(names)},
            **{name: (number * 7 + place) / 4 + 1 for place, name in enumerate(names)},
        )
        for number in range(count)
    ]


def test_a_hundred_columns_of_two_hundred_rows_fit_and_all_can_be_seen(
    page: Page, tmp_path: Path
) -> None:
    names = [f"measure_{number:03}" for number in range(100)]
    address = publish(
        tmp_path / "n", wide_rows(210, 100), key=("symbol",), columns=columns(*names), origin=ORIGIN
    )
    assert (tmp_path / "n" / "index.html").stat().st_size < 3_000_000
    page.goto(address)
    expect(tools(page).locator("summary")).to_have_text("Columns: 24 of 100")
    tools(page).locator("summary").click()
    tools(page).get_by_label("Find a column").fill("_077")
    tools(page).get_by_role("checkbox").locator("visible=true").nth(0).check()
    assert list(shown(page))[-1] == "measure_077"
    # Row 0 of column 77: 77/3, 77/4 + 1.
    assert shown(page)["measure_077"][0] == "L25.6667C20.25≠ Δ-5.417"
    tools(page).get_by_role("button", name="All", exact=True).click()
    assert list(shown(page))[1:] == names
    assert len(shown(page)["symbol"]) == 200


def test_without_scripts_there_is_the_table_its_budget_in_words_and_no_control(
    browser: Browser, tmp_path: Path
) -> None:
    names = [f"measure_{number:03}" for number in range(40)]
    address = publish(
        tmp_path / "n", wide_rows(210, 40), key=("symbol",), columns=columns(*names), origin=ORIGIN
    )
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    section = page.locator("#dataset-1")
    expect(section.locator(".table-note")).to_have_text(
        "24 of 40 columns: those that differ in most of these rows, of 40 that do"
    )
    expect(section.locator(".shown")).to_contain_text("200 of 210")
    expect(section.get_by_role("link", name="discrepancies-bars.csv").first).to_be_visible()
    expect(section.locator(f"{TABLE} tbody tr")).to_have_count(200)
    table = section.locator(f"{TABLE}")
    assert table.locator("button, input").count() == 0
    assert section.locator(".chooser, .tools *").count() == 0
    context.close()


@pytest.fixture
def copying(browser: Browser) -> Iterator[Page]:
    """A page that may use the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


@pytest.mark.parametrize("sort", [False, True])
def test_a_row_is_copied_as_sql_that_finds_it_on_both_sides(
    copying: Page, tmp_path: Path, database: Database, sort: bool
) -> None:
    moment = datetime(2005, 2, 28, 5, tzinfo=UTC)
    keys = [('O\'Neil \\ "x"', moment), ("<b>&amp;", moment), (None, moment), ("💥\n", None)]
    held = {"close": 10.5, "volume": 7}
    rows = [
        replace(row(symbol, held, close=11.5 + n), key=(symbol, when))
        for n, (symbol, when) in enumerate(keys)
    ]
    address = publish(
        tmp_path / "n", rows, key=("symbol", "at"), columns=columns("close", "volume"),
        origin=ORIGIN,
    )  # fmt: skip
    copying.goto(address)
    if sort:  # the button goes with its row
        header = copying.locator(TABLE).get_by_role("columnheader", name="close")
        header.get_by_role("button").dblclick()
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for schema, volume in (("legacy", "volume"), ("prefect", "shares")):
            connection.execute(
                f"CREATE TABLE {schema}.bars "
                f"(symbol text, at timestamptz, close float, {volume} int)".encode()
            )  # fmt: skip
            for n, key in enumerate(keys):
                close = 10.5 if schema == "legacy" else 11.5 + n
                insert = f"INSERT INTO {schema}.bars VALUES (%s, %s, %s, 7)"
                connection.execute(insert.encode(), (*key, close))
        lines = copying.locator(f"{TABLE} tbody tr")
        for place in range(len(keys)):
            n = len(keys) - 1 - place if sort else place
            button = lines.nth(place).get_by_role("button", name="Copy as SQL")
            button.focus()
            copying.keyboard.press("Enter")
            expect(copying.locator(".said")).to_contain_text("Copied: SQL that shows")
            found = connection.execute(clipboard(copying).encode()).fetchall()
            assert found == [("legacy", *keys[n], 10.5, 7), ("candidate", *keys[n], 11.5 + n, 7)]


def test_rows_without_a_partner_are_copied_too_and_unknown_tables_have_no_button(
    copying: Page, tmp_path: Path
) -> None:
    rows = [only(RowState.LEGACY_ONLY, "A", 0)]
    copying.goto(publish(tmp_path / "n", rows, origin=ORIGIN))
    copying.locator("#dataset-1-unpaired").get_by_role("button", name="Copy as SQL").click()
    expect(copying.locator(".said")).to_contain_text("A 2005-02-28 00:00 yahoo on both sides")
    assert '\nFROM "prefect"."bars"\nWHERE "symbol" = \'A\' AND' in clipboard(copying)
    copying.goto(publish(tmp_path / "m", rows))
    assert copying.get_by_role("button", name="Copy as SQL").count() == 0


def test_a_command_is_copied_as_it_is_to_be_typed(copying: Page, tmp_path: Path) -> None:
    publish(tmp_path / "n", [pair("A", 0)])
    file = tmp_path / "n" / "index.html"
    html = file.read_text(encoding="utf-8")
    told = "<code data-copy=\"parity waive 'x y'\">…</code> <code data-copy>b &amp; c</code>"
    file.write_text(html.replace("</main>", f"{told}</main>"), encoding="utf-8")
    copying.goto(file.as_uri())
    buttons = copying.get_by_role("button", name="Copy this command")
    for place, text in ((-2, "parity waive 'x y'"), (-1, "b & c")):  # behind those of the page
        buttons.nth(place).click()
        expect(copying.locator(".said")).to_have_text(f"Copied: {text}")
        assert clipboard(copying) == text


@pytest.mark.parametrize("command", [True, False])
def test_where_the_clipboard_is_refused_the_text_is_copied_or_selected_to_be(
    copying: Page, tmp_path: Path, command: bool
) -> None:
    copying.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    if not command:
        copying.add_init_script("document.execCommand = () => false")
    copying.goto(publish(tmp_path / "n", [pair("A", 0)], origin=ORIGIN))
    copying.locator(TABLE).get_by_role("button", name="Copy as SQL").first.click()
    if command:
        expect(copying.locator(".said")).to_contain_text("Copied: SQL that shows A")
        assert clipboard(copying).startswith("SELECT 'legacy' AS side, \"symbol\"")
        assert copying.locator("textarea").count() == 0
    else:
        expect(copying.locator(".said")).to_contain_text("copy it with Ctrl+C")
        selected = copying.evaluate("document.activeElement.value.slice(...["
                                    "document.activeElement.selectionStart,"
                                    "document.activeElement.selectionEnd])")  # fmt: skip
        assert selected.startswith("SELECT 'legacy' AS side")
        assert selected.endswith(";\n")


@pytest.mark.parametrize("width", [360, 1280])
def test_keys_stay_in_view_where_there_is_room_and_nothing_scrolls_the_page(
    page: Page, tmp_path: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(publish(tmp_path / "n", [pair("AAPL", n) for n in range(30)], origin=ORIGIN))
    tools(page).get_by_label("Show identical values").check()
    tools(page).locator("summary").click()
    box = tools(page).get_by_role("group", name="Columns to show").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    region = page.locator(".scroll").filter(has=page.locator(TABLE))
    expect(page.locator(TABLE)).to_have_attribute("data-stuck", "1" if width == 360 else "3")
    region.evaluate("one => one.scrollLeft = 10_000")
    left = region.evaluate("one => one.getBoundingClientRect().left")
    for place in range(1 if width == 360 else 3):
        cell = page.locator(f"{TABLE} tbody td").nth(place).bounding_box()
        assert cell is not None
        assert abs(cell["x"] - left) < 2
        left += cell["width"]


def test_a_table_that_goes_on_to_the_right_fades_there_until_its_end(
    page: Page, tmp_path: Path
) -> None:
    names = [f"measure_{number:02}" for number in range(24)]
    held = dict.fromkeys(names, 1_000.5)
    page.goto(publish(tmp_path / "n", [row("A", held, **dict.fromkeys(names, 9.0))],
                      key=("symbol",), columns=columns(*names)))  # fmt: skip
    scroll = page.locator(f".scroll:has(> {TABLE})")
    expect(scroll).to_have_class("scroll on-right")
    scroll.evaluate("one => one.scrollTo(one.scrollWidth, 0)")
    expect(scroll).to_have_class("scroll")


def test_paper_has_ten_rows_of_a_table_and_says_where_the_others_are(
    page: Page, tmp_path: Path
) -> None:
    rows = [row(f"S{number:02}", {"close": 123_456.75}, close=1.5) for number in range(30)]
    page.goto(publish(tmp_path / "n", rows, key=("symbol",), columns=columns("close")))
    page.emulate_media(media="print")
    assert page.locator(f"{TABLE} tbody tr:visible").count() == 10
    told = page.locator(f".scroll:has(> {TABLE})").evaluate(
        "one => getComputedStyle(one, '::after').content"
    )
    assert told == '"… all rows and columns in the CSV"'
    expect(tools(page)).to_be_hidden()
    # A number is on one line, however narrow the paper is.
    page.set_viewport_size({"width": 360, "height": 800})
    heights = page.locator(f"{TABLE} td.pair span:visible").evaluate_all(
        "all => [...new Set(all.map((one) => one.getClientRects().length))]"
    )
    assert heights == [1]
