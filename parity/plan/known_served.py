"""How many rows the candidate is known to have served: what is fewer now is gone without a trace.

What was in the candidate and is not any more no comparison of the two sides can find. Two moments
are on record: the cutover's verification, and every night.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parity.database import Role
from parity.model.result import RunResult
from parity.model.suite import Dataset
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.plan.pairs import Pair
from parity.report.words import count
from parity.switch import config_of_run

__all__ = ["Known", "fewer", "known_served"]

VERIFIED = "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """So many rows the candidate had at a moment; more, where a night leaves some out.

    Attributes:
        rows: how many.
        when: the moment, in words.
        dataset: which of the relation's rows; None: all of them.
    """

    rows: int
    when: str
    dataset: Dataset | None = None


def known_served(
    harness: Harness, pairs: Sequence[Pair], switched: TrailEntry | None
) -> dict[Pair, tuple[Known, ...]]:
    """What is on record of each pair, of the last cutover and of the newest night.

    Args:
        harness: whose trail and nights.
        pairs: the relations behind the views.
        switched: the trail's row by which the candidate became primary; None: it never was.

    Raises:
        StoreError: the trail or the nights cannot be read.
    """
    if switched is None:
        return {}
    rows, operation = _verified(harness, switched)
    nights = harness.store.nights(harness.suite.migration)
    night = nights[0] if nights else None
    if night is not None and rows and night.primary is not Side.CANDIDATE:
        night = None  # of before the cutover, which has counted since
    same = night is not None and _same_config(harness, night)
    found: dict[Pair, tuple[Known, ...]] = {}
    for pair in pairs:
        counted = [rows[view] for view in pair.views if view in rows]
        known = [Known(rows=max(counted), when=f"when {operation} was verified")] if counted else []
        found[pair] = (*known, *_of_night(pair, night, same))
    return found


def _verified(harness: Harness, switched: TrailEntry) -> tuple[dict[str, int], str]:
    """Rows of each view when that cutover was verified; none in a trail of before they were."""
    operation = str(switched.content.get("operation", ""))
    for entry in harness.store.trail(harness.suite.migration, TrailKind.STEP):
        content = entry.content
        if (content.get("operation"), content.get("step")) == (operation, VERIFIED):
            rows = content.get("rows")
            return (rows if isinstance(rows, dict) else {}), operation
    return {}, operation


def _same_config(harness: Harness, night: RunResult) -> bool:
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        return config_of_run(connection, night.run_id)[0] == harness.suite.config_hash


def _of_night(pair: Pair, night: RunResult | None, same: bool) -> list[Known]:
    """The candidate's rows in each dataset; of a part of a relation, if it is the same part now."""
    if night is None:
        return []
    counted = {dataset.name: dataset.rows.candidate for dataset in night.datasets}
    when = f"in the night of session {night.session}"
    return [
        Known(rows=counted[one.name], when=when, dataset=one if one.where else None)
        for one in pair.datasets
        if one.name in counted and (same or not one.where)
    ]


def fewer(pair: Pair, rows: int, known: Sequence[Known], count_of: Callable[[Dataset], int]) -> str:
    """Says what of that is not there any more, or nothing.

    Args:
        pair: the relations.
        rows: how many the candidate has now.
        known: how many it had.
        count_of: how many of them are a dataset's.
    """
    found: dict[str, None] = {}
    for one in known:
        now = rows if one.dataset is None else count_of(one.dataset)
        if now < one.rows:
            of = f"{pair.candidate}" + (f" (dataset {one.dataset.name})" if one.dataset else "")
            found[
                f"{of} has {count(one.rows - now, 'row')} fewer than {one.when} ({one.rows:,}): "
                "what was served may be gone"
            ] = None
    if not found and not rows and not known:
        return f"{pair.candidate} is empty, and nobody knows what it served"
    return "; ".join(found)
