"""`parity rollback`: the switch needs the database and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from parity.database import Database, EmbeddedServer
from parity.database.tools import installed_tools
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.recording import record_config
from parity.plan import copying, patience, proving_served
from parity.plan.which_database import named
from parity.switch import swapping
from tests.conftest import Inside
from tests.plan import toy_rollback as toy
from tests.plan.made import Toy, copied, template

AS_OF = ("--as-of", toy.NOW.isoformat())
VIEW_OVER = """CREATE OR REPLACE VIEW market.prices AS SELECT r.symbol::text AS symbol,
  r.day::date AS day, r.price::float8 AS price FROM {}.prices r"""
IDLE = "Consumers read legacy already; there is nothing to roll back.\n"
LEGACY_NOW = [row for row in toy.CAUGHT_UP if row[1] != "2024-02-29" and row[0] != "C"]


@pytest.fixture(scope="module")
def like(server: EmbeddedServer) -> Iterator[str]:
    with template(server) as name:
        yield name


@pytest.fixture
def made(server: EmbeddedServer, like: str, tmp_path: Path) -> Iterator[Toy]:
    with copied(server, like, tmp_path) as found:
        yield found


class Run:
    """Runs `parity rollback` in the toy's folder."""

    def __init__(self, inside: Inside, made: Toy) -> None:
        self._inside, self._made = inside, made

    def plain(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        variables = {"PARITY_DATABASE_URL": self._made.url, "PREFECT_API_URL": "", **variables}
        return self._inside("rollback", *arguments, *AS_OF, folder=self._made.folder, **variables)

    def execute(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        reason = ("--execute", "--reason", "wrong  prices", "--by", "anna")
        return self.plain(*reason, *arguments, **variables)


@pytest.fixture
def run(inside: Inside, made: Toy) -> Run:
    return Run(inside, made)


def kinds(made: Toy, after: int = 4) -> list[str]:
    return [entry.kind for entry in made.harness.store.trail("toy")[after:]]


def last(made: Toy, kind: TrailKind) -> dict[str, Any]:
    return made.harness.store.trail("toy", kind)[-1].content


def test_it_switches_catches_up_and_proves_it(run: Run, made: Toy) -> None:
    assert toy.check(made.url, made.folder) == "candidate"
    done = run.execute("--json", "told.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Consumers read legacy: switched in 0.")
    assert "All that was served is served, within tolerance." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert toy.served(made.url) == toy.CAUGHT_UP
    assert kinds(made) == ["switch", "phase", "catch_up", "step"]
    switch = last(made, TrailKind.SWITCH)
    assert (switch["from"], switch["to"], switch["why"]) == ("candidate", "legacy", "wrong prices")
    phase = last(made, TrailKind.PHASE)
    assert (phase["from"], phase["to"]) == ("cutover", "validation")
    told = json.loads((made.folder / "told.json").read_text())
    assert (told["finished"], told["primary"], told["switched"]["attempts"]) == (True, "legacy", 1)
    sessions = [one["session"] for one in told["catch_up"]["sessions"]]
    assert sessions == ["2024-02-28", "2024-02-29"]
    relation = {
        "relation": "legacy.prices", "rows": 9, "rows_copied": 1, "still_missing": 0,
        "beyond_tolerance": 0,
    }  # fmt: skip
    assert relation.items() <= told["catch_up"]["relations"][0].items()
    assert relation.items() <= last(made, TrailKind.CATCH_UP).items()
    marks = made.execute("SELECT migration, rollback, relation, key FROM parity.copied_row")
    key = {"symbol": "C", "day": "2024-02-28"}
    assert marks == [("toy", told["operation"], "legacy.prices", key)]
    # What was copied has what the view served, and legacy's own default elsewhere.
    assert made.execute("SELECT price, note FROM legacy.prices WHERE symbol = 'C'") == [
        (3.25, "legacy")
    ]
    again = run.execute()
    assert (again.returncode, len(kinds(made))) == (0, 4)
    assert again.stdout.startswith(IDLE)


def test_without_execute_it_only_tells(run: Run, made: Toy) -> None:
    made.configure(
        "attempts: 3, schedules: [yahoo/daily], "
        "hooks: {after_rollback: [{name: cron, command: [x]}]}}",
        instead="attempts: 3}",
    )
    told = run.plain()
    assert (told.returncode, kinds(made)) == (0, [])
    answer, database = told.stdout.splitlines()[:2]
    assert answer.startswith("Yes: consumers read the candidate since 20")
    name = conninfo_to_dict(made.url)["dbname"]
    assert database.startswith(f"Database {name} on /")
    assert "; last switch 20" in " ".join(told.stdout.split())
    for line in (
        "prices          candidate  legacy.prices",
        "have Prefect pause yahoo/daily",
        "run the hooks cron",
        "run the old scripts for session 2024-02-29",
    ):
        assert line in told.stdout
    plan = json.loads(run.plain("--json", "-").stdout)
    assert (plan["needed"], plan["missed_sessions"]) == (True, ["2024-02-29"])
    assert toy.check(made.url, made.folder) == "candidate"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--execute",), "say why: parity rollback --execute --reason TEXT"),
        (("--execute", "--reason", " "), "say why"),
        (("--execute", "--switch-only"), "say why"),
        (("--execute", "--reason", "x", "--sql"), "--sql only prints"),
    ],
)
def test_what_it_is_asked_wrongly(
    run: Run, made: Toy, arguments: tuple[str, ...], message: str
) -> None:
    done = run.plain(*arguments)
    assert (done.returncode, kinds(made)) == (2, [])
    assert message in done.stderr


def test_the_script_for_psql_switches_and_the_command_goes_on(run: Run, made: Toy) -> None:
    script = made.folder / "rollback.sql"
    printed = run.plain("--sql")
    assert (printed.returncode, kinds(made)) == (0, [])
    script.write_text(printed.stdout, encoding="utf-8")
    psql = str(next(installed_tools())[1] / "psql")
    command = [psql, "-X", "-q", "-f", str(script), made.url]
    for _ in range(2):  # a script that was kept serves more than once
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert toy.check(made.url, made.folder) == "legacy"
        assert kinds(made)[-2:] == ["switch", "phase"]
        finished = run.execute()
        assert "going on with by-hand-" in finished.stdout
        assert (finished.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)
        toy.switch(made.harness, Side.CANDIDATE, "cutover-2")
        made.execute(VIEW_OVER.format("prefect"))


def test_prefect_that_is_down_is_asked_later(run: Run, made: Toy) -> None:
    made.configure("attempts: 3, schedules: [yahoo/daily]}", instead="attempts: 3}")
    done = run.execute(PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 0
    assert "Prefect's schedules are not paused yet" in done.stdout
    assert last(made, TrailKind.SCHEDULES)["state"] == "asked"


def test_a_candidate_that_has_lost_a_column(run: Run, made: Toy) -> None:
    made.execute("ALTER TABLE prefect.prices DROP COLUMN price CASCADE")  # and market.prices
    done = run.execute()
    assert done.returncode == 1
    assert "Made anew, as they were gone: market.prices." in done.stdout
    assert toy.check(made.url, made.folder) == "legacy"
    # No row comes in without what was served of it.
    assert "legacy.prices needs price, which prefect.prices has not" in done.stdout
    assert toy.served(made.url) == [row for row in toy.CAUGHT_UP if row[0] != "C"]
    assert (last(made, TrailKind.CATCH_UP)["still_missing"],
            last(made, TrailKind.CATCH_UP)["columns_lost"]) == (1, ["price"])  # fmt: skip
    made.execute("SELECT symbol, day, price FROM market.prices")


def test_a_candidate_that_is_gone(run: Run, made: Toy) -> None:
    made.execute("DROP SCHEMA prefect CASCADE")
    done = run.execute()
    assert done.returncode == 1
    assert "not proved: " in done.stdout
    assert toy.check(made.url, made.folder) == "legacy"
    # The scripts have caught up what they can.
    assert toy.served(made.url) == [row for row in toy.CAUGHT_UP if row[0] != "C"]


def test_a_candidate_that_is_locked_all_the_time(
    run: Run, made: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (copying, proving_served):
        monkeypatch.setattr(module, "PATIENCE", module.PATIENCE / 20)
    with psycopg.connect(made.url) as other:
        other.execute("LOCK TABLE prefect.prices IN ACCESS EXCLUSIVE MODE")
        done = run.execute()
        assert done.returncode == 1
        assert "is locked by another session" in done.stdout
        assert toy.check(made.url, made.folder) == "legacy"
    again = run.execute()
    assert (again.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)
    assert "Consumers read legacy already; going on with rollback-" in again.stdout


def test_a_reader_that_holds_the_view_is_named(run: Run, made: Toy) -> None:
    with psycopg.connect(made.url, application_name="a report") as reader:
        reader.execute("SELECT count(*) FROM market.prices")
        done = run.execute()
        assert (done.returncode, kinds(made)) == (2, [])
        assert "(a report, postgres) idle in transaction" in done.stderr
        assert reader.execute("SELECT count(*) FROM market.prices").fetchone() == (9,)
    assert toy.check(made.url, made.folder) == "candidate"
    assert run.execute("--switch-only").returncode == 0
    assert toy.check(made.url, made.folder) == "legacy"


def test_switch_only_leaves_the_rest_for_later(run: Run, made: Toy) -> None:
    done = run.execute("--switch-only")
    assert (done.returncode, kinds(made)) == (0, ["switch", "phase"])
    assert toy.served(made.url) == LEGACY_NOW
    assert "left to: parity rollback --execute" in done.stdout
    going_on = run.plain("--execute")  # as it said: without a reason
    assert (going_on.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)
    assert run.plain("--execute").stdout.startswith(IDLE)


def step(made: Toy, kind: str, name: str, **more: Any) -> None:
    content = {"operation": "cutover-2", "kind": kind, "step": name, **more}
    made.harness.store.append_trail("toy", TrailKind.STEP, "anna", content)


HOOK = """attempts: 3, hooks: {after_rollback: [
  {name: cron, command: ["{python}", hook.py, cron]},
  {name: mail, command: ["{python}", hook.py, mail]}]}}
"""
HOOK_SCRIPT = """
import os, sys
with open("ran", "a") as file:
    print(sys.argv[1], os.environ["PARITY_FROM"], os.environ["PARITY_TO"], file=file)
sys.exit(os.path.exists(sys.argv[1] + ".fails"))
"""


def hooks(made: Toy) -> list[str]:
    ran = made.folder / "ran"
    return ran.read_text().splitlines() if ran.exists() else []


@pytest.fixture
def hooked(made: Toy) -> Toy:
    made.configure(HOOK, instead="attempts: 3}\n")
    (made.folder / "hook.py").write_text(HOOK_SCRIPT, encoding="utf-8")
    return made


def test_a_hook_that_fails_runs_again_and_no_other(run: Run, hooked: Toy) -> None:
    (hooked.folder / "mail.fails").touch()
    done = run.execute()
    assert done.returncode == 1
    assert "hook mail: exit 1" in done.stdout
    (hooked.folder / "mail.fails").unlink()
    assert run.execute().returncode == 0
    assert hooks(hooked) == [f"{name} candidate legacy" for name in ("cron", "mail", "mail")]
    assert run.execute().stdout.startswith(IDLE)


def test_a_cutover_that_has_begun_is_called_off(run: Run, hooked: Toy) -> None:
    assert run.execute().returncode == 0
    step(hooked, "cutover", "begun")
    done = run.execute()
    assert done.returncode == 0
    assert "cutover-2, which had begun, is called off" in done.stdout
    assert len(hooks(hooked)) == 4
    assert kinds(hooked)[-4:] == ["step"] * 4  # called off, two hooks, finished
    assert last(hooked, TrailKind.STEP)["step"] == "finished"
    assert run.execute().stdout.startswith(IDLE)


def test_a_cutover_that_was_killed_after_its_switch(run: Run, made: Toy) -> None:
    assert run.execute("--switch-only").returncode == 0
    step(made, "cutover", "begun")
    toy.switch(made.harness, Side.CANDIDATE, "cutover-2")
    step(made, "cutover", "switched")
    made.execute(VIEW_OVER.format("prefect"))
    assert run.execute().returncode == 0
    assert toy.check(made.url, made.folder) == "legacy"
    assert toy.served(made.url) == toy.CAUGHT_UP
    assert run.execute().stdout.startswith(IDLE)


@pytest.mark.parametrize("trail", list(Side))
def test_the_catalog_is_the_truth(run: Run, made: Toy, trail: Side) -> None:
    if trail is Side.LEGACY:  # the views read the candidate
        made.harness.store.append_trail(
            "toy", TrailKind.SWITCH, "anna",
            {"operation": "x", "to": "legacy", "views": [toy.VIEW]},
        )  # fmt: skip
    else:
        made.execute(VIEW_OVER.format("legacy"))
    assert run.execute("--switch-only").returncode == 0
    assert toy.check(made.url, made.folder) == "legacy"
    assert last(made, TrailKind.SWITCH)["why"] == "wrong prices"


def test_without_a_trail_the_config_says_which_views(
    run: Run, made: Toy, server: EmbeddedServer
) -> None:
    made.execute("ALTER TABLE parity.trail DISABLE TRIGGER only_added; DELETE FROM parity.trail")
    assert run.execute("--switch-only").returncode == 0
    assert kinds(made, 0) == ["switch"]  # the phase is none that a rollback leaves
    assert toy.served(made.url) == LEGACY_NOW


def test_the_config_may_have_changed_since(run: Run, made: Toy) -> None:
    made.execute(
        "CREATE TABLE legacy.more (day date PRIMARY KEY); CREATE TABLE prefect.more (day date);"
        "ALTER TABLE legacy.more OWNER TO legacy_writer;"
        "ALTER TABLE prefect.more OWNER TO prefect_writer;"
        "GRANT SELECT ON legacy.more, prefect.more TO parity_switch, parity_harness;"
        "SET ROLE parity_switch; CREATE VIEW market.more AS SELECT day FROM prefect.more"
    )
    made.configure("""serving:
  - {view: more, legacy: legacy.more, candidate: prefect.more}
""")
    assert run.execute("--switch-only").returncode == 0
    views = [view["view"] for view in last(made, TrailKind.SWITCH)["views"]]
    assert views == ["more", "prices"]  # that of the trail and the one that came since
    assert toy.check(made.url, made.folder) == "legacy"
    made.execute("INSERT INTO legacy.more VALUES ('2024-02-26')")
    assert made.execute("SELECT day::text FROM market.more") == [("2024-02-26",)]


def test_a_schema_in_quarantine_is_to_be_brought_back_first(run: Run, made: Toy) -> None:
    made.execute("ALTER SCHEMA legacy RENAME TO legacy_quarantined_20240301")
    content = {"step": "renamed", "schema": "legacy", "renamed_to": "legacy_quarantined_20240301"}
    made.harness.store.append_trail("toy", TrailKind.CLEANUP, "anna", content)
    done = run.execute()
    assert done.returncode == 2
    assert "parity cleanup --undo --execute" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    plan = run.plain()
    answer = "No: schema legacy is in quarantine; first parity cleanup --undo --execute"
    assert (plan.returncode, plan.stdout.splitlines()[0]) == (1, answer)


def test_a_plan_that_would_be_refused_says_no(run: Run, made: Toy) -> None:
    made.execute("DROP TABLE legacy.prices")
    plan = run.plain()
    answer = "No: there is no legacy.prices, so no view can read it"
    assert (plan.returncode, plan.stdout.splitlines()[0]) == (1, answer)
    assert json.loads(run.plain("--json", "-").stdout)["answer"] == answer
    assert run.execute().returncode == 2


def test_the_end_says_what_is_listed_and_so_does_the_next_time(run: Run, made: Toy) -> None:
    made.execute("UPDATE prefect.prices SET price = 7179.6 WHERE symbol = 'B' AND day < '02-28-24'")
    done = run.execute()
    (found,) = (made.folder / ".parity" / "rollback").glob("*/prices-beyond-tolerance.csv")
    ending = (
        f"Consumers read legacy. 2 rows differ from what was served: "
        f"{found.relative_to(made.folder)}. Nothing is left to run; somebody must look."
    )
    assert (done.returncode, said(done).endswith(squeezed(ending))) == (1, True), done.stdout
    assert "price legacy 2.0, served 7,179.6" in done.stdout
    again = run.execute()
    assert (again.returncode, again.stdout.startswith(IDLE)) == (0, True)
    listed = f"has listed 2 rows that differ from what was served: {found}."
    assert squeezed(listed) in said(again)
    plan = run.plain()
    assert plan.stdout.startswith("Nothing to roll back: consumers read legacy.\nDatabase ")
    assert str(found) in said(plan)


def squeezed(text: str) -> str:
    return "".join(text.split())


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Without spaces: a path may be broken at the end of a line."""
    return squeezed(done.stdout.replace("\n -", "\n"))


@pytest.fixture
def bare(server: EmbeddedServer) -> Iterator[str]:
    """A database that nobody has set up, in a cluster whose roles are there."""
    admin = server.url(user="postgres", database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
        yield server.url(user="postgres", database="bare")
        connection.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.mark.parametrize("arguments", [(), ("--execute", "--reason", "x"), ("--sql",)])
def test_another_database_is_not_taken_for_one_on_legacy(
    run: Run, made: Toy, bare: str, arguments: tuple[str, ...]
) -> None:
    never = run.plain(*arguments, PARITY_DATABASE_URL=bare)
    assert (never.returncode, never.stdout) == (2, "")
    assert "no cutover is on record in bare on /" in never.stderr
    assert never.stderr.endswith(": is PARITY_DATABASE_URL the right one?\n")
    # Set up, and nothing of this migration is in it.
    made.execute("ALTER TABLE parity.trail DISABLE TRIGGER only_added; DELETE FROM parity.trail;"
                 "DROP VIEW market.prices")  # fmt: skip
    empty = run.plain(*arguments)
    assert (empty.returncode, empty.stdout, kinds(made, 0)) == (2, "", [])
    assert "no cutover of toy is on record in rollback_" in empty.stderr
    assert ("no views are there to move" in empty.stderr) is (arguments == ("--sql",))
    # No database at all: none is made.
    none = run.plain(*arguments, PARITY_DATABASE_URL="")
    assert (none.returncode, none.stdout) == (2, "")
    assert "PARITY_DATABASE_URL is not set, and there is no database in" in none.stderr
    assert not (made.folder / ".parity").exists()


def test_a_password_is_never_told() -> None:
    url = "postgresql://anna:secret@db.example.com:5433/market"
    assert named(Database(url)) == "market on db.example.com:5433"


def test_without_copies_what_is_missing_is_listed_and_ends_it(run: Run, made: Toy) -> None:
    done = run.execute("--no-copy")
    assert done.returncode == 1
    assert "legacy.prices: 1 row not copied, as --no-copy says" in done.stdout
    assert "Nothing is left to run; somebody must look." in " ".join(done.stdout.split())
    caught = last(made, TrailKind.CATCH_UP)
    assert (caught["still_missing"], caught["rows_not_copied"]) == (1, 1)
    assert caught["not_copied"] == ["C 2024-02-28"]
    assert toy.served(made.url) == [row for row in toy.CAUGHT_UP if row[0] != "C"]
    assert run.execute().stdout.startswith(IDLE)


TAKE_BACK = re.compile(r"^SET timezone.*?;\n(?:.*\n)*?.*c\.key;$", re.MULTILINE)


def test_copied_rows_are_named_and_can_be_taken_back(run: Run, made: Toy) -> None:
    done = run.execute()
    assert "legacy.prices: 1 row copied" in done.stdout
    assert " - C 2024-02-28" in done.stdout
    (found,) = (made.folder / ".parity" / "rollback").glob("*/legacy.prices-copied.csv")
    assert found.read_text().splitlines() == ["symbol,day", "C,2024-02-28"]
    text = (Path(__file__).parents[2] / "docs" / "rollback.md").read_text(encoding="utf-8")
    [statement] = TAKE_BACK.findall(text)
    operation = last(made, TrailKind.SWITCH)["operation"]
    made.execute(statement.replace("rollback-6aa40361", operation).replace("market_data", "prices"))
    assert toy.served(made.url) == [row for row in toy.CAUGHT_UP if row[0] != "C"]


def test_it_writes_no_file_that_it_needs(run: Run, made: Toy) -> None:
    (made.folder / "a file").touch()
    made.configure("reports: a file/reports\nstate: a file/state\n")
    (made.folder / "waivers.yaml").write_text("waivers: [: broken", encoding="utf-8")
    made.execute("UPDATE prefect.prices SET price = 9 WHERE symbol = 'B' AND day = '2024-02-26'")
    done = run.execute()
    assert done.returncode == 1  # the list of what is beyond tolerance cannot be written
    assert "beyond-tolerance.csv cannot be written" in " ".join(done.stdout.split())
    assert "B 2024-02-26: price legacy 2.0, served 9.0" in done.stdout
    assert toy.served(made.url) == toy.CAUGHT_UP


def test_a_night_does_not_hold_it_up(run: Run, made: Toy) -> None:
    with made.harness.alone():
        assert run.execute("--switch-only").returncode == 0


def test_phase_cleanup_is_left_too(run: Run, made: Toy) -> None:
    toy.phase(made.harness, Phase.CUTOVER, Phase.CLEANUP)
    assert run.execute("--switch-only").returncode == 0
    assert last(made, TrailKind.PHASE)["from"] == "cleanup"
    assert toy.check(made.url, made.folder) == "legacy"


MORE = """CREATE TABLE legacy.more (day date PRIMARY KEY); CREATE TABLE prefect.more (day date);
ALTER TABLE legacy.more OWNER TO legacy_writer; ALTER TABLE prefect.more OWNER TO prefect_writer;
GRANT SELECT ON legacy.more, prefect.more TO parity_switch, parity_harness;
SET ROLE parity_switch; CREATE VIEW market.more AS SELECT day FROM prefect.more"""
SERVED = """serving:
  - {view: more, legacy: legacy.more, candidate: prefect.more, columns: {day: timestamp}}
"""


def test_columns_are_those_that_a_view_has_whatever_the_config_says(run: Run, made: Toy) -> None:
    made.execute(MORE)
    made.configure(SERVED)
    assert run.execute("--switch-only").returncode == 0
    more, _ = last(made, TrailKind.SWITCH)["views"]
    assert (more["view"], more["columns"]) == ("more", [["day", "date"]])


@pytest.mark.parametrize("how", ["ALTER TABLE legacy.more RENAME day TO date",
                                 "DROP TABLE legacy.more"])  # fmt: skip
def test_one_odd_view_does_not_keep_the_others(run: Run, made: Toy, how: str) -> None:
    made.execute(MORE)
    made.configure(SERVED)
    made.execute(how)
    done = run.execute()
    told = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "BUT market.more could not be moved: " in told
    assert toy.served(made.url) == toy.CAUGHT_UP
    switch = last(made, TrailKind.SWITCH)
    assert [[view["view"] for view in switch[key]] for key in ("views", "not_moved")] == [
        ["prices"], ["more"],
    ]  # fmt: skip
    made.execute("DROP TABLE IF EXISTS legacy.more; CREATE TABLE legacy.more (day date);"
                 "GRANT SELECT ON legacy.more TO parity_switch, parity_harness")  # fmt: skip
    made.configure("", instead=SERVED)  # the trail knows the view
    assert "Consumers read legacy: switched" in run.execute("--switch-only").stdout
    views = [view["view"] for view in last(made, TrailKind.SWITCH)["views"]]
    assert (views, toy.check(made.url, made.folder)) == (["more", "prices"], "legacy")


@pytest.mark.parametrize("text", ["\nnew_key: 1\n", "\n\tx: [", None])
def test_a_config_in_mid_edit_is_taken_from_the_record(
    run: Run, made: Toy, text: str | None
) -> None:
    record_config(made.harness, "anna")
    if text is None:
        (made.folder / "parity.yaml").unlink()
    else:
        made.configure(text)
    done = run.execute()
    assert (done.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)  # its script ran too
    (line,) = done.stderr.splitlines()
    assert line.startswith("parity: parity.yaml is broken: ")
    assert "; going on with the one on record of 20" in line


def test_a_config_that_is_not_on_record(run: Run, made: Toy) -> None:
    made.configure("x: [")
    none = run.execute()
    assert "and none of migration toy is on record; mend the file" in none.stderr
    other = run.execute("--migration", "other")
    assert "migration other is not on record: on record are toy" in other.stderr
    nowhere = run.execute(PARITY_DATABASE_URL="")
    assert "PARITY_DATABASE_URL is not set" in nowhere.stderr
    assert not (made.folder / ".parity").exists()
    assert [none.returncode, other.returncode, nowhere.returncode] == [2, 2, 2]
    assert toy.served(made.url) == toy.CANDIDATE


def test_it_is_done_though_nobody_can_be_told(
    run: Run, made: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(made.url) as reader, Path("/dev/full").open("w") as full:
        reader.execute("SELECT count(*) FROM market.prices")

        def leaves(_attempt: int) -> float:
            reader.rollback()
            return 0.0

        monkeypatch.setattr(swapping, "_pause", leaves)  # after "The views are in use"
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            assert run.execute().returncode == 0
    assert toy.served(made.url) == toy.CAUGHT_UP
    told = run.execute("--json", "no/such/folder.json")
    assert (told.returncode, told.stderr) == (
        0, "parity: --json no/such/folder.json: No such file or directory\n",
    )  # fmt: skip


def test_an_error_that_cannot_be_told_is_none_of_another_kind(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", full)
        assert run.plain("--execute").returncode == 2


@pytest.mark.parametrize(("gone", "told"), [
    ("DELETE FROM prefect.prices WHERE symbol = 'C'", "1 row fewer than when cutover-1 was"),
    ("TRUNCATE prefect.prices", "9 rows fewer than when cutover-1 was"),
])  # fmt: skip
def test_rows_that_were_served_and_are_gone_are_not_proved(
    run: Run, made: Toy, gone: str, told: str
) -> None:
    made.execute(gone)
    done = run.execute()
    assert done.returncode == 1
    assert f"not proved: prefect.prices has {told} verified (9)" in " ".join(done.stdout.split())
    assert told in last(made, TrailKind.CATCH_UP)["why_not"]
    assert toy.check(made.url, made.folder) == "legacy"


def test_a_reason_is_any_bytes(run: Run, made: Toy) -> None:
    assert run.plain("--execute", "--reason", "St\udcf6rung\n x", "--by", "a",
                     "--switch-only").returncode == 0  # fmt: skip
    assert last(made, TrailKind.SWITCH)["why"] == r"St\udcf6rung x"


def test_a_locked_trail_is_told_with_who_holds_it(
    run: Run, made: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE / 10)
    with psycopg.connect(made.url, application_name="a dump") as other:
        other.execute("LOCK TABLE parity.trail IN ACCESS EXCLUSIVE MODE")
        done = run.execute()
    assert done.returncode == 2
    assert "the trail (parity.trail) is locked by session" in done.stderr
    assert "(a dump, postgres) idle in transaction" in done.stderr


def test_a_locked_legacy_table_is_named(run: Run, made: Toy) -> None:
    with psycopg.connect(made.url, application_name="a vacuum") as other:
        other.execute("LOCK TABLE legacy.prices IN ACCESS EXCLUSIVE MODE")
        done = run.execute()
    assert (done.returncode, kinds(made)) == (2, [])
    assert "parity: legacy.prices is locked by session" in done.stderr
    assert "(a vacuum, postgres): views cannot read it meanwhile" in done.stderr


def test_an_unfinished_one_is_gone_on_with_after_a_cutover_that_undid_itself(
    run: Run, made: Toy
) -> None:
    assert run.execute("--switch-only").returncode == 0
    first = last(made, TrailKind.SWITCH)["operation"]
    step(made, "cutover", "begun")
    toy.switch(made.harness, Side.CANDIDATE, "cutover-2")
    toy.switch(made.harness, Side.LEGACY, "cutover-2")
    toy.phase(made.harness, Phase.CUTOVER, Phase.VALIDATION)
    step(made, "cutover", "undone")
    content = {"operation": "cutover-3", "kind": "cutover", "step": "begun"}
    made.harness.store.append_trail("toy", TrailKind.STEP, "ben", content)
    done = run.execute()
    assert "cutover-3, which had begun, is called off." in done.stdout
    assert f"going on with {first}" in done.stdout
    assert (done.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)
    assert run.execute().stdout.startswith(IDLE)


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own for a database."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        why = "no disk can be mounted here: a rollback on a full disk is NOT TESTED"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def own_server(small_disk: Path) -> Iterator[EmbeddedServer]:
    """A server that may be stopped, on that disk."""
    server = EmbeddedServer(small_disk / "pg").start()
    try:
        yield server
    finally:
        server.stop()


def on_it(server: EmbeddedServer, name: str, folder: Path) -> Toy:
    """The toy in a database of that server."""
    admin = server.url(user="postgres", database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = server.url(user="postgres", database=name)
    toy.prepare(url, folder)
    return Toy(url, folder)


@pytest.mark.slow
def test_the_database_is_restarted_in_between(
    own_server: EmbeddedServer, tmp_path: Path, inside: Inside
) -> None:
    made = on_it(own_server, "restarted", tmp_path)
    run = Run(inside, made)
    assert run.execute("--switch-only").returncode == 0
    own_server.stop()
    down = run.execute()
    assert (down.returncode, down.stdout) == (2, "")
    assert "does not answer" in down.stderr
    own_server.start()
    assert toy.check(made.url, made.folder) == "legacy"
    assert (run.execute().returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)


@pytest.mark.slow
@pytest.mark.parametrize("left", [400_000, 0])
def test_a_disk_that_is_nearly_full(
    own_server: EmbeddedServer, small_disk: Path, tmp_path: Path, inside: Inside, left: int
) -> None:
    made = on_it(own_server, f"full_{left}", tmp_path)
    # A new file of the log, so that it is not the log that has no room.
    made.execute("SELECT pg_switch_wal()")
    made.execute("CREATE TABLE x ()")
    made.execute("CHECKPOINT")
    filler = small_disk / "filler"
    fill(filler, left)
    try:
        done = Run(inside, made).execute()
        assert shutil.disk_usage(small_disk).free <= left
        side = toy.check(made.url, made.folder)
        assert side == ("candidate" if done.returncode == 2 else "legacy"), done
        if left:
            assert (done.returncode, toy.served(made.url)) == (0, toy.CAUGHT_UP)
    finally:
        filler.unlink()
    assert Run(inside, made).execute().returncode == 0
    assert toy.served(made.url) == toy.CAUGHT_UP


def fill(path: Path, left: int) -> None:
    """Writes a file until the disk has no more room than that."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
        file.truncate(file.seek(0, os.SEEK_END) - left)
