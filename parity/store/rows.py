"""Discrepancies on their way into the database and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from parity.database.batches import Batch, Column, Side, batches_of
from parity.model.result import Discrepancy, RowState, RunResult
from parity.store import tables
from parity.store.codec import column_texts, decode, dumps, text
from parity.store.connection import driver
from parity.store.queries import COPY_DISCREPANCIES

__all__ = ["Rows", "copy_rows", "digest_rows", "stored_rows"]

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
            table.c.state, table.c.key, table.c.legacy, table.c.candidate, table.c.columns,
            table.c.incident,
        )
        .where(table.c.run_id == result.run_id, table.c.dataset == dataset)
        .order_by(table.c.ordinal)
        .execution_options(yield_per=2000)
    )  # fmt: skip
    for row in connection.execute(wanted):
        yield Discrepancy(
            state=RowState(row.state),
            key=tuple(decode(row.key)),
            legacy=_values(row.legacy, names[dataset]),
            candidate=_values(row.candidate, names[dataset]),
            columns=tuple(row.columns),
            incident=row.incident,
        )


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
    return None if stored is None else {name: decode(stored[name]) for name in names}
