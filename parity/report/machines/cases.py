"""A night as test cases: one for each check, none passed that was not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from parity.model.verdict import Side, Verdict
from parity.report.machines.lines import clipped, gate_line, incident_line
from parity.report.view import DatasetView, IncidentView, JobView, NightView, QualityView
from parity.report.words import ABSENT, count

__all__ = ["Case", "Outcome", "Suite", "suites"]

_LONGEST = 1_000  # characters of a line
_MOST = 10  # incidents of a case, and lines of a kind; the others are counted
_NOT_RUN = "not run"
# How the reasons begin that are not about rows (parity.gates.judge).
_COLUMNS = "columns missing in "
_BREAKS = tuple(f"{side.value} breaks " for side in Side)


class Outcome(StrEnum):
    """How a check ended; `undecided` where it could not be made or not be relied on."""

    PASSED = "passed"
    FAILED = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One check. `says` and `lines` tell why it did not pass, `out` what else is to be known.

    `seconds` is None where the time that it took is not known.
    """

    name: str
    outcome: Outcome = Outcome.PASSED
    says: str = ""
    lines: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The checks of the night as a whole, or of one dataset; `owner` names it without dots."""

    name: str
    owner: str
    cases: tuple[Case, ...]


def suites(view: NightView) -> tuple[Suite, ...]:
    """The night first, then its datasets, the worst first.

    There is a case that failed where the verdict is fail, one that is undecided where it is
    undecided, and neither where it is pass.
    """
    night = Suite(name=view.migration, owner="night", cases=tuple(_night(view)))
    return (night, *(_dataset(view, dataset) for dataset in view.datasets))


def _night(view: NightView) -> Iterator[Case]:
    yield _verdict(view)
    yield from map(_job, view.jobs)
    yield Case(
        name="second opinion",
        outcome=Outcome.PASSED if view.opinion_ok else Outcome.UNDECIDED,
        says=view.opinion,
        lines=_some(view.opinion_examples),
        out=(view.opinion,),
    )
    if view.selftest_ok is not None or view.selftest_missed:
        yield _selftest(view)


def _verdict(view: NightView) -> Case:
    known = (view.previous, gate_line(view))
    waivers = (f"waiver {one.id} ({one.about}) {one.says}. {one.todo}" for one in view.waivers)
    return Case(
        name="verdict",
        outcome=_OUTCOMES[view.verdict],
        says=view.headline,
        lines=(view.answer, *_some(view.reasons)),
        out=(
            *((view.headline, view.answer) if view.verdict is Verdict.PASS else ()),
            *(line for line in known if line),
            *_some(tuple(waivers)),
        ),
    )


def _job(job: JobView) -> Case:
    """A job that failed leaves its side unknown, so nothing about it can be said."""
    reason = f": {job.reason}" if job.reason else ""
    return Case(
        name=f"job {job.side} {job.name}",
        outcome=Outcome.PASSED if job.ok else Outcome.UNDECIDED,
        says=f"{job.outcome}{reason}",
        out=(job.unusual,) if job.unusual else (),
        seconds=float(job.seconds_sort),
    )


def _selftest(view: NightView) -> Case:
    missed = (f"missed: {line}" for line in view.selftest_missed)
    wrong = (f"wrong cause: {line}" for line in view.selftest_wrong)
    again = (f"again: {view.selftest_again}",) if view.selftest_again else ()
    return Case(
        name="self-test",
        outcome=Outcome.PASSED if view.selftest_ok else Outcome.UNDECIDED,
        says=view.selftest,
        lines=(*missed, *wrong, *again),
        out=(view.selftest,),
    )


def _dataset(view: NightView, dataset: DatasetView) -> Suite:
    others = (_columns(dataset), *_quality(dataset))
    return Suite(
        name=f"{view.migration}/{dataset.name}",
        owner=dataset.name.replace(".", "_"),
        cases=(_rows(dataset, others), *others),
    )


def _rows(dataset: DatasetView, others: Sequence[Case]) -> Case:
    """Takes upon it whatever no other case of the dataset tells."""
    found = dataset.incidents
    left = [one for one in found if not one.waiver]
    told = [one for one in dataset.reasons if not one.startswith((_COLUMNS, *_BREAKS))]
    outcome, says = Outcome.PASSED, ""
    if dataset.verdict is Verdict.UNDECIDED:
        outcome, says = Outcome.UNDECIDED, _why(dataset)
    elif dataset.verdict is Verdict.FAIL and (
        left or all(case.outcome is Outcome.PASSED for case in others)
    ):
        outcome, says = Outcome.FAILED, dataset.story or dataset.summary
    known = (dataset.cut, dataset.coverage, *(f"note: {note}" for note in dataset.notes))
    return Case(
        name="rows agree",
        outcome=outcome,
        says=says,
        lines=(*_some(tuple(told)), *_incidents(left)),
        out=(
            dataset.summary,
            *_incidents([one for one in found if one.waiver]),
            *(line for line in known if line),
        ),
    )


def _why(dataset: DatasetView) -> str:
    return dataset.reasons[0] if dataset.reasons else "could not be judged"


def _columns(dataset: DatasetView) -> Case:
    lost = [one for one in dataset.reasons if one.startswith(_COLUMNS)]
    outcome, says = Outcome.PASSED, ""
    if lost:
        outcome, says = Outcome.FAILED, lost[0]
    elif dataset.verdict is Verdict.UNDECIDED and not dataset.compared:
        outcome, says = Outcome.UNDECIDED, _why(dataset)
    return Case(
        name="columns are there", outcome=outcome, says=says, lines=dataset.drift,
        out=() if lost else dataset.drift,
    )  # fmt: skip


def _quality(dataset: DatasetView) -> Iterator[Case]:
    """One for each side that was checked; what both sides break is parity, and shown."""
    for side in Side:
        made = [
            f"{check.expectation}{_on(check.column)}: {outcome}"
            for check in dataset.quality
            if (outcome := _ended(check, side)) != _NOT_RUN
        ]
        if not made:
            continue
        broken = [one for one in dataset.reasons if one.startswith(f"{side.value} breaks ")]
        yield Case(
            name=f"quality of {side.value}",
            outcome=Outcome.FAILED if broken else Outcome.PASSED,
            says=broken[0] if broken else "",
            lines=_some(tuple(broken)),
            out=_some(tuple(made)),
        )


def _ended(check: QualityView, side: Side) -> str:
    return check.legacy if side is Side.LEGACY else check.candidate


def _on(column: str) -> str:
    return f" on {column}" if column != ABSENT else ""


def _incidents(found: Sequence[IncidentView]) -> Iterator[str]:
    for one in found[:_MOST]:
        yield clipped(incident_line(one), _LONGEST)
        if one.waive:
            yield one.waive
    if rest := found[_MOST:]:
        yield f"and {count(len(rest), 'more incident')}"


def _some(lines: tuple[str, ...]) -> tuple[str, ...]:
    rest = len(lines) - _MOST
    shown = tuple(clipped(line, _LONGEST) for line in lines[:_MOST])
    return (*shown, f"and {rest:,} more") if rest > 0 else shown


_OUTCOMES = {
    Verdict.PASS: Outcome.PASSED,
    Verdict.FAIL: Outcome.FAILED,
    Verdict.UNDECIDED: Outcome.UNDECIDED,
}
