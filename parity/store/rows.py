"""Discrepancies on their way into the database and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, select

from parity.database.batches import Batch, Column, Side, batches_of
from parity.model.result import Discrepancy, RowState, RunResult
from parity.store import tables
from parity.store.codec import DECODERS, column_texts, decode, dumps, text
from parity.store.connection import driver
from parity.store.queries import COPY_DISCREPANCIES

__all__ = ["Rows", "copy_rows", "digest_rows", "stored_rows"]

_AT_ONCE = 2_000  # rows that are read at once
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
_STATES = {state.value: state for state in RowState}

Rows = Mapping[str, Iterable[Discrepancy]]


def digest_rows(rows: Rows) -> tuple[str, dict[str, int]]:
    """A digest of all discrepancies, and how many each dataset has."""
    digest = hashlib.sha256()
    counts = {}
    for dataset, found in rows.items():
        digest.update(dumps(["dataset", dataset]).encode())
        counts[dataset] = 0
        for batch in batches_of(found):
            digest.update("".join(_lines(batch)).encode())
            counts[dataset] += len(batch)
    return digest.hexdigest(), counts


def copy_rows(connection: Connection, run_id: str, rows: Rows, limit: int) -> None:
    """Puts the first `limit` discrepancies of each dataset into the database."""
    with driver(connection).cursor() as cursor, cursor.copy(COPY_DISCREPANCIES) as copy:
        for dataset, found in rows.items():
            head = f"{_escaped(run_id)}\t{_escaped(dataset)}\t"
            ordinal = 0
            for batch in batches_of(found):
                lines = _lines(batch)[: limit - ordinal]
                numbered = [f"{head}{place}\t{line}" for place, line in enumerate(lines, ordinal)]
                copy.write("".join(numbered).encode())
                ordinal += len(lines)
                if ordinal >= limit:
                    break


def stored_rows(connection: Connection, result: RunResult, dataset: str) -> Iterator[Discrepancy]:
    """The discrepancies of a dataset that were stored, in key order, streamed."""
    names = {entry.name: [column.name for column in entry.columns] for entry in result.datasets}
    table = tables.discrepancy
    wanted = (
        select(
            table.c.state, cast(table.c.key, Text), cast(table.c.legacy, Text),
            cast(table.c.candidate, Text), cast(func.to_jsonb(table.c.columns), Text),
            table.c.incident,
        )
        .where(table.c.run_id == result.run_id, table.c.dataset == dataset)
        .order_by(table.c.ordinal)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip
    for some in connection.execute(wanted).partitions():
        yield from _rows(some, names[dataset])


def _rows(some: Sequence[Row[Any]], names: list[str]) -> Iterator[Discrepancy]:
    """Rows whose key and sides are JSON text: one text of many is read faster than many."""
    states, *documents, columns, incidents = zip(*some, strict=True)
    keys, legacy, candidate = (json.loads(f"[{','.join(map(_or_null, one))}]") for one in documents)
    found = zip(states, keys, legacy, candidate, columns, incidents, strict=True)
    for state, key, before, after, differing, incident in found:
        yield Discrepancy(
            state=_STATES[state],
            key=tuple(map(_decoded, key)),
            legacy=_values(before, names),
            candidate=_values(after, names),
            columns=_columns(differing),
            incident=incident,
        )


@lru_cache(maxsize=4096)
def _columns(document: str) -> tuple[str, ...]:
    return tuple(json.loads(document))


def _or_null(document: str | None) -> str:
    return document or "null"


def _lines(batch: Batch) -> list[str]:
    """State, key, sides, columns, incident as COPY reads them. Equal rows have equal lines."""
    keys = _joined("[", [""] * len(batch.key), batch.key, "]", len(batch))
    sides = zip(keys, _side(batch.legacy, len(batch)), _side(batch.candidate, len(batch)),
                strict=True)  # fmt: skip
    # JSON text has no tab and no line end; of what COPY would read, only the backslash is left.
    return [
        f"{state}\t{text}\t{_tail(columns, incident)}"
        for state, text, columns, incident in zip(
            batch.states,
            ["\t".join(parts).replace("\\", "\\\\").replace("\0", "\\N") for parts in sides],
            batch.columns,
            batch.incidents,
            strict=True,
        )
    ]


def _side(side: Side, size: int) -> Iterable[str]:
    names = [f"{text(name)}:" for name in side.names]
    rows = _joined("{", names, side.columns, "}", size)
    if side.present is None:
        return rows
    # NUL is never in JSON text: it stands for SQL's NULL.
    return [row if there else "\0" for row, there in zip(rows, side.present, strict=True)]


def _joined(
    before: str, names: Sequence[str], columns: Sequence[Column], after: str, size: int
) -> list[str]:
    """The JSON text of each row: `before`, the columns with their names, `after`."""
    if not columns:
        return [before + after] * size
    inner = ",".join(name.replace("%", "%%") + "%s" for name in names)
    template = f"{before}{inner}{after}"
    texts = (column_texts(column.values, decimal=column.decimal) for column in columns)
    return [template % row for row in zip(*texts, strict=True)]


@lru_cache(maxsize=4096)
def _tail(columns: tuple[str, ...], incident: str) -> str:
    return f"{_array(columns)}\t{_escaped(incident)}\n"


def _array(names: tuple[str, ...]) -> str:
    quoted = (name.replace("\\", "\\\\").replace('"', '\\"') for name in names)
    inner = ",".join(f'"{name}"' for name in quoted)
    return _escaped(f"{{{inner}}}")


def _escaped(field: str) -> str:
    return (
        field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    )


def _values(stored: dict[str, Any] | None, names: list[str]) -> dict[str, Any] | None:
    """A row's values in column order, which jsonb does not keep."""
    if stored is None:
        return None
    return {
        name: value if (value := stored[name]).__class__ in _AS_THEY_ARE else _decoded(value)
        for name in names
    }


def _decoded(value: Any) -> Any:
    """As `decode`, sooner for the values that rows are made of."""
    read = DECODERS.get(value["$"]) if value.__class__ is dict else None
    return read(value["v"]) if read else decode(value)
