"""A run whose process was killed is gone on with by the next one that is asked for the same."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from tests.flows.conftest import Command, StartedServer
from tests.flows.forking import Commands

if TYPE_CHECKING:
    from parity.database import Database
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]
pytestmark = pytest.mark.slow

SYMBOLS = ("AAPL", "MSFT", "IBM", "GOOG")
NIGHT = ("polygon", "--as-of", "2005-02-25T20:00:00-05:00", "--days-back", "30")
BARS = "SELECT symbol, count(*) FROM prefect.market_data GROUP BY 1 ORDER BY 1"
RUNS = "SELECT state, goes_on_from IS NULL FROM prefect.flow_runs ORDER BY started_at"


@pytest.fixture
def environ(
    prefect_server: StartedServer, database: Database, replay: ReplayServer
) -> dict[str, str]:
    return prefect_server.environ | replay.environment() | {
        "DATABASE_URL": database.url_as("prefect_writer"),
        "TASK_RUNNER": "threads:1",  # one symbol after another
        "HTTP_TIMEOUT_SECONDS": "60",
    }  # fmt: skip


@pytest.fixture
def finish(commands: Commands, environ: dict[str, str]) -> Command:
    """Runs it to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return commands.run(*NIGHT, "--symbols", *SYMBOLS, *arguments, environ=environ)

    return run


def start(environ: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Runs it in a process that can be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "prefect_flows", *NIGHT, "--symbols", *SYMBOLS, *arguments],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def asked(replay: ReplayServer) -> list[str]:
    return [log.symbol or "" for log in replay.requests() if log.vendor == Vendor.POLYGON]


@pytest.mark.parametrize("granularity", ["symbol", "batch:2"])
def test_a_killed_run_is_completed_by_the_next_which_does_what_is_missing(
    granularity: str, environ: dict[str, str], finish: Command, replay: ReplayServer, rows: Rows
) -> None:
    replay.inject(Fault(FaultKind.HANG, Vendor.POLYGON, symbol="IBM"))
    first = start(environ, "--granularity", granularity)
    until(lambda: "IBM" in asked(replay))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert rows(RUNS) == [("running", True)]
    stored = [symbol for symbol, _ in rows(BARS)]
    replay.clear_faults()

    second = finish("--granularity", granularity)

    assert second.returncode == 0, second.stderr
    assert stored == ["AAPL", "MSFT"]
    assert rows(RUNS) == [("interrupted", True), ("completed", False)]
    # Nobody was asked twice but the one that was under way; 22 sessions of each are stored.
    assert asked(replay) == ["AAPL", "MSFT", "IBM", "IBM", "GOOG"]
    assert rows(BARS) == [(symbol, 22) for symbol in sorted(SYMBOLS)]
    assert "polygon_daily_ingestion: 4 ok, 0 failed, 0 empty; 88 rows" in second.stdout


def test_a_run_that_is_alive_is_left_alone(
    environ: dict[str, str], finish: Command, replay: ReplayServer, rows: Rows
) -> None:
    replay.inject(Fault(FaultKind.HANG, Vendor.POLYGON, symbol="IBM", times=1))
    first = start(environ)
    until(lambda: "IBM" in asked(replay))

    second = finish()
    first.kill()
    first.communicate()

    assert second.returncode == 0, second.stderr
    assert rows(RUNS) == [("running", True), ("completed", True)]
    assert rows(BARS) == [(symbol, 22) for symbol in sorted(SYMBOLS)]


def test_a_night_that_ended_is_run_again_in_full(
    finish: Command, replay: ReplayServer, rows: Rows
) -> None:
    for _ in range(2):
        assert finish().returncode == 0

    assert asked(replay) == [*SYMBOLS, *SYMBOLS]
    assert rows(RUNS) == [("completed", True), ("completed", True)]


def until(true: Callable[[], bool], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
