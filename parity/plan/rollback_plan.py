"""What a rollback would do, and its switch as a script for psql. Nothing is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import sql

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.plan.moving_back import LEFT, switch_row
from parity.plan.queries import rolling_back as queries
from parity.plan.whereabouts import Whereabouts, look, require_legacy
from parity.switch import MARKET
from parity.switch.serving import making

__all__ = ["RollbackPlan", "plan_rollback", "script_of"]

PSQL = "psql"
_HEAD = """\
-- Makes consumers of migration {migration} read legacy, in one transaction.
-- Run it as a role that may take on {role}: psql "$PARITY_DATABASE_URL" -f FILE
-- A lock timeout changes nothing: end the session that holds the view, or run it again.
-- Afterwards parity rollback --execute --reason TEXT goes on with what comes after the switch.
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
    """

    where: Whereabouts
    missed: tuple[date, ...] = ()
    schedules: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def needed(self) -> bool:
        """There is something to do."""
        return bool(self.where.astray or self.where.open or self.where.begun)

    def to_json(self) -> dict[str, Any]:
        """What `parity rollback --json` prints."""
        return {
            "schema_version": 1,
            "needed": self.needed,
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
        DatabaseError: the database does not answer, or the trail cannot be read.
    """
    from parity.plan.rerunning import era_of, missed

    where = look(harness)
    switching = harness.suite.plan.switching
    found: tuple[date, ...] = ()
    trouble = ""
    try:
        if where.astray:
            odd = {**where.odd, **require_legacy(harness, where)}
            trouble = "; ".join(f"{MARKET}.{name} stays: {why}" for name, why in odd.items())
        if where.astray or where.open:
            era = era_of(harness, where.since, now)
            found, trouble = missed(harness, era), trouble or era.trouble
    except ParityError as error:
        trouble = str(error)
    return RollbackPlan(
        where=where,
        missed=found,
        schedules=switching.schedules,
        hooks=tuple(hook.name for hook in switching.after_rollback),
        trouble=trouble,
    )


def script_of(harness: Harness) -> str:
    """The switch as a script for psql, for a day on which parity itself does not start.

    It holds for as long as the views have the columns that they have now.

    Raises:
        DatabaseError: the database does not answer, or the trail cannot be read.
    """
    where, migration = look(harness), harness.suite.migration
    views = [view for view in where.views if view.name not in where.odd]
    row = json.dumps(switch_row(views, PSQL, "by hand"), ensure_ascii=False, sort_keys=True)
    statements = queries.script(
        Role.PARITY_SWITCH.value,
        harness.suite.plan.switching.lock_timeout,
        list(making(views, Side.LEGACY, MARKET)) if views else [],
        [
            queries.append_switch(migration, PSQL, row),
            queries.append_phase(migration, PSQL, "by hand", Phase.VALIDATION.value, LEFT),
        ],
    )
    head = _HEAD.format(migration=migration, role=Role.PARITY_SWITCH.value)
    return head + sql.SQL("\n").join(statements).as_string(None) + "\n"
