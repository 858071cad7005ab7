"""What a night's folder takes from the run's evidence: rows as Parquet files, and data docs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from parity.model.names import quality_page
from parity.model.result import DatasetResult, RunResult
from parity.report.atomic import link_or_copy
from parity.report.rows import csv_name

__all__ = ["LINKED", "kept_in", "parquet_name", "take", "take_docs"]

LINKED = 64 << 20  # bytes from which on a Parquet file is not copied


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
            _put(source, new / name)
            taken.add(dataset.name)
    return frozenset(taken)


def take_docs(
    evidence: Path | None, published: Path, new: Path, result: RunResult
) -> frozenset[str]:
    """Puts the pages of the quality checks into the folder `new`; returns the names of those.

    Where the evidence has gone, those that were `published` before do, if they are of the run. A
    night that was stored before there were such pages has none.
    """
    places = [] if evidence is None else [evidence / result.run_id]
    if _published_run(published) == result.run_id:
        places.append(published)
    taken = set()
    for check in (check for dataset in result.datasets for check in dataset.quality):
        name = quality_page(check.dataset, check.side)
        source = next((place / name for place in places if (place / name).is_file()), None)
        if source is not None and name not in taken:
            shutil.copyfile(source, new / name)
            taken.add(name)
    return frozenset(taken)


def _put(source: Path, path: Path) -> None:
    """A copy: what somebody writes into the published file is not in what was sealed.

    Above some size it is the sealed file itself by a second name: a copy would take that much disk
    again for every night, and no editor opens so much.
    """
    if source.stat().st_size < LINKED:
        shutil.copyfile(source, path)
    else:
        link_or_copy(str(source), str(path))


def _published_run(published: Path) -> object:
    """The run that a night's folder shows; None where none does."""
    try:
        return json.loads((published / "result.json").read_bytes())["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
