"""A side with a table of prices, and the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from psycopg import sql

from parity.database import Database
from parity.model.verdict import Side
from parity.revisions import find, keep
from parity.store import Store

Revision = tuple[int, date, dict[str, Any]]


class Book:
    """The journal of one dataset; `said` is what the side has now, as SQL."""

    def __init__(self, database: Database) -> None:
        self.database = database
        Store(database.engine_as("parity_harness")).migrate()

    def keep(
        self,
        session: date,
        said: str,
        *,
        keys: int = 1,
        columns: Sequence[str] = ("price",),
        first: date = date(1900, 1, 1),
        side: Side = Side.LEGACY,
        dataset: str = "bars",
        values: Sequence[Any] = (),
    ) -> int:
        """One night; `said` selects k0, k1 …, c0, c1 … of the side."""
        with self.database.connect_as("parity_harness") as connection:
            return keep(
                connection,
                migration="toy",
                dataset_name=dataset,
                side=side,
                session=session,
                rows=(sql.SQL(said), values),
                key_names=[f"key{place}" for place in range(keys)],
                column_names=columns,
                first=first,
            )

    def find(
        self,
        keys: Sequence[tuple[Any, ...]],
        before: date = date(9999, 12, 31),
        *,
        side: Side = Side.LEGACY,
        dataset: str = "bars",
        settings: str = "SELECT 1",
    ) -> list[Revision]:
        """What was said; the settings are those of the asking connection."""
        with self.database.connect_as("parity_harness") as connection:
            connection.execute(settings)
            return find(
                connection, migration="toy", dataset_name=dataset, side=side, keys=keys,
                before=before,
            )  # fmt: skip


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database)
