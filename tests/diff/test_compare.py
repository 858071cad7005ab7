"""The comparison against a real database, checked by an oracle of plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from parity.database import Database
from parity.diff import Comparison, DatasetDiff, compare, queries
from parity.model.errors import ComparisonError
from parity.model.result import Discrepancy, RowState
from parity.model.suite import Dataset, Kind, Relation, Tolerance
from parity.model.verdict import Side
from tests.diff import oracle

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)
SESSION = date(2024, 2, 29)
Rows = Sequence[tuple[Any, ...]]


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url) as opened:
        yield opened


def make(connection: psycopg.Connection, schema: str, columns: str, rows: Rows) -> None:
    connection.execute(f'DROP TABLE IF EXISTS {schema}."T"')
    connection.execute(f'CREATE TABLE {schema}."T" ({columns})')
    if rows:
        marks = ", ".join(["%s"] * len(rows[0]))
        connection.cursor().executemany(f'INSERT INTO {schema}."T" VALUES ({marks})', rows)


def dataset(key: tuple[str, ...] = ("k",), **changes: Any) -> Dataset:
    return Dataset(
        name="t",
        kind=Kind.TABLE,
        legacy=Relation("legacy", "T"),
        candidate=Relation("prefect", "T"),
        key=key,
        **changes,
    )


def run(connection: psycopg.Connection, wanted: Dataset) -> tuple[DatasetDiff, list[Discrepancy]]:
    found: list[Discrepancy] = []
    diff = compare(Comparison(connection, wanted, as_of=AS_OF), SESSION, found.append)
    return diff, found


def both(
    connection: psycopg.Connection, columns: str, legacy: Rows, candidate: Rows, **changes: Any
) -> tuple[DatasetDiff, list[Discrepancy]]:
    make(connection, "legacy", columns, legacy)
    make(connection, "prefect", columns, candidate)
    return run(connection, dataset(**changes))


def tolerance(column: str, absolute: str = "0", relative: str = "0") -> dict[str, Any]:
    return {"tolerances": ((column, Tolerance(abs=Decimal(absolute), rel=Decimal(relative))),)}


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("kind", "left", "right", "absolute", "relative", "equal"),
    [
        ("float8", 1.0, 1.0, "0", "0", True),
        ("float8", 1.0, 1.0 + 1e-12, "0", "0", False),
        ("float8", 1.0, 1.0 + 1e-12, "1e-9", "0", True),
        ("float8", 100.0, 101.0, "0", "0.01", True),
        ("float8", 101.0, 100.0, "0", "0.01", True),  # symmetric
        ("float8", 0.0, 1e-12, "1e-9", "0", True),
        ("float8", 0.0, 1e-12, "0", "0.5", False),
        ("float8", 0.0, -0.0, "0", "0", True),
        ("float8", None, None, "1", "1", True),
        ("float8", None, 0.0, "1", "1", False),
        ("float8", NAN, NAN, "0", "0", True),
        ("float8", NAN, None, "1", "1", False),
        ("float8", NAN, 1.0, "1", "1", False),
        ("float8", INF, INF, "0", "0", True),
        ("float8", INF, -INF, "1", "1", False),
        ("float8", INF, 1e300, "1", "1", False),
        ("float8", 1.7e308, -1.7e308, "1", "0.1", False),  # the difference overflows
        ("float8", 5e-324, 1e-323, "0", "1e-9", False),  # the product underflows
        ("float8", 5e-324, 1e-323, "1e-9", "0", True),
        ("numeric", Decimal("1.0001"), Decimal("1.0002"), "0.0001", "0", True),
        ("numeric", Decimal("1.0001"), Decimal("1.00021"), "0.0001", "0", False),
        ("numeric", Decimal("1.10"), Decimal("1.1"), "0", "0", True),
        ("numeric", Decimal("NaN"), Decimal("NaN"), "0.1", "0", True),
        ("numeric", Decimal("NaN"), Decimal(0), "1", "1", False),
        ("numeric", Decimal("Infinity"), Decimal("Infinity"), "1", "1", True),
        ("numeric", Decimal("Infinity"), Decimal(1), "1", "1", False),
        ("int8", 9223372036854775807, -9223372036854775808, "1", "0", False),
        ("int8", 100, 101, "1", "0", True),
        ("text", "a", "a ", "0", "0", False),
        ("text", "\u00e9", "e\u0301", "0", "0", False),  # composed and decomposed
        ("boolean", True, False, "0", "0", False),
        ("jsonb", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "0", "0", True),
        ("date", date(2024, 1, 1), date(2024, 1, 2), "0", "0", False),
    ],
)
def test_two_values_are_equal_as_the_design_says(
    connection: psycopg.Connection,
    kind: str,
    left: Any,
    right: Any,
    absolute: str,
    relative: str,
    equal: bool,
) -> None:
    changes = {} if absolute == relative == "0" else tolerance("v", absolute, relative)
    columns = f"k int PRIMARY KEY, v {kind}"
    diff, found = both(connection, columns, [(1, left)], [(1, right)], **changes)
    assert (diff.rows.matched, diff.rows.mismatched) == ((1, 0) if equal else (0, 1))
    assert [row.columns for row in found] == ([] if equal else [("v",)])


def test_numeric_against_double_compares_as_doubles(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v numeric(15,4)", [(1, Decimal("12.3"))])
    make(connection, "prefect", "k int PRIMARY KEY, v float8", [(1, 12.3)])
    diff, _ = run(connection, dataset())
    assert diff.rows.matched == 1
    assert diff.schema.type_changes == (("v", "numeric(15,4)", "double precision"),)


def test_instants_compare_across_zones_and_bare_timestamps_need_one(
    connection: psycopg.Connection,
) -> None:
    columns = "k int PRIMARY KEY, v "
    make(
        connection,
        "legacy",
        columns + "timestamptz",
        [(1, datetime(2024, 7, 1, 13, 30, tzinfo=UTC))],
    )
    make(connection, "prefect", columns + "timestamp", [(1, datetime(2024, 7, 1, 9, 30))])  # noqa: DTZ001
    diff, _ = run(connection, dataset(timezone="America/New_York"))
    assert diff.rows.matched == 1
    with pytest.raises(ComparisonError, match=r"candidate column v is a bare timestamp.*timezone"):
        run(connection, dataset())


def test_rows_missing_on_a_side_are_found_with_their_values(
    connection: psycopg.Connection,
) -> None:
    diff, found = both(
        connection, "k int PRIMARY KEY, v int", [(1, 10), (2, 20)], [(2, 20), (3, 30)]
    )
    assert diff.rows.to_json() == {
        "legacy": 2, "candidate": 2, "matched": 1, "mismatched": 0, "legacy_only": 1,
        "candidate_only": 1, "duplicate_key": 0, "null_key": 0, "waived": 0, "unsettled": 0,
    }  # fmt: skip
    assert [(row.state, row.key, row.legacy, row.candidate) for row in found] == [
        (RowState.LEGACY_ONLY, (1,), {"v": 10}, None),
        (RowState.CANDIDATE_ONLY, (3,), None, {"v": 30}),
    ]


def test_keys_are_not_concatenated(connection: psycopg.Connection) -> None:
    columns = "a text, b text, v int, PRIMARY KEY (a, b)"
    diff, _ = both(connection, columns, [("1", "11", 0)], [("11", "1", 0)], key=("a", "b"))
    assert (diff.rows.legacy_only, diff.rows.candidate_only) == (1, 1)


def test_doubled_and_null_keys_are_findings_and_never_paired(
    connection: psycopg.Connection,
) -> None:
    legacy = [(1, 10), (1, 10), (2, 20), (None, 5)]
    candidate = [(1, 10), (2, 20), (None, 5), (3, 30), (3, 31)]
    diff, found = both(connection, "k int, v int", legacy, candidate)
    rows = diff.rows
    assert (rows.matched, rows.duplicate_key, rows.null_key) == (1, 5, 2)
    assert (rows.legacy_duplicate_key, rows.candidate_duplicate_key) == (2, 3)
    assert len(found) == 7
    assert "No unique index" in diff.notes[0]


def test_schema_drift_is_reported_and_the_rest_compared(connection: psycopg.Connection) -> None:
    make(
        connection, "legacy", "k int PRIMARY KEY, gone int, same int, old_name int", [(1, 1, 2, 3)]
    )
    make(
        connection,
        "prefect",
        "new_name int, same int, k int PRIMARY KEY, extra int",
        [(3, 2, 1, 9)],
    )
    diff, found = run(connection, dataset(rename=(("old_name", "new_name"),)))
    assert diff.schema.missing_in_candidate == ("gone",)
    assert diff.schema.missing_in_legacy == ("extra",)
    assert [column.name for column in diff.columns] == ["same", "old_name"]
    assert (diff.rows.matched, found) == (1, [])


def test_where_since_exclude_and_settle(connection: psycopg.Connection) -> None:
    columns = "k int PRIMARY KEY, src text, at timestamptz, noise int"
    old, new = AS_OF - timedelta(days=90), AS_OF - timedelta(minutes=1)
    day = AS_OF - timedelta(days=1)
    legacy = [(1, "a", day, 1), (2, "b", day, 1), (3, "a", old, 1), (4, "a", new, 1)]
    candidate = [(1, "a", day, 2), (3, "a", old, 2), (5, "a", new, 2)]
    diff, found = both(
        connection, columns, legacy, candidate, where=(("src", ("a",)),), time="at",
        since=date(2024, 1, 1), exclude=("noise",), settle=timedelta(hours=1),
    )  # fmt: skip
    assert (diff.rows.legacy, diff.rows.candidate, diff.rows.matched) == (1, 1, 1)
    assert diff.rows.unsettled == 2
    assert diff.session_rows == (1, 1)  # of 2024-02-29: unsettled rows confirm nothing
    assert found == []


@pytest.mark.parametrize("name", ['we"ird', "a%sb", "Größe", "select", "x;y'--", "{n}"])
def test_identifiers_are_quoted(connection: psycopg.Connection, name: str) -> None:
    for schema, value in (("legacy", 1.0), ("prefect", 2.0)):
        table = sql.Identifier(schema, name)
        column = sql.Identifier(name)
        connection.execute(
            sql.SQL("CREATE TABLE {} ({} int PRIMARY KEY, {} float8)").format(
                table, column, sql.Identifier(name + "2")
            )
        )
        connection.execute(sql.SQL("INSERT INTO {} VALUES (1, {})").format(table, value))
    wanted = Dataset(
        name="t", kind=Kind.TABLE, legacy=Relation("legacy", name),
        candidate=Relation("prefect", name), key=(name,), where=((name, (1,)),),
        tolerances=((name + "2", Tolerance(abs=Decimal("0.5"))),),
    )  # fmt: skip
    diff, _ = run(connection, wanted)
    assert diff.rows.mismatched == 1


def test_what_cannot_be_compared_is_an_error_that_names_it(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v int", [])
    with pytest.raises(
        ComparisonError, match=r"dataset t: the candidate side has no table.*prefect.T"
    ):
        run(connection, dataset())
    make(connection, "prefect", "k int PRIMARY KEY, v date", [])
    with pytest.raises(ComparisonError, match=r"dataset t: column v is integer .* and date"):
        run(connection, dataset())
    with pytest.raises(ComparisonError, match=r"legacy legacy.T has no column zz \(named as key"):
        run(connection, dataset(key=("zz",)))


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, NAN, INF, -INF, 1.0, 1.0 + 1e-10, 1.01, -1.0, 1e-300, 1e300]),
    st.floats(allow_nan=True, allow_infinity=True),
)
DECIMALS = st.one_of(
    st.none(),
    st.just(Decimal("NaN")),
    st.decimals("-1e6", "1e6", places=4, allow_nan=False),
    st.sampled_from([Decimal(1), Decimal("1.0001"), Decimal("1.01"), Decimal(0)]),
)
TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "ä", "", " "]))
ROW = st.tuples(
    st.one_of(st.none(), st.sampled_from(["A", "B", "a", "Ä"])),
    st.one_of(st.none(), st.integers(0, 3)),
    NUMBERS,
    DECIMALS,
    TEXTS,
)
COLUMNS = "s text, n int, x float8, d numeric, t text"
TOLERANCES = st.sampled_from([Decimal(0), Decimal("1e-9"), Decimal("0.0001"), Decimal("0.02")])


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    legacy=st.lists(ROW, max_size=12),
    candidate=st.lists(ROW, max_size=12),
    shared=st.lists(ROW, max_size=6),
    bounds=st.tuples(TOLERANCES, TOLERANCES),
)
@pytest.mark.slow
def test_row_states_and_column_counts_are_those_of_the_oracle(
    connection: psycopg.Connection,
    legacy: list[tuple[Any, ...]],
    candidate: list[tuple[Any, ...]],
    shared: list[tuple[Any, ...]],
    bounds: tuple[Decimal, Decimal],
) -> None:
    """Also: a table against itself has no discrepancies; swapped sides swap the states."""
    legacy, candidate = [*legacy, *shared], [*candidate, *shared]
    absolute, relative = bounds
    allowed = Tolerance(abs=absolute, rel=relative)
    changes: dict[str, Any] = {
        "key": ("s", "n"),
        "tolerances": (("x", allowed), ("d", allowed)),
    }
    diff, found = both(connection, COLUMNS, legacy, candidate, **changes)
    expected = oracle.judge(legacy, candidate, keys=2, tolerances={2: bounds, 3: bounds})
    assert Counter({state: n for state, n in _states(diff).items() if n}) == expected.states
    by_column = {column.name: column.mismatched for column in diff.columns}
    assert by_column == {
        name: expected.columns[place] for place, name in ((2, "x"), (3, "d"), (4, "t"))
    }
    assert len(found) == diff.rows.discrepancies

    swapped, _ = both(connection, COLUMNS, candidate, legacy, **changes)
    mirrored = _states(diff)
    mirrored["legacy_only"], mirrored["candidate_only"] = (
        mirrored["candidate_only"],
        mirrored["legacy_only"],
    )
    assert _states(swapped) == mirrored

    itself, _ = both(connection, COLUMNS, legacy, legacy, **changes)
    assert itself.rows.mismatched == itself.rows.legacy_only == itself.rows.candidate_only == 0


def _states(diff: DatasetDiff) -> dict[str, int]:
    counts = diff.rows.to_json()
    return {state.value: counts[state.value] for state in RowState}


@pytest.mark.parametrize("where", [(), (("src", ("a",)),)])
def test_the_join_goes_along_the_keys_indexes(
    connection: psycopg.Connection, where: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """Also where the config fixes one column of the key, which PostgreSQL then cannot merge on."""
    columns = 'src text COLLATE "C", n int, v float8, PRIMARY KEY (src, n)'
    for schema in ("legacy", "prefect"):
        make(connection, schema, columns, [("a", n, 1.0) for n in range(3000)])
        connection.execute(f'ANALYZE {schema}."T"')
    wanted = dataset(key=("src", "n"), where=where)
    comparison = Comparison(connection, wanted, as_of=AS_OF)
    connection.execute(queries.MERGE_SETTINGS)
    readers = [comparison.readers[side] for side in Side]
    found = queries.differing(*readers, ambiguous=comparison.ambiguous)
    explain = sql.SQL("EXPLAIN {}").format(found.text)
    lines = [row[0] for row in connection.execute(explain, found.values)]
    assert any("Merge Full Join" in line for line in lines)
    assert sum("Index Scan using" in line for line in lines) == 2


def test_a_missing_time_does_not_hide_a_row_from_since(connection: psycopg.Connection) -> None:
    day = date(2024, 2, 1)
    diff, _ = both(
        connection, "s text, day date, v int", [("A", day, 1)], [("A", day, 1), ("B", None, 2)],
        key=("s", "day"), time="day", since=date(2024, 1, 1),
    )  # fmt: skip
    assert (diff.rows.matched, diff.rows.null_key) == (1, 1)


def test_keys_that_become_equal_when_they_are_compared_are_doubled(
    connection: psycopg.Connection,
) -> None:
    """02:30 does not exist in New York on 2024-03-10: PostgreSQL reads it as 03:30."""
    hours = [datetime(2024, 3, 10, hour, 30) for hour in (2, 3)]  # noqa: DTZ001
    make(connection, "legacy", "at timestamp PRIMARY KEY, v int", [(hour, 1) for hour in hours])
    instant = datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
    make(connection, "prefect", "at timestamptz PRIMARY KEY, v int", [(instant, 1)])
    diff, _ = run(connection, dataset(key=("at",), timezone="America/New_York"))
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)

    large = 2**53
    make(connection, "legacy", "k int8 PRIMARY KEY", [(large,), (large + 1,)])
    make(connection, "prefect", "k float8 PRIMARY KEY", [(float(large),)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)


def test_rows_of_an_inheriting_table_may_double_a_key(connection: psycopg.Connection) -> None:
    make(connection, "legacy", "k int PRIMARY KEY, v int", [(1, 1)])
    connection.execute('CREATE TABLE legacy.child () INHERITS (legacy."T")')
    connection.execute("INSERT INTO legacy.child VALUES (1, 1)")
    make(connection, "prefect", "k int PRIMARY KEY, v int", [(1, 1)])
    diff, _ = run(connection, dataset())
    assert (diff.rows.matched, diff.rows.duplicate_key) == (0, 3)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "infinity"),
        ("date", "0044-03-15 BC"),
        ("timestamptz", "-infinity"),
        ("timestamp", "12000-01-01"),
    ],
)
def test_dates_that_python_does_not_know_are_compared(
    connection: psycopg.Connection, kind: str, value: str
) -> None:
    columns = f"k int PRIMARY KEY, v {kind}"
    changes = {"timezone": "UTC"}
    diff, found = both(
        connection, columns, [(1, value), (2, value)], [(1, value), (2, "2024-01-01")], **changes
    )
    assert (diff.rows.matched, diff.rows.mismatched) == (1, 1)
    assert isinstance((found[0].legacy or {})["v"], str)


def test_boxes_of_one_area_are_not_one_box(connection: psycopg.Connection) -> None:
    diff, _ = both(
        connection, "k int PRIMARY KEY, v box", [(1, "((0,0),(1,1))")], [(1, "((5,5),(6,6))")]
    )
    assert diff.rows.mismatched == 1


def test_rows_hidden_by_a_policy_are_an_error(database: Database) -> None:
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("legacy", "prefect"):
            make(connection, schema, "k int PRIMARY KEY", [(1,), (2,)])
            connection.execute(f'ALTER TABLE {schema}."T" ENABLE ROW LEVEL SECURITY')
            connection.execute(f'CREATE POLICY p ON {schema}."T" USING (k = 1)')
            connection.execute(f'GRANT SELECT ON {schema}."T" TO parity_harness')
    with (
        database.connect_as("parity_harness") as connection,
        pytest.raises(ComparisonError, match="row-level security"),
    ):
        run(connection, dataset())
