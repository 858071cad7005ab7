"""The old scripts run as cron runs them: a fresh process, everything through its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parity.database import Database

SCRIPTS = Path(__file__).parents[2] / "legacy"

Job = Callable[..., subprocess.CompletedProcess[str]]
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def job(database: Database, tmp_path: Path) -> Job:
    """`job("load_yahoo_data.py", "--symbols", "IBM", env=…)` runs a script to its end."""
    base = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "DATABASE_URL": database.url_as("legacy_writer"),
    }

    def run(
        script: str, *args: str, env: Mapping[str, str | None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        merged = {**base, **(env or {})}
        return subprocess.run(
            [sys.executable, str(SCRIPTS / script), *args],
            env={name: value for name, value in merged.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def legacy(database: Database) -> Iterator[Connection]:
    """A connection as legacy_writer, with the old tables in place."""
    with psycopg.connect(database.url_as("legacy_writer"), autocommit=True) as connection:
        connection.execute((SCRIPTS / "schema.sql").read_bytes())
        yield connection
