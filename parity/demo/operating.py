"""What an operator does between the nights: phases, drill, cutover, an incident, rollback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from parity.database import Role
from parity.demo.queries import BREAK, MEND
from parity.model.checklist import Checklist
from parity.model.errors import ParityError
from parity.model.verdict import Phase
from parity.nightly import Harness, Night
from parity.nightly.checklist import checklist
from parity.plan.cutover import cut_over
from parity.plan.drill import drill
from parity.plan.phases import advance
from parity.plan.proving_served import Proof
from parity.plan.rollback import roll_back
from parity.plan.rolled_back import RolledBack
from parity.plan.signing import sign

__all__ = ["Operator"]

BY = "demo"
VALIDATED, CUT_OVER, BROKEN = date(2005, 2, 18), date(2005, 2, 24), date(2005, 2, 25)
SECONDS, READERS = 0.6, 2  # of the drill
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who leads the migration through the demo's nights."""

    harness: Harness
    environ: Mapping[str, str]
    say: Say

    def after(self, night: Night) -> None:
        """Does what is to be done when a session's night is over.

        Raises:
            ParityError: the gate is not open where the story needs it, or a step failed.
        """
        now = night.as_of
        if night.session == VALIDATED:
            self._advance(now)
        elif night.session == CUT_OVER:
            self._cut_over(now)
        elif night.session == BROKEN:
            self._roll_back(night)

    def _advance(self, now: datetime) -> None:
        done = advance(self.harness, by=BY, now=now, environ=self.environ)
        if not done.moved:
            raise ParityError(f"demo: the phase cannot be left: {_red(done.checklist)}")
        self.say(f"phase: {Phase.VALIDATION.value}, as two sessions in a row were compared")

    def _cut_over(self, now: datetime) -> None:
        drilled = drill(self.harness, readers=READERS, seconds=SECONDS, by=BY, say=_quiet)
        if not drilled.ok:
            raise ParityError(f"demo: the drill failed: {drilled.why_not}")
        self.say(
            f"drill: there in {_ms(drilled.seconds_to_switch)}, back in "
            f"{_ms(drilled.seconds_to_switch_back)}; {drilled.seen.reads:,} reads, "
            f"{drilled.seen.errors} errors, {drilled.seen.mixed} mixed"
        )
        for item in self.harness.suite.plan.checklist:
            if item.phase is Phase.VALIDATION:
                sign(self.harness, item.id, by=BY, note="signed in the demo", now=now)
        found = checklist(self.harness, now=now, environ=self.environ)
        if not found.open:
            raise ParityError(f"demo: the gate is not open: {_red(found)}")
        self.say(f"checklist: {len(found.items)} of {len(found.items)} items, the gate is open")
        moved = cut_over(self.harness, by=BY, force=None, now=now, environ=self.environ, say=_quiet)
        assert moved.swapped is not None
        self.say(f"cutover: consumers read the flows; switched in {_ms(moved.swapped.seconds)}")

    def _roll_back(self, night: Night) -> None:
        """An incident that only the side in use has: a hotfix stores MSFT's volumes in hundreds."""
        self._as_flows(BREAK)
        found = night.compare(say=_quiet)
        differ = sum(entry.rows.discrepancies for entry in found.datasets)
        self.say(f"incident: a hotfix of the flows went wrong; {differ} rows differ")
        done = roll_back(
            self.harness, by=BY, reason="MSFT's volumes are in hundreds", now=night.as_of,
            environ=self.environ, say=_quiet,
        )  # fmt: skip
        if done.swapped is None or done.troubles:
            raise ParityError(f"demo: the rollback was not finished: {'; '.join(done.troubles)}")
        listed = sum(proof.beyond + proof.missing for proof in _proofs(done))
        self.say(
            f"rollback: consumers read the scripts, in {_ms(done.swapped.seconds)}; "
            f"{listed} rows are listed"
        )
        self._as_flows(MEND)
        night.compare(say=_quiet)
        self.say("the hotfix is undone; compared again")

    def _as_flows(self, statement: str) -> None:
        with self.harness.database.connect_as(Role.PREFECT_WRITER) as connection:
            connection.execute(statement.encode())


def _proofs(done: RolledBack) -> tuple[Proof, ...]:
    return () if done.caught is None else done.caught.proofs


def _red(found: Checklist) -> str:
    return "; ".join(f"{item.title}: {item.evidence}" for item in found.red)


def _ms(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds * 1000:.0f} ms"


def _quiet(_line: str) -> None:
    pass
