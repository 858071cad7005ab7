"""The gate as a night's page and terminal tell it."""

from __future__ import annotations

from collections.abc import Iterator

from parity.model.checklist import Checklist, Item
from parity.report.gateview import GateView
from parity.report.words import count, visible

__all__ = ["gate_view"]

# The items that count sessions in a row, one of each phase (parity.gates.sessions).
_STREAKS = frozenset({"sessions-compared", "sessions-passed", "sessions-primary"})


def gate_view(found: Checklist | None) -> GateView | None:
    """The gate as it stood after the night; None where that was not kept, or nothing is asked."""
    if found is None or not found.items:
        return None
    whole, holding = len(found.items), len(found.items) - len(found.red)
    return GateView(
        phase=found.phase.value.replace("_", " "),
        open=found.open,
        says=_says(found),
        held=f"{holding} of {count(whole, 'item holds', 'items hold')}",
        # `7 of 10 sessions in a row passed`
        streak=next(
            (
                visible(f"{len(item.runs)} of {item.title}")
                for item in found.items
                if item.id in _STREAKS
            ),
            "",
        ),
        missing=tuple(_missing(found.red)),
        earliest=_earliest(found),
    )


def _says(found: Checklist) -> str:
    """`Gate from validation to cutover: closed`."""
    to = f" to {found.to.value.replace('_', ' ')}" if found.to else ""
    state = "open" if found.open else "closed"
    return f"Gate from {found.phase.value.replace('_', ' ')}{to}: {state}"


def _missing(red: tuple[Item, ...]) -> Iterator[str]:
    for item in red:
        yield visible(f"{item.title}: {item.missing or item.evidence}")


def _earliest(found: Checklist) -> str:
    if found.open:
        return ""
    if found.earliest is None:
        return "not before the calendar ends"
    return f"at the earliest {found.earliest.isoformat()}"
