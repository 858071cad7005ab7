"""The table of scripts and flows: 80 columns, nothing hidden, nothing called whole that is not."""

from __future__ import annotations

from datetime import date

import pytest

from parity.model.monitoring import Figures, Monitored, RunKind, States
from parity.model.verdict import Side
from parity.report.flows import render_flows

DAYS = (date(2005, 2, 25), date(2005, 2, 28))
SCRIPT = Figures(
    name="legacy-yahoo", kind=RunKind.SCRIPT, side=Side.LEGACY, beside="legacy-yahoo",
    states=States(ok=2), sessions=2, median_seconds=1.25, slowest_seconds=2.0, cpu_seconds=1.0,
    peak_memory=123_456_789, symbols=8, symbols_failed=0, symbols_empty=1,
)  # fmt: skip
FLOW = Figures(
    name="calculate_daily_indicators_of_all_symbols", kind=RunKind.FLOW, side=Side.CANDIDATE,
    beside="legacy-yahoo", states=States(ok=1999, did_not_end=1, running=2), sessions=2,
    median_seconds=31.04, slowest_seconds=12_345.6, cpu_seconds=123.4, peak_memory=2_345_678_901,
    retries=1_234, symbols=60_000, symbols_failed=12,
)  # fmt: skip
NEVER = Figures(name="watch", kind=RunKind.FLOW, side=Side.CANDIDATE, states=States(late=1))


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_figures_fit_80_columns() -> None:
    found = Monitored(migration="toy", sessions=DAYS, lines=(SCRIPT, FLOW, NEVER), notes=("a\nb",))
    text = str(render_flows(found))
    lines = words(text)
    assert lines[0] == ["Runs", "of", "2", "sessions,", "2005-02-25", "to", "2005-02-28"]
    assert ["legacy-yahoo", "2", "100", "1.2", "2.0", "1.0", "123", "—", "0/8"] in lines
    long = [line for line in lines if line and line[0].startswith("calculate_")]
    assert long == [
        ["calculate_daily_", "2,000", "99.95", "31.0", "12,346", "123.4", "2,346", "1,234",
         "12/60,000"]
    ]  # fmt: skip
    assert ["watch", "0", "no", "run", "—", "—", "—", "—", "—", "—"] in lines
    assert " - legacy-yahoo: 1 symbol came back empty" in text
    assert (
        " - calculate_daily_indicators_of_all_symbols: 1 run did not end, 2 runs still"
        in text
        in text
    )
    assert " - watch: 1 run late, not yet started" in text
    assert r"a\nb" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("lines", [(), (NEVER,)])
def test_nothing_has_run(lines: tuple[Figures, ...]) -> None:
    text = str(render_flows(Monitored(migration="toy", sessions=(), lines=lines)))
    assert text.startswith("Nothing has run yet.")
    assert ("no run" in text) == bool(lines)


def test_names_are_neither_markup_nor_control() -> None:
    odd = Figures(name="[red]\x1b[2J", kind=RunKind.SCRIPT, side=Side.LEGACY, beside="[red]")
    text = str(render_flows(Monitored(migration="toy", sessions=DAYS[:1], lines=(odd,))))
    assert "[red]" in text
    assert "\x1b" not in text
    assert text.startswith("Runs of 1 session, 2005-02-25\n")
