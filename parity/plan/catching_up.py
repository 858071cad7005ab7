"""Brings legacy up to what consumers have been served by the candidate.

First the scripts are run again for the sessions that they missed, then what no vendor serves any
more is copied from the candidate; then it is proved that everything is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.result import Discrepancy, JobOutcome, RowState
from parity.model.trail import TrailEntry, TrailKind
from parity.nightly.harness import Harness
from parity.plan.copying import copied_rows, copy_missing, held_back
from parity.plan.holding_back import WISH, Held, HeldBack, held_of
from parity.plan.known_served import known_served
from parity.plan.pairs import Pair
from parity.plan.proving_served import Proof, keys_missing, prove
from parity.plan.queries import rolling_back as queries
from parity.plan.rerunning import Era, era_of, missed, rerun, spanned
from parity.report.words import count

__all__ = ["CaughtUp", "Order", "catch_up"]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be caught up.

    Attributes:
        operation: id of the rollback in the trail.
        by: who rolls back.
        switched: the trail's row by which the candidate had become primary; None where it never
            was.
        now: the moment up to which sessions are due.
        pairs: the relations behind the views.
        no_copy: nothing is copied from the candidate; what is missing is listed.
    """

    operation: str
    by: str
    switched: TrailEntry | None
    now: datetime
    pairs: tuple[Pair, ...]
    no_copy: bool = False


@dataclass(slots=True, kw_only=True)
class CaughtUp:
    """How far it came.

    Attributes:
        rerun: how the scripts ended, for each session that they were run again for.
        copied: rows that this rollback has copied, by legacy relation.
        named: the first of them, and the file with all.
        held: rows that were not copied on purpose, by legacy relation.
        proofs: what was proved of each pair of relations.
        troubles: what could not be done, a line each.
    """

    rerun: dict[date, tuple[JobOutcome, ...]] = field(default_factory=dict)
    copied: dict[str, int] = field(default_factory=dict)
    named: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    held: dict[str, HeldBack] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    troubles: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[tuple[date, JobOutcome]]:
        """Scripts that failed when they were run again."""
        return [(day, job) for day, jobs in self.rerun.items() for job in jobs if not job.ok]

    @property
    def complete(self) -> bool:
        """Everything that was served is served: there is nothing to go on with."""
        return not self.troubles and all(proof.complete for proof in self.proofs)

    @property
    def clean(self) -> bool:
        """Complete, and nobody has to look at anything."""
        return self.complete and not self.failed and all(proof.clean for proof in self.proofs)

    def to_json(self) -> dict[str, Any]:
        """The `catch_up` object of the rollback's JSON."""
        return {
            "complete": self.complete,
            "sessions": [
                {"session": day.isoformat(), "jobs": [_job(job) for job in jobs]}
                for day, jobs in self.rerun.items()
            ],
            "relations": [_relation(proof, self) for proof in self.proofs],
            "troubles": list(self.troubles),
        }


def catch_up(harness: Harness, order: Order, *, environ: Mapping[str, str], say: Say) -> CaughtUp:
    """Catches up and proves it; run again it goes on, and where all is there it changes nothing.

    What cannot be done is told in the answer, and the rest is done all the same.
    """
    found = CaughtUp()
    try:
        with _alone(harness):
            _rerun(harness, order, found, environ, say)
            folder = harness.suite.state / "rollback" / order.operation
            _copy(harness, order, found, folder, say)
            say("Proving that what was served is served …")
            known = known_served(harness, order.pairs, order.switched)
            found.proofs = tuple(
                _with_held(
                    prove(harness, pair, as_of=order.now, folder=folder, known=known.get(pair)),
                    found,
                )
                for pair in order.pairs
            )
            _record(harness, order, found)
    except ParityError as error:
        found.troubles.append(str(error))
    return found


@contextmanager
def _alone(harness: Harness) -> Iterator[None]:
    """One catch-up at a time; the lock is gone with the process that held it.

    Raises:
        ParityError: another one holds it.
    """
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        name = [harness.suite.migration]
        row = connection.execute(queries.TRY_LOCK, name).fetchone()
        if not (row and row[0]):
            holders = [str(pid) for (pid,) in connection.execute(queries.HOLDERS, name)]
            raise ParityError(
                f"another rollback is catching up (session {', '.join(holders) or 'unknown'}); "
                "when it has ended, run the same command again"
            )
        yield


def _rerun(
    harness: Harness, order: Order, found: CaughtUp, environ: Mapping[str, str], say: Say
) -> None:
    """Runs the scripts for sessions without a run, then for those with fewer keys than before."""
    with _troubles(found):
        era = era_of(harness, order.switched.at if order.switched else None, order.now)
        if era.trouble:
            found.troubles.append(era.trouble)
        first = missed(harness, era)
        if first:
            say(f"The scripts have missed {spanned(first)}; running them again …")
            found.rerun |= rerun(harness, first, environ=environ, say=say)
        lacking = sorted(_lacking(harness, order, era) - set(found.rerun))
        if lacking:
            say(f"Legacy has fewer rows for {spanned(lacking)}; running the scripts again …")
            again = rerun(harness, lacking, environ=environ, say=say)
            found.rerun = dict(sorted({**found.rerun, **again}.items()))


def _lacking(harness: Harness, order: Order, era: Era) -> set[date]:
    """The sessions of the era of which the candidate has keys that legacy has not."""
    found: set[date] = set()
    if not era.sessions:
        return found
    for pair in order.pairs:
        try:
            keys_missing(harness, pair, _days(harness, pair, found), as_of=order.now)
        except ParityError:
            continue  # the proof will say so
    return found & set(era.sessions)


def _days(harness: Harness, pair: Pair, found: set[date]) -> Callable[[Discrepancy], None]:
    def sink(row: Discrepancy) -> None:
        if row.state is not RowState.CANDIDATE_ONLY:
            return
        for part, name in zip(row.key, keys, strict=True):
            if name == pair.time and isinstance(part, date):
                found.add(_day(harness, part))

    keys = pair.key
    return sink


def _day(harness: Harness, moment: date) -> date:
    if isinstance(moment, datetime):
        return moment.astimezone(harness.exchange.zone).date() if moment.tzinfo else moment.date()
    return moment


def _with_held(proof: Proof, found: CaughtUp) -> Proof:
    held = found.held.get(proof.relation)
    return proof if held is None else replace(proof, held=held.rows)


def _copy(harness: Harness, order: Order, found: CaughtUp, folder: Path, say: Say) -> None:
    for pair in order.pairs:
        with _troubles(found):
            held = _held(harness, order, pair)
            copied = 0 if held.all else copy_missing(harness, pair, order.operation, held)
            if copied:
                say(f"{count(copied, 'row')} of {pair.candidate} copied into {pair.legacy}.")
            back = held_back(harness, pair, held, folder)
            if back is not None:
                found.held[str(pair.legacy)] = back
                say(f"{count(back.rows, 'row')} of {pair.candidate} not copied, {back.why}.")
    found.copied = harness.store.copied(harness.suite.migration, order.operation)
    for pair in order.pairs:
        if str(pair.legacy) in found.copied:
            with _troubles(found):
                named = copied_rows(harness, pair, order.operation, folder)
                found.named[str(pair.legacy)] = named


def _held(harness: Harness, order: Order, pair: Pair) -> Held:
    if order.no_copy:
        return WISH
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        return held_of(harness, connection, pair)


@contextmanager
def _troubles(found: CaughtUp) -> Iterator[None]:
    """What cannot be done is noted, and the rest is done all the same."""
    try:
        yield
    except ParityError as error:
        found.troubles.append(str(error))


def _record(harness: Harness, order: Order, found: CaughtUp) -> None:
    for proof in found.proofs:
        content = {"operation": order.operation, **_relation(proof, found)}
        content["sessions_rerun"] = [day.isoformat() for day in found.rerun]
        harness.store.append_trail(harness.suite.migration, TrailKind.CATCH_UP, order.by, content)


def _relation(proof: Proof, found: CaughtUp) -> dict[str, Any]:
    first, listed = found.named.get(proof.relation, ((), ()))
    held = found.held.get(proof.relation)
    return {
        "relation": proof.relation,
        "rows": proof.rows,
        "rows_copied": found.copied.get(proof.relation, 0),
        "still_missing": proof.missing,
        "beyond_tolerance": proof.beyond,
        "unpaired": proof.unpaired,
        "unchecked": proof.unchecked,
        "older_than_since": proof.accepted,
        "columns_lost": list(proof.lost),
        "examples": list(proof.examples),
        "listed": list(proof.listed),
        "copied": list(first),
        "copied_listed": list(listed),
        "rows_not_copied": proof.held,
        "not_copied": list(held.examples) if held else [],
        "not_copied_listed": list(held.listed) if held else [],
        "not_copied_why": held.why if held else "",
        "why_not": proof.why_not,
    }


def _job(job: JobOutcome) -> dict[str, Any]:
    return {"name": job.name, "ok": job.ok, "why": job.failure, "log": job.log}
