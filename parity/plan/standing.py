"""Where a migration stands: what the trail says of it, and that the catalog says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.switch import MARKET, View, side_of

__all__ = ["Standing", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the migration stands, as the trail and the catalog say together.

    Attributes:
        primary: the side that consumers read.
        phase: the phase in force.
        operation: the cutover that made the candidate primary; empty where none did.
        views: those that it moved.
        steps: rows of its steps, the oldest first.
        number: of the last switch's row in the trail; 0 where there is none.
    """

    primary: Side
    phase: Phase
    operation: str = ""
    views: tuple[View, ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    number: int = 0

    @property
    def finished(self) -> bool:
        """Consumers read the candidate and nothing is left to do."""
        done = not self.operation or self.has("finished")
        return self.primary is Side.CANDIDATE and done

    @property
    def half_done(self) -> bool:
        """Consumers read the candidate, and something that comes after the switch is left."""
        return self.primary is Side.CANDIDATE and not self.finished

    def has(self, step: str, **content: object) -> bool:
        """A step is done."""
        wanted = {"step": step, **content}
        return any(all(row.get(k) == v for k, v in wanted.items()) for row in self.steps)


def standing(harness: Harness) -> Standing:
    """Where the migration stands.

    Raises:
        ParityError: the trail and the catalog do not agree, so somebody moved views by hand.
    """
    migration = harness.suite.migration
    switches = harness.store.trail(migration, TrailKind.SWITCH)
    last = switches[-1].content if switches else {}
    views = tuple(map(View.of_json, last.get("views", ())))
    primary = Side(last.get("to", Side.LEGACY))
    _require_catalog(harness, views, primary)
    operation = str(last.get("operation", "")) if primary is Side.CANDIDATE else ""
    steps = harness.store.trail(migration, TrailKind.STEP) if operation else ()
    return Standing(
        primary=primary,
        phase=harness.store.phase(migration),
        operation=operation,
        views=views,
        steps=tuple(e.content for e in steps if e.content.get("operation") == operation),
        number=switches[-1].number if switches else 0,
    )


def _require_catalog(harness: Harness, views: Sequence[View], primary: Side) -> None:
    known = views or [View(served, ()) for served in harness.suite.plan.served]
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        found = side_of(connection, known)
    if found is None and primary is Side.LEGACY:
        return  # none has been made yet
    if found is not primary:
        raise ParityError(
            f"the trail says that consumers read {primary}, but the views of schema {MARKET} "
            f"{f'read {found}' if found else 'are gone'}; parity rollback --execute puts it right"
        )
