"""`python -m prefect_flows`: run a flow, register all of them, or look after the Prefect server.

Exit code: 0 all symbols done (or the night passed), 1 something failed (the lines say what),
2 bad arguments, no database or no Prefect server, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from prefect_flows import server
from prefect_flows.arguments import parser
from prefect_flows.errors import FlowError, SettingsError
from prefect_flows.server_settings import flow_environment, home
from prefect_flows.settings import Settings, choose_symbols

# prefect is imported by `_run` only: first the variables it reads at import must be set.


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call, and map the result to an exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "server":
            return _server(options.action, os.environ)
        if options.command in ("serve", "deploy"):
            from prefect_flows.deploying import commands

            return commands.run(options, os.environ)
        return _run(options)
    except FlowError as error:
        print(f"prefect_flows: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _server(action: str, environ: Mapping[str, str]) -> int:
    if action == "start":
        print(server.ensure_server(environ))
        return 0
    if action == "stop":
        print("stopped" if server.stop_server(environ) else "no server was running")
        return 0
    state = server.read_state(home(environ))
    if state is None or not server.is_ready(state.port):
        print("no server is running")
        return 1
    print(f"{state.api_url} (pid {state.pid})")
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.command not in _HARNESS:  # what these need, the harness checks
        _check(options, Settings.from_environment(os.environ))
    os.environ.update(flow_environment(os.environ, api_url=server.ensure_server(os.environ)))

    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # The heartbeat thread costs a second at the end of each flow, and no variable turns it off.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        state = _flow(options)
    if state.is_completed():
        return 0
    # The last line of a job's log is what a night's report quotes.
    print(f"{options.command} failed: {(state.message or '')[:160]}", file=sys.stderr, flush=True)
    # A night has differences (1) or could not be judged (2).
    return 2 if options.command == "nightly" and state.name != "Fail" else 1


_HARNESS = ("nightly", "watch")


def _flow(options: argparse.Namespace) -> Any:
    if options.command in _HARNESS:
        return _harness_flow(options)
    common = {
        "symbols": options.symbols,
        "as_of": options.as_of,
        "granularity": options.granularity,
        "return_state": True,
    }
    if options.command == "indicators":
        from prefect_flows.analytics import calculate_daily_indicators

        return calculate_daily_indicators(days_back=options.days_back, **common)
    if options.command == "backfill":
        from prefect_flows.backfill import polygon_historical_backfill

        return polygon_historical_backfill(options.start_date, options.end_date, **common)
    from prefect_flows.ingestion import polygon_daily_ingestion, yahoo_market_data_flow

    common |= {"days_back": options.days_back, "max_symbols": options.max_symbols}
    if options.command == "polygon":
        return polygon_daily_ingestion(incremental=options.incremental, **common)
    return yahoo_market_data_flow(interval=options.interval, **common)


def _harness_flow(options: argparse.Namespace) -> Any:
    if options.command == "watch":
        from prefect_flows.watch import watch

        return watch(config=options.config, as_of=options.as_of, return_state=True)
    from prefect_flows.parity_nightly import parity_nightly

    return parity_nightly(
        session=options.session, config=options.config, as_of=options.as_of, return_state=True
    )


def _check(options: argparse.Namespace, settings: Settings) -> None:
    """What cannot run fails at once, and not after a server has been started."""
    import psycopg

    from prefect_flows import tables
    from prefect_flows.queries.connection import connect

    limit = getattr(options, "max_symbols", None)
    choose_symbols(options.symbols, default=settings.symbols, limit=limit)
    if options.command in ("polygon", "backfill"):
        settings.require_polygon_key()
    if options.command == "backfill" and options.start_date > options.end_date:
        raise SettingsError(f"--from {options.start_date} is after --to {options.end_date}")
    try:
        with connect(settings.database_url) as connection:
            tables.create_tables(connection)
    except psycopg.Error as error:
        raise SettingsError(f"DATABASE_URL: {str(error).splitlines()[0]}") from None


if __name__ == "__main__":
    sys.exit(main())
