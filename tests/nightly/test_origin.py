"""Where rows were read goes with the result into the store, and leads back to the rows."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from parity.database import Database
from parity.model.result import Origin
from parity.model.suite import Dataset, Kind, Relation
from parity.nightly.adhoc import diff_relations
from parity.report.sql import both_sides, key_tests
from parity.store import Store
from parity.store.runs import RESULT
from tests.report.build import good_night

pytestmark = pytest.mark.slow  # starts the child of the second opinion

DATASET = Dataset(
    name="bars",
    kind=Kind.TABLE,
    legacy=Relation("legacy", "bars"),
    candidate=Relation("prefect", "Bars"),
    key=("symbol", "at"),
    rename=(("symbol", "ticker"),),
    where=(("live", (True,)), ("lot", (1, 2))),
    timezone="Europe/London",
    time="at",
    symbol="symbol",
)


def test_a_stored_discrepancy_is_found_again_on_both_sides(database: Database) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            "CREATE TABLE legacy.bars "
            "(symbol text, at timestamp, close numeric, lot int, live bool);"
            'CREATE TABLE prefect."Bars" '
            "(ticker text, at timestamptz, close numeric, lot int, live bool);"
            "INSERT INTO legacy.bars VALUES ('A''s', '2005-07-01 09:30', 1.5, 2, true), "
            "('B', '2005-07-01 09:30', 7, 1, true), ('A''s', '2005-07-01 09:30', 3, 2, false);"
            "INSERT INTO prefect.\"Bars\" VALUES ('A''s', '2005-07-01 08:30Z', 2.5, 2, true), "
            "('B', '2005-07-01 08:30Z', 7, 1, true), ('A''s', '2005-07-01 08:30Z', 3, 2, false);"
        )
    result, rows = diff_relations(database.admin_url, DATASET, datetime(2005, 7, 2, tzinfo=UTC))
    store = Store(database.engine_as("parity_harness"))
    store.migrate()
    store.save(result, {"bars": rows}, config="c")
    stored = store.current(result.migration, result.session)
    assert stored is not None
    [dataset] = stored.datasets
    assert dataset.origin == Origin(
        legacy=("legacy", "bars"),
        candidate=("prefect", "Bars"),
        rename=(("symbol", "ticker"),),
        where=(("live", ("true",)), ("lot", ("1", "2"))),
        timezone="Europe/London",
        time="at",
        symbol="symbol",
    )
    assert "origin" not in dataset.to_json()
    [found] = store.discrepancies(stored, "bars")
    both, tests = both_sides(dataset), key_tests(found.key, "Europe/London")
    assert both is not None
    assert tests is not None
    with psycopg.connect(database.admin_url) as connection:
        shown = connection.execute(both.statement(tests).encode()).fetchall()
    assert [(side, float(close)) for side, _, _, close, *_ in shown] == [
        ("legacy", 1.5), ("candidate", 2.5),
    ]  # fmt: skip


def test_a_run_that_was_stored_before_has_none() -> None:
    plain = RESULT.dump_python(good_night(), mode="json")
    for dataset in plain["datasets"]:
        del dataset["origin"]
    assert RESULT.validate_python(plain) == good_night()
