"""`python -m prefect_flows`: run a flow, or look after the Prefect server.

Exit code: 0 all symbols done (or the night passed), 1 something failed (the lines say what),
2 bad arguments, no database or no Prefect server, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from prefect_flows import server
from prefect_flows.errors import FlowError, SettingsError
from prefect_flows.server_settings import flow_environment, home
from prefect_flows.settings import Settings, choose_symbols

# prefect is imported by `_run` only: first the variables it reads at import must be set.


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call, and map the result to an exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "server":
            return _server(options.action, os.environ)
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
    if options.command != "nightly":  # what it needs, the harness checks
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


def _flow(options: argparse.Namespace) -> Any:
    if options.command == "nightly":
        from prefect_flows.parity_nightly import parity_nightly

        return parity_nightly(
            session=options.session, config=options.config, as_of=options.as_of, return_state=True
        )
    common = {"symbols": options.symbols, "as_of": options.as_of, "return_state": True}
    if options.command == "indicators":
        from prefect_flows.analytics import calculate_daily_indicators

        return calculate_daily_indicators(days_back=options.days_back, **common)
    from prefect_flows.ingestion import polygon_daily_ingestion, yahoo_market_data_flow

    common |= {"days_back": options.days_back, "max_symbols": options.max_symbols}
    if options.command == "polygon":
        return polygon_daily_ingestion(incremental=options.incremental, **common)
    return yahoo_market_data_flow(interval=options.interval, **common)


def _check(options: argparse.Namespace, settings: Settings) -> None:
    """What cannot run fails at once, and not after a server has been started."""
    import psycopg

    from prefect_flows import queries, tables

    limit = getattr(options, "max_symbols", None)
    choose_symbols(options.symbols, default=settings.symbols, limit=limit)
    if options.command == "polygon":
        settings.require_polygon_key()
    try:
        with queries.connect(settings.database_url) as connection:
            tables.create_tables(connection)
    except psycopg.Error as error:
        raise SettingsError(f"DATABASE_URL: {str(error).splitlines()[0]}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m prefect_flows", description="Run the migrated pipeline's flows."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    yahoo = _flow_parser(commands, "yahoo", "load prices from Yahoo, then indicators", 7)
    yahoo.add_argument("--interval", choices=["1d", "1h"], default="1h", help="length of a bar")
    polygon = _flow_parser(commands, "polygon", "load daily prices from Polygon", 1)
    polygon.add_argument(
        "--incremental",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="start from each symbol's last stored day",
    )
    for parser_with_limit in (yahoo, polygon):
        parser_with_limit.add_argument("--max-symbols", type=int, help="load at most so many")
    _flow_parser(commands, "indicators", "calculate indicators from stored prices", 300)
    nightly = commands.add_parser("nightly", help="compare both sides, as `parity nightly` does")
    nightly.add_argument("--session", type=_session, help="trading date; default: the newest due")
    nightly.add_argument("--config", default="parity.yaml", help="default: parity.yaml")
    nightly.add_argument("--as-of", type=_moment, help="ISO time with a zone")
    serve = commands.add_parser("server", help="the Prefect server that the flows share")
    serve.add_argument("action", choices=["start", "status", "stop"])
    return parser


def _flow_parser(commands: Any, name: str, text: str, days_back: int) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--as-of", type=_moment, help="ISO time with a zone; default: now")
    parser.add_argument("--days-back", type=_days, default=days_back, help=f"default: {days_back}")
    parser.add_argument(
        "--symbols",
        nargs="+",
        metavar="SYMBOL",
        help="default: those in the variable SYMBOLS, else AAPL MSFT IBM GOOG",
    )
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO time") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone, such as -05:00")
    return moment


def _session(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, such as 2005-02-28") from None


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
