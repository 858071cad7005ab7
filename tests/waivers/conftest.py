"""A small migration whose nights can be waived, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from parity.database import Database
from tests.conftest import Inside
from tests.nightly.toy import CONFIG, script

Ended = CompletedProcess[str]
Parity = Callable[..., Ended]

# Two of five differ beyond a cent; which ones, and by how much, is in the tests.
OLD: list[tuple[str, float | None]] = [("A", 1.0), ("B", 2.0), ("C", 3.0), ("D", 4.0), ("E", 5.0)]
NEW: list[tuple[str, float | None]] = [("A", 1.0), ("B", 2.5), ("C", 3.0), ("D", 4.7), ("E", 5.0)]


@pytest.fixture
def parity(database: Database, tmp_path: Path, inside: Inside) -> Parity:
    """`parity …` in a folder with scripts of which two rows differ."""
    (tmp_path / "old.py").write_text(script("legacy", OLD), encoding="utf-8")
    (tmp_path / "new.py").write_text(script("prefect", NEW), encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(CONFIG, encoding="utf-8")

    def run(*arguments: str) -> Ended:
        return inside(*arguments, folder=tmp_path, PARITY_DATABASE_URL=database.admin_url)

    return run


@pytest.fixture
def sql(database: Database) -> Callable[[str], list[tuple[object, ...]]]:
    """Runs a statement as the administrator."""

    def run(statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return run
