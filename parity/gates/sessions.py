"""Items about sessions in a row: the streak itself, and what must hold on each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from parity.gates.facts import Facts
from parity.gates.streaks import NO_NIGHT, Fault, Streak, as_primary, compared, count_streak, passed
from parity.gates.wording import counted, duration, listed, seconds
from parity.model.checklist import Item
from parity.model.plan import Gates
from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Phase, Side

__all__ = ["flow_time", "needed_of", "selftest", "streak_item", "streak_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What the sessions in a row of a phase must be."""

    id: str
    verb: str
    to_come: str
    fault: Fault
    needed: Callable[[Gates], int]


_RULES = {
    Phase.PARALLEL_RUN: _Rule(
        id="sessions-compared",
        verb="were compared",
        to_come="to be compared",
        fault=compared,
        needed=lambda gates: gates.compared,
    ),
    Phase.VALIDATION: _Rule(
        id="sessions-passed",
        verb="passed",
        to_come="to pass",
        fault=passed,
        needed=lambda gates: gates.passed,
    ),
    Phase.CUTOVER: _Rule(
        id="sessions-primary",
        verb="had the candidate as primary and were compared",
        to_come="to be compared with the candidate as primary",
        fault=as_primary,
        needed=lambda gates: gates.primary,
    ),
}


def needed_of(facts: Facts) -> int:
    """How many sessions in a row the phase asks for; 0: it asks for none."""
    rule = _RULES.get(facts.phase)
    return rule.needed(facts.gates) if rule else 0


def streak_of(facts: Facts) -> Streak:
    """The sessions in a row that count for the phase in force."""
    rule = _RULES.get(facts.phase)
    if rule is None:
        return Streak()

    def fault(run: RunResult) -> str:
        return rule.fault(run) if facts.of_phase(run) else f"phase {facts.phase.value} began later"

    return count_streak(facts.sessions, {run.session: run for run in facts.nights}, fault)


def streak_item(facts: Facts, streak: Streak) -> Item:
    """So many sessions in a row."""
    rule, needed = _RULES[facts.phase], needed_of(facts)
    nights = streak.last(needed)
    lacking = max(0, needed - len(streak))
    since, why = _broken(facts, streak) if lacking else (None, "")
    evidence = f"{len(nights)} of {needed}{_span(nights)}{_other_configs(facts, nights)}"
    if lacking and streak.broken:
        evidence += f"; {streak.broken}: {streak.why}"
    return Item(
        id=rule.id,
        title=f"{counted(needed, 'session')} in a row {rule.verb}",
        ok=not lacking,
        evidence=evidence,
        link=_link(facts, streak, red=bool(lacking)),
        since=since,
        since_why=why,
        missing=f"{counted(lacking, 'more session')} {rule.to_come}" if lacking else "",
        sessions=lacking,
        runs=tuple(run.run_id for run in nights),
    )


def _span(nights: Sequence[RunResult]) -> str:
    if not nights:
        return ""
    first, last = nights[0], nights[-1]
    if first is last:
        return f": {first.session} (run {first.run_id})"
    return f": {first.session} to {last.session} (runs {first.run_id} to {last.run_id})"


def _other_configs(facts: Facts, nights: Sequence[RunResult]) -> str:
    """How many of them were judged by other rules than those in force; that is told, not red."""
    other = sum(facts.configs.get(run.run_id, facts.config) != facts.config for run in nights)
    return f"; {other} of them under another parity.yaml" if other else ""


def _broken(facts: Facts, streak: Streak) -> tuple[date | None, str]:
    """Since when the streak is too short: the first of the sessions before it that do not count."""
    run = _run_of(facts, streak.broken)
    if streak.broken is None or (run is not None and not facts.of_phase(run)):
        return facts.start
    since, why = streak.broken, streak.why
    for session in reversed([day for day in facts.sessions if day < streak.broken]):
        run = _run_of(facts, session)
        fault = NO_NIGHT if run is None else _RULES[facts.phase].fault(run)
        if not fault or (run is not None and not facts.of_phase(run)):
            break
        since, why = session, fault
    return since, why


def _link(facts: Facts, streak: Streak, *, red: bool) -> str:
    """The page of the night that broke it, else of the newest one."""
    breaking = _run_of(facts, streak.broken) if red else None
    if breaking is not None and facts.of_phase(breaking):
        return facts.link(breaking)
    return facts.link(streak.nights[-1]) if streak.nights else ""


def _run_of(facts: Facts, session: date | None) -> RunResult | None:
    return next((run for run in facts.nights if run.session == session), None)


def selftest(facts: Facts, streak: Streak) -> Item:
    """The harness found all faults that were seeded, on each of the sessions."""

    def fault(run: RunResult) -> str:
        test = run.selftest
        if not test.injected:
            return "no fault was seeded"
        if test.detected != test.injected:
            return f"{test.detected:,} of {test.injected:,} faults found"
        return f"{counted(test.wrong, 'fault')} given a wrong cause" if test.wrong else ""

    return _on_each(
        facts,
        streak,
        Item(id="selftest", title="The self-test found every seeded fault on each of these "
             "sessions", ok=True, evidence=""),
        fault,
        lambda nights: f"all {sum(run.selftest.injected for run in nights):,} seeded faults found",
        "find out what the self-test missed; then sessions on which it finds all",
    )  # fmt: skip


def flow_time(facts: Facts, streak: Streak) -> Item:
    """The candidate's jobs were not too slow on any of the sessions."""
    within = facts.gates.flows_within
    title = f"Each job of the candidate took at most {duration(within)}" if within else (
        "Each job of the candidate ended within its own timeout"
    )  # fmt: skip

    def fault(run: RunResult) -> str:
        jobs = _jobs(facts, run)
        if not jobs:
            return "no job of the candidate ran"
        slow = [
            f"{job.name} took {seconds(job.seconds)} of {seconds(limit.total_seconds())}"
            for job, limit in jobs
            if timedelta(seconds=job.seconds) > limit
        ]
        return listed(slow)

    return _on_each(
        facts,
        streak,
        Item(id="flow-time", title=title, ok=True, evidence=""),
        fault,
        lambda nights: _slowest([pair for run in nights for pair in _jobs(facts, run)]),
        "make it faster, or give it more time in parity.yaml; then sessions on which it is",
    )


def _jobs(facts: Facts, run: RunResult) -> list[tuple[JobOutcome, timedelta]]:
    """A night's jobs of the candidate with how long each may take; those of old configs not."""
    limits = {job.name: facts.gates.flows_within or facts.limits.get(job.name) for job in run.jobs}
    return [
        (job, limit)
        for job in run.jobs
        if job.side is Side.CANDIDATE and (limit := limits[job.name]) is not None
    ]


def _slowest(jobs: Sequence[tuple[JobOutcome, timedelta]]) -> str:
    job, limit = max(jobs, key=lambda pair: pair[0].seconds / max(pair[1].total_seconds(), 1e-9))
    return f"closest: {job.name}, {seconds(job.seconds)} of {seconds(limit.total_seconds())}"


def _on_each(
    facts: Facts,
    streak: Streak,
    item: Item,
    fault: Fault,
    good: Callable[[Sequence[RunResult]], str],
    missing: str,
) -> Item:
    """An item that must hold on each of the sessions; where none counts yet it does not hold.

    A bad session must leave the row: so many more sessions are asked for that it has.
    """
    needed = needed_of(facts)
    nights = streak.last(needed)
    bad = [(place, run, why) for place, run in enumerate(nights) if (why := fault(run))]
    if not nights:
        since, why = _broken(facts, streak)
        return replace(
            item, ok=False, evidence="no session counts yet", since=since, since_why=why,
            missing="nothing but the sessions in a row, on which it is counted", waits=True,
        )  # fmt: skip
    if not bad:
        so_far = " so far" if len(nights) < needed else ""
        evidence = f"{good(nights)}, on {counted(len(nights), 'session')}{so_far}"
        return replace(item, evidence=evidence, link=facts.link(nights[-1]))
    (_, first, began), (newest, run, why) = bad[0], bad[-1]
    more = f" and on {counted(len(bad) - 1, 'session')} before" if len(bad) > 1 else ""
    return replace(
        item,
        ok=False,
        evidence=f"{run.session}: {why} (run {run.run_id}){more}",
        link=facts.link(run),
        since=first.session,
        since_why=began,
        missing=missing,
        sessions=needed - (len(nights) - 1 - newest),
    )
