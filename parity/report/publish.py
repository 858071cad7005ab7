"""Write a night's folder and the index of nights, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from parity.model.checklist import Checklist
from parity.model.result import Discrepancy, RunResult
from parity.report.atomic import replace_file, replaced_folder
from parity.report.beside import NOTHING, Beside
from parity.report.build import night_view
from parity.report.checklist import PAGE as CHECKLIST_PAGE
from parity.report.evidence import take, take_docs
from parity.report.history import history_view, phase_link
from parity.report.html import index_page, night_page
from parity.report.rows import csv_name, write_csv
from parity.report.serving import ServingView
from parity.report.view import NightRow

__all__ = ["render_json", "result_file", "write_index", "write_night"]


def render_json(result: RunResult) -> str:
    """The text of `result.json`: the contract, indented by two, with a final newline.

    Raises:
        ValueError: a delta is NaN or infinite, which JSON cannot say.
    """
    return json.dumps(result.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def result_file(result: RunResult) -> bytes:
    """The content of the file `result.json`.

    Half of a surrogate pair, as a log may hold one, is written as JSON's own escape of it.

    Raises:
        ValueError: a delta is NaN or infinite, which JSON cannot say.
    """
    return render_json(result).encode(errors="backslashreplace")


def write_night(
    result: RunResult,
    discrepancies: Callable[[str], Iterable[Discrepancy]],
    folder: Path,
    *,
    beside: Beside = NOTHING,
) -> None:
    """Publish a night in `folder` (`reports/<phase>/<session>`): page, result.json and rows.

    `discrepancies(dataset_name)` is asked once for each dataset with differing rows and is read
    as a stream; it yields the stored rows, which go to the CSV file. The Parquet file with all
    of them and the data docs are taken from `beside.evidence/<run_id>/`. Entries of the folder
    that are not the report's own (job logs) are kept.

    Raises:
        ComparisonError: the rows do not add up to what the result says; the old folder stays.
    """
    with replaced_folder(folder, ours=_ours) as new:
        samples = {
            dataset.name: write_csv(
                new / csv_name(dataset.name), dataset, discrepancies(dataset.name)
            )
            for dataset in result.datasets
            if dataset.rows.discrepancies
        }
        kept = take(beside.evidence, folder, new, result)
        pages = take_docs(beside.evidence, folder, new, result)
        view = night_view(
            result, samples, beside=beside, kept=kept, docs=_docs(folder), pages=pages
        )
        (new / "index.html").write_bytes(night_page(view).encode())
        (new / "result.json").write_bytes(result_file(result))


def write_index(
    rows: Sequence[NightRow],
    reports: Path,
    *,
    migration: str,
    serving: ServingView | None = None,
    gate: Checklist | None = None,
) -> None:
    """Publish `reports/index.html`: every night, newest first, linked to its page.

    `serving` tells the phase in force, who is primary and when that changed; None: nothing is
    said of it. `gate` is of the phase in force; None: nothing is said of it here. The checklist and
    the phases' reports are linked where their pages are there.
    """
    phases = {row.phase for row in rows} | ({serving.phase} if serving else set())
    view = history_view(
        rows,
        migration=migration,
        serving=serving,
        gate=gate,
        checklist=(reports / CHECKLIST_PAGE).is_file(),
        reported={phase for phase in phases if (reports / phase_link(phase)).is_file()},
    )
    replace_file(reports / "index.html", index_page(view).encode())


def _docs(folder: Path) -> str:
    """How a night's page reaches docs/causes.md; empty where the reports do not lie beside it."""
    above = folder.absolute().parents
    there = len(above) > 2 and (above[2] / "docs" / "causes.md").is_file()
    return "../../../docs/causes.md" if there else ""


def _ours(name: str) -> bool:
    return (
        name in ("index.html", "result.json")
        or (name.startswith("discrepancies-") and name.endswith((".csv", ".parquet")))
        or (name.startswith("quality-") and name.endswith(".html"))
    )
