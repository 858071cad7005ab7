"""Which run a comparison is held against, and what old runs leave behind."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import UsageError
from parity.nightly.checking import Checked
from parity.nightly.pruning import prune_old_evidence
from parity.nightly.since import earlier_run, since
from tests.nightly.toy import CONFIG, ROWS, SESSION, Migration, script

pytestmark = pytest.mark.slow

BEFORE = date(2024, 2, 28)
PLAIN = CONFIG.split("jobs:")[0] + "discrepancy_limit: 1\ndatasets:" + CONFIG.split("datasets:")[1]


@pytest.fixture(autouse=True)
def _no_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.nightly.examine.check_quality", lambda *_: Checked())


def test_last_is_the_run_that_held_before(migration: Migration, database: Database) -> None:
    night = migration(new=script("prefect", [("A", 7.0), ("B", 8.0), ROWS[2]]))
    harness = night.harness
    with pytest.raises(UsageError, match="--since last: migration toy has no run yet"):
        earlier_run(harness, SESSION, "last")
    first = night.run(os.environ)
    assert earlier_run(harness, SESSION, "last") == first.run_id  # the same session again
    assert earlier_run(harness, date(2024, 3, 1), "last") == first.run_id
    with pytest.raises(UsageError, match=f"no session up to 2024-02-28 .* {first.run_id}"):
        earlier_run(harness, BEFORE, "last")
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE prefect.prices SET price = 1 WHERE symbol = 'A'")
    second = night.compare()
    assert earlier_run(harness, SESSION, "last") == second.run_id != first.run_id
    assert earlier_run(harness, SESSION, first.run_id) == first.run_id
    with pytest.raises(UsageError, match="run nope is not known"):
        earlier_run(harness, SESSION, "nope")


def test_a_cut_run_is_held_against_another_by_its_files_until_they_are_gone(
    migration: Migration, database: Database
) -> None:
    night = migration(config=PLAIN)
    harness = night.harness
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("legacy", "prefect"):
            connection.execute(
                f"CREATE TABLE {schema}.prices (symbol text, day date, price float8, "
                "PRIMARY KEY (symbol, day))"
            )
            connection.execute(
                f"INSERT INTO {schema}.prices SELECT 'S' || s, '2024-02-29', 1 "
                "FROM generate_series(1, 9) s"
            )
        connection.execute("GRANT SELECT ON legacy.prices, prefect.prices TO parity_harness")
        connection.execute("UPDATE prefect.prices SET price = 2 WHERE symbol IN ('S3', 'S5')")
    first = night.compare()
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE prefect.prices SET price = 2 WHERE symbol = 'S1'")
    second = night.compare()
    [found] = since(harness, second, first.run_id)
    assert (found.new, found.gone, found.persisting, found.cut) == (1, 0, 2, False)
    assert [str(key[0]) for key in found.new_keys] == ["S1"]
    now = datetime.now(UTC)
    assert prune_old_evidence(harness, now + timedelta(days=29)) == []
    assert prune_old_evidence(harness, now + timedelta(days=31)) == [first.run_id]
    assert since(harness, second, first.run_id)[0].cut
    assert (harness.suite.state / "evidence" / second.run_id).is_dir()
