"""A night and the index of nights in a terminal: the same view, in 80 columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.build import night_view
from parity.report.headline import night_line
from parity.report.view import (
    DatasetView,
    JobView,
    NightRow,
    NightView,
    newest_first,
    symbol_of,
    word_of,
)
from parity.report.words import visible

__all__ = ["Screen", "render_index", "render_night"]

_STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.UNDECIDED: "bold yellow"}
_ASCII = str.maketrans(
    {"✓": "+", "✕": "x", "…": "~", "—": "-", "→": ">", "±": "~", "Δ": "d", "·": "."}
)


@dataclass(frozen=True)
class Screen:
    """Something to print: `console.print(screen)`, or `str(screen)` for plain text.

    Never wider than `width` columns nor than the terminal; no colour where the console has
    none; plain ASCII where its encoding has no more.
    """

    parts: Callable[[], Sequence[RenderableType]]
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.update(width=min(self.width, options.max_width))
        ascii_only = narrow.ascii_only
        for part in self.parts():
            for segment in console.render(part, narrow):
                yield _to_ascii(segment) if ascii_only else segment

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, min(self.width, options.max_width))

    def __str__(self) -> str:
        console = Console(
            file=io.StringIO(), width=self.width, color_system=None, force_terminal=False,
            legacy_windows=False, _environ={},
        )  # fmt: skip
        with console.capture() as capture:
            console.print(self)
        return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def render_night(result: RunResult, *, width: int = 80, previous: NightRow | None = None) -> Screen:
    """The night's verdict, datasets, incidents and what went wrong beside them."""
    view = night_view(result, previous=previous)
    return Screen(lambda: _night(view), width)


def render_index(rows: Sequence[NightRow], *, width: int = 80) -> Screen:
    """All nights, newest first, one line each."""
    nights = newest_first(rows)
    return Screen(lambda: _index(nights), width)


def _to_ascii(segment: Segment) -> Segment:
    text = segment.text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    return segment._replace(text=text)


def _night(view: NightView) -> list[RenderableType]:
    style = _STYLES[view.verdict]
    parts: list[RenderableType] = [
        Text(f"{symbol_of(view.verdict)} {view.headline}", style),
        Text(view.answer),
        Text(f"{view.weekday}, {view.phase}, as of {view.as_of} New York", "dim"),
    ]
    if view.previous:
        parts.append(Text(view.previous, "dim"))
    parts += _bullets(
        "Why", view.reasons[1:] if view.verdict is Verdict.UNDECIDED else view.reasons
    )
    if view.datasets:
        parts += [Text(""), _datasets(view.datasets)]
    for dataset in view.datasets:
        parts += _details(dataset)
    parts += _bullets("Failed jobs", [_job(job) for job in view.jobs if not job.ok])
    parts += [Text(""), Text(f"Second opinion: {view.opinion}")]
    parts += [Text(f"  {line}") for line in view.opinion_examples]
    return parts


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, numeric in columns:
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    return table


def _verdict(verdict: Verdict) -> Text:
    return Text(f"{symbol_of(verdict)} {word_of(verdict)}", _STYLES[verdict], no_wrap=True)


def _datasets(datasets: Sequence[DatasetView]) -> Table:
    table = _table(
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
    return table


def _details(dataset: DatasetView) -> list[RenderableType]:
    lines = [*dataset.reasons, *dataset.drift]
    lines += [
        f"{incident.cause} ({incident.proof}): {incident.rows:,} rows; {incident.symbols}; "
        f"{incident.sessions}; {incident.columns}"
        for incident in dataset.incidents
    ]
    if dataset.quality_failed:
        lines.append(f"quality checks: {dataset.quality_summary}")
    lines += [f"note: {note}" for note in dataset.notes]
    return _bullets(dataset.name, lines)


def _bullets(title: str, lines: Sequence[str]) -> list[RenderableType]:
    if not lines:
        return []
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("  -"[-2:], Text(line))
    return [Text(""), Text(title, "bold"), grid]


def _job(job: JobView) -> str:
    reason = f": {job.reason}" if job.reason else ""
    return f"{job.side} {job.name}, {job.outcome}{reason}"


def _index(nights: Sequence[NightRow]) -> list[RenderableType]:
    if not nights:
        return [Text("No night has run yet.")]
    table = _table(
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
