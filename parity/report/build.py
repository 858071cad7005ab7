"""From a run's result to its view. Pure: same result and sample, same view."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import quote

from parity.model.result import JobOutcome, RunResult, SecondOpinion
from parity.model.verdict import Phase, Side, Verdict
from parity.report import headline as say
from parity.report.around import around, changes
from parity.report.beside import NOTHING, Beside
from parity.report.dataset import dataset_view
from parity.report.rows import Sample
from parity.report.selftest import again, bad_lines, score_views, selftest_ok, selftest_text
from parity.report.view import Figure, JobView, NightView
from parity.report.waivers import to_see_to
from parity.report.words import ABSENT, count, day, memory_text, utc_text, value_text, visible

__all__ = ["night_view"]

_CALLED = {Side.LEGACY: "scripts", Side.CANDIDATE: "flows"}
_WORST_FIRST = {Verdict.UNDECIDED: 0, Verdict.FAIL: 1, Verdict.PASS: 2}


def night_view(
    result: RunResult,
    samples: Mapping[str, Sample] | None = None,
    *,
    beside: Beside = NOTHING,
    kept: Collection[str] | None = None,
    docs: str = "",
) -> NightView:
    """The view of a night; `samples` are the discrepancy rows to show, by dataset name.

    `kept` names the datasets that have a Parquet file of all their discrepancies; None: it is
    not known which. `docs` is where the page finds docs/causes.md.
    """
    samples = samples or {}
    known = around(result, beside.nights, beside.noise, docs)
    ordered = sorted(result.datasets, key=lambda dataset: _WORST_FIRST[dataset.verdict])
    return NightView(
        migration=visible(result.migration),
        phase=visible(result.phase.replace("_", " ")),
        session=result.session.isoformat(),
        weekday=day(result.session),
        as_of=value_text(result.as_of),
        as_of_utc=utc_text(result.as_of),
        run_id=visible(result.run_id),
        primary=_primary(result),
        verdict=result.verdict,
        headline=say.headline(result),
        answer=say.answer(result),
        reasons=tuple(visible(reason) for reason in result.reasons),
        waivers=to_see_to(result),
        previous=say.since_previous(result, beside.previous, changes(known)),
        figures=tuple(_figures(result)),
        datasets=tuple(
            dataset_view(dataset, samples.get(dataset.name, Sample()), number, kept, known)
            for number, dataset in enumerate(ordered, start=1)
        ),
        jobs=tuple(_job(job) for job in result.jobs),
        jobs_failed=sum(not job.ok for job in result.jobs),
        opinion=_opinion(result.second_opinion),
        opinion_ok=bool(result.second_opinion.rows) and not result.second_opinion.disagreements,
        opinion_examples=tuple(visible(line) for line in result.second_opinion.examples),
        selftest=selftest_text(result.selftest),
        selftest_ok=selftest_ok(result.selftest),
        selftest_seed=visible(result.selftest.seed),
        selftest_scores=score_views(result.selftest),
        selftest_missed=bad_lines(result.selftest.undetected),
        selftest_wrong=bad_lines(result.selftest.misattributed),
        selftest_again=again(result.selftest.seed) if result.selftest.seed else "",
    )


def _primary(result: RunResult) -> str:
    """`primary: flows (candidate); the scripts run as the shadow`; empty outside of a migration."""
    if result.phase not in set(Phase):
        return ""
    shadow = next(side for side in Side if side is not result.primary)
    mine = f"{_CALLED[result.primary]} ({result.primary.value})"
    return f"primary: {mine}; the {_CALLED[shadow]} run as the shadow"


def _figures(result: RunResult) -> list[Figure]:
    compared = sum(say.compared_rows(dataset) for dataset in result.datasets)
    differ = sum(dataset.rows.discrepancies for dataset in result.datasets)
    passed = sum(dataset.verdict is Verdict.PASS for dataset in result.datasets)
    figures = [
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
            figures.append(Figure(value=f"{waived:,}", label="of them waived"))
        left = say.unexplained_rows(result)
        figures.append(Figure(value=f"{left:,}", label="unexplained", tone=_tone(not left, True)))
    return [
        *figures,
        *_job_figure(result),
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


def _job_figure(result: RunResult) -> list[Figure]:
    if not result.jobs:
        return []
    fine = sum(job.ok for job in result.jobs)
    whole = len(result.jobs)
    return [
        Figure(value=f"{fine} of {whole}", label="jobs ended well", tone=_tone(fine == whole, True))
    ]


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


def _job(job: JobOutcome) -> JobView:
    if job.exit_code is None:
        outcome = "did not finish"
    else:
        outcome = "ok" if job.ok else f"failed, exit {job.exit_code}"
    return JobView(
        name=visible(job.name),
        side=job.side.value,
        ok=job.ok,
        outcome=outcome,
        seconds=f"{job.seconds:,.1f}",
        seconds_sort=repr(job.seconds),
        cpu=ABSENT if job.cpu_seconds is None else f"{job.cpu_seconds:,.1f}",
        cpu_sort=repr(job.cpu_seconds or 0.0),
        memory=memory_text(job.peak_memory),
        memory_sort=str(job.peak_memory or 0),
        reason=visible(job.reason),
        log=f"../../{quote(job.log)}" if job.log else "",
    )


def _opinion(opinion: SecondOpinion) -> str:
    if not opinion.rows:
        return "No row was compared a second time."
    looked = f"datacompy compared {count(opinion.rows, 'row')} fetched separately"
    if not opinion.disagreements:
        return f"{looked} and agrees on all of them."
    return f"{looked} and disagrees on {opinion.disagreements:,}."
