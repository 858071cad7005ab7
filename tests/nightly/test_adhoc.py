"""Any two relations, compared without a config, a role or a schema of the harness's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import ComparisonError, DatabaseError
from parity.model.result import RowState
from parity.model.suite import Dataset, Kind, Relation, Tolerance
from parity.model.verdict import Verdict
from parity.nightly.adhoc import diff_relations

pytestmark = pytest.mark.slow  # each starts the child of the second opinion

AS_OF = datetime(2024, 2, 29, 20, tzinfo=UTC)
DATASET = Dataset(
    name="l.t → c.t",
    kind=Kind.TABLE,
    legacy=Relation("l", "t"),
    candidate=Relation("c", "t"),
    key=("id",),
)


@pytest.fixture
def url(database: Database) -> str:
    """A database with 500 rows a side; v is id / 2, three of them are off by 1 in candidate."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            "CREATE SCHEMA l; CREATE SCHEMA c; CREATE TABLE l.t (id int PRIMARY KEY, v numeric);"
            "INSERT INTO l.t SELECT i, i / 2.0 FROM generate_series(1, 500) i;"
            "CREATE TABLE c.t (LIKE l.t INCLUDING ALL); INSERT INTO c.t SELECT * FROM l.t;"
            "UPDATE c.t SET v = v + 1 WHERE id IN (30, 100, 499)"
        )
    return database.admin_url


def change(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(text)


def test_the_result_and_the_first_rows(url: str) -> None:
    result, rows = diff_relations(url, DATASET, AS_OF, rows=2)
    assert (result.verdict, result.run_id, result.session) == (Verdict.FAIL, "", AS_OF.date())
    assert result.reasons == ("l.t → c.t: 3 rows differ, all unexplained",)
    (dataset,) = result.datasets
    assert (dataset.rows.matched, dataset.rows.mismatched) == (497, 3)
    assert (result.second_opinion.rows, result.second_opinion.disagreements) == (500, 0)
    assert [(row.key, row.state, row.columns) for row in rows] == [
        ((30,), RowState.MISMATCHED, ("v",)),
        ((100,), RowState.MISMATCHED, ("v",)),
    ]
    assert (rows[0].legacy, rows[0].candidate) == ({"v": Decimal(15)}, {"v": Decimal(16)})


def test_within_tolerance_it_passes(url: str) -> None:
    tolerant = replace(DATASET, default_tolerance=Tolerance(abs=Decimal(1)))
    result, rows = diff_relations(url, tolerant, AS_OF)
    assert (result.verdict, result.reasons, rows) == (Verdict.PASS, (), [])


def test_filters_are_noted(url: str) -> None:
    result, _ = diff_relations(url, replace(DATASET, where=(("id", ("1", "2")),)), AS_OF)
    assert result.datasets[0].rows.matched == 2
    assert "Only rows where id is 1 or 2 were compared" in result.datasets[0].notes


def test_a_column_that_candidate_lacks_is_a_difference(url: str) -> None:
    change(url, "ALTER TABLE c.t DROP COLUMN v")
    result, _ = diff_relations(url, DATASET, AS_OF)
    assert result.verdict is Verdict.FAIL
    assert result.reasons == ("l.t → c.t: columns missing in candidate: v",)


def test_progress_is_told_in_rows(url: str) -> None:
    told: list[tuple[float, float, str]] = []
    change(url, "ANALYZE l.t; ANALYZE c.t")
    diff_relations(url, DATASET, AS_OF, lambda *now: told.append(now))
    assert told
    assert told[-1][2] == "l.t → c.t"
    assert told[-1][0] == pytest.approx(told[-1][1])


def test_when_the_second_opinion_disagrees_it_is_undecided(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diff that sees no difference: what a mistake in the equality would do."""

    def blind(_column: object) -> Callable[[object, object], bool]:
        return lambda _left, _right: True

    monkeypatch.setattr("parity.diff.work.equal", blind)
    result, _ = diff_relations(url, DATASET, AS_OF)
    assert result.datasets[0].rows.mismatched == 0
    assert (result.verdict, result.second_opinion.disagreements) == (Verdict.UNDECIDED, 3)


def test_what_fails_on_the_way_is_undecided_and_no_finding(url: str) -> None:
    change(
        url,
        "CREATE VIEW c.broken AS SELECT id, CASE WHEN id > 400 THEN 1 / (id - id) ELSE v END AS v "
        "FROM c.t",
    )
    broken = replace(DATASET, candidate=Relation("c", "broken"))
    result, rows = diff_relations(url, broken, AS_OF)
    assert result.verdict is Verdict.UNDECIDED
    assert result.reasons == ("l.t → c.t: not compared: the comparison failed: division by zero",)
    assert rows == []
    assert result.datasets[0].rows.legacy == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"candidate": Relation("c", "u")}, "the candidate side has no table or view c.u"),
        ({"key": ("nope",)}, "legacy l.t has no column nope"),
        ({"where": (("v", ("x",)),)}, "legacy l.t has no such value in a column named under where"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    url: str, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ComparisonError) as raised:
        diff_relations(url, replace(DATASET, **changes), AS_OF)  # type: ignore[arg-type]
    assert says in str(raised.value)


def test_a_server_that_does_not_answer_is_told() -> None:
    with pytest.raises(DatabaseError, match="does not answer"):
        diff_relations("postgresql://nobody@127.0.0.1:1/x", DATASET, AS_OF)


@pytest.mark.slow
def test_heavy_packages_are_left_out(url: str) -> None:
    code = (
        "import sys; from tests.nightly.test_adhoc import *; "
        "diff_relations(sys.argv[1], DATASET, AS_OF); "
        "sys.exit(str({'great_expectations', 'prefect', 'exchange_calendars'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == "set()\n"
