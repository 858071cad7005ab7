"""The jittery migration in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.nightly import Night, open_harness
from tests.noise.toy import CONFIG, JITTER, SESSION

Toy = Callable[..., Night]


@pytest.fixture
def toy(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Makes the night of a migration whose script and config may be chosen."""
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)

    def make(*, old: str = JITTER, config: str = CONFIG, session: date = SESSION) -> Night:
        (tmp_path / "old.py").write_text(old, encoding="utf-8")
        (tmp_path / "parity.yaml").write_text(config, encoding="utf-8")
        harness = open_harness(
            tmp_path / "parity.yaml", {"PARITY_DATABASE_URL": database.admin_url}
        )
        return Night.of(harness, session, None, datetime.now(UTC))

    return make


def left_behind(database: Database) -> list[str]:
    """Scratch databases, and copies in schema `parity`."""
    with psycopg.connect(database.admin_url) as connection:
        rows = connection.execute(
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'parity\\_noise\\_%' "
            "UNION ALL SELECT relname::text FROM pg_class "
            "WHERE relnamespace = 'parity'::regnamespace AND relname LIKE 'noise\\_%' "
            "AND relname NOT LIKE 'noise\\_pkey'"
        ).fetchall()
    return [row[0] for row in rows]
