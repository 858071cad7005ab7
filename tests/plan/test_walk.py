"""The whole plan, walked as an operator walks it, while consumers read all the way.

Eleven sessions of February 2024, the 19th a holiday. Every command is typed; time is an argument.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest

from parity.database import Database, Role
from tests.conftest import Inside
from tests.plan.walking import VIEWS, Load, consumer, lay_out

SESSIONS = (13, 14, 15, 16, 20, 21, 22, 23, 26, 27, 28)
CUTOVER = (
    "override {0}", "step {0} begun", "step {0} hooks before", "switch {0} legacy → candidate",
    "phase validation → cutover", "step {0} switched", "step {0} verified", "step {0} hook after",
    "step {0} hooks after", "step {0} finished",
)  # fmt: skip
# The trail from its first row to its last.
STORY = [
    "config",
    "evidence toy.2024-02-13.1",
    "evidence toy.2024-02-14.1",
    "phase parallel_run → validation",
    "evidence toy.2024-02-15.1",
    "evidence toy.2024-02-16.1",  # fails
    "waivers",
    "evidence toy.2024-02-16.2",  # passes with what is waived
    "drill",
    "signature",
    *(row.format("cutover-1") for row in CUTOVER),
    "evidence toy.2024-02-20.1",
    "evidence toy.2024-02-21.1",  # the script's vendor was down
    "evidence toy.2024-02-22.1",  # the candidate is damaged
    "switch rollback candidate → legacy",
    "phase cutover → validation",
    "step rollback hook after",
    "catch_up legacy.prices",
    "catch_up legacy.volumes",
    "step rollback finished",
    "evidence toy.2024-02-22.2",  # mended
    "evidence toy.2024-02-23.1",
    "evidence toy.2024-02-26.1",
    "drill",
    "signature",
    *(row.format("cutover-2") for row in CUTOVER),
    "evidence toy.2024-02-27.1",
    "evidence toy.2024-02-28.1",
    "phase cutover → cleanup",
    "cleanup renamed",
    "cleanup restored",
    "cleanup renamed",
]


class Operator:
    """Types commands in the migration's folder."""

    def __init__(self, inside: Inside, database: Database, folder: Path) -> None:
        self._inside, self._database, self.folder = inside, database, folder

    def types(self, command: str, *, exits: int = 0, on: int = 0) -> str:
        """Runs `parity …` on the evening of a day of February; returns what it prints."""
        as_of = ["--as-of", f"2024-02-{on}T21:00:00-05:00"] if on else []
        done = self._run(*shlex.split(command), *as_of)
        assert done.returncode == exits, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _run(self, *arguments: str) -> CompletedProcess[str]:
        return self._inside(
            *arguments, folder=self.folder, PARITY_DATABASE_URL=self._database.admin_url,
            PREFECT_API_URL="", COLUMNS="80",
        )  # fmt: skip

    def night(self, day: int, *, exits: int = 0) -> dict[str, Any]:
        """A night; returns its result."""
        text = self.types(f"nightly --session 2024-02-{day} --json -", exits=exits)
        found, _ = json.JSONDecoder().raw_decode(text)
        assert isinstance(found, dict)
        return found

    def loads(self, schema: str, day: int, symbols: str) -> None:
        """What a script will load of a day; nothing: its vendor will be down."""
        (self.folder / f"{schema}.2024-02-{day}").write_text(symbols, encoding="utf-8")

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Asks or changes something as an administrator."""
        with psycopg.connect(self._database.admin_url) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def operator(inside: Inside, database: Database, tmp_path: Path) -> Operator:
    lay_out(database, tmp_path)
    return Operator(inside, database, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_whole_plan_while_consumers_read(
    operator: Operator, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.night(13)  # which makes the views
    with consumer(database) as url, Load(url) as load:
        parallel_run(operator)
        validation(operator)
        cut_over(operator, on=16)
        head = json.loads(operator.types("evidence verify --json -"))["trail"]["head"]
        incident(operator)
        roll_back(operator)
        mended(operator)
        cut_over(operator, on=26)
        clean_up(operator)
    operator.types(f"evidence verify --head {head}")
    assert [told for told in story(operator) if told != "cleanup watched"] == STORY
    # A symbol that only the candidate had is on both sides, and marked on the old one.
    assert operator.sql("SELECT count(*), min(side), max(side) FROM market.prices") == [
        (2 * len(SESSIONS) + 1, "prefect", "prefect")
    ]
    key = {"day": "2024-02-22", "symbol": "C"}
    assert operator.sql("SELECT relation, key FROM parity.copied_row ORDER BY relation") == [
        ("legacy.prices", key), ("legacy.volumes", key),
    ]  # fmt: skip

    assert (load.errors, load.mixed) == ([], [])
    for reader in load.readers:
        assert reader.sides == ["legacy", "prefect", "legacy", "prefect"]
    assert load.reads > 300
    with capsys.disabled():
        print(f"\n{load.reads:,} reads of {len(VIEWS)} views, 0 errors, 0 mixed")


def parallel_run(operator: Operator) -> None:
    told = operator.types("phase advance", exits=1, on=13)
    assert "1 more session to be compared" in told
    assert operator.night(14)["phase"] == "parallel_run"
    assert "parallel_run → validation" in operator.types("phase advance", on=14)


def validation(operator: Operator) -> None:
    operator.night(15)
    # What is known: the vendor has corrected one price, and the script never loads a day again.
    operator.sql("INSERT INTO prefect.prices VALUES ('A', '2024-02-16', 116.5)")
    failed = operator.night(16, exits=1)
    [incident] = failed["datasets"][0]["incidents"]
    operator.types(f"waive {incident['id']} --owner anna --reason 'corrected since' --write")
    told = operator.types("compare --session 2024-02-16")
    assert "✓ Pass: 2 datasets, 16 rows, 1 waived incident" in told


def cut_over(operator: Operator, *, on: int) -> None:
    """Drill, signature, checklist, cutover; without the signature it is refused."""
    execute = "cutover --execute --migration toy --by anna"
    assert "Drill of 2 views: good" in operator.types("drill --readers 2 --seconds 0.3")
    assert "8 of 9 hold" in operator.types("checklist", exits=1, on=on)
    assert "the gate is not open: trained" in operator.types(execute, exits=2, on=on)
    operator.types("sign trained --by anna --note 'two mornings'")
    assert "Yes: validation → cutover: 9 of 9 hold" in operator.types("checklist", on=on)
    assert "The gate is open" in operator.types("cutover", on=on)
    told = operator.types(execute, on=on)
    assert "Verified: the views serve exactly what the candidate holds." in told
    assert "nothing is left to do" in operator.types(execute, on=on)


def incident(operator: Operator) -> None:
    """Roles are reversed; the script misses a session, then the candidate is damaged."""
    passed = operator.night(20)
    assert (passed["primary"], passed["verdict"]) == ("candidate", "pass")
    operator.loads("legacy", 21, "")
    assert operator.night(21, exits=2)["reasons"][0] == "legacy job old failed: exit 1"
    operator.loads("legacy", 21, "A B")
    operator.sql("UPDATE prefect.prices SET price = price * 100 WHERE symbol = 'B'")
    failed = operator.night(22, exits=1)
    [damage] = [one for one in failed["datasets"][0]["incidents"] if one["proved"]]
    assert (damage["cause"], damage["rows"], damage["scope"]["symbols"]) == ("unit_scale", 5, ["B"])
    # After that night the candidate gets a symbol that no vendor serves the script.
    operator.sql("INSERT INTO prefect.prices VALUES ('C', '2024-02-22', 122); "
                 "INSERT INTO prefect.volumes VALUES ('C', '2024-02-22', 22000)")  # fmt: skip


def roll_back(operator: Operator) -> None:
    assert "run the old scripts for session 2024-02-21" in operator.types("rollback", on=22)
    told = operator.types(
        "rollback --execute --reason 'B is in cents' --by ben --json told.json", exits=1, on=22
    )
    assert told.startswith("Consumers read legacy: switched in 0.")
    caught = json.loads((operator.folder / "told.json").read_text(encoding="utf-8"))["catch_up"]
    # The 22nd too: of that day the candidate has a row more.
    assert [one["session"] for one in caught["sessions"]] == ["2024-02-21", "2024-02-22"]
    counts = ("rows", "rows_copied", "still_missing", "beyond_tolerance")
    assert [[one[name] for name in counts] for one in caught["relations"]] == [
        [15, 1, 0, 7],  # B on six days, and what is waived
        [15, 1, 0, 0],
    ]
    assert "there is nothing to roll back" in operator.types("rollback --execute --reason x", on=22)


def mended(operator: Operator) -> None:
    operator.sql("UPDATE prefect.prices SET price = price / 100 WHERE price > 1000")
    assert "✓ Pass" in operator.types("compare --session 2024-02-22")
    for day in (23, 26):
        passed = operator.night(day)
        assert (passed["primary"], passed["verdict"]) == ("legacy", "pass")


def clean_up(operator: Operator) -> None:
    """Two nights, the last phase, the quarantine, the way back, and again."""
    operator.night(27)
    assert "sessions-primary" in operator.types("phase advance", exits=1, on=27)
    operator.night(28)
    operator.types("phase advance", on=28)
    operator.types("cleanup")
    execute = "cleanup --execute --migration toy"
    assert "restored 46 rows, all the same" in operator.types(execute)
    # Nothing is left to compare or to go back to, and both say how to get it back.
    for refused in ("nightly --session 2024-02-28", "rollback --execute --reason x"):
        told = operator.types(refused, exits=2)
        assert "parity cleanup --undo --execute" in told
    assert "Schema legacy is back." in operator.types("cleanup --undo --execute")
    assert "which holds the same rows" in operator.types(execute)


def story(operator: Operator) -> Iterator[str]:
    """The rows of the trail, each in a few words; a rollback's id is a random one."""
    for kind, text in operator.sql("SELECT kind, content FROM parity.trail ORDER BY number"):
        row = json.loads(text)
        what = [row.get("operation", ""), row.get("step", "")]
        if kind in ("switch", "phase"):
            what = [row.get("operation", ""), row["from"], "→", row["to"]]
        elif kind in ("evidence", "catch_up"):
            what = [row.get("run_id") or row["relation"]]
        elif kind == "cleanup":
            what = [row["step"]]
        told = " ".join(filter(None, [kind, *what]))
        yield re.sub("rollback-[0-9a-f]{8}", "rollback", told)


def test_consumers_notice_what_is_mixed_or_empty_or_refused(
    operator: Operator, database: Database
) -> None:
    over = "CREATE OR REPLACE VIEW market.{} AS SELECT symbol, side FROM {}.{}"

    def serve(view: str, schema: str) -> None:
        with database.connect_as(Role.PARITY_SWITCH) as connection:
            connection.execute(over.format(view, schema, view).encode())

    operator.sql("INSERT INTO legacy.prices VALUES ('A', '2024-02-13', 1)")
    operator.sql("INSERT INTO legacy.volumes VALUES ('A', '2024-02-13', 1)")
    operator.sql("INSERT INTO prefect.volumes VALUES ('A', '2024-02-13', 1)")
    serve("prices", "legacy")
    serve("volumes", "legacy")
    with consumer(database) as url:
        with psycopg.connect(url) as connection, pytest.raises(
            psycopg.errors.InsufficientPrivilege
        ):  # fmt: skip
            connection.execute("SELECT FROM legacy.prices")
        assert seen(url) == (set(), 0)
        serve("volumes", "prefect")
        assert seen(url) == (set(), Load.NUMBER)
        serve("prices", "prefect")
        assert seen(url) == ({"market.prices is empty"}, 0)
        operator.sql("ALTER TABLE prefect.prices RENAME COLUMN side TO other; "
                     "DROP VIEW market.prices")  # fmt: skip
        [refused] = seen(url)[0]
        assert refused.startswith("UndefinedTable: ")


def seen(url: str) -> tuple[set[str], int]:
    """The errors of a load that each consumer has begun, and how many saw both sides."""
    with Load(url) as load:
        while not all(reader.reads or reader.errors for reader in load.readers):
            time.sleep(Load.PAUSE)
    return set(load.errors), sum(bool(reader.mixed) for reader in load.readers)
