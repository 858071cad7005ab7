"""Whole nights of a small migration: real commands, a real database, real reports."""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from parity.database import Database
from parity.model.errors import ParityError, UsageError
from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.nightly import Night, publish_all
from tests.nightly.toy import CONFIG, ROWS, SESSION, Migration, script

pytestmark = pytest.mark.slow  # the first to run imports Great Expectations


def run(night: Night) -> RunResult:
    return night.run(os.environ)


def folder(night: Night) -> Path:
    return night.harness.suite.reports / "parallel_run" / night.session.isoformat()


def everything(night: Night) -> dict[str, bytes]:
    """Every report file but the job logs."""
    reports = night.harness.suite.reports
    return {
        str(path.relative_to(reports)): path.read_bytes()
        for path in sorted(reports.rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


def stored(database: Database) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin_url) as connection:
        return connection.execute(
            "SELECT 'run', run_id, content FROM parity.run UNION ALL "
            "SELECT 'legacy', symbol || day, price::text FROM legacy.prices UNION ALL "
            "SELECT 'prefect', symbol || day, price::text FROM prefect.prices ORDER BY 1, 2"
        ).fetchall()


def assert_identities(result: dict[str, Any]) -> None:
    """The design's: each side's rows add up, and incidents hold every discrepancy once."""
    for dataset in result["datasets"]:
        rows = dataset["rows"]
        differing = sum(
            rows[state]
            for state in
            ("mismatched", "legacy_only", "candidate_only", "duplicate_key", "null_key")
        )  # fmt: skip
        paired = 2 * (rows["matched"] + rows["mismatched"])
        alone = differing - rows["mismatched"]
        assert rows["legacy"] + rows["candidate"] == paired + alone
        assert sum(incident["rows"] for incident in dataset["incidents"]) == differing


def test_equal_sides_pass_and_the_report_says_so(migration: Migration) -> None:
    night = migration()
    result = run(night)
    assert (result.verdict, result.verdict.exit_code, result.reasons) == (Verdict.PASS, 0, ())
    assert result.second_opinion.rows == 3
    found = json.loads((folder(night) / "result.json").read_text(encoding="utf-8"))
    assert found == result.to_json()
    assert_identities(found)
    assert found["datasets"][0]["rows"]["matched"] == 3
    index = (night.harness.suite.reports / "index.html").read_text(encoding="utf-8")
    assert "parallel_run/2024-02-29/index.html" in index
    assert (night.harness.suite.reports / result.jobs[0].log).is_file()


def test_the_same_night_twice_changes_nothing(migration: Migration, database: Database) -> None:
    changed = [("A", 1.5), *ROWS[1:]]
    night = migration(new=script("prefect", changed))
    first = run(night)
    rows, files = stored(database), everything(night)
    phase = "parallel_run/index.html"  # which tells how often jobs have run
    assert "1 of 1" in files.pop(phase).decode()
    assert run(night) == first
    assert night.compare() == first
    publish_all(night.harness)
    again = everything(night)
    assert "2 of 2" in again.pop(phase).decode()
    assert (stored(database), again) == (rows, files)


def test_a_difference_fails_and_every_row_of_it_is_in_the_file(migration: Migration) -> None:
    changed: list[tuple[str, float | None]] = [("A", 1.5), ("B", 2.005), ("C", 3.0)]
    night = migration(new=script("prefect", changed))
    result = run(night)
    assert result.verdict is Verdict.FAIL
    assert result.verdict.exit_code == 1
    rows = result.datasets[0].rows
    assert (rows.matched, rows.mismatched, rows.legacy_only, rows.candidate_only) == (1, 1, 1, 1)
    assert_identities(result.to_json())
    with (folder(night) / "discrepancies-prices.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["state"], line["key_symbol"]) for line in lines] == [
        ("legacy_only", "<script>"), ("mismatched", "A"), ("candidate_only", "C"),
    ]  # fmt: skip
    assert lines[1]["price_delta"] == "0.5"
    page = (folder(night) / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page


def test_a_failed_job_makes_the_night_undecided_and_so_does_comparing_later(
    migration: Migration,
) -> None:
    broken = script("prefect", ROWS) + "\nsys.exit('vendor said 503')\n"
    night = migration(new=broken)
    result = run(night)
    assert (result.verdict, result.verdict.exit_code) == (Verdict.UNDECIDED, 2)
    assert result.reasons[0] == "candidate job new failed: exit 1: vendor said 503"
    assert result.datasets[0].rows.matched == 3  # looked at all the same
    assert night.compare().verdict is Verdict.UNDECIDED
    assert run(migration()).verdict is Verdict.PASS


def test_a_job_over_its_time_is_ended_with_all_that_it_started(
    migration: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.jobs.measuring.GRACE", 1.0)
    child = tmp_path / "child.pid"
    slow = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    night = migration(old=slow, config=CONFIG.replace("timeout: 20s", "timeout: 3s", 1))
    result = run(night)
    assert result.verdict is Verdict.UNDECIDED
    assert result.jobs[0].exit_code is None
    assert result.reasons[0] == "legacy job old failed: ended by its time limit of 3 s"
    assert _gone(int(child.read_text()))


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_a_command_that_does_not_exist_is_a_failed_job(migration: Migration) -> None:
    config = CONFIG.replace('["{python}", old.py, "{session}"]', "[/no/such/program]")
    result = run(migration(config=config))
    assert result.reasons[0] == (
        "legacy job old failed: cannot start /no/such/program: No such file or directory"
    )


def test_no_rows_on_a_side_is_undecided(migration: Migration) -> None:
    result = run(migration(new=script("prefect", [])))
    assert result.verdict is Verdict.UNDECIDED
    assert "no rows on the candidate side" in result.datasets[0].reasons


def test_no_rows_on_either_side_is_undecided(migration: Migration) -> None:
    result = run(migration(old=script("legacy", []), new=script("prefect", [])))
    assert result.verdict is Verdict.UNDECIDED
    assert result.datasets[0].reasons[0] == "no rows on either side"


def test_equal_history_without_rows_of_the_session_is_undecided(migration: Migration) -> None:
    run(migration())
    idle = "print('nothing new')"
    result = run(migration(old=idle, new=idle, session=date(2024, 3, 1)))
    assert result.verdict is Verdict.UNDECIDED
    assert result.datasets[0].rows.matched == 3
    assert result.datasets[0].reasons == ("no rows of session 2024-03-01 on either side",)


def test_a_dataset_that_cannot_be_compared_does_not_cost_the_others(
    migration: Migration,
) -> None:
    missing = CONFIG + (
        "  - name: gone\n    kind: table\n    legacy: legacy.gone\n"
        "    candidate: prefect.gone\n    key: [id]\n"
    )
    result = run(migration(config=missing))
    assert [dataset.verdict for dataset in result.datasets] == [Verdict.PASS, Verdict.UNDECIDED]
    assert result.verdict is Verdict.UNDECIDED
    assert result.datasets[1].reasons == (
        "not compared: the legacy side has no table or view legacy.gone",
    )


def test_quality_that_only_the_candidate_breaks_fails_the_night(migration: Migration) -> None:
    bars = CONFIG.replace("kind: table", "kind: indicators").replace("price:", "rsi_14:")
    old = script("legacy", [("A", 100.0)]).replace("price", "rsi_14").replace("rsi_14s", "prices")
    new = (
        script("prefect", [("A", 100.005)]).replace("price", "rsi_14").replace("rsi_14s", "prices")
    )
    result = run(migration(config=bars, old=old, new=new))
    assert result.datasets[0].rows.matched == 1  # within a cent
    assert result.verdict is Verdict.FAIL
    assert result.reasons == ("prices: candidate breaks 0 to 100 on rsi_14 (1 of 1 rows)",)


def test_when_the_second_opinion_disagrees_the_night_is_undecided(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diff that sees no difference: what a mistake in the equality would do."""

    def blind(_column: object) -> Callable[[object, object], bool]:
        return lambda _left, _right: True

    monkeypatch.setattr("parity.diff.work.equal", blind)
    result = run(migration(new=script("prefect", [("A", 9.0), *ROWS[1:]])))
    assert result.datasets[0].rows.mismatched == 0
    assert result.verdict is Verdict.UNDECIDED
    assert result.second_opinion.disagreements == 1
    assert "symbol A" in result.reasons[0]


def test_two_nights_at_once_are_refused(migration: Migration) -> None:
    night = migration()
    refused = pytest.raises(ParityError, match="another night or move of migration toy is running")
    with night.harness.alone(), refused, night.harness.alone():
        pass
    with night.harness.alone():
        pass


def test_a_day_without_trading_is_refused_with_its_neighbours(migration: Migration) -> None:
    with pytest.raises(UsageError, match=r"2024-02-19 is no session of XNYS.*02-16 and 2024-02-20"):
        migration(session=date(2024, 2, 19))


def test_no_secret_reaches_logs_or_reports(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = "canary-5f1b"
    monkeypatch.setenv("VENDOR_KEY", canary)
    monkeypatch.setenv("PARITY_DATABASE_URL_LEGACY_WRITER", f"postgresql://u:{canary}@[::1]:1/x")
    night = migration()
    result = run(night)
    assert result.verdict is Verdict.UNDECIDED  # that login does not work
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert canary not in path.read_text(encoding="utf-8", errors="replace"), path


def test_the_newest_due_session_is_the_default(migration: Migration) -> None:
    night = migration()
    exchange, at = night.harness.exchange, night.harness.suite.at
    due = exchange.night(SESSION, at)
    assert exchange.latest(due, at) == SESSION
    assert exchange.latest(due.replace(hour=19), at) == date(2024, 2, 28)
    assert night.as_of == due


def test_a_session_that_has_not_settled_is_undecided(migration: Migration) -> None:
    run(migration(session=date(2024, 2, 28)))
    config = CONFIG.replace("time: day", "time: day\n    settle: 1d")
    different = script("prefect", [("A", 999.0), *ROWS[1:]])
    result = run(migration(config=config, new=different))
    assert (result.datasets[0].rows.matched, result.datasets[0].rows.unsettled) == (3, 6)
    assert result.verdict is Verdict.UNDECIDED
    assert result.datasets[0].reasons == (
        "no rows of session 2024-02-29 on either side (6 rows not settled yet)",
    )


def test_comparing_before_the_jobs_have_run_is_undecided(
    migration: Migration, database: Database
) -> None:
    run(migration())
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("TRUNCATE parity.job_run")
    result = migration().compare()
    assert result.verdict is Verdict.UNDECIDED
    assert result.reasons[0] == ("legacy job old failed: has not run for session 2024-02-29")


def test_an_unforeseen_failure_costs_only_its_dataset(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("parity.nightly.examine.opinion_of", broken)
    result = run(migration())
    assert result.verdict is Verdict.UNDECIDED
    assert result.datasets[0].reasons == ("not compared: ZeroDivisionError: a mistake of ours",)


def test_keys_of_any_type_get_a_second_opinion(migration: Migration) -> None:
    config = CONFIG.replace("key: [symbol, day]", "key: [symbol, day, tags]")
    tagged = "(symbol text, day date, price float8, tags jsonb NOT NULL DEFAULT '[1]', "
    keyed = "PRIMARY KEY (symbol, day, tags)"

    def with_tags(text: str) -> str:
        return (
            text.replace("(symbol text, day date, price float8, ", tagged)
            .replace("PRIMARY KEY (symbol, day)", keyed)
            .replace("prices VALUES (%s", "prices (symbol, day, price) VALUES (%s")
            .replace("ON CONFLICT (symbol, day)", "ON CONFLICT (symbol, day, tags)")
        )

    result = run(migration(
        config=config,
        old=with_tags(script("legacy", ROWS)),
        new=with_tags(script("prefect", ROWS)),
    ))  # fmt: skip
    assert result.reasons == ()
    assert (result.verdict, result.second_opinion.rows) == (Verdict.PASS, 3)


def test_jobs_do_not_see_the_harness_login(migration: Migration) -> None:
    nosy = (
        "import os, sys\n"
        "sys.exit(str([name for name in os.environ if name.startswith('PARITY_DATABASE')]))"
    )
    night = migration(old=nosy)
    result = night.run({**os.environ, "PARITY_DATABASE_URL": night.harness.database.admin_url})
    assert result.reasons[0] == "legacy job old failed: exit 1: []"


def test_a_night_that_was_stored_but_not_published_is_published_later(
    migration: Migration,
) -> None:
    early = migration(session=date(2024, 2, 28))
    jobs = early.jobs(os.environ)
    with early.look(jobs) as findings:
        early.conclude(findings, jobs)  # and then the harness is killed
    assert not folder(early).exists()
    run(migration())
    assert (folder(early) / "index.html").is_file()
