"""What goes by age, what stays whatever its age, and what a kill leaves."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from parity.model.errors import ParityError
from parity.model.operations import Retention
from parity.model.verdict import Phase
from parity.nightly import Harness
from parity.nightly.upkeep.cleanup import clean_up
from parity.nightly.upkeep.pages import with_pages
from tests.upkeep.conftest import CONFIG, MakeHarness, night, publish

Execute = Callable[..., list[tuple[object, ...]]]

# A year before this moment is the evening of 2005-03-02 in New York.
AS_OF = datetime(2006, 3, 3, 1, tzinfo=UTC)
OLD, EDGE = date(2005, 2, 28), date(2005, 3, 2)
STILL = date(2005, 3, 1)  # as old as OLD, but compared in the phase in force too
TABLES = ("run", "attempt", "discrepancy", "quality_check", "audit", "job_run")


@pytest.fixture
def harness(make: MakeHarness, execute: Execute) -> Harness:
    """Four published nights; phase `validation` has been in force since the last but one."""
    opened = make()
    for session in (OLD, STILL, EDGE):
        night(opened, session)
    publish(opened, OLD, STILL, EDGE)
    phase(execute, "validation")
    night(opened, STILL, "validation", close=3.0)
    night(opened, date(2005, 2, 25), "validation")
    publish(opened, date(2005, 2, 25))
    return opened


def phase(execute: Execute, name: str) -> None:
    """From now on the migration is in a phase."""
    execute(
        "SELECT parity.append_trail('toy', 'phase', 'me', json_build_object('to', %s::text)::text)",
        name,
    )


def sessions(execute: Execute, table: str) -> set[object]:
    """The sessions of which a table has rows."""
    of = "" if table in ("run", "attempt", "job_run") else "JOIN parity.run r USING (run_id)"
    return {row[0] for row in execute(f"SELECT DISTINCT session FROM parity.{table} {of}")}


def files(folder: Path) -> set[str]:
    """All files below a folder, without the index, by relative path."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path != folder / "index.html"
    }


def links(harness: Harness) -> set[str]:
    """The pages of nights that the index leads to. All that it leads to is there."""
    index = (harness.suite.reports / "index.html").read_text()
    found = set(re.findall(r'href="([^"#:]+\.html)', index))
    assert all((harness.suite.reports / link).is_file() for link in found)
    return {link for link in found if link.count("/") == 2}


def clean(harness: Harness, *, dry_run: bool = False) -> tuple[dict[str, int], list[str]]:
    """Counts by what they are of, and what was said."""
    said: list[str] = []
    account = clean_up(harness, AS_OF, dry_run=dry_run, say=said.append)
    return account.to_json()["counts"], said


def test_old_nights_go_and_those_of_the_phase_in_force_stay(
    harness: Harness, execute: Execute
) -> None:
    before = files(harness.suite.reports)
    counts, said = clean(harness)
    assert {name: number for name, number in counts.items() if number} == {
        "pages": 1, "sessions of logs": 1, "differing rows": 1, "attempts": 1, "runs": 1,
        "runs of jobs": 1, "runs' evidence": 1,
    }  # fmt: skip
    assert said == [
        "reports/parallel_run/2005-02-28", "reports/logs/2005-02-28", "session 2005-02-28",
        ".parity/evidence/toy.2005-02-28.1",
    ]  # fmt: skip
    stay = {STILL, EDGE, date(2005, 2, 25)}
    for table in ("run", "attempt", "discrepancy", "job_run"):
        assert sessions(execute, table) == stay, table
    assert before - files(harness.suite.reports) == {
        "parallel_run/2005-02-28/index.html", "parallel_run/2005-02-28/result.json",
        "parallel_run/2005-02-28/discrepancies-prices.csv",
        "parallel_run/2005-02-28/discrepancies-prices.parquet", "logs/2005-02-28/old.log",
    }  # fmt: skip
    assert not (harness.suite.reports / "parallel_run" / "2005-02-28").exists()
    assert not (harness.suite.reports / "logs" / "2005-02-28").exists()
    evidence = sorted(path.name for path in (harness.suite.state / "evidence").iterdir())
    assert evidence == [
        "toy.2005-02-25.1", "toy.2005-03-01.1", "toy.2005-03-01.2", "toy.2005-03-02.1",
    ]  # fmt: skip
    # The session that was compared again in another phase has two pages, and two lines.
    assert links(harness) == {
        "parallel_run/2005-03-01/index.html", "parallel_run/2005-03-02/index.html",
        "validation/2005-02-25/index.html", "validation/2005-03-01/index.html",
    }  # fmt: skip
    # Runs are numbered within their session: none may get the number of one that stayed.
    assert night(harness, OLD, "validation") == "toy.2005-02-28.1"
    assert night(harness, STILL, "validation", close=9.0) == "toy.2005-03-01.3"


def test_a_dry_run_counts_the_same_and_deletes_nothing(harness: Harness, execute: Execute) -> None:
    before = files(harness.suite.root), {table: sessions(execute, table) for table in TABLES}
    index = (harness.suite.reports / "index.html").read_bytes()
    with harness.alone(), pytest.raises(ParityError, match="another night or move of"):
        clean(harness)
    counted = clean(harness, dry_run=True)
    after = files(harness.suite.root), {table: sessions(execute, table) for table in TABLES}
    assert after == before
    assert (harness.suite.reports / "index.html").read_bytes() == index
    assert clean(harness) == counted
    assert not any(clean(harness)[0].values())


def test_a_first_phase_that_is_in_force_loses_nothing(make: MakeHarness) -> None:
    opened = make()
    night(opened, OLD)
    publish(opened, OLD)
    before = files(opened.suite.root)
    assert not any(clean(opened)[0].values())
    assert files(opened.suite.root) == before


def test_jobs_of_a_night_that_was_never_stored_go_with_their_phase(
    make: MakeHarness, execute: Execute
) -> None:
    opened = make()
    publish(opened, OLD)
    assert not clean(opened)[0]["runs of jobs"]
    phase(execute, "validation")
    publish(opened, STILL)
    assert clean(opened)[0]["runs of jobs"] == 1
    assert sessions(execute, "job_run") == {STILL}
    assert files(opened.suite.reports) == {"logs/2005-03-01/old.log"}


def test_what_somebody_else_put_there_stays(harness: Harness, tmp_path: Path) -> None:
    reports = harness.suite.reports
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("mine")
    (elsewhere / "result.json").write_text('{"migration": "toy"}')
    old = reports / "parallel_run" / "2005-02-28"
    theirs = [
        old / "notes.txt",
        old / "sub" / "index.html",
        reports / "logs" / "2005-02-28" / "notes.log",
        reports / "parallel_run" / "2004-01-02" / "index.html",  # no page: it has no result.json
        reports / "parallel_run" / "2004-01-05" / "result.json",  # of another migration
        reports / "parallel_run" / "old" / "result.json",
        reports / "scratch" / "2004-01-02" / "result.json",
        harness.suite.state / "evidence" / "other.2005-02-28.1" / "prices.parquet",
        harness.suite.state / "evidence" / "toy.2005-02-28.1" / "notes.txt",
    ]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"migration": "other"}')
    (reports / "parallel_run" / "2004-01-06").symlink_to(elsewhere, target_is_directory=True)
    (reports / "logs" / "2004-01-06").symlink_to(elsewhere, target_is_directory=True)
    (reports / "logs" / "2005-02-28" / "old.log").unlink()
    (reports / "logs" / "2005-02-28" / "old.log").symlink_to(elsewhere / "index.html")
    clean(harness)
    assert all(path.is_file() for path in theirs)
    assert (elsewhere / "index.html").read_text() == "mine"
    assert (elsewhere / "result.json").exists()
    assert (reports / "parallel_run" / "2004-01-06").is_symlink()
    assert (reports / "logs" / "2005-02-28" / "old.log").is_symlink()
    assert not (old / "index.html").exists()
    assert (old / "notes.txt").exists()


def test_a_whole_phase_behind_a_link_is_left_alone(harness: Harness, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    (harness.suite.reports / "parallel_run").rename(moved)
    (harness.suite.reports / "parallel_run").symlink_to(moved, target_is_directory=True)
    before = files(moved)
    assert clean(harness)[0]["pages"] == 0
    assert files(moved) == before


def test_pages_may_go_sooner_than_runs_and_come_back_by_no_night(
    make: MakeHarness, execute: Execute
) -> None:
    opened = make(CONFIG + "retention: {reports: 30d}\n")
    recent = date(2006, 2, 14)
    for session in (EDGE, recent):
        night(opened, session)
    publish(opened, EDGE, recent)
    phase(execute, "validation")
    counts, _ = clean(opened)
    assert (counts["pages"], counts["runs"]) == (1, 0)
    assert links(opened) == {"parallel_run/2006-02-14/index.html"}
    assert sessions(execute, "run") == {EDGE, recent}
    nights = opened.store.nights("toy")
    kept = with_pages(nights, opened.suite.retention, Phase.VALIDATION, date(2006, 3, 2))
    assert [one.session for one in kept] == [recent]
    kept = with_pages(nights, opened.suite.retention, Phase.PARALLEL_RUN, date(2006, 3, 2))
    assert kept == nights
    kept = with_pages(nights, Retention(), Phase.VALIDATION, date(2006, 3, 2))
    assert kept == nights  # EDGE is exactly a year old


@pytest.mark.parametrize("lost", ["page", "page but its result", "runs"])
def test_what_a_kill_left_is_deleted_by_the_next_one(
    harness: Harness, execute: Execute, lost: str
) -> None:
    old = harness.suite.reports / "parallel_run" / "2005-02-28"
    if lost == "runs":  # files outlive the rows where the machine, not the process, died
        for table in ("discrepancy", "quality_check", "attempt", "run"):
            execute(f"DELETE FROM parity.{table} WHERE run_id = 'toy.2005-02-28.1'")
        execute("DELETE FROM parity.job_run WHERE session = '2005-02-28'")
    else:
        for path in old.iterdir():
            if lost == "page" or path.name != "result.json":
                path.unlink()
    clean(harness)
    assert sessions(execute, "run") == {STILL, EDGE, date(2005, 2, 25)}
    assert not [path for path in files(harness.suite.root) if "2005-02-28" in path]
    assert not any(clean(harness)[0].values())


def test_a_page_that_cannot_be_deleted_keeps_its_run(harness: Harness, execute: Execute) -> None:
    page = harness.suite.reports / "parallel_run" / "2005-02-28"
    if not shutil.which("chattr") or subprocess.run(["chattr", "+i", page], check=False).returncode:
        pytest.skip("nothing here makes a folder immutable for root")
    try:
        with pytest.raises(ParityError, match=r"cannot be deleted: Operation not permitted"):
            clean(harness)
        assert OLD in sessions(execute, "run")
    finally:
        subprocess.run(["chattr", "-i", page], check=True)
    clean(harness)
    assert OLD not in sessions(execute, "run")


def test_the_newest_noise_and_open_alerts_stay(harness: Harness, execute: Execute) -> None:
    for day, session in (("2005-02-01", "2005-02-01"), ("2005-02-28", "2005-02-28")):
        execute(
            'INSERT INTO parity.noise (migration, dataset, at, "column", session, rows, differing,'
            " only_once) VALUES ('toy', 'prices', %s, 'close', %s, 1, 0, 0)",
            day,
            session,
        )
    alerts = [  # identity, opened, told, closed, recovery told
        ("gone", "2005-01-01", "2005-01-01", "2005-01-02", "2005-01-02"),
        ("open", "2005-01-01", "2005-01-01", None, None),
        ("untold", "2005-01-01", None, "2005-01-02", "2005-01-02"),
        ("recovery untold", "2005-01-01", "2005-01-01", "2005-01-02", None),
        ("young", "2006-01-01", "2006-01-01", "2006-01-02", "2006-01-02"),
    ]
    for identity, opened, told, closed, recovered in alerts:
        execute(
            "INSERT INTO parity.alert (migration, identity, kind, title, body, opened_at, told_at, "
            "closed_at, recovery, recovery_told_at) "
            "VALUES ('toy', %s, 'verdict', '', '', %s, %s, %s, %s, %s)",
            identity,
            opened,
            told,
            closed,
            closed and "over",
            recovered,
        )
    counts, _ = clean(harness)
    assert (counts["noise measurements"], counts["closed alerts"]) == (1, 1)
    assert execute("SELECT session::text FROM parity.noise") == [("2005-02-28",)]
    left = execute("SELECT identity FROM parity.alert ORDER BY identity")
    assert left == [("open",), ("recovery untold",), ("untold",), ("young",)]


def test_the_flows_accounts_go_by_age_and_the_scripts_own_stay(
    harness: Harness, execute: Execute
) -> None:
    for schema, role in (("legacy", "legacy_writer"), ("prefect", "prefect_writer")):
        execute(
            f"SET ROLE {role}; CREATE TABLE {schema}.load_runs (id int, started_at timestamptz); "
            f"INSERT INTO {schema}.load_runs VALUES (1, '2005-03-02'), (2, '2005-03-04')"
        )
    account = clean_up(harness, AS_OF, say=lambda _: None)
    notes = {line.what: (line.number, line.note) for line in account.lines}
    assert notes["rows of prefect.load_runs"] == (1, "")
    assert notes["rows of prefect.flow_runs"] == (0, "there is no such table")
    assert "rows of legacy.load_runs" not in notes
    assert execute("SELECT id FROM prefect.load_runs") == [(2,)]
    assert execute("SELECT count(*) FROM legacy.load_runs") == [(2,)]
