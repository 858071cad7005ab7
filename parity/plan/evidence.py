"""Is all evidence as it was; and one file of it for an auditor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.database import Role
from parity.evidence.bundle import bundle_name, runs_of_phase, write_bundle
from parity.evidence.finding import Verification
from parity.evidence.stored import stored_runs
from parity.evidence.verifying import Known
from parity.evidence.verifying import verify as verify_known
from parity.model.errors import ParityError
from parity.model.verdict import Phase
from parity.nightly.harness import EVIDENCE, Harness
from parity.store.connection import driver, reading
from parity.store.trail import read_trail

__all__ = ["Bundled", "bundle", "verify"]

TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """A bundle, and what was found when it was made. `path` is None where none was made."""

    path: Path | None
    runs: int
    files: int
    verification: Verification


def verify(harness: Harness, head: str | None = None) -> Verification:
    """Finds every edit of the trail, of sealed files and of stored runs; changes nothing.

    Args:
        harness: whose migration.
        head: the hash of a row that the trail had before, as an earlier verification said it.

    Raises:
        StoreError: schema `parity` cannot be read.
    """
    return _verified(harness, head)[1]


def _verified(harness: Harness, head: str | None = None) -> tuple[Known, Verification]:
    """What there is and what was found, without what a night did to it meanwhile."""
    known = _known(harness)
    for _ in range(TRIES):
        found = verify_known(known, head)
        if not found.findings:
            break
        again = _known(harness)
        if len(again.trail) == len(known.trail):
            break
        known = again
    return known, found


def _known(harness: Harness) -> Known:
    """The trail and the stored runs, as of one moment."""
    suite = harness.suite
    engine = harness.database.engine_as(Role.PARITY_HARNESS)
    with reading(engine.execution_options(isolation_level="REPEATABLE READ")) as connection:
        return Known(
            migration=suite.migration,
            trail=read_trail(connection, suite.migration),
            stored=stored_runs(driver(connection), suite.migration),
            folder=suite.state / EVIDENCE,
        )


def bundle(harness: Harness, phase: Phase, output: Path | None, *, as_it_is: bool) -> Bundled:
    """Writes one file with the trail and all sealed runs of a phase.

    Args:
        harness: whose migration.
        phase: whose runs.
        output: the file; by default it is named after both, in the folder one is in.
        as_it_is: write it although something was changed, or could not be told; it says so.

    Returns:
        The file and the counts; no file where something was found.

    Raises:
        ParityError: the file cannot be written; an older one stays.
    """
    known, found = _verified(harness)
    runs = runs_of_phase(known, phase.value)
    if found.findings and not as_it_is:
        return Bundled(path=None, runs=len(runs), files=0, verification=found)
    path = output or Path(bundle_name(harness.suite.migration, phase.value))
    try:
        files = write_bundle(path, known, found, phase.value, runs)
    except OSError as error:
        raise ParityError(f"{path} cannot be written: {error.strerror}") from None
    return Bundled(path=path, runs=len(runs), files=files, verification=found)
