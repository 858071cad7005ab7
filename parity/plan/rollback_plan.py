"""What a rollback would do, and its switch as a script for psql. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import sql

from parity.database import Role
from parity.model.errors import DatabaseError, ParityError
from parity.model.trail import content_text
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.listed_before import listed_before
from parity.plan.moving_back import LEFT, switch_row
from parity.plan.queries import rolling_back as queries
from parity.plan.whereabouts import (
    RefusedError,
    Whereabouts,
    look,
    require_legacy,
    require_record,
)
from parity.switch import MARKET
from parity.switch.serving import making

__all__ = ["RollbackPlan", "plan_rollback", "script_of"]

PSQL = "psql"
_HEAD = """\
-- Makes consumers of migration {migration} read legacy, in one transaction.
-- Run it as a role that may take on {role}: psql "$PARITY_DATABASE_URL" -f FILE
-- A lock timeout changes nothing: end the session that holds the view, or run it again.
-- Afterwards parity rollback --execute goes on with what comes after the switch.
\\set ON_ERROR_STOP on
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """What `parity rollback --execute` would do.

    Attributes:
        where: what consumers read now.
        missed: sessions that the scripts have missed, as far as they are known.
        schedules: Prefect's deployments that would be paused.
        hooks: names of the hooks that would run.
        trouble: why something of it is not known, or would not work; empty where all is well.
        refused: why it would move no view at all; empty where it would.
        before: what an earlier rollback has listed, where there is nothing to do.
    """

    where: Whereabouts
    missed: tuple[date, ...] = ()
    schedules: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    trouble: str = ""
    refused: str = ""
    before: str = ""

    @property
    def needed(self) -> bool:
        """There is something to do."""
        return bool(self.where.astray or self.where.open or self.where.begun)

    @property
    def answer(self) -> str:
        """Yes or no, and why, in one line."""
        where = self.where
        if self.refused:
            return f"No: {self.refused}"
        if where.astray:
            since = f" since {where.since:%Y-%m-%d}" if where.since else ""
            served = where.primary is Side.CANDIDATE
            reads = f"read the candidate{since}" if served else "do not all read legacy"
            return f"Yes: consumers {reads}; a rollback would end it."
        if where.open:
            return f"Yes: consumers read legacy; a rollback would go on with {where.open}."
        if where.begun:
            return f"Yes: consumers read legacy; a rollback would call off {where.begun}."
        return "Nothing to roll back: consumers read legacy."

    @property
    def exit_code(self) -> int:
        """1: it would be refused."""
        return 1 if self.refused else 0

    def to_json(self) -> dict[str, Any]:
        """What `parity rollback --json` prints."""
        return {
            "schema_version": 1,
            "needed": self.needed,
            "answer": self.answer,
            "refused": self.refused,
            "database": self.where.database,
            "last_switch": self.where.last.at.isoformat() if self.where.last else None,
            "primary": self.where.primary.value,
            "phase": self.where.phase.value,
            "open": self.where.open,
            "begun": self.where.begun,
            "views": [
                {
                    "view": view.name,
                    "reads": self.reads(view.name),
                    "would_read": str(view.served.legacy),
                }
                for view in self.where.views
            ],
            "missed_sessions": [day.isoformat() for day in self.missed],
            "schedules": list(self.schedules),
            "hooks": list(self.hooks),
            "trouble": self.trouble,
            "listed_before": self.before,
        }  # fmt: skip

    def reads(self, name: str) -> str:
        """What a view reads, in a word or two."""
        if name not in self.where.reads:
            return "gone"
        side = self.where.reads[name]
        return "something else" if side is None else side.value


def plan_rollback(harness: Harness, now: datetime) -> RollbackPlan:
    """What would be done now.

    Raises:
        DatabaseError: the database does not answer, the trail cannot be read, or it is another
            database than the one that is meant.
    """
    from parity.plan.rerunning import era_of, missed

    where = look(harness)
    require_record(harness, where)
    switching = harness.suite.plan.switching
    found: tuple[date, ...] = ()
    trouble = refused = ""
    try:
        if where.astray:
            odd = {**where.odd, **require_legacy(harness, where)}
            told = "; ".join(f"{MARKET}.{name} stays: {why}" for name, why in odd.items())
            every = odd and len(odd) == len(where.views)
            trouble, refused = ("", told) if every else (told, "")
        if where.astray or where.open:
            era = era_of(harness, where.since, now)
            found, trouble = missed(harness, era), trouble or era.trouble
    except RefusedError as error:
        trouble, refused = str(error), error.answer
    except ParityError as error:
        trouble = str(error)
    idle = not (where.astray or where.open or where.begun)
    before = listed_before(harness, where.last) if idle else None
    return RollbackPlan(
        where=where,
        missed=found,
        schedules=switching.schedules,
        hooks=tuple(hook.name for hook in switching.after_rollback),
        trouble=trouble,
        refused=refused,
        before=before.told if before else "",
    )


def script_of(harness: Harness) -> str:
    """The switch as a script for psql, for a day on which parity itself does not start.

    It holds for as long as the views have the columns that they have now.

    Raises:
        DatabaseError: the database does not answer, the trail cannot be read, or there is no view
            to move.
    """
    where, migration = look(harness), harness.suite.migration
    nothing = "no views are there to move"
    try:
        require_record(harness, where)
    except DatabaseError as error:
        raise DatabaseError(f"{nothing}: {error}") from None
    views = [view for view in where.views if view.name not in where.odd]
    if not views:
        raise DatabaseError(f"{nothing} in {where.database}")
    row = content_text(switch_row(views, PSQL, "by hand"))
    statements = queries.script(
        Role.PARITY_SWITCH.value,
        harness.suite.plan.switching.lock_timeout,
        list(making(views, Side.LEGACY, MARKET)),
        [
            queries.append_switch(migration, PSQL, row),
            queries.append_phase(migration, PSQL, "by hand", Phase.VALIDATION.value, LEFT),
        ],
    )
    head = _HEAD.format(migration=migration, role=Role.PARITY_SWITCH.value)
    return head + sql.SQL("\n").join(statements).as_string(None) + "\n"
