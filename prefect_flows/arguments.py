"""The command line of `python -m prefect_flows`. Imports nothing heavy."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import Any

from prefect_flows.deploying.commands import add_parsers
from prefect_flows.errors import SettingsError
from prefect_flows.work.granularity import Granularity

__all__ = ["parser"]


def parser() -> argparse.ArgumentParser:
    """Return the parser; `command` says which command was given."""
    made = argparse.ArgumentParser(
        prog="python -m prefect_flows",
        description="Run the migrated pipeline's flows, or register them with a Prefect server.",
    )
    commands = made.add_subparsers(dest="command", required=True)
    _loading(commands)
    _flow_parser(commands, "indicators", "calculate indicators from stored prices", 300)
    nightly = commands.add_parser("nightly", help="compare both sides, as `parity nightly` does")
    nightly.add_argument("--session", type=_date, help="trading date; default: the newest due")
    watch = commands.add_parser("watch", help="tell of runs that failed or are late")
    for harness in (nightly, watch):
        harness.add_argument("--config", default="parity.yaml", help="default: parity.yaml")
        harness.add_argument("--as-of", type=_moment, help="ISO time with a zone")
    shared = commands.add_parser("server", help="the Prefect server that the flows share")
    shared.add_argument("action", choices=["start", "status", "stop"])
    add_parsers(commands)
    return made


def _loading(commands: Any) -> None:
    yahoo = _flow_parser(commands, "yahoo", "load prices from Yahoo, then indicators", None)
    yahoo.add_argument("--interval", choices=["1d", "1h"], default="1h", help="length of a bar")
    polygon = _flow_parser(commands, "polygon", "load daily prices from Polygon", 1)
    polygon.add_argument(
        "--incremental",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="start from each symbol's last stored day",
    )
    for loading in (yahoo, polygon):
        loading.add_argument("--max-symbols", type=_count, help="load at most so many")
    text = "load Polygon's daily prices of a range of dates"
    backfill = commands.add_parser("backfill", help=text, description=text)
    backfill.add_argument("--from", dest="start_date", type=_date, required=True, help="first day")
    backfill.add_argument("--to", dest="end_date", type=_date, required=True, help="last day")
    _common(backfill)


def _flow_parser(
    commands: Any, name: str, text: str, days_back: int | None
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    default = "7 for hourly bars, 30 for daily ones" if days_back is None else days_back
    made.add_argument("--days-back", type=_days, default=days_back, help=f"default: {default}")
    _common(made)
    return made


def _common(made: argparse.ArgumentParser) -> None:
    made.add_argument("--as-of", type=_moment, help="ISO time with a zone; default: now")
    made.add_argument(
        "--symbols",
        nargs="+",
        metavar="SYMBOL",
        help="default: those in the variable SYMBOLS, else AAPL MSFT IBM GOOG",
    )
    made.add_argument(
        "--granularity",
        type=_granularity,
        help="what one task does: symbol, stages or batch:N; default: GRANULARITY, else symbol",
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO time") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone, such as -05:00")
    return moment


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, such as 2005-02-28") from None


def _days(text: str) -> int:
    return _number(text, "days")


def _count(text: str) -> int:
    return _number(text, "symbols")


def _number(text: str, what: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {what}")
    return int(text)


def _granularity(text: str) -> str:
    try:
        return str(Granularity.parse(text, name="it"))
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
