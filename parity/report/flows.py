"""How scripts and flows have run, in a terminal: what does the same work stands together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.model.monitoring import Figures, Monitored, RunKind, States
from parity.report.screen import Screen, bullets
from parity.report.words import ABSENT, count, memory_text, share, visible

__all__ = ["render_flows"]

_HEADS = ("runs", "ok %", "median", "max", "CPU", "MB", "retries", "symbols")
_NARROWEST = 12  # a column of names
_TOLD = {
    "symbols_failed": "with failed symbols",
    "failed": "failed",
    "did_not_end": "did not end",
    "running": "still running",
    "late": "late, not yet started",
    "cancelled": "cancelled",
    "no_session": "without a session",
}
_LEGEND = (
    "Below each script: the night's command that does the same, and its flows, started by that "
    "command or by workers. Seconds of wall time (median and longest run) and of CPU (median); "
    "memory: the most that one run held; symbols: failed/all, over all runs."
)


def render_flows(found: Monitored, *, width: int = 80) -> Screen:
    """One line for each script, job and flow; then how those ended that were not ok, and notes."""
    return Screen(lambda: list(_parts(found, width)), width)


def _parts(found: Monitored, width: int) -> Iterator[RenderableType]:
    if not found.sessions:
        yield Text("Nothing has run yet.")
    else:
        first, last = found.sessions[0], found.sessions[-1]
        span = str(last) if first == last else f"{first} to {last}"
        yield Text(f"Runs of {count(len(found.sessions), 'session')}, {span}", "bold")
    if found.lines:
        yield Text("")
        yield _table(found.lines, width)
        yield Text("")
        yield Text(_LEGEND, "dim")
    yield from bullets("In detail", list(_troubles(found.lines)))
    yield from bullets("Not counted", [visible(note) for note in found.notes])


def _table(lines: tuple[Figures, ...], width: int) -> Table:
    rows = [_cells(line) for line in lines]
    taken = sum(1 + max(map(len, column)) for column in zip(_HEADS, *rows, strict=True))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", overflow="fold")
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    before: str | None = None
    for place, (line, cells) in enumerate(zip(lines, rows, strict=True)):
        if place and line.beside != before:
            table.add_row()
        before = line.beside
        style = "bold" if line.kind is RunKind.SCRIPT else ""
        name = _broken(visible(line.name), max(_NARROWEST, width - taken))
        table.add_row(Text(name, style), *cells)
    return table


def _broken(name: str, width: int) -> str:
    """A long name on more lines, each ending with the last `_` or `-` that has room."""
    lines: list[str] = []
    while len(name) > width:
        cut = max(name.rfind(mark, 1, width) for mark in "_-") + 1 or width
        lines.append(name[:cut])
        name = name[cut:]
    return "\n".join([*lines, name])


def _cells(line: Figures) -> tuple[str, ...]:
    return (
        f"{line.states.runs:,}",
        _rate(line.states),
        _seconds(line.median_seconds),
        _seconds(line.slowest_seconds),
        _seconds(line.cpu_seconds),
        memory_text(line.peak_memory).removesuffix(" MB"),
        ABSENT if line.retries is None else f"{line.retries:,}",
        _symbols(line),
    )


def _rate(states: States) -> str:
    """100 only where it is exact; a flow that never ran has no share."""
    return share(states.ok, states.runs).removesuffix(" %") if states.runs else "no run"


def _seconds(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _symbols(line: Figures) -> str:
    if line.symbols is None or line.symbols_failed is None:
        return ABSENT
    return f"{line.symbols_failed:,}/{line.symbols:,}"


def _troubles(lines: tuple[Figures, ...]) -> Iterator[str]:
    """Each line that is not all well, with its states in words."""
    for line in lines:
        parts = [
            f"{count(getattr(line.states, field.name), 'run')} {_TOLD[field.name]}"
            for field in fields(States)
            if field.name != "ok" and getattr(line.states, field.name)
        ]
        if line.symbols_empty:
            parts.append(f"{count(line.symbols_empty, 'symbol')} came back empty")
        if parts:
            yield f"{visible(line.name)}: {', '.join(parts)}"
