"""Charts in a real browser: drawn, zoomed, read, printed, and without scripts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from parity.report.history import history_view
from parity.report.html import index_page
from parity.report.view import NightRow
from tests.report.pictured import minutes, nights, series
from tests.report.pictured import page as night

CHART = "parityCharts.find((one) => one.place.id === 'chart-1')"


def chart(page: Page, asked: str) -> Any:
    """What the script knows of the first incident's chart."""
    return page.evaluate(f"() => {{ const chart = {CHART}; return {asked}; }}")


def pixels(page: Page, plot: int, name: str) -> int:
    """How many pixels of a plot's canvas have the colour of a custom property, almost."""
    return int(page.evaluate(
        f"""([plot, name]) => {{
          const ctx = {CHART}.plots[plot].ctx;
          const copy = document.createElement("canvas");
          copy.width = ctx.canvas.width;
          copy.height = ctx.canvas.height;
          const probe = copy.getContext("2d", {{ willReadFrequently: true }});
          probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
          probe.fillRect(0, 0, 1, 1);
          const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
          probe.clearRect(0, 0, 1, 1);
          probe.drawImage(ctx.canvas, 0, 0);
          const {{ data }} = probe.getImageData(0, 0, copy.width, copy.height);
          let found = 0;
          for (let at = 0; at < data.length; at += 4) {{
            const far = [r, g, b].reduce((sum, one, n) => sum + Math.abs(data[at + n] - one), 0);
            if (data[at + 3] > 250 && far < 12) found += 1;
          }}
          return found;
        }}""",
        [plot, name],
    ))  # fmt: skip


@pytest.fixture
def shown(page: Page, tmp_path: Path) -> Page:
    page.goto(night(tmp_path))
    return page


def hover(page: Page, place: int, plot: int = 0) -> None:
    """Puts the mouse over the point with this number."""
    over = page.locator("#chart-1 .u-over").nth(plot)
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    x = chart(page, f"chart.plots[{plot}].valToPos({place}, 'x')")
    page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)


def readout(page: Page) -> list[str]:
    frame = page.locator("[data-chart=chart-1]")
    return [frame.locator(".at").text_content() or "", *frame.locator("output").all_text_contents()]


def test_both_sides_and_the_difference_are_drawn(shown: Page) -> None:
    drawn = chart(shown, "chart.plots.map((one) => one.data)")
    assert drawn[0][1][6:] == [91, 89.72, 89, 88]
    assert drawn[0][2][6:] == [None, 44.86, 44.5, 44]
    assert drawn[1][1][5:] == [0, None, -44.86, -44.5, -44]
    assert pixels(shown, 0, "--legacy") > 200
    assert pixels(shown, 0, "--candidate") > 200
    assert pixels(shown, 0, "--undecided-soft") > 2_000  # the incident is shaded
    assert pixels(shown, 1, "--fail") > 2_000


def test_sides_differ_in_more_than_colour(shown: Page) -> None:
    lines = chart(shown, "chart.plots[0].series.slice(1).map((one) => [one.dash, one.width])")
    assert lines == [[None, 2], [[7, 5], 2.5]]


def test_a_chart_says_what_is_seen_to_those_who_do_not_see(shown: Page) -> None:
    place = shown.get_by_role("img", name="close of AAPL, 2005-02-21 to 2005-03-02")
    assert place.get_attribute("id") == "chart-1"
    label = place.get_attribute("aria-label") or ""
    assert label.endswith("candidate is half of legacy from 2005-02-28 on")


def test_hovering_either_plot_tells_the_numbers(shown: Page) -> None:
    hover(shown, 7)
    assert readout(shown) == ["2005-02-28", "89.72", "44.86", "-44.86"]
    hover(shown, 6, plot=1)
    assert readout(shown) == ["2005-02-27", "91", "—", "—"]
    shown.mouse.move(0, 0)
    assert readout(shown) == ["", "", "", ""]


def test_dragging_zooms_both_plots_and_a_button_resets(shown: Page) -> None:
    ends = "chart.plots.map((one) => [one.scales.x.min, one.scales.x.max])"
    whole = [[-0.5, 9.5], [-0.5, 9.5]]
    reset = shown.locator("[data-chart=chart-1]").get_by_role("button", name="Reset zoom")
    assert chart(shown, ends) == whole
    assert reset.is_disabled()
    hover(shown, 3)
    shown.mouse.down()
    hover(shown, 8)
    shown.mouse.up()
    low, high = chart(shown, ends)[0]
    assert (low, high) == (pytest.approx(3, abs=0.05), pytest.approx(8, abs=0.05))
    assert chart(shown, ends)[1] == [low, high]
    reset.focus()
    shown.keyboard.press("Enter")
    assert chart(shown, ends) == whole
    assert reset.is_disabled()
    shown.get_by_role("button", name="Zoom to the incident").click()
    assert chart(shown, ends) == [[6.5, 9.5], [6.5, 9.5]]
    shown.locator("#chart-1 .u-over").first.dblclick()
    assert chart(shown, ends) == whole


def test_instants_are_told_in_exchange_time_with_utc_beside(page: Page, tmp_path: Path) -> None:
    times = tuple(minutes(3))
    page.goto(night(tmp_path, series(
        times=times, legacy=(1.0, 2.0, 3.0), candidate=(1.1, 2.2, 3.3), first=times[0],
        last=times[2], whole=3,
    )))  # fmt: skip
    hover(page, 1)
    assert readout(page) == ["2005-02-28 09:31", "2", "2.2", "+0.2"]
    at = page.locator("[data-chart=chart-1] .at")
    assert at.get_attribute("title") == "2005-02-28 14:31 UTC"


def test_colours_follow_the_scheme_and_the_zoom_stays(shown: Page) -> None:
    shown.get_by_role("button", name="Zoom to the incident").click()
    shown.emulate_media(color_scheme="dark")
    shown.wait_for_function(f"{CHART}.plots[0].series[1].points.stroke() === '#b894ea'")
    assert pixels(shown, 0, "--legacy") > 100
    assert chart(shown, "chart.plots[1].scales.x.min") == 6.5


def test_a_chart_takes_the_width_that_there_is(shown: Page) -> None:
    shown.set_viewport_size({"width": 360, "height": 800})
    shown.wait_for_function(f"{CHART}.plots.every((one) => one.width < 340)")
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


def test_a_printed_page_holds_its_charts(shown: Page) -> None:
    """A4 less its margins is 718 px wide; what was drawn wider shrinks, and no control is there."""
    shown.emulate_media(media="print")
    shown.set_viewport_size({"width": 718, "height": 1000})
    assert shown.evaluate("document.documentElement.scrollWidth") == 718
    canvas = shown.locator("#chart-1 canvas").first
    box = canvas.bounding_box()
    assert box is not None
    assert 300 < box["width"] < 718
    ratio = canvas.evaluate("(one) => one.width / one.height")
    assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.02)
    assert pixels(shown, 0, "--candidate") > 100
    assert not shown.get_by_role("button", name="Reset zoom").first.is_visible()


def test_an_incident_that_fills_its_chart_is_zoomed_to_where_it_ends(
    page: Page, tmp_path: Path
) -> None:
    """Of 100 days the first 90 are the incident's: the 70th to the last one are in view."""
    days = tuple((date(2005, 1, 3) + timedelta(days=n)).isoformat() for n in range(100))
    long = series(
        times=days, legacy=(2.0,) * 100, candidate=(1.0,) * 90 + (2.0,) * 10, first=days[0],
        last=days[89], whole=100,
    )  # fmt: skip
    page.goto(night(tmp_path, long))
    page.get_by_role("button", name="Zoom to where it ends").click()
    assert chart(page, "[chart.plots[0].scales.x.min, chart.plots[0].scales.x.max]") == [68.5, 99.5]


def test_a_page_that_is_dark_prints_on_white(shown: Page) -> None:
    """What the browser says before and after it prints changes the colours for so long."""
    stroke = "chart.plots[0].series[1].points.stroke()"
    shown.emulate_media(color_scheme="dark")
    shown.wait_for_function(f"{CHART}.plots[0].series[1].points.stroke() === '#b894ea'")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert chart(shown, stroke) == "#7c4dbe"
    card = shown.locator("figure:has(#chart-1)")
    assert card.evaluate("(one) => getComputedStyle(one).backgroundColor") == "rgb(255, 255, 255)"
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert chart(shown, stroke) == "#b894ea"


def test_without_scripts_the_numbers_are_there(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(night(tmp_path))
    incident = page.locator("figure:has(#chart-1)")
    assert incident.locator("figcaption").text_content() == (
        "close of AAPL, 2005-02-21 to 2005-03-02: candidate is half of legacy from 2005-02-28 on"
    )
    incident.locator("summary").click()
    row = incident.locator("tbody tr").nth(7)
    assert row.locator("th, td").all_text_contents() == ["2005-02-28", "89.72", "44.86", "-44.86"]
    assert page.locator("figure:has(#chart-trends) tbody tr").count() == 3
    # Nothing stands above a chart that is not drawn.
    assert incident.locator(".chart").is_hidden()
    for summary in page.locator(".dataset details.raw > summary").all():
        if summary.is_visible():
            summary.click()
    assert page.locator(".heat").first.is_visible()
    assert page.get_by_role("img", name="differences of close in").first.is_visible()
    assert page.get_by_role("button", name="Reset zoom").count() == 0
    context.close()


def test_a_cell_of_the_heat_map_says_whose_it_is(shown: Page) -> None:
    cell = shown.locator("#dataset-2-heat tbody td:not(.number)").last
    cell.hover()
    assert cell.get_attribute("title") == "AAPL, 2005-02-28: 1 row differs"


def test_bars_of_a_distribution_tell_their_number(shown: Page) -> None:
    titles = shown.locator("figure.delta").first.locator("rect title").all_text_contents()
    # Half of 89.72, 90.72 … 388.72: eleven are below 50, a hundred more below 100.
    assert titles == ["20 to 50: 11 rows", "50 to 100: 100 rows", "100 to 200: 189 rows"]


def test_the_index_draws_the_trends(page: Page, tmp_path: Path) -> None:
    view = history_view([NightRow.of(one) for one in nights()], migration="m")
    path = tmp_path / "index.html"
    path.write_text(index_page(view), encoding="utf-8")
    page.goto(path.as_uri())
    data = page.evaluate("parityCharts[0].plots.map((one) => one.data.slice(1))")
    assert data == [[[0, 0, 502]], [[0, 0, 3], [0, 0, 0], [0, 0, 0]], [[3.21] * 3, [41.5] * 3]]
    assert page.get_by_role("heading", name="From night to night").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_motion_and_nothing_fetched(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    context = browser.new_context(reduced_motion="reduce", color_scheme=scheme)
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    address = night(tmp_path)
    page.goto(address)
    assert chart(page, "chart.plots.length") == 2
    assert page.evaluate("document.getAnimations().length") == 0
    assert [one for one in asked if not one.startswith("data:")] == [address]
    context.close()
