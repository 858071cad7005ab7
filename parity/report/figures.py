"""The key figures of a night, as they stand below its verdict."""

from __future__ import annotations

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report import headline as say
from parity.report.selftest import selftest_ok
from parity.report.view import Figure

__all__ = ["figures"]


def figures(result: RunResult, slow: int = 0) -> list[Figure]:
    """What was compared, what differs, and whether that can be trusted.

    `slow` jobs took far longer than usual.
    """
    compared = sum(say.compared_rows(dataset) for dataset in result.datasets)
    differ = sum(dataset.rows.discrepancies for dataset in result.datasets)
    passed = sum(dataset.verdict is Verdict.PASS for dataset in result.datasets)
    shown = [
        Figure(
            value=f"{passed} of {len(result.datasets)}",
            label="datasets pass",
            tone=_tone(passed == len(result.datasets), bool(result.datasets)),
        ),
        Figure(
            value=f"{compared:,}", label="rows compared", tone="plain" if compared else "unsure"
        ),
        Figure(value=f"{differ:,}", label="rows differ", tone=_differ_tone(result, differ)),
    ]
    if differ:
        waived = sum(dataset.rows.waived for dataset in result.datasets)
        if waived:
            shown.append(Figure(value=f"{waived:,}", label="of them waived"))
        left = say.unexplained_rows(result)
        shown.append(Figure(value=f"{left:,}", label="unexplained", tone=_tone(not left, True)))
    return [
        *shown,
        *_job_figure(result, slow),
        *_quality_figure(result),
        *_opinion_figure(result),
        *_selftest_figure(result),
    ]


def _differ_tone(result: RunResult, differ: int) -> str:
    """No difference is good news only when everything was looked at."""
    if any(dataset.rows.unwaived for dataset in result.datasets):
        return "bad"
    if differ:
        return "plain"
    return "plain" if result.verdict is Verdict.UNDECIDED else "good"


def _tone(good: bool, known: bool) -> str:
    if not known:
        return "unsure"
    return "good" if good else "bad"


def _job_figure(result: RunResult, slow: int) -> list[Figure]:
    if not result.jobs:
        return []
    fine = sum(job.ok for job in result.jobs)
    whole = len(result.jobs)
    label = f"jobs ended well, {slow:,} slow" if slow else "jobs ended well"
    return [Figure(value=f"{fine} of {whole}", label=label, tone=_tone(fine == whole, True))]


def _quality_figure(result: RunResult) -> list[Figure]:
    checks = [check for dataset in result.datasets for check in dataset.quality]
    if not checks:
        return []
    fine, whole = sum(check.success for check in checks), len(checks)
    return [
        Figure(
            value=f"{fine} of {whole}", label="quality checks hold", tone=_tone(fine == whole, True)
        )
    ]


def _opinion_figure(result: RunResult) -> list[Figure]:
    opinion = result.second_opinion
    if not opinion.rows:
        return [Figure(value="none", label="second opinion", tone="unsure")]
    agreed = not opinion.disagreements
    value = "agrees" if agreed else f"{opinion.disagreements:,} against"
    return [Figure(value=value, label="second opinion", tone=_tone(agreed, True))]


def _selftest_figure(result: RunResult) -> list[Figure]:
    """How much of what was seeded was found; where some got a wrong cause, how much a right one."""
    test = result.selftest
    fine = selftest_ok(test)
    if fine is None:
        return []
    right, what = (test.attributed, "attributed right") if test.wrong else (test.detected, "found")
    value = f"{right:,} of {test.injected:,}"
    return [Figure(value=value, label=f"seeded faults {what}", tone=_tone(fine, True))]
