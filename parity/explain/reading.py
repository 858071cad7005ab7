"""Rows of one side as arrays, read in the night's snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from parity.causes import Rows, Values
from parity.causes.frame import Ints
from parity.diff.queries.part import Part
from parity.explain import queries

__all__ = ["fixed_width", "read_rows"]

_HEAD = 19  # signature, flags, length of the extension
MASK = 62  # numbers whose NULLs one integer tells


def read_rows(
    connection: psycopg.Connection, part: Part, numbers: Sequence[int], texts: Sequence[int]
) -> Rows:
    """The rows of `queries.rows_of`, sorted by series and time.

    Args:
        connection: in the snapshot.
        part: the query.
        numbers: places of the fields that are numbers.
        texts: places of the others.
    """
    masks = -(-len(numbers) // MASK)
    if texts:
        table, others = _fetched(connection, part, masks, len(numbers))
    else:
        table, others = fixed_width(connection, part, 2 + masks, len(numbers)), []
    whole, floats = table
    order = np.lexsort((whole[:, 1], whole[:, 0]))
    whole, floats = whole[order], floats[order]
    size = len(numbers) + len(texts)
    values, null = np.full((len(whole), size), np.nan), np.zeros((len(whole), size), dtype=bool)
    for place, field in enumerate(numbers):
        values[:, field] = floats[:, place]
        mask = whole[:, 2 + place // MASK]
        null[:, field] = (mask >> (place % MASK)) & 1
    held = {}
    for column, field in zip(others, texts, strict=False):
        held[field] = column[order]
        null[:, field] = np.array([value is None for value in held[field]], dtype=bool)
    return Rows(whole[:, 0].copy(), whole[:, 1].copy(), Values(values, null, held))


def fixed_width(
    connection: psycopg.Connection, part: Part, whole: int, floats: int
) -> tuple[Ints, np.ndarray[Any, np.dtype[np.float64]]]:
    """Rows of `whole` int8 and then `floats` float8 columns, none of them NULL.

    Binary COPY has a fixed width then, and is read without a loop: a million rows in a second.
    """
    with connection.cursor() as cursor, cursor.copy(queries.copied(part), part.values) as copy:
        data = b"".join(copy)
    columns: list[tuple[str, str]] = [("count", ">i2")]
    for number in range(whole + floats):
        columns += [(f"s{number}", ">i4"), (f"v{number}", ">i8" if number < whole else ">f8")]
    kind = np.dtype(columns)
    size = (len(data) - _HEAD - 2) // kind.itemsize
    rows = np.frombuffer(data, dtype=kind, count=size, offset=_HEAD)
    integers = np.empty((size, whole), dtype=np.int64)
    for number in range(whole):
        integers[:, number] = rows[f"v{number}"]
    numbers = np.empty((size, floats))
    for number in range(floats):
        numbers[:, number] = rows[f"v{whole + number}"]
    return integers, numbers


def _fetched(
    connection: psycopg.Connection, part: Part, masks: int, floats: int
) -> tuple[tuple[Ints, Any], list[np.ndarray[Any, np.dtype[np.object_]]]]:
    rows = connection.execute(part.text, part.values).fetchall()
    whole = np.array([row[: 2 + masks] for row in rows], dtype=np.int64).reshape(-1, 2 + masks)
    numbers = np.array(
        [row[2 + masks : 2 + masks + floats] for row in rows], dtype=np.float64
    ).reshape(len(rows), floats)
    width = len(rows[0]) if rows else 2 + masks + floats
    others = []
    for place in range(2 + masks + floats, width):
        column = np.empty(len(rows), dtype=object)
        column[:] = [row[place] for row in rows]
        others.append(column)
    return (whole, numbers), others
