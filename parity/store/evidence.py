"""All discrepancies of a run as Parquet files, one for each dataset that has any, and its extras.

`<folder>/<run_id>/<dataset>.parquet`, written under another name and put in place on disk before
the run is committed: a run in the database has its files. One that has gone since is seen by its
absence. A file names the content it was written from, so what is left of another database or of
a save that was undone is not taken for the run's.

Extras are what else a night keeps with its run: what charts are drawn from, data docs. They say
nothing of the run they are of, so they are written anew with each save until the run is sealed.
One that cannot be written is logged and left out: no night is lost for a picture.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from parity.database.batches import Batch, Column, Side, batches_of
from parity.model.errors import StoreError
from parity.model.result import DatasetResult, Discrepancy, RunResult
from parity.store.arrow import Seen, delta_array
from parity.store.rows import Rows

__all__ = ["NO_EXTRAS", "write_evidence"]

NO_EXTRAS: Mapping[str, bytes] = MappingProxyType({})

_log = logging.getLogger(__name__)

GROUP = 1 << 24  # bytes of a row group before compression, so much is held at once


def write_evidence(
    folder: Path,
    result: RunResult,
    rows: Rows,
    content: str,
    extras: Mapping[str, bytes] = NO_EXTRAS,
) -> None:
    """Writes what is missing of a run's files and removes what is not of it.

    What was sealed with this content stays as it is, its extras too. Rows that were missing when
    it was sealed stay missing: nobody could tell them from forged ones. Of a run that is not sealed
    all extras are written, and those of an earlier save that are not among them are removed.

    Args:
        folder: that of all runs.
        result: the run, with its id.
        rows: all discrepancies of each dataset.
        content: the digest of what was found.
        extras: further files by name, whole; those that cannot be written are left out.

    Raises:
        StoreError: the disk refused what is not an extra.
    """
    place = folder / result.run_id
    datasets = {
        f"{dataset.name}.parquet": dataset
        for dataset in result.datasets
        if next(iter(rows.get(dataset.name, ())), None) is not None
    }
    try:
        lost = _sealed_without(place, content)
        _remove_stale(place, {*datasets, *extras}, sealed=lost is not None)
        for name, dataset in datasets.items():
            if name not in (lost or ()) and not _is_whole(place / name, content):
                place.mkdir(parents=True, exist_ok=True)
                _write(place / name, result.run_id, dataset, rows[dataset.name], content)
        if lost is None:
            _write_extras(place, extras)
    except (OSError, pa.ArrowException) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise StoreError(f"the evidence of the run cannot be written to {place}: {said}") from error


def _remove_stale(place: Path, known: set[str], *, sealed: bool) -> None:
    for stale in list(place.iterdir()) if place.is_dir() else ():
        gone = _is_rows(stale.name) or (not sealed and _is_extra(stale.name))
        if gone and stale.name not in known:
            stale.unlink()


def _write_extras(place: Path, extras: Mapping[str, bytes]) -> None:
    for name, held in extras.items():
        place.mkdir(parents=True, exist_ok=True)
        try:
            with _replacing(place / name) as file:
                file.write(held)
        except OSError as error:
            _log.warning("%s is left out: %s", place / name, error.strerror or error)
            with suppress(OSError):  # that of an earlier save is not this one's
                (place / name).unlink()


def _sealed_without(place: Path, content: str) -> set[str] | None:
    """Names of the files that the seal of this run has named as missing; None without a seal."""
    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        return set(manifest["missing"]) if manifest["content"] == content else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None  # no manifest of ours: the verification says so


def _is_rows(name: str) -> bool:
    """True of the rows of a dataset, and of what a killed process left of them."""
    return name.endswith((".parquet", ".parquet.part"))


def _is_extra(name: str) -> bool:
    """True of every file that a night keeps beside its rows, and of what a kill left of one."""
    whole = name.removeprefix(".").removesuffix(".part")
    return whole == "pictures.json" or (whole.startswith("quality-") and whole.endswith(".html"))


def _is_whole(path: Path, content: str) -> bool:
    try:
        return (pq.read_schema(path).metadata or {}).get(b"parity.content") == content.encode()
    except (OSError, pa.ArrowException):
        return False


@dataclass(frozen=True, slots=True)
class _Columns:
    """What is known of the columns of a file after a first look at all rows."""

    names: tuple[str, ...]
    key: list[Seen]
    legacy: list[Seen]
    candidate: list[Seen]

    def numeric(self, place: int) -> bool:
        return self.legacy[place].number or self.candidate[place].number


def _write(
    path: Path, run_id: str, dataset: DatasetResult, rows: Iterable[Discrepancy], content: str
) -> None:
    columns = _look(dataset, rows)
    schema = _schema(dataset, columns, {"parity.run_id": run_id, "parity.content": content})
    with _replacing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(columns, schema, rows):
            writer.write_table(pa.Table.from_batches(group))


def _groups(
    columns: _Columns, schema: pa.Schema, rows: Iterable[Discrepancy]
) -> Iterator[list[pa.RecordBatch]]:
    """The rows in batches, and these in groups large enough to compress well."""
    group: list[pa.RecordBatch] = []
    size = 0
    for batch in batches_of(rows):
        group.append(pa.RecordBatch.from_arrays(list(_arrays(columns, batch)), schema=schema))
        size += group[-1].nbytes
        if size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


@contextmanager
def _replacing(path: Path) -> Iterator[Any]:
    """A file that takes its name when it is whole and on disk."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _look(dataset: DatasetResult, rows: Iterable[Discrepancy]) -> _Columns:
    """Looks at all rows: only then is it known what type holds all values of a column."""
    names = tuple(column.name for column in dataset.columns)
    seen = _Columns(
        names, [Seen() for _ in dataset.key], [Seen() for _ in names], [Seen() for _ in names]
    )
    for batch in batches_of(rows):
        for kinds, columns in (
            (seen.key, batch.key),
            (seen.legacy, _side(batch.legacy, names, len(batch))),
            (seen.candidate, _side(batch.candidate, names, len(batch))),
        ):
            for kind, column in zip(kinds, columns, strict=True):
                kind.look(column)
    return seen


def _side(side: Side, names: Sequence[str], size: int) -> list[Column]:
    """The columns of one side in the dataset's order; NULL where it has no row in the batch."""
    held = dict(zip(side.names, side.columns, strict=True))
    nothing = Column([None] * size, False)
    return [held[name] if side.names else nothing for name in names]


def _schema(dataset: DatasetResult, columns: _Columns, metadata: dict[str, str]) -> pa.Schema:
    fields: list[pa.Field] = []
    taken: set[str] = set()

    def add(name: str, kind: pa.DataType, role: str, column: str = "") -> None:
        # A column may be called `state`, or `close_legacy` stand beside `close`: both are kept.
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        says = {"parity": json.dumps({"is": role, "column": column})}
        fields.append(pa.field(free, kind, metadata=says))

    add("state", pa.string(), "state")
    for name, seen in zip(dataset.key, columns.key, strict=True):
        add(name, seen.type, "key", name)
    add("side", pa.string(), "side")
    add("columns", pa.list_(pa.string()), "columns")
    add("incident", pa.string(), "incident")
    for place, name in enumerate(columns.names):
        add(f"{name}_legacy", columns.legacy[place].type, "legacy", name)
        add(f"{name}_candidate", columns.candidate[place].type, "candidate", name)
        if columns.numeric(place):
            add(f"{name}_delta", pa.float64(), "delta", name)
    return pa.schema(fields, metadata=metadata)


def _arrays(columns: _Columns, batch: Batch) -> Iterator[pa.Array]:
    """The columns in the order of the schema."""
    yield pa.array(batch.states, pa.string())
    for seen, column in zip(columns.key, batch.key, strict=True):
        yield seen.array(column)
    # Of a doubled key or one with NULL, nothing else says which side the row is on.
    yield pa.array(_sides(batch), pa.string())
    yield pa.array(batch.columns, pa.list_(pa.string()))
    yield pa.array(batch.incidents, pa.string())
    legacy = _side(batch.legacy, columns.names, len(batch))
    candidate = _side(batch.candidate, columns.names, len(batch))
    for place, (left, right) in enumerate(zip(legacy, candidate, strict=True)):
        one, other = columns.legacy[place], columns.candidate[place]
        yield one.array(left)
        yield other.array(right)
        if columns.numeric(place):
            doubles = one.kinds | other.kinds <= {float, type(None)}
            yield delta_array(left, right, doubles=doubles)


def _sides(batch: Batch) -> list[str | None]:
    """The only side that has the row; None where both have it."""
    every = [True] * len(batch)
    return [
        None if legacy and candidate else "legacy" if legacy else "candidate"
        for legacy, candidate in zip(
            batch.legacy.present or every, batch.candidate.present or every, strict=True
        )
    ]
