"""The small migration in a folder of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from parity.database import Database
from parity.nightly import Harness, Night, open_harness
from tests.nightly.toy import CONFIG, ROWS, SESSION, Migration, script


@pytest.fixture
def migration(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Migration:
    """Makes the night of a migration whose scripts, config and session may be chosen."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)

    def make(
        *,
        old: str = script("legacy", ROWS),
        new: str = script("prefect", ROWS),
        config: str = CONFIG,
        session: date = SESSION,
    ) -> Night:
        (tmp_path / "old.py").write_text(old, encoding="utf-8")
        (tmp_path / "new.py").write_text(new, encoding="utf-8")
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        return Night.of(harness(), session, None, datetime.now(UTC))

    def harness() -> Harness:
        return open_harness(tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url})

    return make
