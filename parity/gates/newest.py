"""Items that the newest night decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from parity.gates.facts import Facts
from parity.gates.wording import counted, listed, percent
from parity.model.cause import Cause
from parity.model.checklist import Item
from parity.model.result import DatasetResult, Incident, RunResult
from parity.model.waiver import WaiverState, WaiverUse

__all__ = ["coverage", "unexplained", "waivers"]

_Faults = Callable[[RunResult], list[str]]


def coverage(facts: Facts) -> Item:
    """All of history was verified in time."""
    least = facts.gates.coverage

    def faults(run: RunResult) -> list[str]:
        found = _absent(facts, run)
        for dataset in run.datasets:
            covered = dataset.coverage
            if covered is None:
                continue
            done = covered.segments - covered.overdue
            if covered.overdue or not covered.segments or 100 * done < least * covered.segments:
                found.append(
                    f"{dataset.name}: {percent(done, covered.segments)} of "
                    f"{counted(covered.segments, 'segment')} verified within "
                    f"{counted(covered.cycle, 'night')}"
                )
        return found

    return _of_newest(
        facts,
        "coverage",
        f"At least {least:g} % of history is verified and nothing is overdue",
        faults,
        lambda run: "; ".join(map(_covered, run.datasets)),
        "verify it: parity compare --full",
    )


def _covered(dataset: DatasetResult) -> str:
    covered = dataset.coverage
    if covered is None:
        return f"{dataset.name}: compared whole"
    oldest = f", the oldest at {covered.oldest}" if covered.oldest else ""
    return f"{dataset.name}: all {counted(covered.segments, 'segment')} verified{oldest}"


def unexplained(facts: Facts) -> Item:
    """Every difference has a proved cause, or a waiver."""

    def faults(run: RunResult) -> list[str]:
        found = _absent(facts, run)
        for dataset in run.datasets:
            if dataset.rows.discrepancies and not dataset.explained:
                found.append(f"{dataset.name}: causes could not be looked for")
            incidents = [one for one in dataset.incidents if _is_open(one)]
            if incidents:
                rows = sum(one.rows for one in incidents)
                found.append(f"{dataset.name}: {counted(rows, 'row')} without a proved cause")
        return found

    return _of_newest(
        facts,
        "unexplained",
        "Every row that differs has a proved cause or a waiver",
        faults,
        _explained,
        "find the cause, or accept it: parity waive",
    )


def _is_open(incident: Incident) -> bool:
    explained = incident.proved and incident.cause != Cause.UNEXPLAINED
    return not explained and incident.waiver is None


def _explained(run: RunResult) -> str:
    rows = sum(dataset.rows.discrepancies for dataset in run.datasets)
    waived = sum(dataset.rows.waived for dataset in run.datasets)
    if not rows:
        return "no row differs"
    if waived == rows:
        return f"all {counted(rows, 'row')} that differ are waived"
    but = f"; {waived:,} of them are waived" if waived else "; none is waived"
    which = "proved cause or a waiver" if waived else "proved cause"
    if rows == 1:
        return f"the only row that differs has a {which}{but}"
    return f"all {rows:,} rows that differ have a {which}{but}"


def waivers(facts: Facts) -> Item:
    """No waiver in use has expired or covers more rows than it may."""

    def faults(run: RunResult) -> list[str]:
        session = max([run.session, *facts.sessions[-1:]])
        return [what for use in run.waivers if (what := _not_valid(use, session))]

    return _of_newest(
        facts,
        "waivers",
        "No waiver has expired or is over its cap",
        faults,
        lambda run: _uses(run.waivers),
        "mend what is waived, or have its owner renew it in waivers.yaml; then compare again",
    )


def _not_valid(use: WaiverUse, session: date) -> str:
    """Why a waiver no longer holds; it may have expired after the night."""
    waiver = use.waiver
    if use.state is WaiverState.EXPIRED or waiver.expired(session):
        return f"{waiver.id} of {waiver.owner} expired on {waiver.expires}"
    if use.state is WaiverState.OVER_CAP:
        return f"{waiver.id} of {waiver.owner} may cover {waiver.max_rows:,} rows, not {use.rows:,}"
    return ""


def _uses(uses: Sequence[WaiverUse]) -> str:
    states = Counter(use.state.value for use in uses)
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    return f"{counted(len(uses), 'waiver')}: {counts}" if uses else "no waiver"


def _of_newest(
    facts: Facts,
    name: str,
    title: str,
    faults: _Faults,
    good: Callable[[RunResult], str],
    missing: str,
) -> Item:
    """An item that the newest night decides; it is red since the first night that had a fault."""
    night = facts.newest
    if night is None:
        since, why = facts.start
        return Item(id=name, title=title, ok=False, evidence="no night is stored", since=since,
                    since_why=why, missing="a night: parity nightly")  # fmt: skip
    found = faults(night)
    if not found:
        return Item(id=name, title=title, ok=True, link=facts.link(night),
                    evidence=f"{good(night)} (run {night.run_id})")  # fmt: skip
    since, why = _first(facts, faults)
    return Item(
        id=name,
        title=title,
        ok=False,
        evidence=f"{night.session}: {listed(found, between='; ')} (run {night.run_id})",
        link=facts.link(night),
        since=since,
        since_why=why,
        missing=missing,
    )


def _first(facts: Facts, faults: _Faults) -> tuple[date, str]:
    """The first of the nights in a row, up to the newest, that had a fault; and which."""
    since, why = facts.nights[0].session, ""
    for night in facts.nights:
        found = faults(night)
        if not found:
            break
        since, why = night.session, found[0]
    return since, why


def _absent(facts: Facts, run: RunResult) -> list[str]:
    """Datasets of the config that the night did not compare."""
    there = {one.name for one in run.datasets if one.rows.legacy and one.rows.candidate}
    return [f"{name} was not compared" for name in facts.datasets if name not in there]
