"""A night and the index of nights in a terminal: the same view, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.beside import NOTHING, Beside
from parity.report.build import night_view
from parity.report.evidence import kept_in
from parity.report.headline import night_line
from parity.report.screen import NameTable, Screen, bullets, plain_table
from parity.report.view import (
    DatasetView,
    Examples,
    IncidentView,
    JobView,
    NightRow,
    NightView,
    ResolvedView,
    WaiverLine,
    newest_first,
    symbol_of,
    word_of,
)
from parity.report.words import ABSENT, count, visible

__all__ = ["Screen", "render_index", "render_night"]

_INCIDENTS = 12  # of a dataset; the others are counted
_USUAL = "close"  # the column people know a bar by
_STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.UNDECIDED: "bold yellow"}


def render_night(result: RunResult, *, width: int = 80, beside: Beside = NOTHING) -> Screen:
    """The night's verdict, datasets, incidents and what went wrong beside them."""
    kept = None if beside.evidence is None else kept_in(beside.evidence, result)
    view = night_view(result, beside=beside, kept=kept)
    latest = all(night.session <= result.session for night in beside.nights or ())
    return Screen(lambda: _night(view, latest), width)


def render_index(rows: Sequence[NightRow], *, width: int = 80) -> Screen:
    """All nights, newest first, one line each."""
    nights = newest_first(rows)
    return Screen(lambda: _index(nights), width)


def _night(view: NightView, latest: bool) -> list[RenderableType]:
    style = _STYLES[view.verdict]
    parts: list[RenderableType] = [
        Text(f"{symbol_of(view.verdict)} {view.headline}", style),
        Text(view.answer),
        Text(f"{view.weekday}, {view.phase}, as of {view.as_of} New York", "dim"),
    ]
    if view.primary:
        parts.append(Text(view.primary, "dim"))
    if view.previous:
        parts.append(Text(view.previous, "dim"))
    # What the first line says in full is not said again.
    told = bool(view.reasons) and view.headline.startswith(
        f"{word_of(view.verdict)}: {view.reasons[0]}"
    )
    reasons = view.reasons[1:] if told else view.reasons
    # Jobs that failed stand in their table.
    parts += bullets("Why", [one for one in reasons if not _of_job(one, view.jobs)])
    parts += bullets("Waivers to see to", [_waiver(one) for one in view.waivers])
    if view.datasets:
        parts += [Text(""), _datasets(view.datasets)]
    waive = _waive_command(view, latest)
    for dataset in view.datasets:
        parts += _details(dataset, view.reasons, waive)
    parts += [
        Text(line, "dim") for line in dict.fromkeys(one.noise for one in view.datasets if one.noise)
    ]
    if view.jobs:
        parts += [Text(""), _jobs(view.jobs)]
    parts += bullets(
        "Why jobs failed",
        [f"{job.side} {job.name}: {job.reason}" for job in view.jobs if not job.ok and job.reason],
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
    table = plain_table(
        ("job", False), ("side", False), ("", False), ("seconds", True), ("CPU", True),
        ("memory", True),
    )  # fmt: skip
    for job in jobs:
        outcome = Text(job.outcome, "" if job.ok else "bold red")
        table.add_row(Text(job.name), job.side, outcome, job.seconds, job.cpu, job.memory)
    return NameTable(table)


def _waive_command(view: NightView, latest: bool) -> str:
    """The command that accepts an incident, up to its id; empty where none is waived ever."""
    if not view.primary:
        return ""
    return "parity waive" if latest else f"parity waive --session {view.session}"


def _incidents(dataset: DatasetView, waive: str) -> Iterator[str]:
    found = (*dataset.incidents, *dataset.briefs)
    yield from (_incident(incident, waive) for incident in found[:_INCIDENTS])
    if rest := found[_INCIDENTS:]:
        rows = sum(incident.rows for incident in rest)
        yield f"{count(len(rest), 'more incident')}: {count(rows, 'row')}"
    yield from map(_resolved, dataset.resolved)


def _incident(incident: IncidentView, waive: str) -> str:
    """What it says where it says something, else its cause with where and what differs.

    Last, the command that accepts it, where nothing does.
    """
    proof = f"{incident.code}, {incident.proof}" if incident.code else incident.proof
    head = f"{incident.name} ({proof})"
    if incident.says:
        head = f"{incident.says} ({incident.name}, {proof})"
    where = () if incident.says else (incident.symbols, incident.sessions, incident.columns)
    parts = [count(incident.rows, "row"), *(part for part in where if part != ABSENT)]
    parts += [f"follows from {link.text}" for link in incident.follows[:1]]
    if incident.noise:
        parts.append("within legacy's own noise")
    parts += [part for part in (incident.life, incident.why_not) if part]
    lines = [f"{head}: {'; '.join(parts)}"]
    if incident.waiver:
        lines.append(_accepted(incident))
    if incident.undo:
        lines.append(f"undo: {incident.undo}")
    if incident.examples:
        lines.append(f"e.g. {_example(incident.examples)}")
    if waive and not incident.waiver:
        lines.append(f"{waive} {incident.id}")
    return "\n".join(lines)


def _accepted(incident: IncidentView) -> str:
    """`waived by yahoo-rounding (anna, until 2005-03-31): the vendor rounds`."""
    by = incident.accepted
    told = f" ({by.owner}, until {by.until}): {by.reason}" if by else ""
    return f"waived by {incident.waiver}{told}"


def _waiver(one: WaiverLine) -> str:
    return f"{one.id} ({one.about}) {one.says}. {one.todo}\n{one.owner}: {one.reason}"


def _example(found: Examples) -> str:
    """`AAPL 2005-01-28 close: legacy 73.98, candidate 36.99, undone 36.99`."""
    lines = found.rows[: found.rows[0].lines]
    place = found.columns.index(_USUAL) if _USUAL in found.columns else 0
    values = [
        f"{'undone' if line.undone else line.side} {line.values[place]}"
        for line in lines
        if line.values[place]
    ]
    key = lines[0].key.replace(" · ", " ")
    return f"{key} {found.columns[place]}: {', '.join(values)}" if values else key


def _resolved(found: ResolvedView) -> str:
    cause = f"{found.says} ({found.name})" if found.says else f"{found.name}: {found.symbols}"
    return f"resolved: {cause}: {count(found.rows, 'row')}, last on {found.last}"


def _details(dataset: DatasetView, told: Sequence[str], waive: str) -> list[RenderableType]:
    """What is known of a dataset beyond the night's reasons, which are `told` already."""
    lines = [one for one in dataset.reasons if f"{dataset.name}: {one}" not in told]
    lines += dataset.drift
    lines += _incidents(dataset, waive)
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
