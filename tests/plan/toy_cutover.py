"""A migration whose cutover is due, and the cutover: what is done, and what must hold afterwards.

For the crash matrix: `prepare` makes it, `act` cuts over as the command does, `check` says where it
stands and fails where that is neither old nor new, or where trail and catalog do not agree.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side, Verdict
from parity.nightly import Harness, open_harness
from parity.nightly.serving import serve
from parity.plan.cutover import cut_over
from parity.switch import View, side_of
from tests.report.build import equal, run

__all__ = ["CONFIG", "NOW", "SESSION", "TABLES", "act", "check", "finished", "opened", "prepare"]

SESSION = date(2024, 2, 29)
NOW = datetime(2024, 2, 29, 22, 0, tzinfo=ZoneInfo("America/New_York"))

CONFIG = """version: 1
migration: toy
checklist:
  - {id: trained, text: The team is trained}
cutover:
  lock_timeout: 100ms
  attempts: 5
  hooks:
    before: [{name: may, command: [/bin/sh, hook.sh, before, may]}]
    after: [{name: then, command: [/bin/sh, hook.sh, after, then]}]
datasets:
  - {name: prices, kind: table, legacy: legacy.prices, candidate: prefect.prices,
     key: [symbol, day], symbol: symbol, time: day}
  - {name: sizes, kind: table, legacy: legacy.sizes, candidate: prefect.sizes, key: [symbol]}
"""
# It does not end before the harness has noted it, so that every run has the same effects.
HOOK = """
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e .parity/hooks/jobs/$2.json ] && break; sleep 0.05
done
echo "$1 $PARITY_OPERATION $PARITY_FROM $PARITY_TO" >> hooks.txt
"""

TABLES = """
SET ROLE {role};
CREATE TABLE {schema}.prices (symbol text, day date, price {type}, PRIMARY KEY (symbol, day));
INSERT INTO {schema}.prices SELECT 'A', date '2024-02-29' - i, i FROM generate_series(0, 9) i;
CREATE TABLE {schema}.sizes (symbol text PRIMARY KEY, of text);
INSERT INTO {schema}.sizes VALUES ('A', '{schema}');
RESET ROLE;
"""
SIDES = (("legacy_writer", "legacy", "numeric(15,4)"), ("prefect_writer", "prefect", "float8"))


def opened(url: str, folder: Path) -> Harness:
    """The harness, as a command opens it."""
    return open_harness(folder / "parity.yaml", {"PARITY_DATABASE_URL": url})


def prepare(url: str, folder: Path, config: str = CONFIG) -> Harness:
    """In validation, with the newest night stored and the views served; the gate is red."""
    (folder / "parity.yaml").write_text(config, encoding="utf-8")
    (folder / "hook.sh").write_text(HOOK, encoding="utf-8")
    harness = opened(url, folder)
    with psycopg.connect(url) as connection:
        for role, schema, kind in SIDES:
            connection.execute(TABLES.format(role=role, schema=schema, type=kind).encode())
    content = {"from": "parallel_run", "to": "validation", "why": "", "evidence": []}
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", content)
    at = harness.exchange.night(SESSION, harness.suite.at)
    night = run(
        Verdict.PASS, equal("prices"), equal("sizes"), migration="toy", session=SESSION, as_of=at,
        phase="validation",
    )  # fmt: skip
    harness.store.save(night, {}, config=harness.suite.config_hash)
    serve(harness, lambda _line: None)
    return harness


def act(url: str, folder: Path) -> int:
    """Cuts over, as the command does; returns its exit code."""
    try:
        done = cut_over(
            opened(url, folder), by="anna", force="it is a rehearsal", now=NOW,
            environ={"PARITY_DATABASE_URL": url}, say=print,
        )  # fmt: skip
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    return done.exit_code


def check(url: str, folder: Path) -> str:
    """`legacy` or `candidate`: all views read that side, and trail and catalog agree on it."""
    harness = opened(url, folder)
    with harness.database.connect_as("parity_harness") as connection:
        views = [View(served, ()) for served in harness.suite.plan.served]
        side = side_of(connection, views)  # raises where they read both
        rows = [
            connection.execute(f"SELECT count(*) FROM market.{view.name}".encode()).fetchone()
            for view in views
        ]
        assert rows == [(10,), (1,)], rows
        of = connection.execute("SELECT of FROM market.sizes").fetchone()
    assert side is not None
    assert of == ({Side.LEGACY: "legacy", Side.CANDIDATE: "prefect"}[side],)
    assert harness.store.primary("toy") is side
    phase = {Side.LEGACY: Phase.VALIDATION, Side.CANDIDATE: Phase.CUTOVER}[side]
    assert harness.store.phase("toy") is phase
    switches = harness.store.trail("toy", TrailKind.SWITCH)
    assert len(switches) == (side is Side.CANDIDATE)
    return side.value


def finished(url: str, folder: Path) -> bool:
    """The last switch is finished: nothing is left for the command to do."""
    harness = opened(url, folder)
    switches = harness.store.trail("toy", TrailKind.SWITCH)
    steps = harness.store.trail("toy", TrailKind.STEP)
    operation = switches[-1].content["operation"] if switches else None
    return any(
        (step.content["operation"], step.content["step"]) == (operation, "finished")
        for step in steps
    )
