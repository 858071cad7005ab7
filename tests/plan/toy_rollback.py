"""A migration after its cutover, and its rollback: what is done, and what must hold afterwards.

For the crash matrix: `prepare` makes it, `act` rolls back as the command does, `check` says which
side consumers read and fails where that is neither wholly.

Consumers read the candidate since the evening of the 26th of February 2024. The script ran on as a
shadow for the 27th; it has missed the 29th, and of the 28th no vendor serves symbol C any more.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from parity.database.tools import installed_tools
from parity.exchange import Exchange
from parity.model.errors import ParityError
from parity.model.result import JobOutcome
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly import Harness, open_harness
from parity.nightly.harness import harness_as_it_is, read_suite
from parity.plan import catching_up, rollback  # noqa: F401  # a fork finds it imported
from parity.switch import View, create_missing, side_of

__all__ = ["CONFIG", "DAYS", "NOW", "Rows", "act", "check", "opened", "prepare", "served", "switch"]

Rows = list[tuple[object, ...]]
DAYS = ("2024-02-26", "2024-02-27", "2024-02-28", "2024-02-29")
NOW = datetime(2024, 2, 29, 21, tzinfo=ZoneInfo("America/New_York"))
Exchange("XNYS").latest(NOW, NOW.time())  # makes the calendar, which is then kept

PSQL = str(next(installed_tools())[1] / "psql")
CONFIG = """version: 1
migration: toy
jobs:
  - name: old
    side: legacy
    command: ["{python}", old.py, "{session}"]
    timeout: 20s
    env: {DATABASE_URL: "{database_url:legacy_writer}"}
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    tolerance:
      price: {abs: 0.01, because: "a cent"}
cutover: {lock_timeout: 100ms, attempts: 3}
"""
# It becomes psql, for it runs hundreds of times and importing a driver takes a quarter of a second.
SCRIPT = f"""
import os, sys
insert = (
    "INSERT INTO legacy.prices (symbol, day, price) "
    f"SELECT s, '{{sys.argv[1]}}'::date, p FROM (VALUES ('A', 1.0), ('B', 2.0)) v(s, p) "
    "ON CONFLICT (symbol, day) DO UPDATE SET price = EXCLUDED.price"
)
os.execl({PSQL!r}, "psql", "--quiet", "--no-psqlrc", "-c", insert, os.environ["DATABASE_URL"])
"""
TABLES = """
SET ROLE legacy_writer;
CREATE TABLE legacy.prices (symbol text, day date, price float8, note text DEFAULT 'legacy',
  PRIMARY KEY (symbol, day));
INSERT INTO legacy.prices SELECT s, d, p FROM (VALUES ('A', 1.0), ('B', 2.0)) v(s, p),
  (VALUES (date '2024-02-26'), (date '2024-02-27'), (date '2024-02-28')) w(d);
SET ROLE prefect_writer;
CREATE TABLE prefect.prices (symbol text, day date, price float8, PRIMARY KEY (symbol, day));
INSERT INTO prefect.prices SELECT s, d, p FROM (VALUES ('A', 1.001), ('B', 2.0)) v(s, p),
  (VALUES (date '2024-02-26'), (date '2024-02-27'), (date '2024-02-28'), (date '2024-02-29')) w(d);
INSERT INTO prefect.prices VALUES ('C', '2024-02-28', 3.25);
RESET ROLE;
"""
VIEW = {
    "view": "prices",
    "legacy": ["legacy", "prices"],
    "candidate": ["prefect", "prices"],
    "columns": [["symbol", "text"], ["day", "date"], ["price", "double precision"]],
    "rename": {},
}
# What consumers read of the candidate, and after a rollback: to the last row, of either side.
CANDIDATE: Rows = [
    *((s, day, p) for day in DAYS for s, p in (("A", 1.001), ("B", 2.0))),
    ("C", "2024-02-28", 3.25),
]  # fmt: skip
CAUGHT_UP: Rows = [
    *((s, day, p) for day in DAYS for s, p in (("A", 1.0), ("B", 2.0))),
    ("C", "2024-02-28", 3.25),
]  # fmt: skip


def opened(url: str, folder: Path) -> Harness:
    """The harness as a rollback opens it."""
    environ = {"PARITY_DATABASE_URL": url}
    return harness_as_it_is(read_suite(folder / "parity.yaml", environ), environ)


def prepare(url: str, folder: Path, config: str = CONFIG) -> Harness:
    """Makes the migration."""
    (folder / "parity.yaml").write_text(config, encoding="utf-8")
    (folder / "old.py").write_text(SCRIPT, encoding="utf-8")
    harness = open_harness(folder / "parity.yaml", {"PARITY_DATABASE_URL": url})
    with psycopg.connect(url) as connection:
        connection.execute(TABLES.encode())
    with harness.database.connect_as("parity_switch") as connection:
        create_missing(connection, [View.of_json(VIEW)], Side.CANDIDATE)
    ran(harness, DAYS[0])
    phase(harness, Phase.PARALLEL_RUN, Phase.VALIDATION)
    switch(harness, Side.CANDIDATE)
    verified = {"operation": "cutover-1", "kind": "cutover", "step": "verified",
                "rows": {"prices": len(CANDIDATE)}}  # fmt: skip
    harness.store.append_trail("toy", TrailKind.STEP, "anna", verified)
    ran(harness, DAYS[1])
    ran(harness, DAYS[2])
    return harness


def ran(harness: Harness, day: str) -> None:
    """Notes that the script has run for a session."""
    ended = JobOutcome(name="old", side=Side.LEGACY, exit_code=0, seconds=1.0, log="old.log")
    harness.store.record_jobs("toy", datetime.fromisoformat(day).date(), [ended])


def phase(harness: Harness, source: Phase, to: Phase) -> None:
    """Changes the phase."""
    content = {"from": source, "to": to, "why": "so", "evidence": [], "forced": False}
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", content)


def switch(harness: Harness, to: Side, operation: str = "cutover-1") -> None:
    """Notes a cutover as the trail has it."""
    content = {
        "operation": operation, "from": "legacy", "to": to.value, "why": "so", "forced": False,
        "views": [VIEW],
    }  # fmt: skip
    harness.store.append_trail("toy", TrailKind.SWITCH, "anna", content)
    phase(harness, Phase.VALIDATION, Phase.CUTOVER)


def act(url: str, folder: Path) -> int:
    """Rolls back, as the command does; returns its exit code."""
    try:
        done = rollback.roll_back(
            opened(url, folder), by="anna", reason="wrong prices", now=NOW, environ={}, say=print
        )
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    for line in (*done.troubles, *(done.caught.troubles if done.caught else ())):
        print(f"parity: {line}", file=sys.stderr)
    return done.exit_code


def served(url: str) -> Rows:
    """What a consumer reads."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT symbol, day::text, price FROM market.prices ORDER BY symbol = 'C', day, symbol"
        ).fetchall()


def check(url: str, folder: Path) -> str:
    """`legacy` or `candidate`: wholly one of them, and the trail and the phase say the same."""
    harness = opened(url, folder)
    side = harness.store.primary("toy")
    with psycopg.connect(url) as connection:
        assert side_of(connection, [View.of_json(VIEW)]) is side
        unmarked = connection.execute(
            "SELECT count(*) FROM legacy.prices l WHERE symbol = 'C' AND NOT EXISTS (SELECT FROM "
            "parity.copied_row c WHERE c.key ->> 'symbol' = l.symbol)"
        ).fetchone()
        assert unmarked == (0,), "a row was copied and is not marked"
    expected = Phase.CUTOVER if side is Side.CANDIDATE else Phase.VALIDATION
    assert harness.store.phase("toy") is expected
    finished = [
        entry for entry in harness.store.trail("toy", TrailKind.STEP)
        if entry.content.get("step") == "finished"
    ]  # fmt: skip
    if side is Side.CANDIDATE:
        assert served(url) == CANDIDATE
    if finished:
        assert served(url) == CAUGHT_UP
    return side.value
