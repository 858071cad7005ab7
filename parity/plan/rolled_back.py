"""How a rollback went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.model.verdict import Side

if TYPE_CHECKING:
    from parity.plan.catching_up import CaughtUp
    from parity.plan.hooks import HookOutcome
    from parity.switch import Swapped

__all__ = ["RolledBack"]


@dataclass(slots=True, kw_only=True)
class RolledBack:
    """How a rollback went; consumers read legacy.

    Attributes:
        operation: its id in the trail; empty where there was nothing to do.
        already: consumers read legacy before it began.
        swapped: how the switch went; None where there was none.
        called_off: the cutover that had begun and will not switch any more.
        hooks: how hooks ended.
        settled: Prefect has done what was asked of its schedules.
        caught: how far the catch-up came; None where there was none.
        troubles: what could not be done after the switch, a line each.
        stayed: views that could not be moved.
        database: which database that is, and when it was switched before.
        before: what an earlier rollback has listed, where there was nothing to do.
    """

    operation: str = ""
    already: bool = False
    swapped: Swapped | None = None
    called_off: str = ""
    hooks: tuple[HookOutcome, ...] = ()
    settled: bool = True
    caught: CaughtUp | None = None
    troubles: list[str] = field(default_factory=list)
    stayed: tuple[str, ...] = ()
    database: str = ""
    before: str = ""

    @property
    def finished(self) -> bool:
        """Nothing is left to go on with."""
        hooks = all(outcome.ok for outcome in self.hooks)
        return hooks and not self.troubles and (self.caught is None or self.caught.complete)

    @property
    def exit_code(self) -> int:
        """0 switched and all is proved; 1 switched, but somebody has to look at something."""
        return 0 if self.finished and (self.caught is None or self.caught.clean) else 1

    def to_json(self) -> dict[str, Any]:
        """What `parity rollback --execute --json` prints."""
        return {
            "schema_version": 1,
            "operation": self.operation,
            "database": self.database,
            "primary": Side.LEGACY.value,
            "already": self.already,
            "switched": self.swapped.to_json() if self.swapped else None,
            "called_off": self.called_off,
            "hooks": [outcome.to_json() for outcome in self.hooks],
            "schedules_done": self.settled,
            "catch_up": None if self.caught is None else self.caught.to_json(),
            "troubles": list(self.troubles),
            "stayed": list(self.stayed),
            "listed_before": self.before,
            "finished": self.finished,
        }
