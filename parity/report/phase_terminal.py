"""The phase in force and its history in a terminal, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.model.checklist import Checklist, Move
from parity.model.verdict import Side
from parity.report.checklist_terminal import first_line
from parity.report.screen import Screen, bullets
from parity.report.serving import moment_text
from parity.report.words import count, visible

__all__ = ["NOTHING_TO_LEAVE", "is_last", "render_phase"]

NOTHING_TO_LEAVE = "Nothing to leave: cleanup is the last phase"


def is_last(found: Checklist) -> bool:
    """True in the last phase where nothing is left to sign: there is no gate to be opened."""
    return found.to is None and not found.red


def render_phase(
    found: Checklist, primary: Side, history: Sequence[Move], *, width: int = 80
) -> Screen:
    """The phase in force, what is missing to leave it, and how it came about."""
    return Screen(lambda: list(_phase(found, primary, history)), width)


def _phase(found: Checklist, primary: Side, history: Sequence[Move]) -> Iterator[RenderableType]:
    yield Text(f"Phase {found.phase.value}, primary {primary.value}", "bold")
    if found.at is not None:
        yield Text(f"as of {moment_text(found.at)}", "dim")
    yield Text(NOTHING_TO_LEAVE if is_last(found) else first_line(found))
    row = next((item for item in found.items if not item.manual), None)
    if row is not None:
        yield Text(f"In a row: {visible(row.evidence)}")
    yield from bullets(
        "Missing", [visible(f"{item.id}: {item.missing or item.evidence}") for item in found.to_do]
    )
    yield from bullets("Waits for the row", [visible(item.id) for item in found.waiting])
    yield Text("")
    if not history:
        yield Text(f"The migration began with phase {found.phase.value}.")
        return
    yield Text("History", "bold")
    yield _history(history)


def _history(history: Sequence[Move]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for move in history:
        forced = " FORCED" if move.forced else ""
        told = f"{move.source} → {move.to}{forced}, by {visible(move.by)}"
        grid.add_row(moment_text(move.at), Text(told, "bold"))
        grid.add_row("", Text(visible(move.why)))
        if move.evidence:
            first, last = visible(move.evidence[0]), visible(move.evidence[-1])
            runs = first if len(move.evidence) == 1 else f"{first} to {last}"
            grid.add_row("", Text(f"{count(len(move.evidence), 'run')}: {runs}", "dim"))
    return grid
