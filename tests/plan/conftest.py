"""A toy migration whose nights and trail are made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from parity.database import Database
from parity.model.result import JobOutcome, RunResult
from parity.model.selftest import CauseScore, SelfTest
from parity.model.trail import TrailKind
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness, open_harness
from tests.report.build import NEW_YORK, equal, run

CONFIG = """version: 1
migration: toy
gates:
  parallel_run: {sessions: 2}
  validation: {sessions: 3, drill: 7d}
  cutover: {sessions: 2}
checklist:
  - {id: trained, text: The team is trained on the UI}
  - {id: told, text: Readers of the tables know the day, phase: cutover}
jobs:
  - {name: old, side: legacy, command: [old.py], timeout: 20s}
  - {name: new, side: candidate, command: [new.py], timeout: 20s}
datasets:
  - {name: prices, kind: table, legacy: legacy.prices, candidate: prefect.prices, key: [day]}
"""
# Monday the 21st was Presidents' Day: no session lies between Friday and Tuesday.
WED, THU, FRI = date(2005, 2, 16), date(2005, 2, 17), date(2005, 2, 18)
TUE, NEXT_WED = date(2005, 2, 22), date(2005, 2, 23)
FOUND_ALL = SelfTest(
    causes=(CauseScore(cause="rounding", injected=4, detected=4, right=4, wrong=0),)
)
Make = Callable[..., Harness]


def at(day: date, hour: int = 21) -> datetime:
    """A moment of a day in New York; at nine in the evening its night is due since an hour."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK)


def jobs(new: float = 5.0) -> tuple[JobOutcome, ...]:
    """Both jobs, of which the candidate's took so many seconds."""
    return tuple(
        JobOutcome(name=name, side=side, exit_code=0, seconds=seconds, log=f"{name}.log")
        for name, side, seconds in (("old", Side.LEGACY, 1.0), ("new", Side.CANDIDATE, new))
    )


def night(session: date, phase: str = "validation", **values: Any) -> RunResult:
    """A night that passed."""
    fields = {
        "migration": "toy", "session": session, "as_of": at(session, 20), "phase": phase,
        "selftest": FOUND_ALL, "jobs": jobs(),
    }  # fmt: skip
    verdict = values.pop("verdict", Verdict.PASS)
    datasets = values.pop("datasets", (equal("prices"),))
    return run(verdict, *datasets, **(fields | values))


def save(harness: Harness, *nights: RunResult) -> None:
    """Stores nights with how their jobs ended."""
    for one in nights:
        harness.store.record_jobs("toy", one.session, one.jobs)
        harness.store.save(one, {}, config=harness.suite.config_hash)


def move(harness: Harness, to: str, source: str = "parallel_run") -> None:
    """Changes the phase, as the trail has it."""
    content = {"from": source, "to": to, "why": "so", "evidence": [], "forced": False}
    harness.store.append_trail("toy", TrailKind.PHASE, "ben", content)


def drilled(harness: Harness, *, ok: bool = True, why_not: str = "") -> None:
    """Notes a drill of all views that has just been held."""
    views = [served.view for served in harness.suite.plan.served]
    content = {
        "ok": ok, "views": views, "seconds_to_switch_back": 0.012, "reads": 900, "why_not": why_not,
    }  # fmt: skip
    harness.store.append_trail("toy", TrailKind.DRILL, "ben", content)


@pytest.fixture
def make(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Opens the harness of a config in a folder of its own."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def opened(config: str = CONFIG) -> Harness:
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})

    return opened


@pytest.fixture
def harness(make: Make) -> Harness:
    """The migration, of which no night is stored."""
    return make()


def green(harness: Harness, *extra: RunResult) -> Harness:
    """A migration in validation of whose gate only the signature is missing."""
    move(harness, "validation")
    save(harness, *(night(day) for day in (THU, FRI, TUE)), *extra)
    drilled(harness)
    return replace(harness)
