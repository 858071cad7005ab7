"""What a side said at which night: kept once, found again, pruned."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from parity.model.errors import StoreError
from parity.model.suite import Dataset, Kind, Relation
from parity.model.verdict import Side
from parity.revisions import find, keep, prune
from tests.revisions.conftest import Book

D1, D2, D3, D4, D5 = (date(2024, 1, day) for day in range(1, 6))
Rows = dict[str, int | None]


def said(rows: Rows) -> str:
    """SELECT of symbols and prices."""
    values = ", ".join(
        f"('{key}', {'NULL' if value is None else value}::numeric)" for key, value in rows.items()
    )
    return f"SELECT k0, c0 FROM (VALUES {values}) v(k0, c0)"


def prices(found: list[tuple[int, date, dict[str, Any]]]) -> list[tuple[int, date, Any]]:
    return [(place, session, row["price"]) for place, session, row in found]


def test_only_what_is_new_is_kept(book: Book) -> None:
    assert book.keep(D1, said({"A": 1, "B": 2})) == 2
    assert book.keep(D2, said({"A": 1, "B": 3, "C": 4})) == 2
    assert book.keep(D3, said({"A": None, "B": 3, "C": 4})) == 1
    assert book.keep(D4, said({"A": None, "B": 3, "C": 4})) == 0
    found = book.find([("B",), ("nobody",), ("A",), ("C",)])
    assert prices(found) == [(2, D3, None), (0, D2, 3), (3, D2, 4), (0, D1, 2), (2, D1, 1)]
    assert prices(book.find([("B",), ("A",)], before=D2)) == [(0, D1, 2), (1, D1, 1)]
    assert book.find([("A",)], before=D1) == []


def test_a_night_that_runs_again_keeps_what_it_said_last(book: Book) -> None:
    book.keep(D1, said({"A": 1}))
    assert book.keep(D2, said({"A": 2})) == 1
    assert book.keep(D2, said({"A": 2})) == 0
    assert book.keep(D2, said({"A": 3})) == 1
    assert prices(book.find([("A",)])) == [(0, D2, 3), (0, D1, 1)]
    assert book.keep(D2, said({"A": 1})) == 1
    assert prices(book.find([("A",)])) == [(0, D2, 1), (0, D1, 1)]


def test_an_old_night_that_runs_again_leaves_the_later_ones_alone(book: Book) -> None:
    book.keep(D1, said({"A": 1}))
    book.keep(D3, said({"A": 3}))
    book.keep(D4, said({"A": 4}))
    assert book.keep(D2, said({"A": 4})) == 1
    assert prices(book.find([("A",)])) == [(0, D4, 4), (0, D3, 3), (0, D2, 4), (0, D1, 1)]
    assert book.keep(D4, said({"A": 4})) == 0
    assert book.keep(D5, said({"A": 4})) == 0


def test_sides_and_datasets_have_journals_of_their_own(book: Book) -> None:
    book.keep(D1, said({"A": 1}))
    assert book.keep(D1, said({"A": 2}), side=Side.CANDIDATE) == 1
    assert book.keep(D1, said({"A": 3}), dataset="other") == 1
    assert prices(book.find([("A",)])) == [(0, D1, 1)]
    assert prices(book.find([("A",)], side=Side.CANDIDATE)) == [(0, D1, 2)]
    assert prices(book.find([("A",)], dataset="other")) == [(0, D1, 3)]


def test_rows_that_cannot_be_told_apart_are_left_out(book: Book) -> None:
    doubled = said({"A": 1}) + " UNION ALL VALUES ('B', 1), ('B', 2), (NULL, 3)"
    assert book.keep(D1, doubled) == 1
    assert book.keep(D2, doubled) == 0
    assert book.find([("B",), (None,)]) == []


def test_a_column_that_was_not_compared_then_is_missing(book: Book) -> None:
    book.keep(D1, "SELECT 'A' AS k0, 1 AS c0", columns=["open"])
    columns = ["open", 'odd "%" name']
    assert book.keep(D2, "SELECT 'A' AS k0, 1 AS c0, 2 AS c1", columns=columns) == 1
    rows = [row for _, _, row in book.find([("A",)])]
    assert rows == [{"open": 1, 'odd "%" name': 2}, {"open": 1}]
    # The same values under another name are something else.
    assert book.keep(D3, "SELECT 'A' AS k0, 1 AS c0, 2 AS c1", columns=["open", "close"]) == 1


def test_rows_that_are_only_a_key(book: Book) -> None:
    assert book.keep(D1, "SELECT 'A' AS k0", columns=()) == 1
    assert book.keep(D2, "SELECT 'A' AS k0", columns=()) == 0
    assert book.find([("A",)]) == [(0, D1, {})]


def test_more_columns_than_a_function_has_arguments(book: Book) -> None:
    names = [f"column {place}" for place in range(120)]
    text = "SELECT 'A' AS k0, " + ", ".join(f"{place} AS c{place}" for place in range(120))
    assert book.keep(D1, text, columns=names) == 1
    (found,) = book.find([("A",)])
    assert found[2] == {name: place for place, name in enumerate(names)}


def test_what_is_older_than_the_horizon_is_kept_anew_and_then_pruned(book: Book) -> None:
    book.keep(D1, said({"A": 1, "gone": 1}))
    book.keep(D3, said({"B": 2}))
    assert book.keep(D4, said({"A": 1, "B": 2}), first=D2) == 1
    with book.database.connect_as("parity_harness") as connection:
        assert prune(connection, "toy", "bars", D2) == 1  # of what is no longer looked at
        assert prune(connection, "toy", "bars", D2) == 0
    everything = [("A",), ("B",), ("gone",)]
    assert prices(book.find(everything)) == [(0, D4, 1), (1, D3, 2), (0, D1, 1)]
    with book.database.connect_as("parity_harness") as connection:
        assert prune(connection, "toy", "bars", D4) == 2
    assert prices(book.find(everything)) == [(0, D4, 1)]


def test_what_a_row_said_when_the_horizon_began_stays(book: Book) -> None:
    for session, price in ((D1, 1), (D2, 2), (D4, 4)):
        book.keep(session, said({"A": price}))
    with book.database.connect_as("parity_harness") as connection:
        assert prune(connection, "toy", "bars", D3) == 1
    assert prices(book.find([("A",)])) == [(0, D4, 4), (0, D2, 2)]


def test_with_the_comparisons_own_rows(book: Book) -> None:
    """The SELECT that a night hands over: its own casts, filters and bound values."""
    from datetime import UTC

    from parity.diff import Comparison

    with book.database.connect_as("legacy_writer") as connection:
        connection.execute(
            "CREATE TABLE legacy.bars (symbol text, at timestamptz, source text, "
            '"50%" numeric(15,4), volume bigint, PRIMARY KEY (symbol, at, source));'
            "INSERT INTO legacy.bars VALUES ('A', '2024-01-01 09:30-05', 'x', 1.2300, 5),"
            "('A', '2024-01-01 09:30-05', 'y', 9, 9), ('B', '2024-03-10 02:30:00.5-05', 'x', 2, 6)"
        )
    dataset = Dataset(
        name="bars", kind=Kind.BARS, legacy=Relation("legacy", "bars"),
        candidate=Relation("legacy", "bars"), key=("symbol", "at", "source"), symbol="symbol",
        time="at", where=(("source", ("x",)),),
    )  # fmt: skip
    with book.database.connect_as("parity_harness") as connection:
        connection.execute("SET timezone = 'Asia/Kolkata'")
        comparison = Comparison(connection, dataset, as_of=datetime(2025, 1, 1, tzinfo=UTC))
        part = comparison.readers[Side.LEGACY].rows()
        kept = keep(
            connection, migration="toy", dataset_name="bars", side=Side.LEGACY, session=D1,
            rows=(part.text, part.values), key_names=dataset.key,
            column_names=[pair.name for pair in comparison.plan.columns],
            first=datetime(2023, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        assert kept == 2
    with book.database.connect_as("parity_harness") as connection:
        connection.execute("SET timezone = 'America/New_York'")
        keys = connection.execute("SELECT symbol, at, source FROM legacy.bars ORDER BY 1, 3")
        found = find(
            connection, migration="toy", dataset_name="bars", side=Side.LEGACY,
            keys=keys.fetchall(), before=D2,
        )  # fmt: skip
        assert connection.execute("SHOW timezone").fetchone() == ("America/New_York",)
    assert found == [
        (0, D1, {"50%": Decimal("1.2300"), "volume": 5}),
        (2, D1, {"50%": Decimal(2), "volume": 6}),
    ]


def test_a_journal_that_refuses_is_told_in_one_line(book: Book) -> None:
    with pytest.raises(StoreError) as raised:
        book.keep(D1, "SELECT 'A' AS k0, 1 / 0 AS c0")
    assert str(raised.value) == (
        "dataset bars: the revisions of legacy cannot be kept: division by zero"
    )
    with pytest.raises(StoreError, match="100,001 keys asked for at once"):
        book.find([("A",)] * 100_001)
    assert book.find([]) == []
