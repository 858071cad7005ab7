"""Two runs held against each other, in the database."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from parity.model.result import DatasetResult, RunResult
from parity.model.since import Since
from parity.model.verdict import Verdict
from parity.store.codec import decode
from parity.store.connection import driver
from parity.store.queries import SINCE
from parity.store.runs import run_of

__all__ = ["since_run"]


def since_run(connection: Connection, result: RunResult, run_id: str) -> tuple[Since, ...]:
    """What each dataset has that the earlier run had not, and the other way round.

    Raises:
        UsageError: there is no such run, or it is of another migration.
    """
    before = run_of(connection, result.migration, run_id)
    return tuple(_since(connection, result, before))


def _since(connection: Connection, result: RunResult, before: RunResult) -> Iterator[Since]:
    earlier = {dataset.name: dataset for dataset in before.datasets}
    now = {dataset.name: dataset for dataset in result.datasets}
    for name, dataset in now.items():
        reason = _incomparable(dataset, earlier.get(name), before.run_id)
        if reason:
            yield Since(dataset=name, reason=reason)
        else:
            cut = dataset.stored is not None or earlier[name].stored is not None
            yield _counted(connection, result.run_id, before.run_id, name, cut)
    for name in earlier:
        if name not in now:
            yield Since(dataset=name, reason="is no longer compared")


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
