"""Verdicts of a dataset and of a night. Pure: values in, verdict and reasons out.

Nothing passes vacuously: a side without rows, without rows of the session, or whose job failed is
undecided, and so is a night on which the second opinion disagreed or the self-test shows that
differences are missed or given a wrong cause.

The primary side, which consumers read, is the reference: the other one, the shadow, is to have its
columns and to break no expectation that it holds. What is waived is told, but fails nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from parity.model.audit import Coverage
from parity.model.phrases import by_cause
from parity.model.result import (
    DatasetResult,
    Incident,
    JobOutcome,
    QualityCheck,
    RowCounts,
    SchemaDrift,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Side, Verdict

__all__ = ["judge_dataset", "judge_run"]

Judgement = tuple[Verdict, tuple[str, ...]]

_NO_TEST = SelfTest()
_DIFFER = "mismatched"
_NAMED = 4  # causes named in a reason; the others are counted


def judge_dataset(
    *,
    rows: RowCounts,
    schema: SchemaDrift,
    session_rows: tuple[int, int] | None,
    session: str,
    incidents: Sequence[Incident],
    quality: Iterable[QualityCheck],
    jobs: Iterable[JobOutcome],
    opinion: SecondOpinion,
    coverage: Coverage | None = None,
    primary: Side = Side.LEGACY,
) -> Judgement:
    """The verdict of a dataset that was compared, with its reasons, the gravest first."""
    doubts = [*_names_of_failed(jobs), *_empty(rows, session_rows, session)]
    if rows.matched and not opinion.rows:
        doubts.append("the second opinion looked at no row, so nothing is confirmed")
    if rows.waived and not rows.matched and not rows.unwaived:
        doubts.append("no row matches: every one that was compared is waived")
    if coverage is not None and coverage.overdue:
        doubts.append(
            f"{_count(coverage.overdue, 'segment')} of {coverage.segments:,} not verified within "
            f"the last {coverage.cycle} nights"
        )
    differences = [
        *_differences(rows, incidents),
        *_drift(schema, primary),
        *_quality(quality, primary),
    ]
    if doubts:
        return Verdict.UNDECIDED, (*doubts, *differences)
    if differences:
        return Verdict.FAIL, tuple(differences)
    return Verdict.PASS, ()


def judge_run(
    datasets: Sequence[DatasetResult],
    jobs: Sequence[JobOutcome],
    opinion: SecondOpinion,
    selftest: SelfTest = _NO_TEST,
) -> Judgement:
    """The verdict of a night, with its reasons."""
    reasons = list(_failed_jobs(jobs))
    verdicts = [dataset.verdict for dataset in datasets]
    if not datasets:
        reasons.append("no dataset was compared")
    if opinion.disagreements:
        verdicts.append(Verdict.UNDECIDED)
        reasons.append(
            f"the second opinion disagrees on {_count(opinion.disagreements, 'row')} "
            f"of {opinion.rows:,}: {'; '.join(opinion.examples[:3])}"
        )
    unfit = _unfit(selftest)
    if unfit:
        verdicts.append(Verdict.UNDECIDED)
        reasons += unfit
    if any(not job.ok for job in jobs):
        verdicts.append(Verdict.UNDECIDED)
    told = _names_of_failed(jobs)  # of the night, not of each dataset again
    for dataset in datasets:
        reasons += [f"{dataset.name}: {reason}" for reason in dataset.reasons if reason not in told]
    return Verdict.combine(verdicts), tuple(reasons)


def _names_of_failed(jobs: Iterable[JobOutcome]) -> list[str]:
    failed = [job.name for job in jobs if not job.ok]
    return [f"jobs failed: {', '.join(failed)}"] if failed else []


def _failed_jobs(jobs: Iterable[JobOutcome]) -> list[str]:
    return [f"{job.side.value} job {job.name} failed: {job.failure}" for job in jobs if not job.ok]


def _empty(rows: RowCounts, session_rows: tuple[int, int] | None, session: str) -> list[str]:
    empty = [
        side.value for side, n in zip(Side, (rows.legacy, rows.candidate), strict=True) if not n
    ]
    if len(empty) == 2:
        return ["no rows on either side"]
    if empty:
        return [f"no rows on the {empty[0]} side"]
    if session_rows is None:
        return []
    late = [side.value for side, n in zip(Side, session_rows, strict=True) if not n]
    waiting = f" ({_count(rows.unsettled, 'row')} not settled yet)" if rows.unsettled else ""
    if len(late) == 2:
        return [f"no rows of session {session} on either side{waiting}"]
    return [f"no rows of session {session} on the {side} side{waiting}" for side in late]


def _differences(rows: RowCounts, incidents: Sequence[Incident]) -> list[str]:
    if not rows.unwaived:
        return []
    symbols = sorted({symbol for incident in incidents for symbol in incident.scope.symbols})
    where = f" in {_some(symbols)}" if symbols else ""
    parts = [
        (count, words)
        for count, words in (
            (rows.mismatched, _DIFFER),
            (rows.legacy_only, "only in legacy"),
            (rows.candidate_only, "only in candidate"),
            (rows.duplicate_key, "with a duplicate key"),
            (rows.null_key, "with a null key"),
        )
        if count
    ]
    total = _count(rows.discrepancies, "row")
    verb = "differs" if rows.discrepancies == 1 else "differ"
    told = f"{_waived(rows)}{_causes(incidents)}"
    if len(parts) > 1:
        listed = ", ".join(f"{count:,} {words}" for count, words in parts)
        return [f"{total} {verb}{where} ({listed}){told}"]
    [(_, words)] = parts
    return [f"{total} {verb if words == _DIFFER else words}{where}{told}"]


def _waived(rows: RowCounts) -> str:
    if not rows.waived:
        return ""
    return f", of which {rows.waived:,} {'is' if rows.waived == 1 else 'are'} waived"


def _causes(incidents: Sequence[Incident]) -> str:
    """`: 3 unexplained, 492 by an unadjusted split`; what is not proved is told first."""
    by = Counter[str]()
    unproved = 0
    for incident in incidents:
        if incident.proved:
            by[by_cause(incident.cause)] += incident.rows
        else:
            unproved += incident.rows
    told = [(rows, words) for words, rows in by.most_common()]
    if len(told) > _NAMED + 1:
        rest = told[_NAMED:]
        told = [
            *told[:_NAMED],
            (sum(rows for rows, _ in rest), f"by {len(rest)} other causes"),
        ]
    if unproved:
        told.insert(0, (unproved, "unexplained"))
    if len(told) == 1:
        [(rows, words)] = told
        return f", {words}" if rows == 1 else f", all {words}"
    return ": " + ", ".join(f"{rows:,} {words}" for rows, words in told) if told else ""


def _unfit(selftest: SelfTest) -> list[str]:
    """Why the self-test says that this night's comparison is not to be relied on."""
    if not selftest.injected:
        return list(selftest.undetected)  # it could not run
    seeded = _count(selftest.injected, "seeded fault")
    missed = max(selftest.injected - selftest.detected, len(selftest.undetected))
    reasons = []
    if missed:
        which = selftest.undetected or tuple(
            f"{score.injected - score.detected} of {score.cause}"
            for score in selftest.causes
            if score.detected < score.injected
        )
        reasons.append(f"the self-test missed {missed:,} of {seeded}: {_some(which, 3, '; ')}")
    if selftest.wrong:
        which = tuple(
            score.cause if score.wrong == 1 else f"{score.wrong} of {score.cause}"
            for score in selftest.causes
            if score.wrong
        )
        reasons.append(
            f"the self-test gave {selftest.wrong:,} of {seeded} a wrong cause ({_some(which)})"
        )
    return reasons


def _drift(schema: SchemaDrift, primary: Side) -> list[str]:
    missing = schema.lost(primary)
    return [f"columns missing in {_shadow(primary)}: {', '.join(missing)}"] if missing else []


def _quality(checks: Iterable[QualityCheck], primary: Side) -> list[str]:
    """Expectations that the shadow breaks; what the primary breaks as well is parity, and shown."""
    checks = list(checks)
    both = {
        (check.expectation, check.column)
        for check in checks
        if check.side is primary and not check.success
    }
    return [
        f"{check.side.value} breaks {check.expectation}"
        + (f" on {check.column}" if check.column else "")
        + f" ({check.unexpected:,} of {check.total:,} rows)"
        for check in checks
        if check.side is _shadow(primary)
        and not check.success
        and (check.expectation, check.column) not in both
    ]


def _shadow(primary: Side) -> Side:
    """The side that nobody reads."""
    return Side.CANDIDATE if primary is Side.LEGACY else Side.LEGACY


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _some(names: Sequence[str], limit: int = 5, between: str = ", ") -> str:
    shown = between.join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
