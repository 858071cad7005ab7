"""The checklist in a terminal, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.model.checklist import Checklist
from parity.report.checklist import ChecklistView, ItemView, checklist_view
from parity.report.screen import Screen

__all__ = ["first_line", "render_checklist"]


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
    if view.at:
        yield Text(f"as of {view.at} New York", "dim")
    groups = (("Missing", view.red), ("Waits for the row", view.waiting), ("Holds", view.green))
    for title, items in groups:
        if items:
            yield Text("")
            yield Text(title, "bold")
            yield _items(items)


def _items(items: Sequence[ItemView]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for item in items:
        grid.add_row(
            "✓" if item.ok else "–" if item.waits else "✕", Text(f"{item.id}: {item.title}", "bold")
        )
        grid.add_row("", Text(item.evidence))
        if item.missing and not item.waits:
            grid.add_row("", Text(f"missing: {item.missing}"))
        if item.since:
            grid.add_row("", Text(f"red since {item.since}", "dim"))
    return grid
