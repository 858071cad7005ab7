"""Figures from single runs. All expected values are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from parity.model.monitoring import Figures, JobRun, RunKind, States
from parity.model.verdict import Side
from parity.monitoring import FlowRun, PrefectRun, Seen, SymbolCount, count_figures
from parity.monitoring.pairing import partner

DAYS = (date(2005, 2, 24), date(2005, 2, 25), date(2005, 2, 28))
NOW = datetime(2005, 2, 28, 22, tzinfo=UTC)
CONFIGURED = (
    ("legacy-yahoo", Side.LEGACY),
    ("legacy-indicators", Side.LEGACY),
    ("flow-yahoo", Side.CANDIDATE),
)


def evening(day: date, hour: int = 20, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def job(day: date, name: str = "legacy-yahoo", **values: object) -> JobRun:
    ended = JobRun(
        session=day, name=name, side=Side.LEGACY, exit_code=0, seconds=2.0, cpu_seconds=1.0,
        peak_memory=100_000_000, begun=evening(day), ended=evening(day, minute=5),
    )  # fmt: skip
    return replace(ended, **values)  # type: ignore[arg-type]


def flow(run_id: str, day: date, **values: object) -> FlowRun:
    ended = FlowRun(
        run_id=run_id, job="yahoo_market_data_flow", at=evening(day), started_at=evening(day),
        finished_at=evening(day) + timedelta(seconds=30), state="completed", symbols=4, failed=0,
        retries=0, cpu_seconds=3.0, peak_memory=200_000_000,
    )  # fmt: skip
    return replace(ended, **values)  # type: ignore[arg-type]


def told(run_id: str, kind: str, state: str, day: date = DAYS[2], **values: object) -> PrefectRun:
    run = PrefectRun(
        run_id=run_id, flow="yahoo-market-data-flow", at=evening(day), due=evening(day), kind=kind,
        state=state, started_at=evening(day), ended_at=evening(day) + timedelta(seconds=7),
    )  # fmt: skip
    return replace(run, **values)  # type: ignore[arg-type]


def seen(**values: object) -> Seen:
    basis = Seen(
        sessions=DAYS, session_of=lambda moment: moment.date(), now=NOW, configured=CONFIGURED
    )
    return replace(basis, **values)  # type: ignore[arg-type]


def figures(**values: object) -> dict[str, Figures]:
    return {line.name: line for line in count_figures(seen(**values))[0]}


def test_jobs_are_counted_with_median_slowest_and_peak() -> None:
    runs = [
        job(DAYS[0], seconds=1.0, cpu_seconds=0.5, peak_memory=150_000_000),
        job(DAYS[1], seconds=9.0, cpu_seconds=4.0, exit_code=1),
        job(DAYS[1], seconds=3.0, cpu_seconds=2.0),
        job(DAYS[2], seconds=2.0, cpu_seconds=None, peak_memory=None),
        job(date(2005, 2, 23), seconds=99.0),
    ]
    line = figures(jobs=runs)["legacy-yahoo"]
    assert line.states == States(ok=3, failed=1)
    assert line.success_rate == 0.75
    assert line.sessions == 3
    assert (line.median_seconds, line.slowest_seconds) == (2.5, 9.0)
    assert (line.cpu_seconds, line.peak_memory) == (2.0, 150_000_000)


def test_what_never_ran_has_no_success() -> None:
    found = figures(flow_runs=[], flows=["polygon_historical_backfill"])
    assert set(found) == {*dict(CONFIGURED), "polygon_historical_backfill"}
    for line in found.values():
        assert (line.states.runs, line.success_rate, line.sessions) == (0, None, 0)
        assert (line.median_seconds, line.peak_memory, line.symbols) == (None, None, None)


def test_a_rate_is_1_only_when_exact() -> None:
    runs = [flow(str(number), DAYS[0]) for number in range(2000)]
    assert figures(flow_runs=runs)["yahoo_market_data_flow"].success_rate == 1
    runs[7] = replace(runs[7], state="symbols_failed")
    assert figures(flow_runs=runs)["yahoo_market_data_flow"].success_rate == 1999 / 2000


def test_every_state_of_the_table() -> None:
    runs = [
        flow("a", DAYS[0]),
        flow("b", DAYS[0], state="symbols_failed", failed=1, retries=2),
        flow("c", DAYS[1], state="failed", symbols=4, failed=4, retries=6),
        flow("d", DAYS[1], state="interrupted", finished_at=None, retries=None),
        flow("e", DAYS[1], state="no_session", symbols=0, failed=0),
        flow("f", DAYS[2], state="running", finished_at=None, retries=None, failed=None),
        flow(
            "g", DAYS[2], state="running", finished_at=None, retries=None, failed=None,
            started_at=NOW - timedelta(hours=2, seconds=1),
        ),
        flow("h", DAYS[2], state="something else"),
    ]  # fmt: skip
    line = figures(flow_runs=runs)["yahoo_market_data_flow"]
    assert line.states == States(
        ok=1, symbols_failed=1, failed=2, did_not_end=2, running=1, no_session=1
    )
    assert line.success_rate == 1 / 6
    # a, b, c, d, f, g, h: not the run that had nothing to do.
    assert (line.retries, line.symbols, line.symbols_failed) == (8, 28, 5)


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        ("CRASHED", "Crashed", States(did_not_end=1)),
        ("FAILED", "Failed", States(failed=1)),
        ("FAILED", "SymbolsFailed", States(symbols_failed=1)),
        ("CANCELLED", "Cancelled", States(cancelled=1)),
        ("COMPLETED", "Completed", States(ok=1)),
        ("RUNNING", "Running", States(running=1)),
    ],
)
def test_prefect_knows_what_became_of_a_run_that_the_table_left_running(
    kind: str, state: str, expected: States
) -> None:
    run = flow("f", DAYS[2], state="running", started_at=NOW - timedelta(hours=1))
    line = figures(flow_runs=[run], prefect_runs=[told("f", kind, state)])
    assert line["yahoo_market_data_flow"].states == expected


def test_what_the_table_says_of_a_run_that_ended_holds() -> None:
    run = flow("f", DAYS[2], state="symbols_failed")
    line = figures(flow_runs=[run], prefect_runs=[told("f", "CRASHED", "Crashed")])
    assert line["yahoo_market_data_flow"].states == States(symbols_failed=1)


def test_runs_that_only_prefect_knows() -> None:
    unstarted: dict[str, Any] = {"started_at": None, "ended_at": None}
    runs = [
        told("1", "CRASHED", "Crashed"),
        told("2", "SCHEDULED", "Late", **unstarted),
        told("3", "SCHEDULED", "Scheduled", **unstarted),  # due a moment ago
        told("4", "COMPLETED", "NoSession"),
        told("5", "SCHEDULED", "AwaitingRetry", ended_at=None),
        told("6", "PENDING", "Pending", due=NOW - timedelta(hours=3), **unstarted),
        told("7", "COMPLETED", "Completed", flow="parity_nightly"),
        told("8", "FAILED", "Fail", flow="parity_nightly"),  # a verdict: the flow has run
        told("9", "FAILED", "Undecided", flow="parity_nightly"),
        told("x", "CRASHED", "Crashed", date(2005, 2, 23)),  # of another session
    ]
    found = figures(
        flow_runs=[], flows=["yahoo_market_data_flow"], prefect_runs=runs, retries={"1": 3}
    )
    yahoo = found["yahoo_market_data_flow"]
    assert yahoo.states == States(did_not_end=2, late=1, running=1, no_session=1)
    assert (yahoo.success_rate, yahoo.retries, yahoo.slowest_seconds) == (0.0, 3, 7.0)
    assert found["parity_nightly"].states == States(ok=2, failed=1)


def test_a_night_without_an_end_is_running_only_while_one_runs_and_only_the_newest() -> None:
    open_ended: dict[str, Any] = {"ended": None, "seconds": None, "exit_code": None}
    runs = [job(DAYS[1], **open_ended), job(DAYS[2], **open_ended)]
    assert figures(jobs=runs)["legacy-yahoo"].states == States(did_not_end=2)
    running = figures(jobs=runs, night_runs=True)["legacy-yahoo"]
    assert running.states == States(did_not_end=1, running=1)
    over = [runs[0], job(DAYS[2])]
    assert figures(jobs=over, night_runs=True)["legacy-yahoo"].states == States(ok=1, did_not_end=1)


def symbols(job: str, day: date, run_id: str | None = None, **values: int) -> SymbolCount:
    counts = {"symbols": 4, "failed": 0, "empty": 0, "retries": 0} | values
    return SymbolCount(job=job, run_id=run_id, session=day, **counts)


def test_symbols_go_to_the_flow_of_that_name_and_to_the_script_that_is_like_it() -> None:
    runs = [flow("a", DAYS[0]), flow("b", DAYS[1])]
    rows = {
        Side.LEGACY: [
            symbols("load_yahoo_data", DAYS[0], failed=1),
            symbols("load_yahoo_data", DAYS[1], empty=2),
            symbols("load_yahoo_data", date(2005, 2, 23), failed=4),
            symbols("calculate_indicators", DAYS[0], symbols=3),
            symbols("vacuum", DAYS[0]),
        ],
        Side.CANDIDATE: [
            # Its flow run stands for a session; when it ran does not matter.
            symbols("yahoo_market_data_flow", date(2025, 1, 2), "a", failed=2, retries=5),
            symbols("yahoo_market_data_flow", DAYS[1], "of another time", failed=4),
            symbols("yahoo_market_data_flow", DAYS[1], None, failed=1),
        ],
    }
    lines, notes = count_figures(seen(flow_runs=runs, symbols=rows))
    found = {line.name: line for line in lines}
    script = found["legacy-yahoo"]
    assert (script.symbols, script.symbols_failed, script.symbols_empty) == (8, 1, 2)
    assert found["legacy-indicators"].symbols == 3
    counted = found["yahoo_market_data_flow"]
    assert (counted.symbols, counted.symbols_failed) == (8, 3)
    assert counted.retries == 0  # what the flow runs say
    assert found["flow-yahoo"].symbols is None
    assert [note.split(" (")[0] for note in notes] == ["4 symbols of vacuum"]


def test_without_a_table_of_flow_runs_symbols_and_retries_go_to_the_nights_command() -> None:
    rows = {Side.CANDIDATE: [symbols("yahoo_market_data_flow", DAYS[1], "a", failed=1, retries=2)]}
    line = figures(symbols=rows)["flow-yahoo"]
    assert (line.symbols, line.symbols_failed, line.retries) == (4, 1, 2)


def test_what_does_the_same_stands_together() -> None:
    lines, _ = count_figures(
        seen(flows=["watch", "calculate_daily_indicators", "yahoo_market_data_flow"])
    )
    assert [(line.name, line.kind, line.beside) for line in lines] == [
        ("legacy-yahoo", RunKind.SCRIPT, "legacy-yahoo"),
        ("flow-yahoo", RunKind.JOB, "legacy-yahoo"),
        ("yahoo_market_data_flow", RunKind.FLOW, "legacy-yahoo"),
        ("legacy-indicators", RunKind.SCRIPT, "legacy-indicators"),
        ("calculate_daily_indicators", RunKind.FLOW, "legacy-indicators"),
        ("watch", RunKind.FLOW, None),
    ]


SCRIPTS = ("legacy-yahoo", "legacy-polygon", "legacy-indicators")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("polygon_historical_backfill", "legacy-polygon"),
        ("calculate-daily-indicators", "legacy-indicators"),
        ("LEGACY_YAHOO", "legacy-yahoo"),
        ("legacy-cleanup", None),  # shares only what all of them have
        ("yahoo_and_polygon", None),  # two do part of it
        ("watch", None),
    ],
)
def test_names_that_mean_the_same_work(name: str, expected: str | None) -> None:
    assert partner(name, SCRIPTS) == expected
