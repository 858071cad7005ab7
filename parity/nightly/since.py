"""What is new since an earlier run, and which run that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parity.model.errors import UsageError
from parity.model.result import RunResult
from parity.model.since import Since
from parity.nightly.harness import Harness
from parity.nightly.night import EVIDENCE

__all__ = ["LAST", "earlier_run", "since"]

LAST = "last"


def earlier_run(harness: Harness, session: date, wanted: str) -> str:
    """The id of the run that a comparison of `session` is to be held against.

    Args:
        harness: of the migration.
        session: what will be compared.
        wanted: the id of a run, or `last`: the one that holds for this session, or where it has
            none that of the newest session before.

    Raises:
        UsageError: there is no such run, or it is of another migration.
    """
    migration = harness.suite.migration
    nights = harness.store.nights(migration)
    if not nights:
        raise UsageError(
            f"--since {wanted}: migration {migration} has no run yet; run parity nightly first"
        )
    if wanted != LAST:
        return harness.store.run(migration, wanted).run_id
    return _last(nights, session)


def _last(nights: Sequence[RunResult], session: date) -> str:
    found = next((night for night in nights if night.session <= session), None)
    if found is None:
        raise UsageError(
            f"--since last: no session up to {session} has a run; the oldest is {nights[-1].run_id}"
        )
    return found.run_id


def since(harness: Harness, result: RunResult, run_id: str) -> tuple[Since, ...]:
    """What has changed in each dataset of a stored run since an earlier run.

    The files of all discrepancies are read where the database has only the first ones.

    Raises:
        UsageError: there is no such run, or it is of another migration.
    """
    return harness.store.since(result, run_id, harness.suite.state / EVIDENCE)
