"""`parity status --flows` and what stands behind it: real jobs, real tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.monitoring import Figures, Monitored, States
from parity.nightly import Harness, Night, open_harness
from parity.nightly.monitoring import monitor
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.terminal import render_night
from tests.nightly.toy import CONFIG, ROWS, script
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
    assert json.loads(ended.stdout) == {"schema_version": 1, "migration": "toy", "nights": []}
    refused = parity(database, tmp_path, "--sessions", "3")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "parity: --sessions and --prefect-api go with --flows\n"


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
