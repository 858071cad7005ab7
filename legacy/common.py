"""What the three old scripts share: arguments, the connection, the run log.

UsageError        the job cannot start or go on: one line on standard error, exit 2
EmptyResultError  a symbol for which nothing came back: the symbol fails, the job goes on
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

import psycopg
import queries
from psycopg.abc import Query
from psycopg.conninfo import conninfo_to_dict

EXCHANGE: Final = ZoneInfo("America/New_York")
DEFAULT_SYMBOLS: Final = "AAPL,MSFT,IBM,GOOG"
MAX_DAYS_BACK: Final = 36_500

Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]

log = logging.getLogger("legacy")


class UsageError(Exception):
    """Bad arguments or no database; the message is shown as it is."""


class EmptyResultError(Exception):
    """Nothing came back for a symbol."""


@dataclass(frozen=True, slots=True)
class Writes:
    """What one symbol wants written: statements with their rows, all in one transaction.

    Attributes:
        batches: (statement, rows) pairs, executed in this order.
        rows: the number that goes into load_runs.
        message: a short remark for load_runs.
    """

    batches: tuple[tuple[Query, Sequence[Row]], ...]
    rows: int
    message: str | None = None


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as cron mails it."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise UsageError(message)


def parser(description: str, *, days_back: int | None) -> Parser:
    """Return a parser with the arguments that every job takes.

    `days_back` is its default in calendar days; None when the job works it out itself.
    """
    made = Parser(description=description)
    made.add_argument("--days-back", type=_days, default=days_back, metavar="N")
    made.add_argument(
        "--symbols",
        type=_symbols,
        default=os.environ.get("SYMBOLS") or DEFAULT_SYMBOLS,
        help="comma separated (default: SYMBOLS, or %(default)s)",
    )
    made.add_argument(
        "--as-of",
        type=_instant,
        default=datetime.now(UTC),
        metavar="T",
        help="ISO date and time with its UTC offset (default: now)",
    )
    return made


def window_start(as_of: datetime, days_back: int) -> datetime:
    """Midnight in New York, `days_back` calendar days before the date of `as_of`."""
    try:
        day = as_of.astimezone(EXCHANGE).date() - timedelta(days=days_back)
    except OverflowError:
        raise UsageError(f"--as-of {as_of.isoformat()} is out of range") from None
    return datetime.combine(day, time(), EXCHANGE)


def required(name: str) -> str:
    """Return an environment variable that the job cannot do without."""
    value = os.environ.get(name)
    if not value:
        raise UsageError(f"{name} is not set")
    return value


def connect() -> Connection:
    """Connect to DATABASE_URL (autocommit) and create the tables where they are missing.

    Raises:
        UsageError: no, or a bad, DATABASE_URL; no server; no right to the schema.
    """
    try:
        options = conninfo_to_dict(required("DATABASE_URL"))
    except psycopg.Error:  # its message repeats the URL, password included
        raise UsageError("DATABASE_URL is not a PostgreSQL connection URI") from None
    options.setdefault("connect_timeout", 10)
    options.setdefault("application_name", "legacy")
    try:
        conn = psycopg.connect(**options, autocommit=True)  # type: ignore[arg-type]
        with conn.transaction():
            conn.execute(queries.LOCK_SCHEMA)
            conn.execute(Path(__file__).with_name("schema.sql").read_bytes())
    except psycopg.Error as error:
        reason = _one_line(error)
        if password := options.get("password"):
            reason = reason.replace(str(password), "***")
        raise UsageError(f"no database: {reason}") from None
    return conn


def run(
    conn: Connection, job: str, symbols: Sequence[str], prepare: Callable[[str], Writes]
) -> int:
    """Do one symbol after another and return the exit code.

    `prepare` fetches and computes outside any transaction; then everything a symbol writes, its
    load_runs row included, is one transaction. A symbol that fails is logged and costs no other.

    Raises:
        UsageError: the database went away.
    """
    failed = []
    for symbol in symbols:
        started = datetime.now(UTC)
        try:
            writes = prepare(symbol)
            with conn.transaction(), conn.cursor() as cursor:
                for statement, rows in writes.batches:
                    cursor.executemany(statement, rows)
                _record(conn, job, symbol, started, "ok", writes.rows, writes.message)
        except Exception as error:  # noqa: BLE001 - the clients raise anything; cron goes on
            if conn.closed:
                raise UsageError(f"lost the database at {symbol}: {_one_line(error)}") from None
            _record_failure(conn, job, symbol, started, error)
            failed.append(symbol)
        else:
            log.info("%s: %s rows%s", symbol, writes.rows, _remark(writes.message))
    if failed:
        print(f"{job}: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def start(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its code; what stops it is one line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        code = main()
    except UsageError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        code = 2
    sys.exit(code)


def _record_failure(
    conn: Connection, job: str, symbol: str, started: datetime, error: Exception
) -> None:
    empty = isinstance(error, EmptyResultError)
    reason = str(error) if empty else f"{type(error).__name__}: {_one_line(error)}"
    log.error("%s: %s", symbol, reason)
    try:
        _record(conn, job, symbol, started, "empty" if empty else "failed", 0, reason)
    except psycopg.Error as gone:
        raise UsageError(f"cannot write load_runs for {symbol}: {_one_line(gone)}") from None


def _record(
    conn: Connection,
    job: str,
    symbol: str,
    started: datetime,
    status: str,
    rows: int,
    message: str | None,
) -> None:
    values = (job, symbol, started, datetime.now(UTC), status, rows, message)
    conn.execute(queries.INSERT_RUN, values)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).replace("\0", "").split())[:500] or type(error).__name__


def _remark(message: str | None) -> str:
    return f" ({message})" if message else ""


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_DAYS_BACK:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, 1 to {MAX_DAYS_BACK}")
    return int(text)


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(dict.fromkeys(re.split(r"[,\s]+", text.strip(", \t\n").upper())))
    for symbol in symbols:
        if not re.fullmatch(r"[A-Z0-9^][A-Z0-9.=^-]*", symbol):
            raise argparse.ArgumentTypeError(f"{symbol!r} is not a symbol")
    return symbols


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO date and time") from None
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no UTC offset")
    return instant
