"""Explains what a comparison found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from parity.causes import Fold, explain
from parity.diff import Comparison
from parity.diff.queries import AS_PLANNED
from parity.explain.gathering import chunks, shape_of
from parity.explain.plainly import plainly
from parity.explain.situation import Asked, Situation
from parity.model.result import Discrepancy, Incident

__all__ = ["Explained", "explain_dataset"]


@dataclass(frozen=True, slots=True)
class Explained:
    """`owners` has the id of each discrepancy's incident, in their order.

    `complete` is False where causes could not be looked for; `notes` say why.
    """

    incidents: tuple[Incident, ...]
    owners: list[str]
    notes: tuple[str, ...] = ()
    complete: bool = True


def explain_dataset(
    comparison: Comparison, found: Iterable[Discrepancy], asked: Asked
) -> Explained:
    """The incidents of a dataset's discrepancies.

    Reads what the rules ask for in the comparison's own snapshot. Should that fail, for whatever
    reason, all rows are unexplained and a note says why: what differs is never hidden by a cause
    that cannot be looked for.

    Args:
        comparison: of the dataset, its transaction still open.
        found: the discrepancies, e.g. a Spool; may be read twice.
        asked: what is known beside it.
    """
    try:
        # A savepoint: what fails in here leaves the snapshot usable.
        with comparison.connection.transaction():
            # What the comparison has asked of the planner outlives it.
            comparison.connection.execute(AS_PLANNED)
            return _explained(comparison, found, asked)
    except Exception as error:  # noqa: BLE001
        text = (str(error).splitlines() or [""])[0][:200]
        reason = f"Causes could not be looked for: {type(error).__name__}: {text}"
        zone = asked.exchange.zone if asked.exchange else UTC
        incidents, owners = plainly(comparison.dataset, zone, found, reason)
        return Explained(incidents, owners, (reason,), complete=False)


def _explained(comparison: Comparison, found: Iterable[Discrepancy], asked: Asked) -> Explained:
    shape = shape_of(comparison)
    fold: Fold | None = None
    owners: list[str] = []
    for chunk in chunks(shape, found):
        situation = Situation(comparison, shape, chunk.found, chunk.keys, asked)
        if fold is None:
            fold = Fold(situation)
        owners += explain(chunk.found, situation, fold)
    return Explained(fold.incidents() if fold else (), owners)
