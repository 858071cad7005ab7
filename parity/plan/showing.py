"""What a cutover would do, without doing any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parity.model.checklist import Checklist
from parity.model.errors import ParityError
from parity.model.plan import Switching
from parity.model.verdict import Phase
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.plan.approaching import gate_of
from parity.plan.losing import told_in_a_line
from parity.plan.postponing import there
from parity.plan.prefect_there import prefect_there
from parity.plan.schedules import asked
from parity.plan.standing import Standing, standing
from parity.plan.verifying import Checked, checked, checks, views_of
from parity.report.words import count
from parity.switch import View

__all__ = ["Planned", "show"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What `parity cutover` shows.

    Attributes:
        migration: its name, by which the cutover is confirmed.
        stands: where it stands.
        gate: the checklist; None where nothing is left to switch.
        checks: what must hold whatever `--force` says, as it is now.
        views: what would be moved.
        switching: hooks, files, schedules and patience.
        prefect: why Prefect would not resume its schedules; empty where it would. A note: no
            cutover waits for Prefect.
        waits: nothing is left but that Prefect's schedules run.
    """

    migration: str
    stands: Standing
    gate: Checklist | None
    checks: tuple[Checked, ...]
    views: tuple[View, ...]
    switching: Switching
    prefect: str = ""
    waits: bool = False

    @property
    def refused_for(self) -> tuple[str, ...]:
        """What a cutover would be refused for beside the gate and the checks."""
        if self.gate is None:
            return ()
        phase, panic = self.stands.phase, there(self.switching.panic_file)
        return (
            *((f"the phase is {phase}",) if phase is not Phase.VALIDATION else ()),
            *(("the panic file is there",) if panic else ()),
        )

    @property
    def ready(self) -> bool:
        """True when a cutover would go through, as far as can be told now."""
        return self.gate is None or (self.gate.open and not self.refused_anyway)

    @property
    def refused_anyway(self) -> bool:
        """Not even `--force` would have it go through."""
        return bool(self.refused_for) or not all(check.ok for check in self.checks)

    @property
    def answer(self) -> str:
        """Would it go through, and if not, for how much."""
        if self.gate is None:
            return self._what_is_left
        red = sum(not check.ok for check in self.checks)
        if not self.ready:
            counts = f"{count(len(self.gate.red), 'gate item')}, {count(red, 'check')}"
            return f"No: it would be refused: {', '.join([counts, *self.refused_for])}"
        late = ", once the postpone file is gone" if there(self.switching.postpone_file) else ""
        return (
            f"Yes: it would go through{late}: {count(len(self.gate.items), 'gate item')} and "
            f"{count(len(self.checks), 'check')} hold"
        )

    @property
    def _what_is_left(self) -> str:
        if self.stands.half_done:
            return (
                f"{self.stands.operation} has switched; the same command with --execute finishes "
                "what is left."
            )
        if self.waits:
            return "Nothing is left to do but that Prefect's schedules run."
        return "Nothing is left to do."

    @property
    def exit_code(self) -> int:
        """0, or 1 where something is red or nothing loads new data."""
        return 0 if self.ready and not self.waits else 1

    def to_json(self) -> dict[str, Any]:
        """What `parity cutover --json` prints."""
        switching = self.switching
        return {
            "schema_version": 1,
            "migration": self.migration,
            "phase": self.stands.phase.value,
            "primary": self.stands.primary.value,
            "operation": self.stands.operation or None,
            "half_done": self.stands.half_done,
            "ready": self.ready,
            "answer": self.answer,
            "gate": self.gate.to_json() if self.gate else None,
            "checks": [check.to_json() for check in self.checks],
            "views": [view.to_json() for view in self.views],
            "hooks": {
                "before": [hook.name for hook in switching.before],
                "after": [hook.name for hook in switching.after],
            },
            "schedules": list(switching.schedules),
            "prefect": self.prefect or None,
            "waits_for_prefect": self.waits,
            "postpone_file": str(switching.postpone_file),
            "panic_file": str(switching.panic_file),
            "lock_timeout_seconds": switching.lock_timeout.total_seconds(),
            "attempts": switching.attempts,
        }


def show(harness: Harness, *, now: datetime, environ: Mapping[str, str], say: Say) -> Planned:
    """Looks at everything that a cutover would look at; writes nothing.

    Args:
        harness: the migration.
        now: the moment by which nights are due and rows settled.
        environ: PREFECT_API_URL.
        say: is told what takes a while.

    Raises:
        ParityError: it cannot be told where the migration stands.
    """
    with told_in_a_line("ask again when it answers"):
        return _look(harness, now, environ, say)


def _look(harness: Harness, now: datetime, environ: Mapping[str, str], say: Say) -> Planned:
    stands = standing(harness)
    left = not (stands.finished or stands.half_done)
    waits, switching = stands.finished and asked(harness) is not None, harness.suite.plan.switching
    views: tuple[View, ...] = stands.views
    found: tuple[Checked, ...] = ()
    if left:
        try:
            views = views_of(harness)
            found = checked(checks(harness, views, now, say))
        except ParityError as error:
            found = (Checked(title="the views", ok=False, seen=str(error)),)
    return Planned(
        migration=harness.suite.migration,
        stands=stands,
        gate=gate_of(harness, now, environ) if left else None,
        checks=found,
        views=views,
        switching=switching,
        prefect=prefect_there(switching.schedules, environ) if left or waits else "",
        waits=waits,
    )
