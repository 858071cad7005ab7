"""How the plan of a cutover is printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from parity.model.plan import Hook, Switching
from parity.model.verdict import Side
from parity.report.screen import bullets, plain_table

if TYPE_CHECKING:
    from parity.model.checklist import Checklist
    from parity.plan.showing import Planned
    from parity.switch import View

__all__ = ["planned_lines"]


def planned_lines(planned: Planned) -> Iterator[RenderableType]:
    """What `parity cutover` says without --execute."""
    stands = planned.stands
    yield Text(f"Cutover of migration {planned.migration}", "bold")
    yield Text(f"Phase {stands.phase}; consumers read {stands.primary}.")
    if planned.gate is None:
        yield Text(
            f"{stands.operation} has switched; the same command with --execute finishes what is "
            "left." if stands.half_done else "Nothing is left to do."
        )  # fmt: skip
        return
    yield from _gate(planned.gate)
    yield Text("")
    yield Text("What must hold, whatever --force says", "bold")
    table = plain_table(("", False), ("check", False), ("", False))
    for check in planned.checks:
        table.add_row("✓" if check.ok else "✕", check.title, Text(check.seen))
    yield table
    yield from _views(planned.views)
    yield from _switching(planned.switching)
    yield Text("")
    yield Text(
        "Nothing has been written. To do it: parity cutover --execute --migration "
        f"{planned.migration}"
    )


def _gate(gate: Checklist) -> Iterator[RenderableType]:
    red = gate.red
    yield Text("")
    yield Text(f"The gate is {'open' if gate.open else 'NOT OPEN'}", "bold")
    yield Text(f"{len(gate.items) - len(red)} of {len(gate.items)} items hold.")
    yield from bullets("Red", [f"{item.id}: {item.missing or item.evidence}" for item in red])


def _views(views: tuple[View, ...]) -> Iterator[RenderableType]:
    for view in views:
        yield from bullets(
            f"View market.{view.name}: from {view.served.relation(Side.LEGACY)} "
            f"to {view.served.relation(Side.CANDIDATE)}",
            [f"{name} {kind}" for name, kind in view.columns],
        )


def _switching(switching: Switching) -> Iterator[RenderableType]:
    yield from bullets("Hooks before, each of which may veto", _names(switching.before))
    yield from bullets("Hooks after", _names(switching.after))
    yield from bullets("Prefect schedules that are resumed", switching.schedules)
    yield Text("")
    there = " (it is there)"
    for what, path in (
        ("waits while this file is there", switching.postpone_file),
        ("gives up when this file is there", switching.panic_file),
    ):
        yield Text(f"It {what}: {path}{there if path.exists() else ''}")
    yield Text(
        f"Readers wait for at most {switching.lock_timeout.total_seconds() * 1000:.0f} ms at each "
        f"of up to {switching.attempts} tries."
    )


def _names(hooks: tuple[Hook, ...]) -> list[str]:
    return [f"{hook.name}: {' '.join(hook.command)}" for hook in hooks]
