"""The checklist and the phases in a terminal, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.model.checklist import Checklist, Move
from parity.model.verdict import Side
from parity.report.checklist import ChecklistView, ItemView, checklist_view
from parity.report.screen import Screen
from parity.report.words import EXCHANGE_ZONE, count, visible

__all__ = ["first_line", "render_checklist", "render_phase"]


def render_checklist(found: Checklist, *, width: int = 80) -> Screen:
    """May we, what is missing, and what holds."""
    view = checklist_view(found)
    return Screen(lambda: list(_checklist(view)), width)


def first_line(found: Checklist) -> str:
    """`No: validation → cutover: 5 of 12 hold; at the earliest 2005-03-14`."""
    return _first(checklist_view(found))


def _first(view: ChecklistView) -> str:
    later = f"; {view.earliest}" if view.earliest else ""
    return f"{view.answer}: {view.sentence}{later}"


def _checklist(view: ChecklistView) -> Iterator[RenderableType]:
    yield Text(_first(view), "bold green" if view.verdict.exit_code == 0 else "bold red")
    for title, items in (("Missing", view.red), ("Holds", view.green)):
        if items:
            yield Text("")
            yield Text(title, "bold")
            yield _items(items)


def _items(items: Sequence[ItemView]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for item in items:
        grid.add_row("✓" if item.ok else "✕", Text(f"{item.id}: {item.title}", "bold"))
        grid.add_row("", Text(item.evidence))
        if item.missing:
            grid.add_row("", Text(f"missing: {item.missing}"))
        if item.since:
            grid.add_row("", Text(f"red since {item.since}", "dim"))
    return grid


def render_phase(
    found: Checklist, primary: Side, history: Sequence[Move], *, width: int = 80
) -> Screen:
    """The phase in force, what is missing to leave it, and how it came about."""
    return Screen(lambda: list(_phase(found, primary, history)), width)


def _phase(found: Checklist, primary: Side, history: Sequence[Move]) -> Iterator[RenderableType]:
    yield Text(f"Phase {found.phase.value}, primary {primary.value}", "bold")
    yield Text(first_line(found))
    row = next((item for item in found.items if not item.manual), None)
    if row is not None:
        yield Text(f"In a row: {visible(row.evidence)}")
    missing = [f"{item.id} ({item.missing})" for item in found.red]
    if missing:
        yield Text(f"Missing: {visible('; '.join(missing))}")
    yield Text("")
    if not history:
        yield Text(f"The migration began with phase {found.phase.value}.")
        return
    yield Text("History", "bold")
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for move in history:
        at = f"{move.at.astimezone(EXCHANGE_ZONE):%Y-%m-%d %H:%M}"
        forced = " FORCED" if move.forced else ""
        grid.add_row(at, Text(f"{move.source} → {move.to}{forced}, by {visible(move.by)}", "bold"))
        grid.add_row("", Text(visible(move.why)))
        if move.evidence:
            first, last = visible(move.evidence[0]), visible(move.evidence[-1])
            runs = first if len(move.evidence) == 1 else f"{first} to {last}"
            grid.add_row("", Text(f"{count(len(move.evidence), 'run')}: {runs}", "dim"))
    yield grid
