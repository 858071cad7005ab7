"""The comparison against an oracle in plain Python, on tables of random types and values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from parity.database import Database
from parity.diff import DatasetDiff
from parity.model.result import Discrepancy
from parity.model.suite import Tolerance
from tests.diff import oracle
from tests.diff.generated import ZONE, Case, cases
from tests.diff.kinds import TYPES_SQL
from tests.diff.toy import dataset, make, run, states

SLOW = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large
    ],
)  # fmt: skip
# Sizes by which tables of a few rows are cut up as those of millions.
WAYS: dict[str, dict[str, int]] = {
    "small": {},
    "leads": {"SMALL": -1, "PIECE": 1, "SLICE": 3},
    "ranges": {"SMALL": -1, "PIECE": 1, "SLICE": 3, "LEADS": 0, "ROWS_A_LEAD": 10**9},
}
QUICK = settings(SLOW, max_examples=25)


@pytest.fixture
def typed(database: Database) -> Iterator[psycopg.Connection]:
    """A connection whose time zone has daylight saving, as a server's may."""
    with psycopg.connect(database.admin_url) as opened:
        opened.execute(TYPES_SQL)
        opened.execute("SET TIME ZONE 'America/New_York'")
        opened.commit()
        yield opened
        opened.rollback()


@SLOW
@given(case=cases())
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_row_and_column_is_judged_as_the_oracle_does(
    typed: psycopg.Connection, case: Case
) -> None:
    check(typed, case)


@QUICK
@given(case=cases())
def test_a_few_tables_are_judged_as_the_oracle_does(typed: psycopg.Connection, case: Case) -> None:
    check(typed, case)


@settings(SLOW, max_examples=60)
@given(case=cases())
@pytest.mark.slow
def test_swapped_sides_swap_the_findings_and_a_table_equals_itself(
    typed: psycopg.Connection, case: Case
) -> None:
    diff, _ = compared(typed, case, swapped=False)
    mirrored, _ = compared(typed, case, swapped=True)
    expected = states(diff)
    expected["legacy_only"], expected["candidate_only"] = (
        expected["candidate_only"],
        expected["legacy_only"],
    )
    assert states(mirrored) == expected

    typed.execute('DROP TABLE prefect."T"')
    typed.execute('CREATE TABLE prefect."T" AS SELECT * FROM legacy."T"')
    itself, _ = run(typed, dataset(**_changes(case)))
    rows = itself.rows
    assert rows.mismatched == rows.legacy_only == rows.candidate_only == 0
    assert rows.legacy_duplicate_key == rows.candidate_duplicate_key


def check(connection: psycopg.Connection, case: Case) -> None:
    diff, found = compared(connection, case, swapped=False)
    expected = oracle.judge(
        case.legacy, case.candidate, key=case.key_pairs, columns=case.pairs, zone=ZONE
    )
    assert diff.rows.matched == expected.matched
    assert +Counter({**states(diff), "matched": 0}) == expected.states
    by_column = {column.name: column.mismatched for column in diff.columns}
    assert by_column == {f"c{at}": expected.columns[at] for at in range(len(case.columns))}
    assert diff.rows.legacy == len(case.legacy)
    assert diff.rows.candidate == len(case.candidate)
    assert Counter(as_finding(case, row) for row in found) == Counter(expected.findings)


def as_finding(case: Case, row: Discrepancy) -> oracle.Finding:
    """A reported row in the oracle's plain form, on whichever sides it has values."""

    def values(side: dict[str, Any] | None, own: list[str]) -> tuple[Any, ...] | None:
        if side is None:
            return None
        assert list(side) == [f"c{at}" for at in range(len(case.columns))]
        return tuple(
            plain(pair, kind, value)
            for pair, kind, value in zip(case.pairs, own, side.values(), strict=True)
        )

    return oracle.Finding(
        state=row.state.value,
        key=tuple(
            plain(pair, _shown(pair), value)
            for pair, value in zip(case.key_pairs, row.key, strict=True)
        ),
        legacy=values(row.legacy, [pair.legacy for pair in case.pairs]),
        candidate=values(row.candidate, [pair.candidate for pair in case.pairs]),
        places=tuple(int(name[1:]) for name in row.columns),
    )


def plain(pair: oracle.Pair, own: str, value: Any) -> Any:
    """A reported value in the oracle's plain form."""
    if own == "jsonb" and value is not None:
        # JSON's null must not look like NULL.
        return oracle.document(None if value == ("null",) else value)
    return oracle.plain(pair, own, ZONE)(value)


def _shown(pair: oracle.Pair) -> str:
    """The type as which a key's value is reported: a text's own blanks are data."""
    return "text" if "text" in (pair.legacy, pair.candidate) else pair.legacy


def compared(
    connection: psycopg.Connection, case: Case, *, swapped: bool
) -> tuple[DatasetDiff, list[Discrepancy]]:
    connection.rollback()
    connection.execute("SET TIME ZONE 'America/New_York'")
    sides = ("prefect", "legacy") if swapped else ("legacy", "prefect")
    for side, (schema, rows) in enumerate(zip(sides, (case.legacy, case.candidate), strict=True)):
        make(connection, schema, case.table(side), rows)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WAYS[case.way].items():
            patch.setattr(f"parity.diff.layout.{name}", value)
        return run(connection, dataset(**_changes(case)))


def _changes(case: Case) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "key": tuple(f"k{at}" for at in range(len(case.key))),
        "timezone": ZONE,
        "exclude": ("pad",),
    }
    allowed = [
        Tolerance(abs=pair.absolute, rel=pair.relative, within=pair.within) for pair in case.pairs
    ]
    if case.by_default:
        # The parts that the columns use are the same for all; each takes what fits it.
        changes["default_tolerance"] = Tolerance(
            abs=max((one.abs for one in allowed), default=Decimal(0)),
            rel=max((one.rel for one in allowed), default=Decimal(0)),
            within=max((one.within for one in allowed), default=timedelta(0)),
        )
    else:
        changes["tolerances"] = tuple(
            (f"c{at}", one) for at, one in enumerate(allowed) if not one.exact
        )
    return changes
