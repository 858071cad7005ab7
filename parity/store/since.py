"""Two runs held against each other, in the database or, where it has not all, by evidence files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from parity.model.result import DatasetResult, RunResult
from parity.model.since import Since
from parity.model.verdict import Verdict
from parity.store import tables
from parity.store.codec import decode
from parity.store.connection import driver
from parity.store.queries import SINCE
from parity.store.runs import run_of

__all__ = ["since_run"]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Both runs, and where the files of all runs are."""

    connection: Connection
    now: RunResult
    before: RunResult
    evidence: Path | None


def since_run(
    connection: Connection, result: RunResult, run_id: str, evidence: Path | None = None
) -> tuple[Since, ...]:
    """What each dataset has that the earlier run had not, and the other way round.

    Args:
        connection: to read schema `parity` with.
        result: a stored run.
        run_id: of the earlier one.
        evidence: folder of the runs' files; they are read where the database holds only the
            first discrepancies of a run. Where one of the two is missing, the answer is `cut`.

    Raises:
        UsageError: there is no such run, or it is of another migration.
    """
    before = run_of(connection, result.migration, run_id)
    return tuple(_since(_Runs(connection, result, before, evidence)))


def _since(runs: _Runs) -> Iterator[Since]:
    earlier = {dataset.name: dataset for dataset in runs.before.datasets}
    now = {dataset.name: dataset for dataset in runs.now.datasets}
    for name, dataset in now.items():
        reason = _incomparable(dataset, earlier.get(name), runs.before.run_id)
        if reason:
            yield Since(dataset=name, reason=reason)
        else:
            yield _held(runs, dataset, earlier[name])
    for name in earlier:
        if name not in now:
            yield Since(dataset=name, reason="is no longer compared")


def _held(runs: _Runs, now: DatasetResult, before: DatasetResult) -> Since:
    cut = now.stored is not None or before.stored is not None
    whole = _by_evidence(runs, now, before) if cut else None
    return whole or _counted(runs.connection, runs.now.run_id, runs.before.run_id, now.name, cut)


def _by_evidence(runs: _Runs, now: DatasetResult, before: DatasetResult) -> Since | None:
    if runs.evidence is None:
        return None
    from parity.store.wholly import Evidence, evidence_of, since_evidence  # pandas takes a while

    found: list[Evidence] = []
    for run_id, dataset in ((runs.now.run_id, now), (runs.before.run_id, before)):
        wanted = select(tables.run.c.content).where(tables.run.c.run_id == run_id)
        content = runs.connection.execute(wanted).scalar_one()
        rows = dataset.rows.discrepancies
        one = evidence_of(runs.evidence / run_id, dataset.name, content, rows)
        if one is None:
            return None
        found.append(one)
    return since_evidence(now.name, now.key, *found)


def _incomparable(now: DatasetResult, before: DatasetResult | None, run_id: str) -> str:
    if before is None:
        return f"was not in run {run_id}"
    if _missing(before):
        return f"was not compared in run {run_id}"
    if _missing(now):
        return "is not compared in this run"
    if now.key != before.key:
        return f"had another key in run {run_id}: {', '.join(before.key)}"
    return ""


def _missing(dataset: DatasetResult) -> bool:
    """True when no row was looked at, so that what it lacks is no finding."""
    looked = dataset.columns or dataset.rows.legacy or dataset.rows.candidate
    return dataset.verdict is Verdict.UNDECIDED and not looked


def _counted(connection: Connection, now: str, before: str, dataset: str, cut: bool) -> Since:
    totals = {"new": 0, "gone": 0, "changed": 0, "same": 0}
    keys: dict[str, list[tuple[object, ...]]] = {kind: [] for kind in totals}
    rows = driver(connection).execute(SINCE, {"now": now, "before": before, "dataset": dataset})
    for kind, total, key in rows:
        totals[kind] = total
        keys[kind].append(tuple(decode(key)))
    return Since(
        dataset=dataset,
        new=totals["new"],
        gone=totals["gone"],
        persisting=totals["same"] + totals["changed"],
        changed=totals["changed"],
        new_keys=tuple(keys["new"]),
        gone_keys=tuple(keys["gone"]),
        cut=cut,
    )
