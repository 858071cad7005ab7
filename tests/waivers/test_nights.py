"""From an incident to a waiver to a night that passes, with real commands and a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parity.config import load_waivers
from parity.config.waiver_text import HEAD, entry_text
from parity.config.waivers import waivers_of
from parity.database import Database
from parity.model.result import Incident
from parity.model.trail import TrailKind
from parity.model.verdict import Verdict
from parity.model.waiver import Waiver
from parity.nightly import open_harness
from tests.report import build
from tests.report.incidents import dataset, incident
from tests.waivers.conftest import Ended, Parity
from tests.waivers.test_text import waiver

pytestmark = pytest.mark.slow  # the first to run imports Great Expectations

Sql = Callable[[str], list[tuple[object, ...]]]
DAY = ("--session", "2024-02-29", "--json", "-")


def result_of(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def incidents(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By symbol."""
    [dataset] = result["datasets"]
    return {one["scope"]["symbols"][0]: one for one in dataset["incidents"]}


def test_an_incident_is_proposed_written_and_waived(
    parity: Parity, tmp_path: Path, sql: Sql
) -> None:
    before = parity("nightly", *DAY)
    assert before.returncode == 1
    first = result_of(before)
    assert first["waivers"] == []
    found = incidents(first)
    ids = {symbol: one["id"] for symbol, one in found.items()}
    assert {one["cause"] for one in found.values()} == {"unexplained"}

    # Pasted as it is, what is printed is a file.
    shown = parity("waive", ids["B"], "--owner", "anna")
    assert shown.returncode == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert waivers_of(shown.stdout, tmp_path, ["prices"])[0].max_rows == 1
    assert "exactly the rows that differ on 2024-02-29" in shown.stdout
    assert not (tmp_path / "waivers.yaml").exists()

    (tmp_path / "waivers.yaml").write_text("# ours\nversion: 1\nwaivers: []\n", encoding="utf-8")
    options = ("--owner", "anna", "--reason", "known: half a dollar", "--expires", "10d", "--write")
    written = parity("waive", ids["B"], *options)
    assert written.returncode == 0
    assert "added to waivers.yaml" in written.stderr
    [one] = load_waivers(tmp_path / "waivers.yaml", ["prices"])
    assert one == Waiver(
        id="prices-unexplained", dataset="prices", cause="unexplained", owner="anna",
        reason="known: half a dollar", symbols=("B",), columns=("price",), max_rows=1,
        first=one.first, last=one.last, expires=one.expires,
    )  # fmt: skip
    # Again, before the night is judged by it: nothing is added.
    assert_waived_already(parity("waive", ids["B"], *options), ids["B"])
    assert load_waivers(tmp_path / "waivers.yaml", ["prices"]) == (one,)
    assert [str(day) for day in (one.first, one.last, one.expires)] == [
        "2024-02-29", "2024-02-29", "2024-03-10",
    ]  # fmt: skip
    text = (tmp_path / "waivers.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ours\nversion: 1\nwaivers:\n")

    # What is waived in part still fails, by the rest.
    part = parity("compare", *DAY)
    assert part.returncode == 1
    second = result_of(part)
    assert second["run_id"] != first["run_id"]
    assert second["reasons"] == [
        "prices: 2 rows differ in B, D, of which 1 is waived, all unexplained"
    ]
    assert second["datasets"][0]["rows"] == first["datasets"][0]["rows"] | {"waived": 1}
    waived_by = {symbol: found["waiver"] for symbol, found in incidents(second).items()}
    assert waived_by == {"B": "prices-unexplained", "D": None}

    # The same ones again are the same run; the other one gets a name of its own.
    assert result_of(parity("compare", *DAY))["run_id"] == second["run_id"]
    assert parity("waive", ids["D"], *options).returncode == 0
    passed = parity("compare", *DAY)
    assert passed.returncode == 0
    third = result_of(passed)
    assert (third["verdict"], third["reasons"]) == ("pass", [])
    assert third["datasets"][0]["rows"]["mismatched"] == 2
    assert [(use["id"], use["state"], use["rows"]) for use in third["waivers"]] == [
        ("prices-unexplained", "used", 1), ("prices-unexplained-2", "used", 1),
    ]  # fmt: skip
    report = parity("report")
    assert "Pass: 1 dataset, 5 rows, 2 waived incidents" in report.stdout
    words = " ".join(report.stdout.split())
    assert "waived by prices-unexplained (anna, until 2024-03-10): known: half a dollar" in words
    page = (tmp_path / "reports/parallel_run/2024-02-29/index.html").read_text(encoding="utf-8")
    assert "<b>Waived</b> by anna until 2024-03-10: known: half a dollar" in page
    assert sql("SELECT count(*) FROM parity.run") == [(3,)]

    assert_waived_already(parity("waive", ids["B"]), ids["B"])


def assert_waived_already(again: Ended, ident: str) -> None:
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == (
        f"parity: incident {ident} is waived already by prices-unexplained (anna, until "
        "2024-03-10); nothing to add\n"
    )


def test_expired_over_cap_and_idle_waivers_waive_nothing_and_are_told(
    parity: Parity, tmp_path: Path
) -> None:
    file = tmp_path / "waivers.yaml"
    assert parity("nightly", *DAY).returncode == 1
    for values, state, words in (
        ({"expires": date(2024, 2, 28)}, "expired", "1 waiver has expired"),
        ({"max_rows": 1}, "over_cap", "1 waiver is over its cap"),
        ({"symbols": ("B",), "columns": ("other",)}, "unused", "matches nothing"),
    ):
        given: dict[str, Any] = {"cause": "unexplained", "expires": date(2024, 3, 31)} | values
        file.write_text(HEAD + entry_text(waiver(dataset="prices", **given)), encoding="utf-8")
        ended = parity("compare", *DAY)
        assert ended.returncode == 1
        found = result_of(ended)
        assert [use["state"] for use in found["waivers"]] == [state]
        assert found["datasets"][0]["rows"]["waived"] == 0
        assert found["reasons"] == ["prices: 2 rows differ in B, D, all unexplained"]
        told = parity("report").stdout
        assert "Waivers to see to" in told
        assert words in " ".join(told.split())
        if state == "over_cap":  # a second one would never hold beside it
            [both] = found["datasets"][0]["incidents"][:1]
            refused = parity("waive", both["id"])
            assert (refused.returncode, refused.stdout) == (2, "")
            assert "over its cap: 2 rows where it may cover 1" in refused.stderr


@pytest.mark.parametrize("command", ["nightly", "compare"])
def test_a_wrong_file_ends_the_night_before_any_job_runs(
    parity: Parity, tmp_path: Path, command: str
) -> None:
    wrong = HEAD + "  - {id: w, dataset: price, cause: unexplained}\n"
    (tmp_path / "waivers.yaml").write_text(wrong, encoding="utf-8")
    (tmp_path / "old.py").write_text(
        "import pathlib; pathlib.Path('ran').touch()", encoding="utf-8"
    )
    ended = parity(command, "--session", "2024-02-29")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "waivers[0].dataset: 'price' is not the name of a dataset" in ended.stderr
    assert "did you mean prices?" in ended.stderr
    assert not list(tmp_path.rglob("ran"))


def test_what_cannot_be_proposed_changes_nothing(parity: Parity, tmp_path: Path) -> None:
    assert parity("waive", "x").returncode == 2  # no night yet
    ids = {
        symbol: one["id"] for symbol, one in incidents(result_of(parity("nightly", *DAY))).items()
    }
    for arguments, words in (
        (["zzz"], "incident zzz is not known on 2024-02-29; there are"),
        ([ids["B"][:6]], f"near it: {ids['B']} (prices, unexplained)"),
        ([ids["B"], "--session", "2024-02-28"], "no night of 2024-02-28 is stored"),
        ([ids["B"], "--expires", "2024-02-28"], "is before the session, 2024-02-29"),
        ([ids["B"], "--expires", "soon"], "no date as 2005-03-31 and no days as 30d"),
        ([ids["B"], "--max-rows", "0"], "--max-rows"),
        ([ids["B"], "--write"], "--write needs --reason TEXT"),
        ([ids["B"], "--owner", " "], "say who answers for it"),
    ):
        ended = parity("waive", *arguments)
        assert (ended.returncode, ended.stdout) == (2, ""), arguments
        assert words in " ".join(ended.stderr.split())
    assert not (tmp_path / "waivers.yaml").exists()


def told(one: Incident) -> Incident:
    """With the states of its rows, as a night has them."""
    return replace(one, evidence={**one.evidence, "states": {"mismatched": one.rows}})


def test_dates_after_the_nights_session_are_told(
    parity: Parity, tmp_path: Path, database: Database
) -> None:
    late = told(incident("late", "unexplained", 1, "A"))
    late = replace(late, scope=replace(late.scope, first="2005-03-02", last="2005-03-02"))
    night = build.run(Verdict.FAIL, dataset("prices", late), migration="toy")
    store = open_harness(
        tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url}
    ).store
    store.save(night, {"prices": []}, config="")
    shown = parity("waive", "late")
    assert "from: 2005-03-02" in shown.stdout
    assert shown.stderr == (
        "parity: prices-unexplained is about days after the night's session, 2005-02-28: from "
        "2005-03-02 on\n"
    )


def test_what_follows_is_proposed_with_it_when_asked(
    parity: Parity, tmp_path: Path, database: Database
) -> None:
    root = told(incident("root", "split_adjustment", 5, "A"))
    leaf = told(incident("leaf", "upstream", 7, "A", follows="root"))
    night = build.run(Verdict.FAIL, dataset("prices", root, leaf), migration="toy")
    store = open_harness(
        tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url}
    ).store
    store.save(night, {"prices": []}, config="")

    alone = parity("waive", "root", "--max-rows", "6")
    assert [one.id for one in waivers_of(alone.stdout, tmp_path)] == ["prices-split_adjustment"]
    assert "1 incident follows from it and needs an entry of its own" in alone.stderr
    both = parity("waive", "root", "--max-rows", "6", "--with-followers")
    assert [(one.cause, one.max_rows) for one in waivers_of(both.stdout, tmp_path)] == [
        ("split_adjustment", 6), ("upstream", 7),
    ]  # fmt: skip
    assert both.stdout.count("exactly the rows") == 1
    assert both.stderr == ""
    small = parity("waive", "root", "--max-rows", "4")
    assert (small.returncode, small.stdout) == (2, "")
    assert "--max-rows 4 is below the 5 rows that differ now" in small.stderr


def test_after_the_cutover_the_scripts_are_held_against_the_flows(
    parity: Parity, tmp_path: Path, database: Database, sql: Sql
) -> None:
    (tmp_path / "new.py").write_text(
        (tmp_path / "old.py").read_text(encoding="utf-8").replace("legacy", "prefect"),
        encoding="utf-8",
    )
    assert parity("nightly", *DAY).returncode == 0
    sql("ALTER TABLE prefect.prices ADD volume bigint")
    before = parity("compare", *DAY)
    assert before.returncode == 0
    assert (result_of(before)["primary"], result_of(before)["datasets"][0]["schema"]) == (
        "legacy",
        {"missing_in_candidate": [], "missing_in_legacy": ["volume"], "type_changes": []},
    )
    environ = {"PARITY_DATABASE_URL": database.admin_url}
    store = open_harness(tmp_path / "parity.yaml", environ).store
    store.append_trail(
        "toy", TrailKind.SWITCH, "anna",
        {"operation": "o", "from": "legacy", "to": "candidate", "why": "", "forced": False,
         "views": []},
    )  # fmt: skip
    after = parity("compare", *DAY)
    assert after.returncode == 1
    found = result_of(after)
    assert (found["primary"], found["reasons"]) == (
        "candidate", ["prices: columns missing in legacy: volume"],
    )  # fmt: skip
    assert found["run_id"] != result_of(before)["run_id"]
    assert "primary: flows (candidate); the scripts run as the shadow" in parity("report").stdout
