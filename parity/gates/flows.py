"""Did the candidate's jobs and flows succeed?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parity.gates.facts import Facts
from parity.gates.sessions import needed_of
from parity.gates.streaks import Streak
from parity.gates.wording import counted, listed, percent
from parity.model.checklist import Item
from parity.model.monitoring import Figures, Monitored, RunKind
from parity.model.verdict import Side

__all__ = ["Told", "flow_success", "succeeded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the runs on the sessions that count.

    Attributes:
        found: the figures; None where no session counts.
        good: on how many of the newest of these sessions all succeeded.
        unknown: why it could not be told; empty where it could.
    """

    found: Monitored | None = None
    good: int = 0
    unknown: str = ""


def succeeded(found: Monitored, least: float) -> tuple[str, ...]:
    """What did not succeed often enough, a line each; empty where all did.

    Every job and every flow that ran must have. A script whose work no job and no flow has done,
    and a configured job that has not run, did not succeed. A flow that does the work of no script,
    or does it beside another, need not run.
    """
    lines = [line for line in found.lines if line.side is Side.CANDIDATE]
    ran = [line for line in lines if line.states.runs]
    if not ran:
        return ("no job and no flow of the candidate ran",)
    faults = [
        f"{line.name}: {line.states.ok:,} of {counted(line.states.runs, 'run')} ok "
        f"({percent(line.states.ok, line.states.runs)})"
        for line in ran
        if 100 * line.states.ok < least * line.states.runs
    ]
    done = {line.beside for line in ran}
    idle = [line for line in lines if not line.states.runs and not _spare(line, done)]
    return (*faults, *(f"{line.name} did not run" for line in idle))


def _spare(line: Figures, done: set[str | None]) -> bool:
    """True for a line that need not run: a flow whose work another one does, or is no script's."""
    return line.kind is RunKind.FLOW and (line.beside is None or line.beside in done)


def flow_success(facts: Facts, streak: Streak, told: Told) -> Item:
    """Jobs and flows of the candidate succeeded, on the sessions that count."""
    needed = needed_of(facts)
    nights = streak.last(needed)
    least = facts.gates.success_rate
    item = Item(
        id="flow-success",
        title=f"At least {least:g} % of the runs of each flow succeeded on these sessions",
        ok=False,
        evidence="no session counts yet",
        missing="nothing but the sessions in a row, on which it is counted",
        waits=True,
    )
    if told.unknown:
        return replace(item, evidence=f"it could not be told: {told.unknown}", waits=False,
                       missing="mend that, then ask again")  # fmt: skip
    if told.found is None or not nights:
        since, why = facts.start
        return replace(item, since=since, since_why=why)
    faults = succeeded(told.found, least)
    if not faults:
        return replace(item, ok=True, evidence=_evidence(told.found), missing="", waits=False,
                       link=facts.link(nights[-1]))  # fmt: skip
    last = nights[max(0, len(nights) - 1 - told.good)]
    return replace(
        item,
        waits=False,
        evidence=f"{listed(faults, between='; ')}{_source(told.found)}",
        link=facts.link(last),
        since=last.session,
        since_why=faults[0],
        missing="mend what fails (parity status --flows); then sessions on which all succeed",
        sessions=needed - told.good,
    )


def _evidence(found: Monitored) -> str:
    lines = [line for line in found.lines if line.side is Side.CANDIDATE and line.states.runs]
    told = [f"{line.name} {line.states.ok:,}/{line.states.runs:,}" for line in lines]
    return f"{listed(told)} runs ok, over {counted(len(found.sessions), 'session')}{_source(found)}"


def _source(found: Monitored) -> str:
    return "" if found.prefect_asked else " (from the tables; Prefect did not tell)"
