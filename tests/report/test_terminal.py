from __future__ import annotations

import dataclasses
import io
from dataclasses import replace
from datetime import date
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.beside import Beside
from parity.report.nights import NightRow
from parity.report.terminal import Screen, render_index, render_night
from tests.report.build import (
    different,
    equal,
    failed_job_night,
    good_night,
    pair,
    run,
    split_night,
)
from tests.report.incidents import dataset, incident


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
        "✕ Fail: 502 rows of AAPL in 3 datasets unexplained since 2004-02-28",
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
    assert text.startswith("x Fail: 502 rows of AAPL in 3 datasets unexplained since 2004-02-28")


def test_text_is_neither_markup_nor_control() -> None:
    night, _ = split_night("[red]A\x1b[2J[/red]")
    text = printed(render_night(night), terminal=False)
    assert "[red]A\\x1b[2J[/red]" in text
    assert "\x1b" not in text


def test_failed_jobs_stand_in_their_table_and_their_reasons_below_it() -> None:
    lines = str(render_night(failed_job_night())).splitlines()
    assert " - legacy load-yahoo: AAPL: no data" in lines
    assert " - candidate yahoo-flow: ended after 600 s" in lines
    # In the headline, in the table, with the reason.
    assert sum("load-yahoo" in line for line in lines) == 3
    assert " - yahoo-bars: both sides are empty" in lines


def test_no_word_of_the_verdicts_is_broken_and_names_are_cut_last() -> None:
    def rows(name: str) -> list[str]:
        night = run(Verdict.UNDECIDED, equal(name, 2016, verdict=Verdict.UNDECIDED))
        lines = str(render_night(night)).splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith("dataset"))
        return lines[start - 1 : start + 2]

    head, more, row = rows("yahoo_adjusted_bars")
    rest = ["?", "Undecided", "100", "%", "0", "0", "0"]
    assert (head, row.split()) == ("", ["yahoo_adjusted_bars", *rest])
    long = "a_dataset_with_forty_letters_in_its_name"
    head, more, row = rows(long)
    assert head.split() == ["legacy", "candidate"]
    assert more.split() == ["dataset", "verdict", "match", "mismatched", "only", "only"]
    name = row.split()[0]
    assert row.split()[1:] == rest
    assert (name[-1], long.startswith(name[:-1]), len(row.rstrip())) == ("…", True, 80)


def test_each_incident_that_nothing_waives_has_its_command() -> None:
    one = incident("46a9473615ee", "unexplained", 3, "A")
    two = replace(incident("b", "unexplained", 3, "B"), waiver="known")
    night = run(Verdict.FAIL, dataset("prices", one, two))
    lines = [line.strip() for line in str(render_night(night)).splitlines()]
    assert [line for line in lines if "parity waive" in line] == [
        'parity waive 46a9473615ee --reason "…" --write'
    ]
    later = replace(night, session=date(2005, 3, 1))
    old = str(render_night(night, beside=Beside(nights=[later, night])))
    assert 'parity waive --session 2005-02-28 46a9473615ee --reason "…" --write' in old
    assert "parity waive" not in str(render_night(replace(night, phase="adhoc")))
