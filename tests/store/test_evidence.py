"""All discrepancies in Parquet files, read back with pyarrow and pandas."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.database import Database
from parity.model.errors import StoreError
from parity.model.result import Discrepancy, RowState
from parity.store import Spool, Store
from parity.store.evidence import write_evidence
from tests.store.build import SESSION, dataset, only, pair, run

RUN = "m.2005-02-28.1"


def written(
    folder: Path,
    rows: list[Discrepancy],
    columns: tuple[str, ...],
    key: tuple[str, ...] = ("symbol",),
) -> pa.Table:
    """The file of a dataset with these discrepancies."""
    result = replace(run(dataset(rows, columns, key)), run_id=RUN)
    write_evidence(folder, result, {"bars": rows}, "content")
    return pq.read_table(folder / RUN / "bars.parquet")


def stored(store: Store, folder: Path, rows: list[Discrepancy]) -> pa.Table:
    """The file of a run with these discrepancies, which differ in `close`."""
    store.save(run(dataset(rows, ("close",))), {"bars": rows}, config="c", evidence=folder)
    return pq.read_table(folder / RUN / "bars.parquet")


def mismatch(
    key: tuple[Any, ...], legacy: dict[str, Any], candidate: dict[str, Any]
) -> Discrepancy:
    return Discrepancy(
        state=RowState.MISMATCHED, key=key, legacy=legacy, candidate=candidate,
        columns=tuple(legacy),
    )  # fmt: skip


def column(folder: Path, pairs: list[tuple[Any, Any]]) -> pa.Table:
    """The file of rows whose column `v` has these values."""
    rows = [mismatch((n,), {"v": one}, {"v": other}) for n, (one, other) in enumerate(pairs)]
    return written(folder, rows, ("v",), ("n",))


def test_every_state_with_key_columns_values_and_deltas(tmp_path: Path) -> None:
    stamp = datetime(2005, 2, 28, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    first = mismatch(("A", stamp), {"close": 1.5, "volume": 10}, {"close": 1.75, "volume": 7})
    rows = [
        replace(first, incident="cafe01"),
        Discrepancy(
            state=RowState.LEGACY_ONLY, key=("B", stamp), legacy={"close": None, "volume": 1},
            candidate=None,
        ),
        Discrepancy(
            state=RowState.CANDIDATE_ONLY, key=("C", stamp), legacy=None,
            candidate={"close": math.inf, "volume": 2},
        ),
        Discrepancy(
            state=RowState.NULL_KEY, key=(None, stamp), legacy=None,
            candidate={"close": None, "volume": None},
        ),
    ]  # fmt: skip
    table = written(tmp_path, rows, ("close", "volume"), ("symbol", "at"))
    assert table.column_names == [
        "state", "symbol", "at", "side", "columns", "incident",
        "close_legacy", "close_candidate", "close_delta",
        "volume_legacy", "volume_candidate", "volume_delta",
    ]  # fmt: skip
    utc = datetime(2005, 2, 28, 14, 30, tzinfo=UTC)
    assert table.to_pydict() == {
        "state": ["mismatched", "legacy_only", "candidate_only", "null_key"],
        "symbol": ["A", "B", "C", None],
        "at": [utc] * 4,
        "side": [None, "legacy", "candidate", "candidate"],
        "columns": [["close", "volume"], [], [], []],
        "incident": ["cafe01", "", "", ""],
        "close_legacy": [1.5, None, None, None],
        "close_candidate": [1.75, None, math.inf, None],
        "close_delta": [0.25, None, None, None],
        "volume_legacy": [10, 1, None, None],
        "volume_candidate": [7, None, 2, None],
        "volume_delta": [-3.0, None, None, None],
    }
    assert [str(field.type) for field in table.schema] == [
        "string", "string", "timestamp[us, tz=UTC]", "string", "list<element: string>", "string",
        "double", "double", "double", "int64", "int64", "double",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "kind", "values"),
    [
        ([(1, 2), (None, -(2**63))], "int64", [2, -(2**63)]),
        ([(1, 2), (1, 2**63)], "string", ["2", "9223372036854775808"]),
        ([(1.0, 0.1), (1.0, -math.inf)], "double", [0.1, -math.inf]),
        ([(True, False), (None, True)], "bool", [False, True]),
        ([(None, date(1, 1, 1)), (None, date(9999, 12, 31))], "date32[day]",
         [date(1, 1, 1), date(9999, 12, 31)]),
        ([(None, date(2005, 2, 28)), (None, "infinity")], "string", ["2005-02-28", "infinity"]),
        ([(None, datetime(2005, 10, 30, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1))],
         "timestamp[us, tz=UTC]", [datetime(2005, 10, 30, 6, 30, tzinfo=UTC)]),
        ([(None, datetime(2005, 2, 28, 1, 2, 3, 4))], "timestamp[us]",  # noqa: DTZ001
         [datetime(2005, 2, 28, 1, 2, 3, 4)]),  # noqa: DTZ001
        ([(None, datetime(2005, 2, 28, 5, tzinfo=UTC)), (None, "infinity")], "string",
         ["2005-02-28T05:00:00+00:00", "infinity"]),
        ([(None, Decimal("1.50")), (None, Decimal("NaN")), (None, Decimal("-Infinity"))], "string",
         ["1.50", "NaN", "-Infinity"]),
        ([(None, Decimal("1E-10")), (None, Decimal("12345678901234567890.123456789"))], "string",
         ["0.0000000001", "12345678901234567890.123456789"]),
        ([("a", "NULL"), ("a", ""), ("a", None)], "string", ["NULL", "", None]),
        ([(None, 1.5), (None, "x"), (None, math.nan)], "string", ["1.5", "x", "NaN"]),
        ([(None, b"\x00\xff"), (None, UUID(int=1))], "string",
         ["\\x00ff", "00000000-0000-0000-0000-000000000001"]),
        ([(None, time(9, 30)), (None, [1, None]), (None, True)], "string",
         ["09:30:00", "[1, null]", "true"]),
        ([("only legacy", None)], "string", [None]),
    ],
)  # fmt: skip
def test_values_keep_their_type_or_become_text(
    tmp_path: Path, pairs: list[tuple[Any, Any]], kind: str, values: list[Any]
) -> None:
    table = column(tmp_path, pairs)
    assert str(table.schema.field("v_candidate").type) == kind
    assert table["v_candidate"].to_pylist() == values


def test_nan_is_no_null(tmp_path: Path) -> None:
    found = column(tmp_path, [(math.nan, 1.0), (None, 1.0)])["v_legacy"]
    assert found.null_count == 1
    assert math.isnan(found[0].as_py())


@pytest.mark.parametrize(
    ("legacy", "candidate", "delta"),
    [
        (1.0, 1.5, 0.5),
        (None, 1.5, None),
        (math.nan, 1.5, None),
        (math.inf, math.inf, None),
        (-1e308, 1e308, None),  # finite both, but their difference is not
        (2**62, 2**62 + 1, 1.0),
        (Decimal("0.1"), Decimal("0.3"), 0.2),
        (Decimal("123456789012345678901234567890.1"), Decimal("123456789012345678901234567890"),
         -0.1),
        (Decimal("NaN"), Decimal(1), None),
        (Decimal("Infinity"), Decimal(1), None),
        (3, Decimal("3.25"), 0.25),
        (Decimal("0.5"), 0.75, 0.25),
        (10, 9.5, -0.5),
        (10**400, 1.0, None),
        (1, "x", None),
        (1, True, None),
    ],
)  # fmt: skip
def test_a_delta_is_candidate_minus_legacy(
    tmp_path: Path, legacy: Any, candidate: Any, delta: float | None
) -> None:
    table = column(tmp_path, [(legacy, candidate)])
    assert table["v_delta"].to_pylist() == [delta]


def test_a_column_of_no_numbers_has_no_delta(tmp_path: Path) -> None:
    table = column(tmp_path, [("a", "b"), (None, True), (date(2005, 2, 28), None)])
    assert "v_delta" not in table.column_names


def test_names_that_meet_are_all_kept(tmp_path: Path) -> None:
    names = ("close", "close_legacy", "columns", "incident", "state_2", "%s", 'a"b')
    values = {name: f"value of {name}" for name in names}
    row = mismatch(("S", "K", "side"), values, dict.fromkeys(names))
    table = written(tmp_path, [row], names, ("state", "close_legacy", "side"))
    [found] = table.to_pylist()
    assert found["state"] == "mismatched"
    assert (found["state_2"], found["close_legacy"], found["side"]) == ("S", "K", "side")
    assert (found["side_2"], found["columns"]) == (None, list(names))
    assert found["close_legacy_2"] == "value of close"
    assert found["close_legacy_legacy"] == "value of close_legacy"
    assert found["columns_legacy"] == "value of columns"
    assert (found["incident"], found["incident_legacy"]) == ("", "value of incident")
    assert found["state_2_legacy"] == "value of state_2"
    assert found["%s_legacy"] == "value of %s"
    # Each column says what it is, whatever it had to be called.
    says = {field.name: field.metadata[b"parity"] for field in table.schema}
    assert says["close_legacy_2"] == b'{"is": "legacy", "column": "close"}'
    assert says["state_2"] == b'{"is": "key", "column": "state"}'


def test_pandas_reads_it(store: Store, tmp_path: Path) -> None:
    rows = [pair("A", 1.0, 1.5), only(RowState.CANDIDATE_ONLY, "B", 2.0)]
    stored(store, tmp_path, rows)
    frame = pd.read_parquet(tmp_path / RUN / "bars.parquet")
    assert frame["state"].tolist() == ["mismatched", "candidate_only"]
    assert frame["close_delta"].tolist()[0] == 0.5
    assert frame["close_legacy"].isna().tolist() == [False, True]
    assert frame.loc[frame["symbol"] == "B", "close_candidate"].tolist() == [2.0]


def test_all_rows_are_in_the_file_and_their_type_is_known_only_at_the_end(
    store: Store, tmp_path: Path
) -> None:
    rows = [mismatch((number,), {"v": None}, {"v": None}) for number in range(5000)]
    rows += [mismatch((5000,), {"v": 1.5}, {"v": 2})]
    found = run(dataset(rows, ("v",), ("n",)))
    with Spool() as spool:
        spool.extend(rows)
        saved = store.save(found, {"bars": spool}, config="c", limit=10, evidence=tmp_path)
    assert saved.datasets[0].stored == 10
    table = pq.read_table(tmp_path / RUN / "bars.parquet")
    assert table["n"].to_pylist() == list(range(5001))
    assert table["v_delta"].to_pylist()[-2:] == [None, 0.5]
    assert str(table.schema.field("v_candidate").type) == "int64"


def test_only_datasets_that_differ_have_a_file(store: Store, tmp_path: Path) -> None:
    rows = [pair("A", 1.0, 2.0)]
    found = run(dataset(rows, ("close",)), dataset([], ("close",), name="same"))
    store.save(found, {"bars": rows, "same": []}, config="c", evidence=tmp_path / "e")
    assert [path.name for path in (tmp_path / "e" / RUN).iterdir()] == ["bars.parquet"]
    equal = run(dataset([], ("close",)), session=date(2005, 3, 1))
    store.save(equal, {"bars": []}, config="c", evidence=tmp_path / "e")
    assert [path.name for path in (tmp_path / "e").iterdir()] == [RUN]


def test_finding_the_same_again_writes_only_what_is_missing(store: Store, tmp_path: Path) -> None:
    rows = [pair("A", 1.0, 2.0)]
    found = run(dataset(rows, ("close",)), dataset(rows, ("close",), name="more"))

    def save() -> None:
        store.save(found, {"bars": rows, "more": rows}, config="c", evidence=tmp_path)

    save()
    folder = tmp_path / RUN
    kept = (folder / "bars.parquet").stat().st_ino
    (folder / "more.parquet").write_bytes((folder / "more.parquet").read_bytes()[:-5])
    save()
    assert (folder / "bars.parquet").stat().st_ino == kept
    assert pq.read_table(folder / "more.parquet").num_rows == 1
    (folder / "bars.parquet").unlink()
    save()
    assert pq.read_table(folder / "bars.parquet").num_rows == 1


def test_what_was_sealed_with_a_run_stays(store: Store, tmp_path: Path) -> None:
    rows = [pair("A", 1.0, 2.0)]
    stored(store, tmp_path, rows)
    folder = tmp_path / RUN
    names = ["index.html", "job-old.log", "manifest.json"]
    for name in names:
        (folder / name).write_text("sealed")
    (folder / "gone.parquet").write_bytes(b"of another run")
    stored(store, tmp_path, rows)
    assert sorted(path.name for path in folder.iterdir()) == ["bars.parquet", *names]


def test_files_of_another_database_are_not_taken_for_the_runs(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / RUN
    folder.mkdir()
    (folder / "gone.parquet").write_bytes(b"of a run that was never committed")
    (folder / ".bars.parquet.part").write_bytes(b"of a process that was killed")
    pq.write_table(pa.table({"state": ["x"]}), folder / "bars.parquet")
    table = stored(store, tmp_path, [pair("A", 1.0, 2.0)])
    assert table["symbol"].to_pylist() == ["A"]
    assert [path.name for path in folder.iterdir()] == ["bars.parquet"]
    assert table.schema.metadata[b"parity.run_id"] == RUN.encode()


def test_what_cannot_be_written_is_not_stored(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rows = [pair("A", 1.0, 2.0)]
    with pytest.raises(StoreError, match=r"cannot be written to .*: Not a directory"):
        store.save(
            run(dataset(rows, ("close",))), {"bars": rows}, config="c", evidence=tmp_path / "file"
        )
    assert store.current("m", SESSION) is None


@pytest.mark.slow
def test_a_save_that_is_killed_leaves_no_file_and_no_run(
    store: Store, database: Database, tmp_path: Path
) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        import psycopg
        from sqlalchemy import create_engine
        from parity.store import Store
        from tests.store.build import dataset, pair, run

        class Rows(list):
            reads = 0
            def __iter__(self):
                self.reads += 1
                for place, row in enumerate(super().__iter__()):
                    if self.reads == 5 and place == 4000:
                        os.kill(os.getpid(), signal.SIGKILL)
                    yield row

        rows = Rows(pair(f"S{number}", 1.0, 2.0) for number in range(5000))
        url = os.environ["STORE"]
        store = Store(create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url)))
        found = run(dataset(list(rows), ("close",)))
        rows.reads = 0
        store.save(found, {"bars": rows}, config="c", evidence=Path(sys.argv[1]))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        cwd=Path(__file__).parents[2], check=False,
        env={**os.environ, "STORE": database.url_as("parity_harness")},
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    # It was in the middle of the file.
    assert [path.name for path in (tmp_path / RUN).iterdir()] == [".bars.parquet.part"]
    assert store.current("m", SESSION) is None
    rows = [pair("A", 1.0, 2.0)]
    assert stored(store, tmp_path, rows).num_rows == 1
    assert [path.name for path in (tmp_path / RUN).iterdir()] == ["bars.parquet"]
