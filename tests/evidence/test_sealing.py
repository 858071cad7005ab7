"""What a sealed night leaves, and what a kill in between does to it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parity.evidence.seals import seals_of
from parity.evidence.stored import times_of_runs
from parity.model.errors import StoreError
from parity.model.trail import TrailKind
from parity.nightly import Night, publish_all, sealing
from parity.nightly.recording import record_config
from parity.nightly.sealing import seal
from parity.nightly.upkeep.cleanup import clean_up
from parity.report.publish import render_json
from parity.store import Store
from tests.evidence.conftest import AS_OF, CONFIG, FIRST, SECOND, Toy

RUN, NEXT = "toy.2005-02-28.1", "toy.2005-03-01.1"


def sealed(toy: Toy) -> list[tuple[str, str]]:
    """Run and manifest of the rows `evidence`, in order."""
    rows = toy.harness.store.trail("toy", TrailKind.EVIDENCE)
    return [(row.content["run_id"], row.content["manifest"]) for row in rows]


def manifest(toy: Toy, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((toy.evidence / run_id / "manifest.json").read_bytes())
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_night_is_sealed_with_all_that_it_left(make: Callable[..., Toy]) -> None:
    toy = make(waivers="version: 1\nwaivers: []\n")
    record_config(toy.harness, "anna")
    head = toy.harness.store.trail("toy")[-1]
    result = toy.night(FIRST)
    place = toy.evidence / RUN
    reports = toy.harness.suite.reports / "parallel_run" / "2005-02-28"
    found = contents(place)
    assert sorted(found) == [
        "gate.json", "index.html", "job-old.log", "manifest.json", "parity.yaml", "prices.parquet",
        "result.json", "versions.json", "waivers.yaml",
    ]  # fmt: skip
    assert found["index.html"] == (reports / "index.html").read_bytes()
    assert json.loads(found["result.json"]) == result.to_json()
    assert found["parity.yaml"].decode() == CONFIG
    assert found["waivers.yaml"] == b"version: 1\nwaivers: []\n"
    assert found["job-old.log"] == b"done"
    versions = json.loads(found["versions.json"])
    assert sorted(versions) == [
        "datacompy", "great_expectations", "pandas", "parity", "postgresql", "prefect", "psycopg",
        "python", "sqlalchemy",
    ]  # fmt: skip
    assert all(versions.values())
    [(content, at)] = toy.execute("SELECT content, at FROM parity.run")
    said = manifest(toy, RUN)
    assert (said["run_id"], said["migration"], said["session"]) == (RUN, "toy", "2005-02-28")
    assert (said["phase"], said["verdict"]) == ("parallel_run", result.verdict.value)
    assert (said["content"], said["made_at"]) == (content, at.astimezone(UTC).isoformat())
    assert (said["previous"], said["missing"]) == ("", [])
    assert said["trail_head"] == {"number": 2, "hash": head.hash}
    assert said["files"] == [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in found.items()
        if name != "manifest.json"
    ]
    assert sealed(toy) == [(RUN, hashlib.sha256(found["manifest.json"]).hexdigest())]
    assert toy.found() == []


def test_each_manifest_follows_on_the_one_before(toy: Toy) -> None:
    toy.night(FIRST)
    toy.night(SECOND)
    [(_, first), _] = sealed(toy)
    assert manifest(toy, NEXT)["previous"] == first
    verification = toy.verify()
    assert (verification.sealed, verification.files, verification.waiting) == (2, 14, 0)
    assert verification.exit_code == 0


def test_finding_the_same_again_keeps_the_seal(toy: Toy) -> None:
    toy.night(FIRST)
    before = contents(toy.evidence / RUN)
    rows = sealed(toy)
    (toy.harness.suite.reports / "logs" / "2005-02-28" / "old.log").write_text("ran again")
    toy.night(FIRST)
    publish_all(toy.harness)
    assert (contents(toy.evidence / RUN), sealed(toy)) == (before, rows)
    assert toy.found() == []


def test_rows_that_are_written_again_are_those_that_were_sealed(toy: Toy) -> None:
    toy.night(FIRST)
    (toy.evidence / RUN / "prices.parquet").unlink()
    assert toy.found() == [f"evidence/{RUN}/prices.parquet: gone"]
    toy.night(FIRST)
    assert toy.found() == []


def test_old_runs_are_sealed_with_what_is_there(toy: Toy) -> None:
    toy.store(FIRST)  # was superseded before it was published
    toy.store(FIRST, close=1.5)
    publish_all(toy.harness)
    (toy.evidence / RUN / "prices.parquet").unlink()
    other = replace(toy.harness.suite, config_hash="another")
    seal(replace(toy.harness, suite=other), ())
    assert [run_id for run_id, _ in sealed(toy)] == [RUN, "toy.2005-02-28.2"]
    first, second = manifest(toy, RUN), manifest(toy, "toy.2005-02-28.2")
    # The page in its place is that of the second, and parity.yaml is another one by now.
    assert first["missing"] == ["index.html", "parity.yaml", "prices.parquet"]
    assert second["missing"] == ["parity.yaml"]
    assert [file["name"] for file in first["files"]] == [
        "job-old.log", "result.json", "versions.json",
    ]  # fmt: skip
    assert toy.found() == []
    (toy.evidence / RUN / "prices.parquet").write_bytes(b"rows")
    assert toy.found() == [
        f"evidence/{RUN}/prices.parquet: was not there when the run was sealed: its manifest names "
        "it as missing"
    ]


def test_rows_that_were_lost_before_the_seal_stay_lost(toy: Toy) -> None:
    toy.store(FIRST)
    (toy.evidence / RUN / "prices.parquet").unlink()
    seal(toy.harness, ())
    toy.night(FIRST)  # which finds the same
    assert not (toy.evidence / RUN / "prices.parquet").exists()
    assert toy.found() == []


def test_seals_that_were_interrupted_are_no_finding(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for session in (FIRST, SECOND, date(2005, 3, 2)):
        toy.store(session)
    real = Store.append_trail
    with monkeypatch.context() as patch:

        def append(store: Store, *arguments: Any) -> int:
            real(store, *arguments)
            assert (toy.verify().exit_code, toy.verify().waiting) == (0, 2)  # while it goes on
            raise Killed

        patch.setattr(Store, "append_trail", append)
        with pytest.raises(Killed):
            seal(toy.harness, ())
    assert (toy.verify().exit_code, toy.verify().waiting) == (0, 2)
    # One that is passed over for good is found, whoever sealed the later ones.
    real_times = times_of_runs
    with monkeypatch.context() as patch:
        patch.setattr(
            sealing,
            "times_of_runs",
            lambda *a: {run: at for run, at in real_times(*a).items() if run != NEXT},
        )
        seal(toy.harness, ())
    assert toy.found() == [f"run {NEXT} in the database: was never sealed, though later runs are"]


def test_config_and_waivers_are_those_of_the_runs_moment(make: Callable[..., Toy]) -> None:
    toy = make(waivers="version: 1\n")
    record_config(toy.harness, "anna")
    toy.store(FIRST)
    toy = make(CONFIG + "at: '18:00'\n", waivers="version: 1  # none\n")
    record_config(toy.harness, "ben")
    toy.night(SECOND)
    first, second = contents(toy.evidence / RUN), contents(toy.evidence / NEXT)
    assert first["parity.yaml"].decode() == CONFIG
    assert second["parity.yaml"].decode() == CONFIG + "at: '18:00'\n"
    assert first["waivers.yaml"] == b"version: 1\n"
    assert second["waivers.yaml"] == b"version: 1  # none\n"


class Killed(BaseException):
    """What ends a process in the middle of something."""


def test_a_kill_at_any_step_costs_nothing(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment at which something is on disk, and around the row of the trail."""
    toy.night(FIRST)
    stored = toy.store(SECOND)
    real_sync, real_append = os.fsync, Store.append_trail
    steps = 0
    left: dict[str, int] = {}

    def count() -> None:
        left["steps"] -= 1
        if left["steps"] < 0:
            raise Killed

    def sync(descriptor: int) -> None:
        count()
        real_sync(descriptor)

    def append(store: Store, *arguments: Any) -> int:
        count()
        number = real_append(store, *arguments)
        count()
        return number

    publish_all(toy.harness)
    while True:
        left["steps"] = steps
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync)
            patch.setattr(Store, "append_trail", append)
            try:
                seal(toy.harness, [stored])
            except Killed:
                done = len(sealed(toy)) == 2
            else:
                break
        assert toy.found() == []
        assert toy.verify().waiting == (0 if done else 1)
        if done:  # only the last step: the row is there
            assert steps > 8
        steps += 1
    assert [run_id for run_id, _ in sealed(toy)] == [RUN, NEXT]
    assert sorted(contents(toy.evidence / NEXT)) == sorted(contents(toy.evidence / RUN))
    assert toy.found() == []


def test_sealing_again_says_the_same(toy: Toy) -> None:
    toy.night(FIRST)
    before = contents(toy.evidence / RUN)
    toy.execute("DELETE FROM parity.trail")
    for name in ("job-other.log", ".result.json.part"):
        (toy.evidence / RUN / name).write_text("of an attempt that was killed")
    seal(toy.harness, toy.harness.store.nights("toy"))
    assert contents(toy.evidence / RUN) == before
    assert toy.found() == []


def test_a_full_disk_is_told_and_mended_by_the_next_night(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = toy.store(FIRST)
    place = toy.evidence / RUN / ".result.json.part"
    place.mkdir()
    with pytest.raises(StoreError, match=r"the evidence cannot be sealed: .*result\.json\.part"):
        Night(toy.harness, FIRST, AS_OF).publish(stored)
    place.rmdir()
    assert sealed(toy) == []
    toy.night(SECOND)
    assert [run_id for run_id, _ in sealed(toy)] == [RUN, NEXT]


def test_a_number_that_is_given_again_is_sealed_again(toy: Toy) -> None:
    toy.night(FIRST)
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "me", {"to": "validation"})
    clean_up(toy.harness, datetime(2006, 9, 1, tzinfo=UTC), say=lambda _: None)
    assert not (toy.evidence / RUN).exists()
    verification = toy.verify()
    assert (verification.exit_code, verification.sealed, verification.pruned) == (0, 0, 1)
    toy.night(FIRST, close=1.5)
    assert [run_id for run_id, _ in sealed(toy)] == [RUN, RUN]
    assert toy.found() == []


def test_seals_pass_over_what_they_cannot_be_of(toy: Toy) -> None:
    whole = {"run_id": RUN, "phase": "validation", "manifest": "ab"}
    for change in ({"run_id": "../../etc"}, {"manifest": None}, {"phase": None}):
        content = whole | change
        toy.harness.store.append_trail("toy", TrailKind.EVIDENCE, "eve", content)
    seals = seals_of(toy.harness.store.trail("toy"), "toy")
    assert (seals.holding, seals.odd) == ({}, [1, 2, 3])
    assert toy.found()[0] == "trail row 1: is evidence of no run of this migration"


def test_what_waits_is_what_is_new() -> None:
    seals = seals_of((), "toy")
    now = datetime(2005, 3, 1, tzinfo=UTC)
    assert seals.waits(RUN, now)
    seals.pruned[RUN] = now
    assert not seals.waits(RUN, now)
    assert seals.waits(RUN, now + timedelta(seconds=1))


def test_half_of_a_surrogate_pair_is_sealed_as_it_is_published(toy: Toy) -> None:
    """A job's log may hold one, and a reason with it; the stored text has it as an escape."""
    night = replace(toy.store(FIRST), reasons=("\ud800",))
    seal(toy.harness, [night])
    sealed_bytes = (toy.evidence / night.run_id / "result.json").read_bytes()
    assert sealed_bytes == render_json(night).encode(errors="backslashreplace")
    assert json.loads(sealed_bytes)["reasons"] == ["\ud800"]
