"""The Parquet file of all discrepancies of a dataset, and whether it is that of the run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from parity.model.result import DatasetResult, RunResult
from parity.report.atomic import link_or_copy
from parity.report.rows import csv_name

__all__ = ["kept_in", "parquet_name", "take"]


def parquet_name(dataset: str) -> str:
    """`discrepancies-<dataset>.parquet`, beside the CSV file."""
    return f"{csv_name(dataset).removesuffix('.csv')}.parquet"


def kept_in(evidence: Path, result: RunResult) -> frozenset[str]:
    """The datasets of which the folder has the file with all discrepancies of this run."""
    return frozenset(
        dataset.name
        for dataset in result.datasets
        if _is_of(_file(evidence, result, dataset), result, dataset)
    )


def take(evidence: Path | None, published: Path, new: Path, result: RunResult) -> frozenset[str]:
    """Puts the run's Parquet files into the folder `new`; returns the datasets that have one.

    Where the evidence has gone, the file that was `published` before does, if it is of the run.
    """
    taken = set()
    for dataset in result.datasets:
        if not dataset.rows.discrepancies:
            continue
        name = parquet_name(dataset.name)
        source = _first(_sources(evidence, published / name, result, dataset), result, dataset)
        if source is not None:
            link_or_copy(str(source), str(new / name))
            taken.add(dataset.name)
    return frozenset(taken)


def _sources(
    evidence: Path | None, published: Path, result: RunResult, dataset: DatasetResult
) -> Iterable[Path]:
    if evidence is not None:
        yield _file(evidence, result, dataset)
    yield published


def _file(evidence: Path, result: RunResult, dataset: DatasetResult) -> Path:
    return evidence / result.run_id / f"{dataset.name}.parquet"


def _first(paths: Iterable[Path], result: RunResult, dataset: DatasetResult) -> Path | None:
    return next((path for path in paths if _is_of(path, result, dataset)), None)


def _is_of(path: Path, result: RunResult, dataset: DatasetResult) -> bool:
    """True when the file is whole, of this run, and has as many rows as differ."""
    if not path.is_file():
        return False
    import pyarrow as pa  # not at the top: slow to import, and most nights have no such file
    import pyarrow.parquet as pq

    try:
        known = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    run_id = (known.metadata or {}).get(b"parity.run_id", b"").decode()
    return bool(run_id == result.run_id and known.num_rows == dataset.rows.discrepancies)
