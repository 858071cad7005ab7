"""Two runs held against each other by their evidence files, which hold all discrepancies.

Each row of both files becomes two digests: of what it is (state and key) and of what it says
(values of both sides, and which columns differ). So much of millions of rows fits into memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from parity.database.batches import Column
from parity.model.since import Since
from parity.store.arrow import Seen

__all__ = ["Evidence", "evidence_of", "since_evidence"]

FIRST = 5  # keys that are named
BATCH = 1 << 15
IDENTITY = ("state", "key")
SAYS = ("side", "columns", "legacy", "candidate")

Field = tuple[str, str]  # what a column is, and of which column of the dataset


@dataclass(frozen=True, slots=True)
class Evidence:
    """The file of one dataset of a run (None: no row differs), and its columns."""

    path: Path | None
    places: dict[Field, int]
    types: dict[Field, pa.DataType]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order."""
        if self.path is not None:
            with pq.ParquetFile(self.path) as file:
                yield from file.iter_batches(BATCH)


def evidence_of(place: Path, dataset: str, content: str, rows: int) -> Evidence | None:
    """What a run's folder has of a dataset; None where that is not all of it.

    Args:
        place: folder of the run.
        dataset: its name.
        content: digest of what the run found, which the file was written from.
        rows: how many discrepancies there are.
    """
    if not rows:
        return Evidence(None, {}, {})
    path = place / f"{dataset}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            schema, found = file.schema_arrow, file.metadata.num_rows
    except (OSError, pa.ArrowException):
        return None
    if (schema.metadata or {}).get(b"parity.content") != content.encode() or found != rows:
        return None
    fields: list[Field] = []
    for field in schema:
        says = json.loads(field.metadata[b"parity"])
        fields.append((says["is"], says["column"]))
    places = {field: place for place, field in enumerate(fields)}
    return Evidence(path, places, {field: schema.field(place).type for place, field in
                                   enumerate(fields)})  # fmt: skip


def since_evidence(
    dataset: str, key: Sequence[str], now: Evidence, before: Evidence
) -> Since | None:
    """What one run has that an earlier one had not; None where a file cannot be read to its end."""
    try:
        return _since(dataset, key, now, before)
    except (OSError, pa.ArrowException):
        return None


def _since(dataset: str, key: Sequence[str], now: Evidence, before: Evidence) -> Since:
    left, right = _digests(now, before), _digests(before, now)
    # Rows of one state and key (doubled keys) pair up in their order.
    paired = left.merge(
        right, on=["one", "other", "time"], how="outer", suffixes=("_now", "_before")
    )
    new = np.sort(paired["place_now"][paired["place_before"].isna()].to_numpy(dtype=np.int64))
    gone = np.sort(paired["place_before"][paired["place_now"].isna()].to_numpy(dtype=np.int64))
    both = paired.dropna(subset=["place_now", "place_before"])
    return Since(
        dataset=dataset,
        new=len(new),
        gone=len(gone),
        persisting=len(both),
        changed=int((both["says_now"] != both["says_before"]).sum()),
        new_keys=_keys(now, key, new[:FIRST].tolist()),
        gone_keys=_keys(before, key, gone[:FIRST].tolist()),
    )


def _digests(file: Evidence, other: Evidence) -> pd.DataFrame:
    """For each row: two halves of what it is, what it says, its place, and how often before."""
    wanted = {
        names: sorted(field for field in file.places if field[0] in names)
        for names in (IDENTITY, SAYS)
    }
    digests = bytearray()
    for batch in file.batches():
        columns = {
            names: _joined([_text(file, other, batch, field) for field in fields], len(batch))
            for names, fields in wanted.items()
        }
        said = json.dumps(wanted[SAYS])  # the same columns with the same values, or it has changed
        for what, says in zip(columns[IDENTITY], columns[SAYS], strict=True):
            digests += _digest(what, 16) + _digest(said + says, 8)
    numbers = np.frombuffer(bytes(digests), dtype=np.int64).reshape(-1, 3)
    frame = pd.DataFrame(numbers, columns=["one", "other", "says"])
    frame["place"] = np.arange(len(frame))
    frame["time"] = frame.groupby(["one", "other"]).cumcount()
    # A row that has no partner must not turn the digests of the others into floats.
    return frame.astype({"says": "Int64", "place": "Int64"})


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _text(file: Evidence, other: Evidence, batch: pa.RecordBatch, field: Field) -> pa.Array:
    """A column as text, of which equal values have one and different values have two."""
    array = batch.column(file.places[field])
    if pa.types.is_list(array.type):
        return pc.binary_join(array, "\0")  # no name in PostgreSQL holds that
    if pa.types.is_string(array.type):
        return array
    if other.types.get(field, array.type) != array.type:
        # In the other file it is text, as all values of a mixed column are.
        return Seen(kinds={str, object}).array(Column(array.to_pylist(), False))
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    return array.cast(pa.string())


def _joined(columns: Sequence[pa.Array], size: int) -> list[str]:
    """The texts of each row as one, in which it can be seen where each begins, and NULLs."""
    if not columns:
        return [""] * size
    parts = [
        pc.binary_join_element_wise(pc.binary_length(one).cast(pa.string()), one, ":")
        for one in columns
    ]
    joined = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="-")
    texts: list[str] = joined.to_pylist()
    return texts


def _keys(file: Evidence, key: Sequence[str], places: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    """The keys of the rows at some places."""
    found: list[tuple[Any, ...]] = []
    start = 0
    for batch in file.batches():
        inside = [place - start for place in places if start <= place < start + len(batch)]
        columns = [batch.column(file.places["key", name]).take(pa.array(inside, pa.int64()))
                   for name in key]  # fmt: skip
        found += zip(*(column.to_pylist() for column in columns), strict=True) if inside else ()
        start += len(batch)
        if not places or start > places[-1]:
            break
    return tuple(found)
