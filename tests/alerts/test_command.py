"""`parity alerts` as a user meets it: exit codes, streams, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from parity.database import Database
from parity.nightly import Harness
from tests.alerts.conftest import Save
from tests.alerts.receivers import SECRET, Webhook, free_port
from tests.conftest import Inside
from tests.nightly.toy import CONFIG
from tests.report.build import good_night
from tests.report.incidents import split_night

pytestmark = pytest.mark.slow
MONDAY = "2005-02-28"
Ended = subprocess.CompletedProcess[str]
Alerts = Callable[..., Ended]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from parity.cli import main; main()", "alerts", *arguments]


def environ(database: Database, **variables: str) -> dict[str, str]:
    return {"PARITY_DATABASE_URL": database.admin_url, "COLUMNS": "80", **variables}


@pytest.fixture
def alerts(
    database: Database, harness: Harness, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> Alerts:
    """Runs `parity alerts …` beside the small migration's parity.yaml, without a deadline."""
    monkeypatch.delenv("ALERT_URL", raising=False)
    path = harness.suite.root / "parity.yaml"
    path.write_text(f"{CONFIG}alerts: {{to: [ALERT_URL]}}\n", encoding="utf-8")

    def run(*arguments: str, **variables: str) -> Ended:
        return inside(
            "alerts", *arguments, folder=harness.suite.root, **environ(database, **variables)
        )

    return run


def test_it_tells_what_is_untold_and_lists_what_is_open(
    alerts: Alerts, save: Save, hook: Webhook, harness: Harness
) -> None:
    save(split_night(), MONDAY)

    refused = alerts(ALERT_URL=f"json://127.0.0.1:{free_port()}/{SECRET}")
    assert refused.returncode == 1
    assert refused.stderr == "parity: ALERT_URL: could not be reached\n"
    assert "1 alert not told to everybody; the next run tries again" in refused.stdout
    assert hook.got == []

    told = alerts("--json", "alerts.json", ALERT_URL=hook.address)
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert lines[0] == "1 alert open; 1 message sent now."
    assert lines[-1].split()[2:] == ["yes", "verdict", "toy", "2005-02-28:", "Fail"]
    assert max(map(len, (refused.stdout + told.stdout).splitlines())) <= 80
    assert hook.titles == ["toy 2005-02-28: Fail"]
    found = json.loads((harness.suite.root / "alerts.json").read_text(encoding="utf-8"))
    assert (found["sent"], found["untold"], found["problems"]) == (1, 0, [])
    assert found["open"][0]["identity"] == "verdict"

    save(good_night(), "2005-03-01")
    over = alerts(ALERT_URL=hook.address)
    assert (over.returncode, over.stdout) == (0, "No alert is open; 1 message sent now.\n")
    for ended in (refused, told, over):
        assert SECRET not in ended.stdout + ended.stderr


def test_a_test_message_reaches_everybody_or_says_who_is_not_reached(
    alerts: Alerts, hook: Webhook
) -> None:
    both = f"{hook.address} json://127.0.0.1:{free_port()}/{SECRET}"

    ended = alerts("--test", ALERT_URL=both)

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines() == [
        "ALERT_URL[1]: ok",
        "ALERT_URL[2]: FAILED: could not be reached",
    ]
    assert hook.titles == ["toy: a test"]


def test_nobody_to_tell_is_one_line_and_exit_2(alerts: Alerts, harness: Harness) -> None:
    (harness.suite.root / "parity.yaml").write_text(CONFIG, encoding="utf-8")

    ended = alerts()

    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "parity.yaml names nobody to tell; write under alerts: to:" in ended.stderr


def test_what_a_killed_process_was_sending_is_sent_by_the_next_one(
    alerts: Alerts, database: Database, harness: Harness, save: Save, hook: Webhook
) -> None:
    save(split_night(), MONDAY)
    hook.gate.clear()
    first = subprocess.Popen(
        command(), cwd=harness.suite.root,
        env=os.environ | environ(database, ALERT_URL=hook.address),
    )  # fmt: skip
    assert hook.asked.acquire(timeout=60)  # the message is on its way
    first.send_signal(signal.SIGKILL)
    assert first.wait(30) == -signal.SIGKILL
    hook.gate.set()

    ended = alerts(ALERT_URL=hook.address)

    # Nobody noted that it had arrived: twice is possible, never is not.
    assert (ended.returncode, ended.stderr) == (0, "")
    assert hook.titles == ["toy 2005-02-28: Fail"] * 2
