"""`parity status --flows` and what stands behind it: real jobs, real tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from parity.cli.standing import render_serving, serving
from parity.database import Database
from parity.model.monitoring import Figures, Monitored, States
from parity.model.trail import TrailKind
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness, Night, open_harness
from parity.nightly.monitoring import monitor
from parity.nightly.publishing import publish_all
from parity.nightly.serving_state import serving_view
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.terminal import render_night
from parity.switch import View
from tests.nightly.toy import CONFIG, ROWS, script
from tests.report import build
from tests.report.build import failed_job_night

pytestmark = pytest.mark.slow
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}

FLOWS = """
flows:
  runs: prefect.flow_runs
  load_runs: {legacy: legacy.load_runs, candidate: prefect.load_runs}
"""
# A script's account of its symbols, one of which fails; 150 MB and some CPU.
ACCOUNT = """
held = b"x" * (150 * 2**20)
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS legacy.load_runs "
        "(job text, symbol text, started_at timestamptz, finished_at timestamptz, status text)")
    connection.execute("INSERT INTO legacy.load_runs SELECT 'the_old_one', s, clock_timestamp(), "
        "clock_timestamp(), CASE s WHEN 'B' THEN 'failed' ELSE 'ok' END FROM unnest(%s::text[]) s",
        [["A", "B", "C"]])
"""


FLOW_RUNS = """
CREATE TABLE prefect.flow_runs (
    run_id text, job text, as_of timestamptz, started_at timestamptz, finished_at timestamptz,
    state text, symbols int, failed int, retries int, cpu_seconds float8, peak_memory bigint);
GRANT SELECT ON prefect.flow_runs TO parity_harness;
INSERT INTO prefect.flow_runs VALUES
    ('a', 'new_flow', '2024-02-28 20:00-05', '2025-01-01 10:00Z', '2025-01-01 10:00:30Z',
     'completed', 3, 0, 2, 1.5, 77000000),
    -- On a Saturday, so of Friday's session, in which no job has run.
    ('b', 'new_flow', '2024-03-02 12:00-05', '2025-01-02 10:00Z', '2025-01-02 10:00:10Z',
     'symbols_failed', 3, 1, 4, 2.5, 99000000),
    ('c', 'new_flow', '2024-02-27 20:00-05', '2025-01-01 10:00Z', NULL, 'running',
     3, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> Harness:
    """A small migration of which nothing has run."""
    (tmp_path / "old.py").write_text(script("legacy", ROWS) + ACCOUNT, encoding="utf-8")
    (tmp_path / "new.py").write_text(script("prefect", ROWS), encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG + FLOWS, encoding="utf-8")
    return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})


def run_jobs_of(harness: Harness, session: date) -> None:
    Night.of(harness, session, None, datetime.now(UTC)).jobs(ENVIRON)


def figures(found: Monitored) -> dict[str, Figures]:
    return {line.name: line for line in found.lines}


def test_both_sides_jobs_are_measured_and_counted_over_sessions(
    harness: Harness, database: Database, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    never = monitor(harness, 3, now=now, environ={})
    assert (never.sessions, [line.success_rate for line in never.lines]) == ((), [None, None])

    run_jobs_of(harness, date(2024, 2, 28))
    (tmp_path / "new.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    run_jobs_of(harness, date(2024, 2, 29))
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(FLOW_RUNS.encode())

    found = monitor(harness, 3, now=now, prefect_api="http://127.0.0.1:9/api", environ={})
    assert found.sessions == (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1))
    lines = figures(found)
    old, new, flow = lines["old"], lines["new"], lines["new_flow"]
    assert (old.states, old.success_rate, old.sessions) == (States(ok=2), 1.0, 2)
    assert (old.symbols, old.symbols_failed) == (6, 2)
    assert new.states == States(ok=1, failed=1)
    assert old.peak_memory is not None
    assert new.peak_memory is not None
    assert 0 < new.peak_memory < 150 * 2**20 < old.peak_memory < 300 * 2**20
    assert old.cpu_seconds is not None
    assert old.cpu_seconds > 0
    assert flow.states == States(ok=1, symbols_failed=1)
    assert (flow.success_rate, flow.retries, flow.cpu_seconds) == (0.5, 6, 2.0)
    assert (flow.median_seconds, flow.slowest_seconds) == (20.0, 30.0)
    assert (flow.symbols, flow.symbols_failed, flow.peak_memory) == (6, 1, 99_000_000)
    assert flow.beside is None  # "new_flow" and "old" share no word

    # A gate says where its sessions end.
    gate = monitor(harness, 1, now=now, until=date(2024, 2, 28), environ={})
    assert gate.sessions == (date(2024, 2, 28),)
    assert {line.name: line.success_rate for line in gate.lines} == {
        "old": 1.0, "new": 1.0, "new_flow": 1.0,
    }  # fmt: skip

    shown = parity(
        database, tmp_path, "--flows", "--json", "flows.json",
        PREFECT_API_URL="http://me:hidden@127.0.0.1:9/api",
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, "")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    told = " ".join(shown.stdout.split())
    assert "Runs of 20 sessions, 2024-02-02 to 2024-03-01" in told
    assert "new_flow: 1 run with failed symbols, 1 run did not end" in told
    assert "Prefect's API at http://127.0.0.1:9/api does not answer" in told
    assert "prefect.load_runs (flows.load_runs.candidate) does not exist" in told
    assert "hidden" not in told
    wide = json.loads((tmp_path / "flows.json").read_text(encoding="utf-8"))
    assert [line["states"]["did_not_end"] for line in wide["lines"]] == [0, 0, 1]
    assert [line["success_rate"] for line in wide["lines"]] == [1.0, 0.5, 1 / 3]
    assert wide["prefect_asked"] is False


def test_the_list_of_nights_as_json_and_options_that_mean_nothing(
    harness: Harness, database: Database, tmp_path: Path
) -> None:
    ended = parity(database, tmp_path, "--json", "-")
    assert (ended.returncode, ended.stderr) == (2, "")
    said = json.loads(ended.stdout)
    assert said.pop("serving") == {
        "phase": "parallel_run", "phase_since": None, "primary": "legacy", "views": {},
        "unknown": None, "switched": None, "drill": None, "left": [],
    }  # fmt: skip
    assert said == {"schema_version": 1, "migration": "toy", "nights": []}
    lines = parity(database, tmp_path).stdout.splitlines()
    assert lines[:3] == [
        "Phase      parallel_run",
        "Consumers  no views yet",
        "Last drill none yet",
    ]
    refused = parity(database, tmp_path, "--sessions", "3")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "parity: --sessions and --prefect-api go with --flows\n"


TABLES = """
SET ROLE legacy_writer; CREATE TABLE legacy.prices (symbol text, day date, price float8);
SET ROLE prefect_writer; CREATE TABLE prefect.prices (symbol text, day date, price float8);
SET ROLE parity_switch; CREATE VIEW market.prices AS SELECT symbol, day, price FROM {}.prices;
"""


def append(harness: Harness, kind: TrailKind, /, **content: object) -> str:
    """Adds a row by anna; returns its moment as people read it."""
    harness.store.append_trail("toy", kind, "anna", content)
    at = harness.store.trail("toy", kind)[-1].at
    return f"{at.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M} New York, by anna"


def status_of(harness: Harness) -> tuple[list[str], dict[str, Any]]:
    found = serving(harness)
    lines = str(render_serving(found)).splitlines()
    assert max(map(len, lines)) <= 80
    return lines, found.to_json()


def test_who_is_read_is_asked_of_the_catalog_and_what_is_undone_is_said(
    harness: Harness, database: Database
) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(TABLES.format("prefect").encode())
    lines, said = status_of(harness)
    # Somebody has moved the view by hand: the trail knows of no switch.
    assert lines[1] == "Consumers  read the flows (candidate)"
    assert (said["views"], said["primary"]) == ({"prices": "candidate"}, "legacy")
    assert lines[3].startswith("Undone     the trail says that consumers read legacy, but")

    night = build.run(Verdict.PASS, build.equal("prices", 1), migration="toy")
    harness.store.save(night, {}, config="")
    views = [View(one, ()).to_json() for one in harness.suite.plan.served]
    moved = append(harness, TrailKind.SWITCH, operation="c", to="candidate", views=views)
    phased = append(harness, TrailKind.PHASE, to="cutover", **{"from": "validation"})
    drilled = append(harness, TrailKind.DRILL, ok=False, why_not="a reader met an error")
    lines, said = status_of(harness)
    assert lines == [
        f"Phase      cutover since {phased}",
        f"Consumers  read the flows (candidate) since {moved}",
        f"Last drill failed, {drilled}: a reader met an error",
        "Undone     the cutover is not finished: parity cutover --execute --migration toy",
    ]
    assert said["drill"]["ok"] is False
    append(harness, TrailKind.STEP, operation="c", kind="cutover", step="finished")
    append(harness, TrailKind.SCHEDULES, operation="c", wanted="running", names=["f/d"],
           state="asked", note="")  # fmt: skip
    drilled = append(harness, TrailKind.DRILL, ok=True)
    lines, said = status_of(harness)
    assert lines[2] == f"Last drill ok, {drilled}"
    assert said["left"][0].startswith("schedules asked to be running, not done:")

    back = append(harness, TrailKind.SWITCH, operation="r", to="legacy", views=views)
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            b"SET ROLE parity_switch; CREATE OR REPLACE VIEW market.prices AS "
            b"SELECT symbol, day, price FROM legacy.prices"
        )
    lines, said = status_of(harness)
    assert lines[1] == f"Consumers  read the scripts (legacy) since {back}"
    assert said["left"] == ["the rollback is not finished: parity rollback --execute"]
    append(harness, TrailKind.STEP, operation="r", kind="rollback", step="finished")
    assert status_of(harness)[1]["left"] == []

    # The index of nights marks them between the nights.
    harness.store.save(replace(night, session=date(2005, 3, 1)), {}, config="")
    view = serving_view(harness)
    assert (view.phase, view.primary) == ("cutover", Side.LEGACY)
    assert [(one.to, one.by, one.after) for one in view.switches] == [
        (Side.CANDIDATE, "anna", night.session), (Side.LEGACY, "anna", night.session),
    ]  # fmt: skip
    publish_all(harness)
    page = (harness.suite.reports / "index.html").read_text(encoding="utf-8")
    page = page[page.index("<tbody>") :]
    assert page.index("2005-03-01</a>") < page.index("rolled back") < page.index("cut over")
    assert page.index("cut over") < page.index("2005-02-28</a>")


def test_a_nights_page_and_terminal_show_what_its_jobs_took() -> None:
    night = failed_job_night()
    measured = replace(night.jobs[0], cpu_seconds=1.26, peak_memory=123_456_789)
    night = replace(night, jobs=(measured, night.jobs[1]))
    text = " ".join(str(render_night(night)).split())
    assert "load-yahoo legacy failed, exit 1 2.0 1.3 123 MB" in text
    assert "yahoo-flow candidate did not finish 600.0 — —" in text
    page = night_page(night_view(night))
    assert '<td class="number" data-sort="1.26">1.3</td>' in page
    assert '<td class="number nowrap" data-sort="123456789">123 MB</td>' in page


def parity(
    database: Database, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs `parity status …`."""
    return subprocess.run(
        [sys.executable, "-c", "from parity.cli import main; main()", "status", *arguments],
        cwd=folder,
        env=ENVIRON | {"PARITY_DATABASE_URL": database.admin_url, "COLUMNS": "80"} | variables,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
