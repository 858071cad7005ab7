"""How the plan of a cutover is printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.cli.telling import shown
from parity.model.plan import Hook, Switching
from parity.model.verdict import Side
from parity.plan.postponing import there
from parity.report.screen import bullets

if TYPE_CHECKING:
    from parity.model.checklist import Checklist
    from parity.plan.showing import Planned
    from parity.switch import View

__all__ = ["nothing_loads", "planned_lines"]


NOTHING_LOADS = "NOTHING LOADS NEW DATA until Prefect's schedules run:"


def nothing_loads() -> str:
    """The last line where a cutover is done and Prefect's schedules are not resumed."""
    unset = not os.environ.get("PREFECT_API_URL", "").strip()
    first = "Set PREFECT_API_URL, the address of Prefect's API, first.\n" if unset else ""
    return f"{first}{NOTHING_LOADS} parity status"


def planned_lines(planned: Planned, *, columns: bool = False) -> Iterator[RenderableType]:
    """What `parity cutover` says without --execute; the answer first.

    Args:
        planned: the plan.
        columns: the columns of every view too.
    """
    stands = planned.stands
    yield Text(planned.answer, "bold")
    yield Text(
        f"Migration {planned.migration}; phase {stands.phase}; consumers read {stands.primary}."
    )
    if planned.gate is None:
        if planned.waits:
            yield from _prefect(planned.prefect)
            yield Text(nothing_loads())
        return
    yield from _gate(planned.gate)
    yield Text("")
    yield Text("What must hold, whatever --force says", "bold")
    for check in planned.checks:
        yield _marked("✓" if check.ok else "✕", f"{check.title}: {check.seen}")
    yield from _views(planned.views, columns=columns)
    yield from _switching(planned.switching)
    if planned.switching.schedules:
        yield from _prefect(planned.prefect)
    yield Text("")
    yield from _last(planned, planned.gate)


def _last(planned: Planned, gate: Checklist) -> Iterator[RenderableType]:
    """What to do next, and it is true."""
    if planned.ready:
        yield Text("Nothing has been written. To do it:")
        yield Text(f"parity cutover --execute --migration {planned.migration}")
        return
    yield Text("Nothing has been written.")
    if planned.refused_anyway:
        yield Text("With --execute it would be refused, whatever --force says.")
    else:
        yield Text(
            f"With --execute it would be refused for {len(gate.red)} of the gate's items; see "
            "parity checklist. --force REASON would override them, on record."
        )


def _prefect(trouble: str) -> Iterator[RenderableType]:
    yield _marked(
        "!" if trouble else "✓",
        f"{trouble}: nothing would load new data after a cutover until Prefect answers"
        if trouble
        else "Prefect answers, and knows each of them.",
    )


def _marked(mark: str, text: str) -> RenderableType:
    """A line with a mark before it; what does not fit goes on beside the mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(mark, Text(text))
    return grid


def _gate(gate: Checklist) -> Iterator[RenderableType]:
    red = gate.red
    yield Text("")
    yield Text(f"The gate is {'open' if gate.open else 'NOT OPEN'}", "bold")
    yield Text(f"{len(gate.items) - len(red)} of {len(gate.items)} items hold.")
    yield from bullets("Red", [f"{item.id}: {item.missing or item.evidence}" for item in red])


def _views(views: tuple[View, ...], *, columns: bool) -> Iterator[RenderableType]:
    if not columns:
        yield from bullets(
            f"{len(views)} views (--columns shows their columns)", [_moved(view) for view in views]
        )
        return
    for view in views:
        yield from bullets(_moved(view), [f"{name} {kind}" for name, kind in view.columns])


def _moved(view: View) -> str:
    legacy, candidate = (view.served.relation(side) for side in (Side.LEGACY, Side.CANDIDATE))
    return f"market.{view.name}: from {legacy} to {candidate}"


def _switching(switching: Switching) -> Iterator[RenderableType]:
    yield from bullets("Hooks before, each of which may veto", _names(switching.before))
    yield from bullets("Hooks after", _names(switching.after))
    yield from bullets("Prefect schedules that are resumed", switching.schedules)
    yield Text("")
    for what, path in (
        ("waits while this file is there", switching.postpone_file),
        ("gives up when this file is there", switching.panic_file),
    ):
        yield Text(f"It {what}{' (it is there)' if there(path) else ''}:")
        yield Text(f"  {shown(path)}")
    yield Text(
        f"Readers wait for at most {switching.lock_timeout.total_seconds() * 1000:.0f} ms at each "
        f"of up to {switching.attempts} tries."
    )


def _names(hooks: tuple[Hook, ...]) -> list[str]:
    return [f"{hook.name}: {' '.join(hook.command)}" for hook in hooks]
