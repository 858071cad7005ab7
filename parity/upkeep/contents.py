"""The digest of rows, computed from an archive's file as `queries.reading.digest` does in SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from parity.upkeep.forms import TEXTS, Form

__all__ = ["Digest", "digest_file"]

BATCH = 1 << 15


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows and two sums over their hashes, which depend on no order."""

    rows: int
    sums: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.sums[0]}/{self.sums[1]}"


def digest_file(path: Path, forms: Sequence[Form]) -> Digest:
    """Reads a Parquet file back.

    Raises:
        OSError, pa.ArrowException: it cannot be read to its end, or has other columns.
    """
    rows, one, other = 0, 0, 0
    with pq.ParquetFile(path) as file:
        names = [form.name for form in forms]
        if file.schema_arrow.names != names:
            raise pa.ArrowInvalid(f"{path.name} has other columns than were written")
        for batch in file.iter_batches(BATCH):
            texts = _joined([_text(batch.column(place), form) for place, form in enumerate(forms)])
            for text in texts:
                hashed = hashlib.sha256(text.encode()).digest()
                one += int.from_bytes(hashed[:8], signed=True)
                other += int.from_bytes(hashed[8:16], signed=True)
            rows += len(texts)
    return Digest(rows, (one, other))


def _text(array: pa.Array, form: Form) -> pa.Array:
    """What the digest takes of each value; NULL stays NULL."""
    if form.how in ("double", "real"):
        return _bits(array, form)
    if form.how == "decimal":
        return _unscaled(array).cast(pa.string())
    if form.how in ("days", "microseconds"):
        return array.cast(form.read).cast(pa.string())
    if pa.types.is_boolean(array.type):
        array = pc.if_else(array, "t", "f")
    text = array.cast(pa.string())
    if form.how in TEXTS:
        return pc.binary_join_element_wise(pc.utf8_length(text).cast(pa.string()), text, ":")
    return text


def _bits(array: pa.Array, form: Form) -> pa.Array:
    kind = ">f8" if form.how == "double" else ">f4"
    values = array.fill_null(0).to_numpy(zero_copy_only=False).astype(kind)
    size = values.dtype.itemsize * 2
    hexed = values.tobytes().hex()
    texts = [hexed[start : start + size] for start in range(0, len(hexed), size)]
    bits = pc.if_else(pc.is_nan(array), "NaN", pa.array(texts, pa.string()))
    return pc.if_else(array.is_null(), pa.scalar(None, pa.string()), bits)


def _unscaled(array: pa.Array) -> pa.Array:
    """Decimals without their point: as text, small ones would have an exponent."""
    return pa.Array.from_buffers(
        pa.decimal128(38, 0),
        len(array),
        array.buffers(),
        null_count=array.null_count,
        offset=array.offset,
    )


def _joined(columns: Sequence[pa.Array]) -> list[str]:
    joined = pc.binary_join_element_wise(
        *columns, ",", null_handling="replace", null_replacement="-"
    )
    texts: list[str] = joined.to_pylist()
    return texts
