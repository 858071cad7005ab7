"""From a run's result to its view. Pure: same result and sample, same view."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from parity.model.result import RunResult, SecondOpinion
from parity.model.verdict import Phase, Side, Verdict
from parity.report import headline as say
from parity.report.around import around, changes, first_seen
from parity.report.arranged import arranged
from parity.report.beside import NOTHING, Beside
from parity.report.commands import waive_command
from parity.report.dataset import dataset_view
from parity.report.figures import figures
from parity.report.gate import gate_view
from parity.report.jobs import job_views, slow
from parity.report.pictures.illustrating import illustrated
from parity.report.rows import Sample
from parity.report.selftest import again, bad_lines, score_views, selftest_ok, selftest_text
from parity.report.view import NightView
from parity.report.waivers import to_see_to
from parity.report.words import count, day, utc_text, value_text, visible

__all__ = ["night_view"]

_DIFFER = re.compile(r"[\d,]+ rows? differs? ")  # how parity.gates.judge begins such a reason
_CALLED = {Side.LEGACY: "scripts", Side.CANDIDATE: "flows"}
_WORST_FIRST = {Verdict.UNDECIDED: 0, Verdict.FAIL: 1, Verdict.PASS: 2}


def night_view(
    result: RunResult,
    samples: Mapping[str, Sample] | None = None,
    *,
    beside: Beside = NOTHING,
    kept: Collection[str] | None = None,
    docs: str = "",
    pages: Collection[str] = (),
) -> NightView:
    """The view of a night; `samples` are the discrepancy rows to show, by dataset name.

    `kept` names the datasets that have a Parquet file of all their discrepancies; None: it is
    not known which. `docs` is where the page finds docs/causes.md. `pages` names the data docs that
    lie beside the page.
    """
    samples = samples or {}
    waive = waive_command(result, beside.nights, beside.config)
    known = around(result, beside.nights, beside.noise, docs, waive)
    ordered = sorted(result.datasets, key=lambda dataset: _WORST_FIRST[dataset.verdict])
    datasets = tuple(
        dataset_view(dataset, samples.get(dataset.name, Sample()), number, kept, known, pages)
        for number, dataset in enumerate(ordered, start=1)
    )
    jobs = job_views(result, beside.nights)
    view = NightView(
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
        answer=say.answer(result, first_seen(result, known)),
        reasons=tuple(visible(reason) for reason in result.reasons if not _repeats(reason, result)),
        waivers=to_see_to(result),
        previous=say.since_previous(result, beside.previous, changes(known)),
        figures=tuple(figures(result, slow(jobs))),
        incidents=arranged([one for dataset in datasets for one in dataset.incidents]),
        datasets=datasets,
        jobs=jobs,
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
        gate=gate_view(beside.gate),
    )
    return illustrated(view, result, beside)


def _primary(result: RunResult) -> str:
    """`primary: flows (candidate); the scripts run as the shadow`; empty outside of a migration."""
    if result.phase not in set(Phase):
        return ""
    shadow = next(side for side in Side if side is not result.primary)
    mine = f"{_CALLED[result.primary]} ({result.primary.value})"
    return f"primary: {mine}; the {_CALLED[shadow]} run as the shadow"


def _repeats(reason: str, result: RunResult) -> bool:
    """True where a reason says that rows differ whose incidents are shown: their dataset has it."""
    return any(
        _DIFFER.match(reason.removeprefix(f"{dataset.name}: "))
        for dataset in result.datasets
        if dataset.incidents and reason.startswith(f"{dataset.name}: ")
    )


def _opinion(opinion: SecondOpinion) -> str:
    if not opinion.rows:
        return "No row was compared a second time."
    looked = f"datacompy compared {count(opinion.rows, 'row')} fetched separately"
    if not opinion.disagreements:
        return f"{looked} and agrees on all of them."
    return f"{looked} and disagrees on {opinion.disagreements:,}."
