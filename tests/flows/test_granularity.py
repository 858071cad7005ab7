"""One task a symbol, three, or one for many; threads, processes or Dask: the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from prefect_flows.errors import SettingsError
from prefect_flows.work.granularity import Granularity, Kind
from tests.flows.conftest import Command, StartedServer
from tests.flows.test_flows import ask

if TYPE_CHECKING:
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]

NIGHT = ("--as-of", "2005-02-25T20:00:00-05:00")
YAHOO = ("yahoo", *NIGHT, "--interval", "1d", "--days-back", "320", "--symbols", "AAPL", "IBM")
BARS = (
    "SELECT symbol, timestamp, data_source, open, high, low, close, volume"
    " FROM prefect.market_data ORDER BY 1, 2, 3"
)
LOADED = "SELECT job, symbol, status, rows, message, attempts FROM prefect.load_runs ORDER BY 1, 2"


def empty(rows: Rows) -> None:
    """Begin anew, but for the account of the runs."""
    for table in ("market_data", "technical_indicators", "load_runs"):
        rows(f"DELETE FROM prefect.{table} RETURNING 1")


@pytest.mark.parametrize(
    ("text", "kind", "size", "portions"),
    [
        ("symbol", Kind.SYMBOL, 1, [("A",), ("B",), ("C",)]),
        ("stages", Kind.STAGES, 1, [("A",), ("B",), ("C",)]),
        ("batch:1", Kind.BATCH, 1, [("A",), ("B",), ("C",)]),
        ("batch:2", Kind.BATCH, 2, [("A", "B"), ("C",)]),
        ("batch:1000", Kind.BATCH, 1000, [("A", "B", "C")]),
    ],
)
def test_what_a_task_takes(
    text: str, kind: Kind, size: int, portions: list[tuple[str, ...]]
) -> None:
    granularity = Granularity.parse(text)

    assert (granularity.kind, granularity.size, str(granularity)) == (kind, size, text)
    assert granularity.portions(["A", "B", "C"]) == portions


@pytest.mark.parametrize("text", ["", "batch", "batch:0", "batch:1001", "batch:-1", "Symbol", "3"])
def test_what_is_no_granularity_says_what_is(text: str) -> None:
    with pytest.raises(SettingsError, match=r"GRANULARITY is .*symbol, stages or batch:N"):
        Granularity.parse(text, name="GRANULARITY")


@pytest.mark.slow
def test_the_same_rows_whatever_a_task_takes(command: Command, rows: Rows) -> None:
    found: list[tuple[list[tuple[object, ...]], ...]] = []
    for granularity in ("symbol", "stages", "batch:2"):
        if found:
            empty(rows)
        result = command(*YAHOO, "--granularity", granularity)
        assert result.returncode == 0, (granularity, result.stdout, result.stderr)
        indicators = rows("SELECT * FROM prefect.technical_indicators ORDER BY 1, 2")
        without_time = [row[:-1] for row in indicators]
        found.append((rows(BARS), without_time, rows(LOADED)))

    # 320 days before 2005-02-25 hold 222 sessions, each raw and adjusted.
    assert len(found[0][0]) == 2 * 2 * 222
    assert [row[:4] for row in found[0][2]] == [
        ("calculate_daily_indicators", "AAPL", "ok", 1),
        ("calculate_daily_indicators", "IBM", "ok", 1),
        ("yahoo_market_data_flow", "AAPL", "ok", 444),
        ("yahoo_market_data_flow", "IBM", "ok", 444),
    ]
    assert found[1:] == [found[0], found[0]]
    states = "SELECT DISTINCT granularity, state FROM prefect.flow_runs ORDER BY 1"
    assert rows(states) == [
        ("batch:2", "completed"), ("stages", "completed"), ("symbol", "completed"),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runner", "granularity"), [("processes:2", "stages"), ("dask:2", "batch:1")]
)
def test_the_same_rows_wherever_a_task_runs(
    runner: str, granularity: str, command: Command, rows: Rows
) -> None:
    asked = ("polygon", *NIGHT, "--days-back", "30", "--symbols", "AAPL", "IBM")
    here = command(*asked)
    expected = rows(BARS), rows(LOADED)
    empty(rows)

    result = command(*asked, "--granularity", granularity, TASK_RUNNER=runner)

    assert (here.returncode, result.returncode) == (0, 0), (result.stdout, result.stderr)
    assert len(expected[0]) == 2 * 22
    assert (rows(BARS), rows(LOADED)) == expected
    used = rows("SELECT runner FROM prefect.flow_runs ORDER BY started_at")
    assert used == [("threads:4",), (runner,)]


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["stages", "batch:4"])
def test_faults_cost_one_symbol_only_and_are_tried_again_where_they_can_pass(
    granularity: str, command: Command, replay: ReplayServer, rows: Rows
) -> None:
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="AAPL", status=503, times=1))
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="IBM", status=404))
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="GOOG", status=500))

    result = command("polygon", *NIGHT, "--days-back", "30", "--granularity", granularity)

    assert result.returncode == 1
    assert "polygon_daily_ingestion: 2 ok, 2 failed, 0 empty; 44 rows" in result.stdout
    assert rows("SELECT symbol, status, attempts FROM prefect.load_runs ORDER BY 1") == [
        ("AAPL", "ok", 2), ("GOOG", "failed", 3), ("IBM", "failed", 1), ("MSFT", "ok", 1),
    ]  # fmt: skip
    assert rows("SELECT state, symbols, failed, retries FROM prefect.flow_runs") == [
        ("symbols_failed", 4, 2, 3)
    ]
    (spent,) = rows("SELECT cpu_seconds > 0 AND peak_memory > 1048576 FROM prefect.flow_runs")
    assert spent == (True,)


@pytest.mark.slow
def test_many_tasks_all_come_home_and_show_how_far_they_are(
    command: Command, replay: ReplayServer, prefect_server: StartedServer, rows: Rows
) -> None:
    unknown = [f"NONE{number}" for number in range(10)]
    for symbol in unknown:
        replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol=symbol, status=404))

    result = command("polygon", *NIGHT, "--days-back", "30", "--symbols", "AAPL", "IBM", *unknown)

    assert result.returncode == 1, result.stderr
    assert "polygon_daily_ingestion: 2 ok, 10 failed, 0 empty; 44 rows" in result.stdout
    assert rows("SELECT state, symbols, failed, retries FROM prefect.flow_runs") == [
        ("symbols_failed", 12, 10, 0)
    ]
    (bar,) = ask(
        prefect_server,
        "artifacts/filter",
        artifacts={"key": {"any_": ["polygon-daily-ingestion-progress"]}},
        sort="CREATED_DESC",
        limit=1,
    )
    assert float(bar["data"]) == 100.0


@pytest.mark.slow
def test_a_stage_that_fails_in_a_process_of_its_own_costs_one_symbol(
    command: Command, replay: ReplayServer, rows: Rows
) -> None:
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="IBM", status=404))
    asked = ("polygon", *NIGHT, "--days-back", "30", "--granularity", "stages")

    result = command(*asked, TASK_RUNNER="processes:2")

    assert "polygon_daily_ingestion: 3 ok, 1 failed, 0 empty; 66 rows" in result.stdout
    assert rows("SELECT symbol, attempts FROM prefect.load_runs WHERE status = 'failed'") == [
        ("IBM", 1)
    ]


def test_a_runner_that_is_none_is_one_line(command: Command) -> None:
    result = command("yahoo", *NIGHT, TASK_RUNNER="fibers:3")

    assert result.returncode == 2
    assert "TASK_RUNNER is 'fibers:3'; write threads:4" in result.stderr
    assert "Traceback" not in result.stderr
