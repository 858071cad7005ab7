"""A connection to a fresh database, in which nothing is committed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from parity.database import Database


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url) as opened:
        yield opened
