"""The CSV file of rows: written by column, it reads as if each cell had been written alone."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.model.result import ColumnResult, Discrepancy, RowState
from parity.report.rows import BUDGET, budget_of, write_csv
from parity.report.words import EXCHANGE_ZONE, delta_of
from tests.report.build import different

NAMES = ("a", "b")


def alone(value: object) -> str:
    """One cell, by the rule that `write_csv` documents."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        local = value if value.tzinfo is None else value.astimezone(EXCHANGE_ZONE)
        return local.isoformat()
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def change(legacy: dict[str, Any] | None, candidate: dict[str, Any] | None, name: str) -> str:
    if legacy is None or candidate is None:
        return ""
    delta = delta_of(legacy[name], candidate[name])
    if isinstance(delta, timedelta):
        return repr(delta.total_seconds())
    return "" if delta is None else alone(delta)


def expected(rows: list[Discrepancy]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    sides = ("legacy", "candidate", "delta")
    columns = [f"{name}_{side}" for name in NAMES for side in sides]
    writer.writerow(["state", "key_k", *columns, "differs", "incident"])
    for row in rows:
        cells = [row.state.value, alone(row.key[0])]
        for name in NAMES:
            cells += ["" if row.legacy is None else alone(row.legacy[name])]
            cells += ["" if row.candidate is None else alone(row.candidate[name])]
            cells += [change(row.legacy, row.candidate, name)]
        writer.writerow([*cells, alone(";".join(row.columns)), alone(row.incident)])
    return file.getvalue()


def written(folder: Path, rows: list[Discrepancy]) -> str:
    columns = tuple(
        ColumnResult(name=name, mismatched=0, max_abs_delta=None, max_rel_delta=None)
        for name in NAMES
    )
    path = folder / "rows.csv"
    write_csv(path, different("d", rows, key=("k",), columns=columns), rows)
    return path.read_bytes().decode()


def row(key: object, a: object, b: object, c: object, d: object, kind: int = 0) -> Discrepancy:
    legacy, candidate = {"a": a, "b": b}, {"a": c, "b": d}
    state = (RowState.MISMATCHED, RowState.LEGACY_ONLY, RowState.CANDIDATE_ONLY)[kind]
    return Discrepancy(
        state=state,
        key=(key,),
        legacy=None if kind == 2 else legacy,
        candidate=None if kind == 1 else candidate,
        columns=("a",) if kind == 0 else (),
        incident="=1",
    )


FROM, UNTIL = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
MOMENTS = st.datetimes(FROM, UNTIL) | st.datetimes(
    FROM, UNTIL, timezones=st.sampled_from([UTC, EXCHANGE_ZONE]), allow_imaginary=False
)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.sampled_from(
    list(map(Decimal, ("NaN", "Infinity", "-Infinity", "1E+20", "0E-9", "-0", "1.10", "1E-30")))
)
KINDS = [
    st.integers(-(2**70), 2**70),
    st.floats(),
    DECIMALS,
    st.text(st.sampled_from("=+-@\t\r\n,;\"' aé💥"), max_size=4),
    MOMENTS,
    st.booleans(),
    st.dates() | st.times() | st.timedeltas() | st.binary(max_size=3),
]
ANY = st.none() | st.one_of(KINDS)
# Columns of one type take another way than mixed ones.
LIKE = st.sampled_from([*KINDS, st.none(), ANY])
FOUND = st.tuples(LIKE, LIKE, st.integers(0, 3)).flatmap(
    lambda made: st.lists(
        st.builds(
            row, ANY, made[0], made[1], made[0], made[1],
            st.just(0) if made[2] else st.integers(0, 2),
        ),
        max_size=6,
    )
)  # fmt: skip


@given(FOUND)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_rows_read_as_if_each_cell_had_been_written_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Discrepancy]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert written(folder, rows) == expected(rows)


def test_nasty_values_by_hand(tmp_path: Path) -> None:
    fold = datetime(2004, 10, 31, 1, 30, tzinfo=EXCHANGE_ZONE)
    rows = [
        row(None, Decimal("1E+3"), 1, Decimal("1.50"), 2),
        row(fold, Decimal("0E-9"), -1, Decimal("0.5"), 2**70),
        row(fold.replace(fold=1), Decimal("NaN"), 0, Decimal("1"), 0),
        row('a"b,c\nd', -0.0, True, math.inf, False),
        row("=1+1", date(2005, 2, 28), time(9, 30), None, timedelta(days=1)),
        row("é", 0.1, b"\x00", 0.3, "-"),
    ]
    assert written(tmp_path, rows).splitlines(keepends=True)[1:] == [
        "mismatched,NULL,1000,1.50,-998.50,1,2,1,a,'=1\n",
        "mismatched,2004-10-31T01:30:00-04:00,"
        "0.000000000,0.5,0.500000000,-1,1180591620717411303424,1180591620717411303425,a,'=1\n",
        "mismatched,2004-10-31T01:30:00-05:00,NaN,1,,0,0,0,a,'=1\n",
        'mismatched,"a""b,c\n',
        "d\",-0.0,Infinity,,true,false,,a,'=1\n",
        "mismatched,'=1+1,2005-02-28,NULL,,09:30:00,\"1 day, 0:00:00\",,a,'=1\n",
        "mismatched,é,0.1,0.3,0.19999999999999998,b'\\x00','-,,a,'=1\n",
    ]


@pytest.mark.parametrize(
    ("columns", "most"), [(0, 200), (5, 200), (100, 200), (200, 100), (10**5, 2)]
)
def test_a_wide_dataset_has_fewer_rows_on_its_page(columns: int, most: int) -> None:
    result = different("d", [], columns=tuple(
        ColumnResult(name=str(n), mismatched=0, max_abs_delta=None, max_rel_delta=None)
        for n in range(columns)
    ))  # fmt: skip
    assert budget_of(result) == most <= BUDGET


def test_the_sample_has_the_newest_and_the_oldest_of_each_incident(tmp_path: Path) -> None:
    """Of 3,000 bars of one incident and, in their midst, five of another one."""
    first = datetime(1997, 1, 2, 5, tzinfo=UTC)
    rows = [
        Discrepancy(
            state=RowState.MISMATCHED, key=("A", first + timedelta(days=n)), legacy={"a": 1},
            candidate={"a": 2}, columns=("a",), incident="few" if 1_000 <= n < 1_005 else "many",
        )
        for n in range(3_000)
    ]  # fmt: skip
    sample = write_csv(tmp_path / "rows.csv", different("t", rows, key=("s", "at")), rows)
    days = [(row.key[1] - first).days for row in sample.mismatched]
    assert sample.cut
    assert len(days) == BUDGET
    assert days == sorted(days, reverse=True)
    assert set(days) >= {1_000, 1_001, 1_003, 1_004} | {0, 1, 90, 2_910, 2_998, 2_999}
    assert not set(days) & set(range(100, 1_000))


def test_rows_without_a_time_are_shown_as_they_came(tmp_path: Path) -> None:
    rows = [
        Discrepancy(state=RowState.LEGACY_ONLY, key=(n,), legacy={"a": 1}, candidate=None)
        for n in range(500)
    ]
    sample = write_csv(tmp_path / "rows.csv", different("t", rows, key=("n",)), rows)
    assert [row.key[0] for row in sample.unpaired] == list(range(BUDGET))
