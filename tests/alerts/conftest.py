"""Receivers, and a small migration whose nights are made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from parity.database import Database
from parity.model.result import RunResult
from parity.nightly import Harness, open_harness
from tests.alerts.receivers import Mailbox, Webhook, mailbox, webhook
from tests.nightly.toy import CONFIG

ALERTS = """
alerts:
  to: [ALERT_URL]
  deadline: "22:00"
  link: https://reports.example.org/parity
"""
Save = Callable[[RunResult, str], RunResult]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook."""
    with webhook() as receiver:
        yield receiver


@pytest.fixture
def mails() -> Iterator[Mailbox]:
    """A mail server."""
    with mailbox() as box:
        yield box


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> Harness:
    """A migration of which no night is stored; its database is at hand as `.database`."""
    (tmp_path / "parity.yaml").write_text(CONFIG + ALERTS, encoding="utf-8")
    return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})


@pytest.fixture
def save(harness: Harness) -> Save:
    """Stores a night as that of a session."""

    def store(night: RunResult, session: str) -> RunResult:
        mine = replace(night, migration="toy", session=date.fromisoformat(session))
        return harness.store.save(mine, {}, config="")

    return store
