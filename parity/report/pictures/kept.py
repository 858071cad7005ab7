"""All rows of a dataset that differ, by column, from the file that is kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.model.result import DatasetResult, RunResult

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Kept", "kept_rows"]


@dataclass(frozen=True, slots=True)
class Kept:
    """The file of a dataset. `names` has the file's name of a column by its role and name."""

    path: Path
    key: tuple[str, ...]  # the file's names, in the key's order
    names: Mapping[tuple[str, str], str]

    def table(self, columns: Iterable[str]) -> pa.Table:
        """Some columns of all rows; lists of texts are encoded, since few texts are in them."""
        import pyarrow.parquet as pq

        names = list(columns)
        encoded = [f"{name}.list.element" for name in names]
        return pq.read_table(self.path, columns=names, partitioning=None, read_dictionary=encoded)

    def numbers(self, table: pa.Table, role: str, column: str) -> np.ndarray[Any, Any]:
        """A column as doubles: NaN where it has no number. Decimals are kept as text."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        found = table[self.names[role, column]]
        filled = pc.fill_null(found.cast(pa.float64()), float("nan"))
        return np.asarray(filled.to_numpy(), dtype=np.float64)


def kept_rows(evidence: Path | None, result: RunResult, dataset: DatasetResult) -> Kept | None:
    """The file, where it is there, whole, and of this run."""
    if evidence is None or not dataset.rows.discrepancies:
        return None
    path = evidence / result.run_id / f"{dataset.name}.parquet"
    if not path.is_file():
        return None
    import pyarrow as pa  # not at the top: slow to import, and most nights have no such file
    import pyarrow.parquet as pq

    try:
        known = pq.read_metadata(path)
        schema = known.schema.to_arrow_schema()
    except (OSError, pa.ArrowException):
        return None
    run_id = (known.metadata or {}).get(b"parity.run_id", b"").decode()
    if run_id != result.run_id or known.num_rows != dataset.rows.discrepancies:
        return None
    names = {_role(field): field.name for field in schema}
    key = tuple(field.name for field in schema if _role(field)[0] == "key")
    return Kept(path, key, names)


def _role(field: pa.Field) -> tuple[str, str]:
    says = json.loads((field.metadata or {}).get(b"parity", b"{}"))
    return str(says.get("is", "")), str(says.get("column", ""))
