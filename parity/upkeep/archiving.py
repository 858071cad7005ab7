"""Writes a relation's rows to a Parquet file, a block at a time, and reads them back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow import csv

from parity.model.errors import ComparisonError, UsageError
from parity.model.suite import Relation
from parity.upkeep.contents import Digest, digest_file
from parity.upkeep.forms import Form
from parity.upkeep.queries import reading

__all__ = ["Stretch", "check_file", "checksum", "digest_rows", "write_rows"]

ROWS = 1024
BLOCK = 1 << 23  # bytes of CSV that are held at once, and the longest row that can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Rows of some sessions: those whose `column` lies on the days from `first` to `last`.

    Days are the exchange's, in `zone`; `meaning` is the zone of a bare timestamp. None: no end.
    """

    column: str
    first: date | None
    last: date | None
    zone: ZoneInfo
    meaning: ZoneInfo

    def where(self, forms: Sequence[Form]) -> sql.Composed:
        """The test of a row.

        Raises:
            UsageError: the column holds neither dates nor times.
        """
        kinds = {form.name: form.type.partition("(")[0] for form in forms}
        kind = kinds.get(self.column, "")
        if not kind.startswith(("date", "timestamp")):
            raise UsageError(
                f"column {self.column} holds no dates or times, so sessions cannot be chosen by "
                "it; archive the whole side"
            )
        after = None if self.last is None else self.last + timedelta(days=1)
        bounds = [day and self._bound(day, kinds[self.column]) for day in (self.first, after)]
        return reading.within(self.column, *bounds)

    def _bound(self, day: date, kind: str) -> date | datetime:
        if kind == "date":
            return day
        midnight = datetime.combine(day, time.min, self.zone)
        bare = "without" in kind
        return midnight.astimezone(self.meaning).replace(tzinfo=None) if bare else midnight


EVERYTHING = sql.SQL("true")


def write_rows(
    connection: psycopg.Connection,
    relation: Relation,
    forms: Sequence[Form],
    where: sql.Composable,
    path: Path,
) -> None:
    """Writes the rows to a new file in the order in which the database has them.

    Args:
        connection: in the snapshot to read, with `reading.SETTINGS`.
        relation: the table or view.
        forms: its columns.
        where: which rows; a text without parameters.
        path: the file.

    Raises:
        psycopg.Error: the database refuses.
        OSError, pa.ArrowException: the disk refuses, or a row is longer than a block.
    """
    schema = pa.schema(
        [pa.field(one.name, one.stored, metadata={"postgresql": one.type}) for one in forms],
        metadata={"parity.relation": str(relation)},
    )
    query = reading.copy_rows(relation, [(one.name, one.how) for one in forms], where)
    with (
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
        connection.cursor() as cursor,
        cursor.copy(query) as rows,
        _reader(rows, forms) as reader,
    ):
        for batch in reader:
            columns = [batch.column(place).cast(form.stored) for place, form in enumerate(forms)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def digest_rows(
    connection: psycopg.Connection,
    relation: Relation,
    forms: Sequence[Form],
    where: sql.Composable,
) -> Digest:
    """The digest of the rows themselves, computed by the database.

    Raises:
        psycopg.Error: the database refuses.
    """
    columns = [(one.name, one.how, one.scale) for one in forms]
    row: Any = connection.execute(reading.digest(relation, columns, where)).fetchone()
    return Digest(int(row[0]), (int(row[1]), int(row[2])))


def check_file(path: Path, forms: Sequence[Form], expected: Digest, relation: Relation) -> None:
    """Reads a file back.

    Raises:
        ComparisonError: it does not hold exactly the rows that the database has.
        OSError, pa.ArrowException: it cannot be read.
    """
    found = digest_file(path, forms)
    if found.rows != expected.rows:
        raise ComparisonError(
            f"{path.name} holds {found.rows:,} rows of {relation}, the database {expected.rows:,}"
        )
    if found != expected:
        raise ComparisonError(
            f"{path.name} does not hold the same values as {relation} in the database"
        )


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reader(rows: psycopg.Copy, forms: Sequence[Form]) -> csv.CSVStreamingReader:
    """CSV blocks as Arrow batches. Only an unquoted nothing is NULL."""
    kinds = {str(place): form.read for place, form in enumerate(forms)}
    return csv.open_csv(
        io.BufferedReader(_Stream(rows), BLOCK),
        read_options=csv.ReadOptions(block_size=BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=kinds,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


class _Stream(io.RawIOBase):
    """What COPY sends, as a file."""

    def __init__(self, rows: psycopg.Copy) -> None:
        self._blocks: Iterator[Any] = iter(rows)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills some of the buffer; 0 at the end."""
        if not self._rest:
            # COPY sends a row at a time.
            self._rest = memoryview(b"".join(islice(self._blocks, ROWS)))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
