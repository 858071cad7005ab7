"""Archives: every value kept, and nothing called an archive that is not one."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.database import Database
from parity.model.errors import ComparisonError, ParityError, UsageError
from parity.model.suite import Relation
from parity.model.verdict import Side
from parity.nightly import Harness
from parity.nightly.upkeep.archive import archive
from parity.upkeep.archiving import EVERYTHING, check_file, digest_rows
from parity.upkeep.forms import forms_of
from tests.upkeep.conftest import MakeHarness

Execute = Callable[..., list[tuple[object, ...]]]

CONFIG = """version: 1
migration: toy
datasets:
  - {name: everything, kind: table, legacy: legacy.everything, candidate: prefect.everything,
     key: [id]}
"""
# Rows as PostgreSQL reads them, and what Arrow must give back.
COLUMNS: dict[str, tuple[str, list[str | None], list[object] | None, pa.DataType]] = {
    "whole": ("bigint", ["-9223372036854775808", "9223372036854775807", None],
              [-(2**63), 2**63 - 1, None], pa.int64()),
    "small": ("smallint", ["-32768", "0", None], [-32768, 0, None], pa.int16()),
    "flag": ("boolean", ["true", "false", None], [True, False, None], pa.bool_()),
    "price": ("numeric(15,4)", ["0.0001", "-99999999999.9999", None],
              [Decimal("0.0001"), Decimal("-99999999999.9999"), None], pa.decimal128(15, 4)),
    "tiny": ("numeric(20,18)", ["0.000000000000000001", "-1.5", None],
             [Decimal("0.000000000000000001"), Decimal("-1.500000000000000000"), None],
             pa.decimal128(20, 18)),
    "wide": ("numeric(60,10)", ["1" * 50 + ".0000000001", "-0.5", None],
             ["1" * 50 + ".0000000001", "-0.5000000000", None], pa.string()),
    "not_number": ("numeric(15,4)", ["NaN", "1.5", None], ["NaN", "1.5000", None], pa.string()),
    "any_number": ("numeric", ["1.10", "Infinity", None], ["1.10", "Infinity", None], pa.string()),
    "double": ("double precision", ["0.1", "-Infinity", None], [0.1, -math.inf, None],
               pa.float64()),
    "near": ("double precision", ["5e-324", "1.7976931348623157e308", None],
             [5e-324, 1.7976931348623157e308, None], pa.float64()),
    "single": ("real", ["0.1", "3.4028235e38", None],
               [0.10000000149011612, 3.4028234663852886e38, None], pa.float32()),
    "day": ("date", ["2005-02-28", "4713-01-01 BC", None], None, pa.date32()),
    "no_day": ("date", ["2005-02-28", "infinity", None], ["2005-02-28", "infinity", None],
               pa.string()),
    "moment": ("timestamptz", ["2005-02-28 09:30:00.000001-05", "1969-12-31 23:59:59.999999+00",
                               None],
               [datetime(2005, 2, 28, 14, 30, 0, 1, UTC),
                datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), None],
               pa.timestamp("us", tz="UTC")),
    "bare": ("timestamp", ["2005-02-28 09:30:00", "0001-01-01 00:00:00", None],
             [datetime(2005, 2, 28, 9, 30), datetime(1, 1, 1), None],  # noqa: DTZ001
             pa.timestamp("us")),
    "text": ("text", ["", "a,\"b\"\nc\r\nd 🙂", None], ["", "a,\"b\"\nc\r\nd 🙂", None],
             pa.string()),
    "looks_null": ("text", ["NULL", "nan", None], ["NULL", "nan", None], pa.string()),
    "padded": ("char(3)", ["a", "", None], ["a  ", "   ", None], pa.string()),
    "document": ("jsonb", ['{"a": [1, null]}', "[]", None], ['{"a": [1, null]}', "[]", None],
                 pa.string()),
    "list": ("integer[]", ["{1,NULL}", "{}", None], ["{1,NULL}", "{}", None], pa.string()),
    "span": ("interval", ["1 day 02:00", "0", None], ["1 day 02:00:00", "00:00:00", None],
             pa.string()),
    "bytes": ("bytea", ["\\x00ff", "\\x", None], ["\\x00ff", "\\x", None], pa.string()),
}  # fmt: skip


@pytest.fixture
def everything(execute: Execute) -> None:
    """A table with a column of every type, in a database that writes dates its own way."""
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, *_) in COLUMNS.items())
    execute(f"CREATE TABLE legacy.everything (id int PRIMARY KEY, {columns})")
    for row in range(3):
        values = [told[row] for _, told, *_ in COLUMNS.values()]
        marks = ", ".join(f"%s::{kind}" for kind, *_ in COLUMNS.values())
        execute(f"INSERT INTO legacy.everything VALUES ({row}, {marks})", *values)
    execute("GRANT SELECT ON legacy.everything TO parity_harness")
    execute("ALTER ROLE parity_harness SET DateStyle = 'German'")
    execute("ALTER ROLE parity_harness SET TimeZone = 'Asia/Kolkata'")
    execute("ALTER ROLE parity_harness SET extra_float_digits = 0")


@pytest.fixture
def _settings_back(execute: Execute) -> Iterator[None]:
    yield
    execute("ALTER ROLE parity_harness RESET ALL")


@pytest.mark.usefixtures("_settings_back", "everything")
def test_every_value_of_every_type_is_kept(make: MakeHarness, tmp_path: Path) -> None:
    account = archive(make(CONFIG), side=Side.LEGACY, folder=tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "toy-legacy-whole" / "legacy.everything.parquet")
    assert account.lines[0].number == table.num_rows == 3
    table = table.sort_by("id")
    for name, (_, _, expected, stored) in COLUMNS.items():
        assert table.schema.field(name).type == stored, name
        if expected is not None:
            assert table[name].to_pylist() == expected, name
    # Before year 1 Python has no dates: 4713-01-01 BC is Julian day 38 in the Gregorian calendar
    # (day 0 is 4714-11-24 BC), and 1970-01-01 is Julian day 2440588.
    assert table["day"].cast(pa.int32()).to_pylist()[1] == 38 - 2440588
    assert table.schema.field("price").metadata == {b"postgresql": b"numeric(15,4)"}


TIMES = """version: 1
migration: toy
datasets:
  - {name: days, kind: table, legacy: legacy.days, candidate: prefect.days, key: [day], time: day}
  - {name: moments, kind: table, legacy: legacy.moments, candidate: prefect.moments,
     key: [at], time: at}
  - {name: bare, kind: table, legacy: legacy.bare, candidate: prefect.bare,
     key: [at], time: at, timezone: Europe/Berlin}
  - {name: names, kind: table, legacy: "legacy.odd/name", candidate: prefect.names, key: [name]}
"""


@pytest.fixture
def times(make: MakeHarness, execute: Execute) -> Harness:
    """Three relations that know sessions, and one that does not."""
    execute(
        "SET ROLE legacy_writer; CREATE TABLE legacy.days (day date);"
        "CREATE TABLE legacy.moments (at timestamptz); CREATE TABLE legacy.bare (at timestamp);"
        'CREATE TABLE legacy."odd/name" (name text);'
        "INSERT INTO legacy.days SELECT date '2005-02-24' + i FROM generate_series(0, 5) i;"
        # In New York: the last moment of the 24th, midnight of the 25th, the end of the 28th.
        "INSERT INTO legacy.moments VALUES ('2005-02-24 23:59:59.999999-05'), "
        "('2005-02-25 00:00-05'), ('2005-02-28 23:59:59.999999-05'), ('2005-03-01 00:00-05'), "
        "(NULL);"
        # The same in Berlin, six hours later.
        "INSERT INTO legacy.bare SELECT at AT TIME ZONE 'Europe/Berlin' FROM legacy.moments"
    )
    return make(TIMES)


def test_sessions_are_the_exchanges_days(times: Harness, tmp_path: Path) -> None:
    def rows(first: date | None, last: date | None) -> list[int]:
        account = archive(times, side=Side.LEGACY, first=first, last=last, folder=tmp_path)
        return [line.number for line in account.lines]

    assert rows(date(2005, 2, 25), date(2005, 2, 28)) == [4, 2, 2, 0]
    assert rows(date(2005, 2, 25), None) == [5, 3, 3, 0]
    assert rows(None, date(2005, 2, 25)) == [2, 2, 2, 0]
    assert sorted(path.name for path in tmp_path.glob("toy-*")) == [
        "toy-legacy-from-2005-02-25", "toy-legacy-from-2005-02-25-to-2005-02-28",
        "toy-legacy-to-2005-02-25",
    ]  # fmt: skip
    place = tmp_path / "toy-legacy-from-2005-02-25-to-2005-02-28"
    assert pq.read_table(place / "legacy.days.parquet")["day"].to_pylist() == [
        date(2005, 2, day) for day in (25, 26, 27, 28)
    ]
    assert pq.read_table(place / "legacy.odd%2Fname.parquet").schema.names == ["name"]
    with pytest.raises(UsageError, match="--first 2005-03-01 is after --last 2005-02-25"):
        rows(date(2005, 3, 1), date(2005, 2, 25))
    with pytest.raises(ParityError, match=r"there is no relation prefect\.days with columns"):
        archive(times, side=Side.CANDIDATE, folder=tmp_path)
    assert not list(tmp_path.glob("*candidate*"))


def test_what_is_complete_stays_and_what_is_not_is_replaced(
    times: Harness, tmp_path: Path, execute: Execute
) -> None:
    def again() -> str:
        return archive(times, side=Side.LEGACY, folder=tmp_path).title

    place = tmp_path / "toy-legacy-whole"
    assert again() == "Archive toy-legacy-whole written and read back"
    manifest = json.loads((place / "manifest.json").read_bytes())
    for one in manifest["relations"]:
        content = (place / one["file"]).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (one["bytes"], one["sha256"])
    execute("INSERT INTO legacy.days VALUES ('2006-01-01')")
    assert again() == "Archive toy-legacy-whole is complete already"
    assert json.loads((place / "manifest.json").read_bytes()) == manifest

    (place / "notes.txt").write_text("mine")
    damaged = place / "legacy.days.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    (tmp_path / ".toy-legacy-whole.new").mkdir()  # as a killed one leaves it
    assert again() == "Archive toy-legacy-whole written and read back"
    assert pq.read_table(damaged).num_rows == 7
    assert (place / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.glob(".toy*")] == []

    (place / "manifest.json").unlink()
    with pytest.raises(UsageError, match=r"whole is no archive, as it has no manifest\.json"):
        again()


@pytest.mark.usefixtures("_settings_back", "everything")
def test_a_file_that_says_anything_else_is_refused(database: Database, tmp_path: Path) -> None:
    relation = Relation("legacy", "everything")
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET extra_float_digits = 1")
        connection.execute("UPDATE legacy.everything SET double = -0.0 WHERE id = 0")
        forms = forms_of(connection, relation)
        expected = digest_rows(connection, relation, forms, EVERYTHING)
    other = {form.name: [None, None, None] for form in forms} | {"id": [0, 1, 2]}
    schema = pa.schema([(form.name, form.stored) for form in forms])
    pq.write_table(pa.table(other, schema=schema), tmp_path / "file.parquet")
    with pytest.raises(ComparisonError, match="does not hold the same values as legacy"):
        check_file(tmp_path / "file.parquet", forms, expected, relation)
    pq.write_table(schema.empty_table(), tmp_path / "file.parquet")
    with pytest.raises(ComparisonError, match=r"holds 0 rows of legacy\.every.*, the database 3"):
        check_file(tmp_path / "file.parquet", forms, expected, relation)


NEAR = {
    "double precision": ("0", "'-0'"),
    "float8": ("'NaN'", "NULL"),
    "numeric(15,4)": ("1.0001", "1.0002"),
    "text": ("''", "NULL"),
    "timestamptz": ("'2005-01-01 00:00+00'", "'2005-01-01 00:00:00.000001+00'"),
}


def test_the_digest_tells_values_apart(database: Database) -> None:
    def digest(connection: psycopg.Connection, kind: str, *values: str) -> str:
        relation = Relation("legacy", "t")
        with connection.transaction(force_rollback=True):
            rows = ", ".join(f"({value})" for value in values)
            connection.execute(
                f"CREATE TABLE legacy.t (v {kind}); INSERT INTO legacy.t VALUES {rows}"
            )
            forms = forms_of(connection, relation)
            return str(digest_rows(connection, relation, forms, EVERYTHING))

    with psycopg.connect(database.admin_url) as connection:
        for kind, (one, other) in NEAR.items():
            both = digest(connection, kind, one, other)
            assert both == digest(connection, kind, other, one), kind  # in no order
            twice = {digest(connection, kind, value, value) for value in (one, other)}
            assert len(twice | {both}) == 3, kind


KILLED = """
import os, sys
from pathlib import Path
from parity.model.verdict import Side
from parity.nightly import open_harness
from parity.nightly.upkeep.archive import archive
archive(open_harness(Path(sys.argv[1]), os.environ), side=Side.LEGACY, folder=Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_killed_one_leaves_no_archive_and_the_next_one_is_whole(
    make: MakeHarness, database: Database, execute: Execute, tmp_path: Path
) -> None:
    execute(
        "CREATE TABLE legacy.everything AS SELECT i AS id, i / 7.0::float8 AS price, "
        "now() + i * interval '1 s' AS at FROM generate_series(1, 150000) i;"
        "GRANT SELECT ON legacy.everything TO parity_harness"
    )
    harness = make(CONFIG)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "parity.yaml", out],
        env=os.environ | {"PYTHONPATH": os.fspath(Path.cwd())},
    )
    while process.poll() is None and not list(out.glob(".*/*.parquet")):
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path.name for path in out.iterdir()] == [".toy-legacy-whole.new"]
    account = archive(harness, side=Side.LEGACY, folder=out)
    assert account.lines[0].number == 150_000
    assert [path.name for path in out.iterdir()] == ["toy-legacy-whole"]
