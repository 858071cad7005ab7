from __future__ import annotations

import dataclasses
import io
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.nights import NightRow
from parity.report.terminal import Screen, render_index, render_night
from tests.report.build import different, failed_job_night, good_night, pair, run, split_night


def nights() -> list[RunResult]:
    long = different("a-dataset-with-a-name-that-goes-on-and-on-and-on", [pair("X" * 120, 0)])
    broken = run(Verdict.FAIL, long, reasons=("a reason " * 30, "b" * 200))
    return [good_night(), split_night()[0], failed_job_night(), broken]


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("number", range(4))
def test_a_night_fits(width: int, number: int) -> None:
    text = str(render_night(nights()[number], width=width))
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_the_index_fits_and_starts_with_the_newest_night() -> None:
    rows = [NightRow.of(dataclasses.replace(night)) for night in nights()]
    text = str(render_index(rows))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert str(render_index([])) == "No night has run yet.\n"


def test_the_verdict_comes_first() -> None:
    first = [str(render_night(night)).splitlines()[0] for night in nights()[:3]]
    assert first == [
        "✓ Pass: 4 datasets, 8,064 rows compared",
        "✕ Fail: 3 of 4 datasets differ: AAPL, 502 rows",
        "? Undecided: legacy job load-yahoo failed (exit 1) (and 1 more reason)",
    ]


def printed(screen: Screen, *, terminal: bool, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    colours: Literal["standard", "auto"] = "standard" if terminal else "auto"
    console = Console(file=file, force_terminal=terminal, color_system=colours, width=80)
    console.print(screen)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_colour_only_on_a_terminal() -> None:
    screen = render_night(good_night())
    assert "\x1b[1;32m" in printed(screen, terminal=True)
    assert "\x1b" not in printed(screen, terminal=False)


def test_plain_ascii_where_there_is_no_more() -> None:
    text = printed(render_night(split_night()[0]), terminal=False, encoding="ascii")
    assert text.startswith("x Fail: 3 of 4 datasets differ: AAPL, 502 rows")


def test_text_is_neither_markup_nor_control() -> None:
    night, _ = split_night("[red]A\x1b[2J[/red]")
    text = printed(render_night(night), terminal=False)
    assert "[red]A\\x1b[2J[/red]" in text
    assert "\x1b" not in text


def test_failed_jobs_are_named() -> None:
    text = str(render_night(failed_job_night()))
    assert " - legacy load-yahoo, failed, exit 1: AAPL: no data" in text
    assert " - candidate yahoo-flow, did not finish: ended after 600 s" in text
