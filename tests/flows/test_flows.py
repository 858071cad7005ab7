"""The flows as commands: a real Prefect server, a real database, a replayed vendor."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from parity.demo.faults import Fault, FaultKind, Vendor
from tests.flows.conftest import Command, StartedServer

if TYPE_CHECKING:
    from parity.database import Database
    from parity.demo.server import ReplayServer

Rows = Callable[..., list[tuple[object, ...]]]
pytestmark = pytest.mark.slow

EVE = "2005-02-25T20:00:00-05:00"
NIGHT = ("--as-of", EVE)
YAHOO = ("yahoo", *NIGHT, "--interval", "1d")


def ask(server: StartedServer, path: str, **body: Any) -> Any:
    """Ask the Prefect server's API."""
    request = urllib.request.Request(
        f"{server.state.api_url}/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_one_symbols_failure_costs_no_other(
    command: Command,
    replay: ReplayServer,
    prefect_server: StartedServer,
    rows: Rows,
) -> None:
    replay.inject(Fault(FaultKind.STATUS, Vendor.YAHOO, symbol="MSFT", status=503))

    result = command(*YAHOO, "--days-back", "60")

    assert result.returncode == 1, result.stderr
    assert "yahoo_market_data_flow: 3 ok, 1 failed, 0 empty" in result.stdout
    assert "MSFT     failed       0 rows  HTTP 503" in result.stdout
    assert rows("SELECT DISTINCT symbol FROM prefect.market_data ORDER BY 1") == [
        ("AAPL",), ("GOOG",), ("IBM",),
    ]  # fmt: skip
    assert rows("SELECT symbol, date::text FROM prefect.technical_indicators ORDER BY 1") == [
        ("AAPL", "2005-02-25"), ("GOOG", "2005-02-25"), ("IBM", "2005-02-25"),
    ]  # fmt: skip
    (failed,) = rows(
        "SELECT symbol, message, attempts FROM prefect.load_runs WHERE status = 'failed'"
    )
    assert failed == ("MSFT", "HTTP 503 injected by the replay", 3)
    # Prefect tells the same story: which flow failed, that the retries were used, and the table.
    flow_runs = ask(prefect_server, "flow_runs/filter", sort="START_TIME_DESC", limit=2)
    states = {run["name"]: run["state"] for run in flow_runs}
    assert sorted((state["type"], state["name"]) for state in states.values()) == [
        ("COMPLETED", "Completed"), ("FAILED", "SymbolsFailed"),
    ]  # fmt: skip
    assert "1 of 4 symbols failed: MSFT: HTTP 503 injected by the replay" in [
        state["message"] for state in states.values()
    ]
    (artifact,) = ask(
        prefect_server,
        "artifacts/filter",
        artifacts={"key": {"any_": ["yahoo-market-data-flow"]}},
        sort="CREATED_DESC",
        limit=1,
    )
    assert json.loads(artifact["data"])[0]["message"] == "HTTP 503 injected by the replay"


def test_a_passing_fault_is_retried(command: Command, replay: ReplayServer) -> None:
    replay.inject(Fault(FaultKind.STATUS, Vendor.POLYGON, symbol="IBM", status=429, times=1))

    result = command("polygon", *NIGHT, "--days-back", "30", "--symbols", "IBM")

    assert result.returncode == 0, result.stderr
    assert "polygon_daily_ingestion: 1 ok, 0 failed, 0 empty; 22 rows" in result.stdout
    assert [log.status for log in replay.requests() if log.vendor == Vendor.POLYGON] == [429, 200]


def test_a_lasting_fault_is_not_retried(command: Command, replay: ReplayServer) -> None:
    result = command("polygon", *NIGHT, "--symbols", "IBM", POLYGON_API_KEY="wrong")

    assert result.returncode == 1, result.stderr
    assert "IBM      failed       0 rows  refused" in result.stdout
    assert len([log for log in replay.requests() if log.vendor == Vendor.POLYGON]) == 1


def test_the_split_night_restates_prices_and_indicators(
    command: Command, replay: ReplayServer, rows: Rows
) -> None:
    before = command(*YAHOO, "--days-back", "200", "--symbols", "AAPL")
    night = "2005-02-28T20:00:00-05:00"
    replay.set_as_of(type(replay.as_of).fromisoformat(night))

    after = command("yahoo", "--as-of", night, "--interval", "1d", "--symbols", "AAPL")

    assert (before.returncode, after.returncode) == (0, 0), after.stderr
    assert "restated: yahoo, yahoo_adjusted from 2004-08-09" in after.stdout
    # Two sessions, both on the new scale: 88.99 before the split is 44.495 after it.
    moves = rows("SELECT date::text, price_change_1d FROM prefect.technical_indicators ORDER BY 1")
    assert [day for day, _ in moves] == ["2005-02-25", "2005-02-28"]
    assert all(isinstance(move, float) and abs(move) < 10 for _, move in moves)


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        (("yahoo", "--as-of", "2005-02-25T20:00:00"), {}, "no time zone"),
        (("yahoo", "--days-back", "0"), {}, "not a number of days"),
        (("yahoo", "--interval", "1w"), {}, "invalid choice"),
        (("yahoo",), {"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        (("yahoo",), {"DATABASE_URL": "postgresql://x@/x?host=/nowhere"}, "DATABASE_URL"),
        (("yahoo", "--symbols", "A;B"), {}, "not a ticker"),
        (("polygon",), {"POLYGON_API_KEY": ""}, "POLYGON_API_KEY is not set"),
    ],
)
def test_what_cannot_run_exits_with_2_and_says_why(
    command: Command, arguments: tuple[str, ...], variables: dict[str, str], reason: str
) -> None:
    result = command(*arguments, **variables)

    assert result.returncode == 2
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_the_server_can_be_asked_about(command: Command, prefect_server: StartedServer) -> None:
    state = prefect_server.state

    result = command("server", "status")

    assert (result.returncode, result.stdout.strip()) == (0, f"{state.api_url} (pid {state.pid})")


def test_the_flows_write_as_prefect_writer_only(database: Database, command: Command) -> None:
    result = command(*YAHOO, "--symbols", "AAPL", DATABASE_URL=database.url_as("legacy_writer"))

    assert result.returncode == 2
    assert "permission denied" in result.stderr
