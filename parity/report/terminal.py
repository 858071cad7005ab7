"""A night and the index of nights in a terminal: the same view, in 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.beside import NOTHING, Beside
from parity.report.build import night_view
from parity.report.evidence import kept_in
from parity.report.headline import night_line
from parity.report.incident_lines import incident_parts, resolved_line
from parity.report.screen import NameTable, Screen, bullets, plain_table
from parity.report.view import (
    DatasetView,
    GateView,
    JobView,
    NightRow,
    NightView,
    WaiverLine,
    newest_first,
    symbol_of,
    word_of,
)
from parity.report.words import count, visible

__all__ = ["Screen", "render_index", "render_night"]

_STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.UNDECIDED: "bold yellow"}


def render_night(result: RunResult, *, width: int = 80, beside: Beside = NOTHING) -> Screen:
    """The night's verdict, gate, incidents, datasets and what went wrong beside them."""
    kept = None if beside.evidence is None else kept_in(beside.evidence, result)
    view = night_view(result, beside=beside, kept=kept)
    return Screen(lambda: _night(view), width)


def render_index(rows: Sequence[NightRow], *, width: int = 80) -> Screen:
    """All nights, newest first, one line each."""
    nights = newest_first(rows)
    return Screen(lambda: _index(nights), width)


def _night(view: NightView) -> list[RenderableType]:
    style = _STYLES[view.verdict]
    parts: list[RenderableType] = [
        Text(f"{symbol_of(view.verdict)} {view.headline}", style),
        Text(view.answer),
        *([Text(f"What to do: {view.incidents.todo}.")] if view.incidents.todo else []),
        Text(f"{view.weekday}, {view.phase}, as of {view.as_of} New York", "dim"),
    ]
    if view.primary:
        parts.append(Text(view.primary, "dim"))
    if view.previous:
        parts.append(Text(view.previous, "dim"))
    if view.gate:
        parts += _gate(view.gate)
    # What the first line says in full is not said again.
    told = bool(view.reasons) and view.headline.startswith(
        f"{word_of(view.verdict)}: {view.reasons[0]}"
    )
    reasons = view.reasons[1:] if told else view.reasons
    # Jobs that failed stand in their table.
    parts += bullets("Why", [one for one in reasons if not _of_job(one, view.jobs)])
    parts += bullets("Waivers to see to", [_waiver(one) for one in view.waivers])
    parts += incident_parts(view.incidents)
    parts += [
        Text(line, "dim") for line in dict.fromkeys(one.noise for one in view.datasets if one.noise)
    ]
    if view.datasets:
        parts += [Text(""), _datasets(view.datasets)]
    for dataset in view.datasets:
        parts += _details(dataset, view.reasons)
    if view.jobs:
        parts += [Text(""), _jobs(view.jobs)]
    parts += bullets(
        "Why jobs failed",
        [f"{job.side} {job.name}: {job.reason}" for job in view.jobs if not job.ok and job.reason],
    )
    parts += bullets(
        "Unusual",
        [f"{job.side} {job.name} took {job.unusual}" for job in view.jobs if job.unusual],
    )
    parts += [Text(""), Text(f"Second opinion: {view.opinion}")]
    parts += [Text(f"  {line}") for line in view.opinion_examples]
    if view.selftest_ok is not None:
        parts.append(Text(f"Self-test: {view.selftest}"))
    parts += [Text(f"  missed: {line}") for line in view.selftest_missed]
    parts += [Text(f"  wrong cause: {line}") for line in view.selftest_wrong]
    if view.selftest_again:
        parts.append(Text(f"  again: {view.selftest_again}"))
    return parts


def _gate(gate: GateView) -> list[RenderableType]:
    """Whether the phase may be left, how far the row of sessions is, and what else is missing."""
    parts = (gate.streak, gate.held, f"opens {gate.earliest}" if gate.earliest else "")
    lines = [f"{gate.says}; {', '.join(part for part in parts if part)}"]
    if gate.missing:
        lines.append(f"missing: {_first(gate.missing)} (parity checklist)")
    return [Text(line) for line in lines]


def _first(missing: Sequence[str]) -> str:
    """The first of them without its particulars, and how many more there are."""
    rest = f", and {count(len(missing) - 1, 'more item')}" if missing[1:] else ""
    return f"{missing[0].rpartition(': ')[2]}{rest}"


def _of_job(reason: str, jobs: Sequence[JobView]) -> bool:
    """True where a reason says no more than that a job failed."""
    return any(
        not job.ok and reason.startswith(f"{job.side} job {job.name} failed") for job in jobs
    )


def _verdict(verdict: Verdict) -> Text:
    return Text(f"{symbol_of(verdict)} {word_of(verdict)}", _STYLES[verdict], no_wrap=True)


def _datasets(datasets: Sequence[DatasetView]) -> NameTable:
    table = plain_table(
        ("dataset", False), ("verdict", False), ("match", True), ("mismatched", True),
        ("legacy only", True), ("candidate only", True),
    )  # fmt: skip
    for dataset in datasets:
        numbers = {figure.label: figure.value for figure in dataset.counts}
        table.add_row(
            Text(dataset.name),
            _verdict(dataset.verdict),
            dataset.share,
            numbers["mismatched"],
            numbers["only in legacy"],
            numbers["only in candidate"],
        )
    return NameTable(table)


def _jobs(jobs: Sequence[JobView]) -> NameTable:
    """What each job took. Why one failed stands below."""
    usual = any(job.usual_sort for job in jobs)
    table = plain_table(
        ("job", False), ("side", False), ("", False), ("seconds", True),
        *([("usual", True)] if usual else []), ("CPU", True), ("memory", True),
    )  # fmt: skip
    for job in jobs:
        outcome = Text(job.outcome, "" if job.ok else "bold red")
        took = [job.seconds, *([job.usual] if usual else []), job.cpu, job.memory]
        table.add_row(Text(job.name), job.side, outcome, *took)
    return NameTable(table)


def _waiver(one: WaiverLine) -> str:
    return f"{one.id} ({one.about}) {one.says}. {one.todo}\n{one.owner}: {one.reason}"


def _details(dataset: DatasetView, told: Sequence[str]) -> list[RenderableType]:
    """What is known of a dataset beyond its incidents and the night's reasons, which are `told`."""
    lines = [one for one in dataset.reasons if f"{dataset.name}: {one}" not in told]
    lines += dataset.drift
    lines += map(resolved_line, dataset.resolved)
    if dataset.quality_failed:
        lines.append(f"quality checks: {dataset.quality_summary}")
    lines += [line for line in (dataset.cut, dataset.coverage) if line]
    lines += [f"note: {note}" for note in dataset.notes]
    return bullets(dataset.name, lines)


def _index(nights: Sequence[NightRow]) -> list[RenderableType]:
    if not nights:
        return [Text("No night has run yet.")]
    table = plain_table(
        ("session", False), ("verdict", False), ("phase", False), ("differ", True), ("", False)
    )
    for night in nights:
        table.add_row(
            Text(night.session.isoformat(), no_wrap=True),
            _verdict(night.verdict),
            Text(visible(night.phase.replace("_", " "))),
            f"{night.discrepancies:,}",
            Text(night_line(night)),
        )
    return [table]
