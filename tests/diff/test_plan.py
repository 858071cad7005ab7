"""How a comparison is done: along the keys' indexes, or else with a hint."""

from __future__ import annotations

import psycopg
import pytest

from parity.diff.layout import Way
from tests.diff.toy import dataset, make, run

COLUMNS = 'src text COLLATE "C", n int, v float8'


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes tables of a few thousand rows count as large."""
    monkeypatch.setattr("parity.diff.layout.SMALL", 1000)
    monkeypatch.setattr("parity.diff.layout.PIECE", 500)


@pytest.mark.parametrize("where", [(), (("src", ("a",)),)])
@pytest.mark.usefixtures("large")
def test_the_join_goes_along_the_keys_indexes(
    connection: psycopg.Connection, where: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """Also where the config fixes one column of the key, which PostgreSQL then cannot merge on."""
    for schema in ("legacy", "prefect"):
        rows = [("a", n, 1.0) for n in range(3000)]
        make(connection, schema, f"{COLUMNS}, PRIMARY KEY (src, n)", rows)
        connection.execute(f'ANALYZE {schema}."T"')
    diff, _ = run(connection, dataset(key=("src", "n"), where=where))
    assert diff.layout.way is Way.PIECES
    assert (diff.rows.matched, diff.notes) == (3000, ())


@pytest.mark.usefixtures("large")
def test_a_missing_index_is_answered_with_a_slower_way_and_a_hint(
    connection: psycopg.Connection,
) -> None:
    rows = [("a", n, 1.0) for n in range(3000)]
    make(connection, "legacy", f"{COLUMNS}, PRIMARY KEY (src, n)", rows)
    make(connection, "prefect", COLUMNS, rows)
    for schema in ("legacy", "prefect"):
        connection.execute(f'ANALYZE {schema}."T"')
    diff, _ = run(connection, dataset(key=("src", "n")))
    assert (diff.layout.way, diff.rows.matched) == (Way.WHOLE, 3000)
    assert any("candidate prefect.T has no index" in note for note in diff.notes)
