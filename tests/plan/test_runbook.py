"""docs/runbook.md: its commands, typed as they are written, and what it says that they print.

The migration is the one of parity.yaml in small: its views, checklist, hooks and schedules have
the names that they have there; scripts and tables are toys, and hooks are commands that do nothing.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from parity.database import Database
from parity.database.tools import installed_tools
from parity.model.result import JobOutcome
from parity.model.trail import TrailKind
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness, open_harness
from parity.nightly.serving import serve
from parity.plan.cutover import cut_over
from tests.conftest import NEW_YORK, Inside
from tests.plan.conftest import FOUND_ALL
from tests.plan.test_schedules import Answer, Fake
from tests.report.build import equal, run

ROOT = Path(__file__).parents[2]
PART = re.compile(r"^(?:#+ (?P<heading>[^\n]+)|```console\n(?P<block>.*?)^```)$", re.M | re.S)
EXIT = re.compile(r"# exit code (\d)$")
# What may be other than the document has it: ids, dates, times, amounts of time, large numbers.
WORD = re.compile(
    r"(?P<any>…)|(?P<id>(?:(?<=rollback-)|(?<=by-hand-))[0-9a-f]{8})|(?P<hash>\b[0-9a-f]{64}\b)"
    r"|(?P<number>\d+(?:[.,:-]\d+)+|\d{3,}|\d+(?= ms\b))|(?P<text>.)"
)
LIKE = {"any": ".*", "id": "[0-9a-f]{8}", "hash": "[0-9a-f]{64}", "number": r"\d+(?:[.,:-]\d+)*"}

JOBS = (("legacy-yahoo", "legacy", "legacy"), ("flow-yahoo", "candidate", "prefect"))
JOB = """
import os, sys, psycopg
schema, session = sys.argv[1:]
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for view in ("market_data", "technical_indicators", "technical_indicators_latest"):
        for symbol in ("AAPL", "IBM"):
            text = f"INSERT INTO {schema}.{view} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
            connection.execute(text, [symbol, session, 100])
"""
ROWS = 6  # of two symbols on three days
TABLE = """
SET ROLE {role};
CREATE TABLE {table} (symbol text, day date, close float8, PRIMARY KEY (symbol, day));
INSERT INTO {table} SELECT s, d::date, 100
  FROM unnest(ARRAY['AAPL', 'IBM']) s, unnest('{{{days}}}'::date[]) d;
RESET ROLE;
"""


def config() -> dict[str, Any]:
    """That of the project, with toys for jobs and tables, and hooks that do nothing."""
    whole = yaml.safe_load((ROOT / "parity.yaml").read_text(encoding="utf-8"))
    kept = ("version", "migration", "calendar", "checklist", "serving", "cutover")
    found: dict[str, Any] = {name: whole[name] for name in kept}
    hooks = found["cutover"]["hooks"]
    for hook in itertools.chain.from_iterable(hooks.values()):
        hook["command"] = ["/bin/true"]
    hooks["before"] = [
        {"name": "desk-is-closed", "command": ["/bin/sh", "-c", "! cat open-orders"]}
    ]
    found["cutover"]["attempts"] = 3  # else it tries for a minute
    # Half a day from now: no session becomes due while the commands are typed.
    found["at"] = f"{datetime.now(NEW_YORK) + timedelta(hours=12):%H:%M}"
    found["gates"] = {"validation": {"sessions": 2}, "cutover": {"sessions": 2}}
    found["selftest_seconds"] = 0
    found["jobs"] = [
        {"name": name, "side": side, "command": ["{python}", "job.py", schema, "{session}"],
         "env": {"DATABASE_URL": f"{{database_url:{schema}_writer}}"}}
        for name, side, schema in JOBS
    ]  # fmt: skip
    found["datasets"] = [
        {"name": one["view"], "kind": "table", "legacy": one["legacy"],
         "candidate": one["candidate"], "key": ["symbol", "day"], "symbol": "symbol", "time": "day"}
        for one in found["serving"]
    ]  # fmt: skip
    return found


class Site:
    """The prepared migration, and a shell in its folder."""

    def __init__(self, database: Database, folder: Path, inside: Inside, prefect: str) -> None:
        self.database, self.folder, self._inside = database, folder, inside
        self.environ = {
            "PARITY_DATABASE_URL": database.admin_url, "PREFECT_API_URL": prefect, "COLUMNS": "80",
        }  # fmt: skip
        (folder / "parity.yaml").write_text(yaml.safe_dump(config()), encoding="utf-8")
        (folder / "job.py").write_text(JOB, encoding="utf-8")
        harness = self.harness
        newest = harness.exchange.latest(datetime.now(UTC), harness.suite.at)
        self.days = harness.exchange.last(newest, 3)

    @property
    def harness(self) -> Harness:
        """As a command opens it."""
        environ = {"PARITY_DATABASE_URL": self.database.admin_url}
        return open_harness(self.folder / "parity.yaml", environ)

    def types(self, command: str) -> tuple[int, str]:
        """Types a command; its exit code, and all that it prints."""
        parts = shlex.split(command, comments=True)
        if parts[0] != "parity":
            return self._shell(command)
        into = parts[-1] if parts[-2] == ">" else None
        words = parts[1:-2] if into else parts[1:]
        done = self._inside(*words, folder=self.folder, **self.environ)
        if into:
            (self.folder / into).write_text(done.stdout, encoding="utf-8")
            return done.returncode, done.stderr
        return done.returncode, done.stdout + done.stderr

    def _shell(self, command: str) -> tuple[int, str]:
        tools = next(installed_tools())[1]
        environ = {**os.environ, **self.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=environ, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def sql(self, text: str) -> None:
        """Changes something as an administrator."""
        with psycopg.connect(self.database.admin_url) as connection:
            connection.execute(text.encode())

    def night(self, day: date, **values: Any) -> None:
        """Stores a night that passed, in the phase in force."""
        harness, suite = self.harness, self.harness.suite
        phase = harness.store.phase(suite.migration)
        jobs = tuple(
            JobOutcome(name=name, side=Side(side), exit_code=0, seconds=1.0, log=f"{name}.log")
            for name, side, _ in JOBS
        )
        found = run(
            Verdict.PASS, *(equal(dataset.name, ROWS) for dataset in suite.datasets),
            migration=suite.migration, session=day, phase=phase.value,
            as_of=harness.exchange.night(day, suite.at), selftest=FOUND_ALL, jobs=jobs, **values,
        )  # fmt: skip
        # Of the newest session no run of the script is known: a rollback will run it.
        harness.store.record_jobs(suite.migration, day, jobs if day < self.days[-1] else jobs[1:])
        harness.store.save(found, {}, config=suite.config_hash)

    def cut_over(self) -> None:
        """Once more, whatever the gate says."""
        cut_over(
            self.harness, by="anna", force="as before", now=datetime.now(UTC), environ=self.environ,
            say=lambda _line: None,
        )  # fmt: skip


@pytest.fixture
def site(database: Database, tmp_path: Path, inside: Inside) -> Iterator[Site]:
    """In validation: both sides hold three sessions, and the nights of two have passed."""
    with Fake(knows).running() as url:
        made = Site(database, tmp_path, inside, url)
        harness = made.harness
        days = ",".join(map(str, made.days))
        for served in harness.suite.plan.served:
            for role, side in (("legacy_writer", Side.LEGACY), ("prefect_writer", Side.CANDIDATE)):
                made.sql(TABLE.format(role=role, table=served.relation(side), days=days))
        content = {"from": "parallel_run", "to": "validation", "why": "the gate is open"}
        harness.store.append_trail("market-data", TrailKind.PHASE, "anna", content)
        for day in made.days[1:]:
            made.night(day)
        serve(harness, lambda _line: None)
        yield made


def knows(method: str, _path: str) -> Answer:
    """A Prefect that knows every deployment."""
    return (204, None) if method == "PATCH" else (200, {"id": "1", "paused": False})


Situation = Callable[[Site], Iterator[None]]


def a_failed_drill(site: Site) -> Iterator[None]:
    content = {"ok": False, "why_not": "2 of 900 transactions saw both sides"}
    site.harness.store.append_trail("market-data", TrailKind.DRILL, "ben", content)
    yield


def a_night(site: Site) -> Iterator[None]:
    with site.harness.alone():
        yield


def open_orders(site: Site) -> Iterator[None]:
    file = site.folder / "open-orders"
    file.write_text("2 orders are open\n", encoding="utf-8")
    yield
    file.unlink()


def a_reader(site: Site) -> Iterator[None]:
    """Who is in the way, and gone when the section ends."""
    connection = psycopg.connect(site.database.admin_url, application_name="weekly report")
    connection.execute("SELECT count(*) FROM market.market_data")
    yield
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def wrong_rows_and_a_reader(site: Site) -> Iterator[None]:
    site.sql("UPDATE prefect.market_data SET close = close * 100 WHERE symbol = 'IBM'")
    site.sql(f"INSERT INTO prefect.market_data VALUES ('MSFT', '{site.days[-1]}', 100)")
    yield from a_reader(site)


def prefect_is_down(site: Site) -> Iterator[None]:
    yield from _elsewhere(site, "PREFECT_API_URL", "http://127.0.0.1:9/api")


def the_database_is_down(site: Site) -> Iterator[None]:
    yield from _elsewhere(site, "PARITY_DATABASE_URL", "postgresql://postgres@127.0.0.1:9/parity")


def _elsewhere(site: Site, name: str, url: str) -> Iterator[None]:
    before, site.environ[name] = site.environ[name], url
    yield
    site.environ[name] = before


def parity_is_broken(site: Site) -> Iterator[None]:
    """After another cutover, of a candidate that is mended; and a reader is in the way."""
    site.sql("UPDATE prefect.market_data SET close = close / 100 WHERE symbol = 'IBM'")
    site.cut_over()
    file = site.folder / "parity.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"verison: 1\n{before}", encoding="utf-8")
    yield from a_reader(site)
    file.write_text(before, encoding="utf-8")


def nothing_else(_site: Site) -> Iterator[None]:
    yield


def weeks_as_primary(site: Site) -> Iterator[None]:
    site.cut_over()
    site.sql("DELETE FROM parity.attempt")  # weeks later no session is one of before the cutover
    for day in site.days[1:]:
        site.night(day, primary=Side.CANDIDATE)
    yield


# What is so while the commands below a heading are typed.
SITUATIONS: dict[str, Situation] = {
    "The gate is not open": a_failed_drill,
    "Another night is running": a_night,
    "A hook vetoes": open_orders,
    "The views are in use": a_reader,
    "A reader is in the way": wrong_rows_and_a_reader,
    "It goes through": prefect_is_down,
    "The database does not answer": the_database_is_down,
    "Parity does not start": parity_is_broken,
    "Into clean-up, and back": weeks_as_primary,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of the document, how it ends and what it prints, as the document says."""

    heading: str
    command: str
    exit_code: int
    output: tuple[str, ...]


def document(text: str) -> Iterator[Typed]:
    """Its commands in order."""
    heading = ""
    for found in PART.finditer(text):
        heading = found["heading"] or heading
        for part in re.split(r"^\$ ", found["block"] or "", flags=re.M)[1:]:
            command, *output = filter(None, part.splitlines())
            code = EXIT.search(command)
            yield Typed(heading, command, int(code[1]) if code else 0, tuple(output))


def same(line: str) -> re.Pattern[str]:
    """What a line of the document stands for; see "How to read this" there."""
    parts = []
    for found in WORD.finditer(" ".join(line.split())):
        kind = found.lastgroup or "text"
        parts.append(LIKE.get(kind) or re.escape(found[0]))
    return re.compile("".join(parts))


def differs(wanted: Sequence[str], printed: str) -> str:
    """The first line of the document that was not printed where it should be; or nothing.

    Lines between two `...` stand together; without `...` before or after them they are the first
    or the last that were printed.
    """
    lines = [" ".join(line.split()) for line in printed.splitlines() if line.strip()]
    at, free = 0, False
    for line in wanted:
        if line == "...":
            free = True
            continue
        matches = (n for n in range(at, len(lines)) if same(line).fullmatch(lines[n]))
        place = next(matches, None) if free else at
        if place is None or place >= len(lines) or not same(line).fullmatch(lines[place]):
            return line
        at, free = place + 1, False
    return "" if free or at == len(lines) else f"nothing instead of: {lines[at]}"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_commands_print_what_the_document_says(site: Site) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert text.count("```console\n") * 2 == text.count("```"), "nothing else is typed"
    commands = list(document(text))
    headings = dict.fromkeys(typed.heading for typed in commands)
    assert SITUATIONS.keys() <= headings.keys(), "a heading was renamed"
    for heading in headings:
        with contextmanager(SITUATIONS.get(heading, nothing_else))(site):
            for typed in (one for one in commands if one.heading == heading):
                code, printed = site.types(typed.command)
                told = f"{heading}: $ {typed.command}\n{printed}"
                assert code == typed.exit_code, told
                assert not differs(typed.output, printed), (
                    f"{differs(typed.output, printed)}\n{told}"
                )


def test_its_links_lead_somewhere() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    headings = [found["heading"] for found in PART.finditer(text) if found["heading"]]
    slugs = [re.sub(r"[^a-z -]", "", one.lower()).replace(" ", "-") for one in headings]
    assert len(set(slugs)) == len(slugs)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert {link[1:] for link in links if link.startswith("#")} <= set(slugs)
    files = [link for link in links if not link.startswith("#")]
    assert files
    assert all((ROOT / "docs" / link).is_file() for link in files)


PRINTED = "Drill of 3 views: good\n\n4 readers: 812 reads, 0 mixed\n  in 7 ms\n"


@pytest.mark.parametrize(
    ("wanted", "first_wrong"),
    [
        (("Drill of 3 views: good", "4 readers: 12,351 reads, 0 mixed", "in 12 ms"), ""),
        (("...", "4 readers: … mixed", "..."), ""),
        (("...",), ""),
        (("...", "in 7 ms"), ""),
        ((), "nothing instead of: Drill of 3 views: good"),
        (("Drill of 3 views: good", "..."), ""),
        (("Drill of 2 views: good", "..."), "Drill of 2 views: good"),
        (("...", "4 readers: 12,351 reads, 1 mixed", "..."), "4 readers: 12,351 reads, 1 mixed"),
        (("4 readers: 812 reads, 0 mixed", "..."), "4 readers: 812 reads, 0 mixed"),
        (("Drill of 3 views: good", "in 7 ms"), "in 7 ms"),
        (("...", "4 readers: 812 reads, 0 mixed"), "nothing instead of: in 7 ms"),
        (("...", "in 7 ms", "Drill of 3 views: good"), "Drill of 3 views: good"),
        (("...", "in 7 ms", "...", "4 readers: 812 reads, 0 mixed"),
         "4 readers: 812 reads, 0 mixed"),
    ],
)  # fmt: skip
def test_what_counts_as_printed(wanted: tuple[str, ...], first_wrong: str) -> None:
    assert differs(wanted, PRINTED) == first_wrong
