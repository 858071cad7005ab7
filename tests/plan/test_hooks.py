"""Hooks run as jobs do: no shell, a time limit, a log, secrets in their environment only."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.plan import Hook
from parity.model.verdict import Side
from parity.nightly import Harness
from parity.plan.hooks import HookOutcome, run_hooks
from tests.plan.toy_cutover import prepare

TELLS = """
import json, os, sys
json.dump({"environ": dict(os.environ), "arguments": sys.argv[1:]}, open("told.json", "w"))
"""


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> Harness:
    (tmp_path / "tells.py").write_text(TELLS, encoding="utf-8")
    return prepare(database.admin_url, tmp_path)


def go(harness: Harness, *hooks: Hook, said: list[str] | None = None) -> tuple[HookOutcome, ...]:
    return run_hooks(
        harness, hooks, environ={"PATH": "/usr/bin:/bin", "PARITY_DATABASE_URL": "secret",
                                 "PARITY_DATABASE_URL_PARITY_SWITCH": "secret", "OURS": "kept"},
        operation="cutover-1", side_from=Side.LEGACY, side_to=Side.CANDIDATE,
        say=(said if said is not None else []).append,
    )  # fmt: skip


def test_a_hook_knows_the_operation_and_gets_secrets_by_its_environment_only(
    harness: Harness, tmp_path: Path
) -> None:
    hook = Hook(
        name="tells",
        command=("{python}", "tells.py", "{session}", "{as_of}", "; rm $HOME"),
        env=(("DATABASE_URL", "{database_url:legacy_writer}"), ("DAY", "{session}")),
    )
    (outcome,) = go(harness, hook)
    assert (outcome.ok, outcome.exit_code, outcome.reason) == (True, 0, "")
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert told["arguments"] == ["2024-02-29", "2024-02-29T20:00:00-05:00", "; rm $HOME"]
    environ = told["environ"]
    assert environ["PARITY_OPERATION"] == "cutover-1"
    assert (environ["PARITY_FROM"], environ["PARITY_TO"]) == ("legacy", "candidate")
    assert environ["DATABASE_URL"] == harness.database.url_as("legacy_writer")
    assert environ["PARITY_STATE"] == str(harness.suite.state)
    assert (environ["DAY"], environ["OURS"]) == ("2024-02-29", "kept")
    assert [name for name in environ if name.startswith("PARITY_DATABASE_URL")] == []


def test_each_hook_runs_and_says_how_it_ended(harness: Harness) -> None:
    said: list[str] = []
    outcomes = go(
        harness,
        Hook(name="fails", command=("/bin/sh", "-c", "echo loud; echo why >&2; exit 7")),
        Hook(name="missing", command=("no-such-program",)),
        Hook(name="slow", command=("/bin/sleep", "60"), timeout=timedelta(milliseconds=200)),
        Hook(name="good", command=("/bin/true",)),
        said=said,
    )
    assert [(one.name, one.exit_code, one.reason) for one in outcomes] == [
        ("fails", 7, "exit 7: why"),
        ("missing", None, "cannot start no-such-program: No such file or directory"),
        ("slow", None, "ended by its time limit of 0.2 s"),
        ("good", 0, ""),
    ]
    assert [one.ok for one in outcomes] == [False, False, False, True]
    assert outcomes[0].log == harness.suite.state / "logs" / "cutover-1" / "fails.log"
    assert outcomes[0].log.read_text(encoding="utf-8") == "loud\nwhy\n"
    assert said[0] == "Hook fails: failed: exit 7: why."
    assert said[3] == "Hook good: done."


def test_a_hook_that_asks_for_a_night_fails_where_none_is_stored(
    database: Database, harness: Harness
) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("DELETE FROM parity.attempt")
    asks = Hook(name="asks", command=("/bin/echo", "{session}"))
    plain = Hook(name="plain", command=("/bin/echo",))
    outcomes = go(harness, asks, plain)
    assert [one.ok for one in outcomes] == [False, True]
    assert outcomes[0].reason == "it asks for {session}, but no night is stored"


def test_a_log_that_cannot_be_written_is_a_failed_hook_and_no_crash(harness: Harness) -> None:
    folder = harness.suite.state / "logs"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where a folder should be", encoding="utf-8")
    (outcome,) = go(harness, Hook(name="any", command=("/bin/true",)))
    assert not outcome.ok
    assert "Not a directory" in outcome.reason
