"""The clean-up of a migration: what is left of the old side, into quarantine, back, or dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg

from parity.model.errors import ParityError, UsageError
from parity.model.verdict import Phase
from parity.nightly.harness import Harness
from parity.plan.mentions import Mentions, mentions_of
from parity.plan.quarantining.archive import folder_of
from parity.plan.quarantining.dropping import drop_for_good
from parity.plan.quarantining.moving import put_into_quarantine, take_out
from parity.plan.quarantining.obstacles import What, obstacles
from parity.plan.quarantining.standing import Standing, in_the_way, standing, talking
from parity.plan.readers_left import Readers, readers

__all__ = ["Cleanup", "Done", "What", "drop", "plan_cleanup", "quarantine", "restore"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """The plan, and where it stands.

    Attributes:
        migration, phase: whose, and the phase in force.
        standing: where it stands.
        what: is asked for: `quarantine`, `undo` or `drop`.
        obstacles: why that may not be done; empty when it may.
        readers: who still uses it.
        mentions: what a person has to delete or change.
        folder: where the archive is or will be.
        days: how long a quarantine lasts.
    """

    migration: str
    phase: Phase
    standing: Standing
    what: What = "quarantine"
    obstacles: tuple[str, ...]
    readers: Readers
    mentions: Mentions
    folder: Path
    days: int

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "migration": self.migration,
            "phase": self.phase.value,
            "what": self.what,
            "state": self.standing.name,
            "schemas": [
                {"schema": name, "now": now} for name, now in _names(self.standing).items()
            ],
            "until": self.standing.until.isoformat() if self.standing.until else None,
            "archive": str(self.folder),
            "in_the_way": list(self.obstacles),
            "readers": self.readers.to_json(),
            "to_delete": self.mentions.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done.

    Attributes:
        step: `renamed`, `restored` or `dropped`.
        changed: False when it was so already.
        schemas: name in the config to name now; None: it is gone.
        until: the first day on which it may be dropped; None: it is in no quarantine.
        archive: the folder of the last archive; empty: none.
        rows: in the archive; None: not looked at.
    """

    migration: str
    step: str
    changed: bool
    schemas: Mapping[str, str | None]
    until: date | None = None
    archive: str = ""
    rows: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "migration": self.migration,
            "step": self.step,
            "changed": self.changed,
            "schemas": [{"schema": name, "now": now} for name, now in self.schemas.items()],
            "until": self.until.isoformat() if self.until else None,
            "archive": self.archive or None,
            "rows": self.rows,
        }


def plan_cleanup(
    harness: Harness,
    config: Path,
    *,
    by: str,
    now: datetime,
    folder: Path | None,
    environ: Mapping[str, str],
    what: What = "quarantine",
) -> Cleanup:
    """Says what a clean-up would do and what is in its way; changes nothing but the trail.

    Args:
        harness: whose migration.
        config: parity.yaml, whose keys are named.
        by: who looks, for the trail, which keeps what the server has counted the first time.
        now: the moment.
        folder: where the archive's own folder is made; None: `archive` in the state folder.
        environ: whose PATH may have `crontab`.
        what: is asked for.

    Raises:
        ParityError: the old side shares a schema, or the database refuses.
    """
    suite = harness.suite
    at = _standing(harness)
    found = readers(harness, at, by=by, at=now)
    ways = [one.told for one in found.dependents]
    place = _place(harness, at, folder)
    before = {one.schema: one.of for one in at.held}
    tables = {f"{before.get(one.schema, one.schema)}.{one.name}" for one in found.tables}
    tables |= {str(dataset.legacy) for dataset in suite.datasets}
    return Cleanup(
        migration=suite.migration,
        phase=harness.store.phase(suite.migration),
        standing=at,
        what=what,
        obstacles=tuple(obstacles(harness, at, what, ways, now, place)),
        readers=found,
        mentions=mentions_of(suite, config, tables, environ),
        folder=place,
        days=suite.plan.switching.quarantine.days,
    )


def quarantine(
    harness: Harness,
    migration: str | None,
    *,
    by: str,
    now: datetime,
    folder: Path | None,
    say: Callable[[str], None],
) -> Done:
    """Archives the old schemas and renames them; done already, it says so.

    Args:
        harness: whose migration.
        migration: its name, as the operator has typed it.
        by: who decides, for the trail.
        now: the moment, of which the new names and the end of the quarantine are made.
        folder: where the archive's own folder is made; None: `archive` in the state folder.
        say: told each step.

    Raises:
        ParityError: it may not be done or cannot be; the schemas are as they were.
    """
    _confirm(harness, migration)
    with harness.alone():
        at = _standing(harness)
        if at.gone:
            raise ParityError(f"schema {', '.join(at.gone)} was dropped already, after quarantine")
        if at.held:
            return Done(migration=harness.suite.migration, step="renamed", changed=False,
                        schemas=_names(at), until=at.until, archive=at.archive)  # fmt: skip
        obstacles = in_the_way(harness)
        if obstacles:
            raise ParityError(f"no clean-up yet: {'; '.join(obstacles)}")
        archive, held = put_into_quarantine(
            harness, at, by=by, now=now, folder=folder, say=say
        )  # fmt: skip
    return Done(
        migration=harness.suite.migration,
        step="renamed",
        changed=True,
        schemas={one.of: one.schema for one in held},
        until=held[0].until,
        archive=str(archive.path.parent),
        rows=archive.rows,
    )


def restore(harness: Harness, *, by: str, now: datetime) -> Done:
    """Brings the schemas back from quarantine, under their old names; done already, it says so.

    Raises:
        ParityError: there is nothing to bring back, or something has taken the old name.
    """
    with harness.alone():
        at = _standing(harness)
        if not at.held and at.last != "restored":
            raise _not_held(harness, at)
        if at.held:
            take_out(harness, at, by=by, now=now)
    return Done(
        migration=harness.suite.migration,
        step="restored",
        changed=bool(at.held),
        schemas={name: name for name in at.schemas},
        archive=at.archive,
    )


def drop(
    harness: Harness, migration: str | None, *, by: str, now: datetime, folder: Path | None
) -> Done:
    """Drops the schemas after their quarantine, if the archive is whole; done, it says so.

    Raises:
        ParityError: it may not be done or cannot be; nothing is dropped.
    """
    _confirm(harness, migration)
    with harness.alone():
        at = _standing(harness)
        if not at.held and not at.gone:
            raise _not_held(harness, at)
        place = _place(harness, at, folder)
        archive = drop_for_good(harness, at, place=place, by=by, now=now) if at.held else None
    return Done(
        migration=harness.suite.migration,
        step="dropped",
        changed=bool(at.held),
        schemas=dict.fromkeys(at.schemas),
        archive=str(place),
        rows=archive.rows if archive else None,
    )


def _standing(harness: Harness) -> Standing:
    with (
        talking("where the clean-up stands cannot be told"),
        psycopg.connect(harness.database.admin_url) as connection,
    ):
        return standing(harness, connection)


def _confirm(harness: Harness, migration: str | None) -> None:
    if migration != harness.suite.migration:
        raise UsageError(
            "say whose old schema it is, so that it is the one you mean: --migration "
            f"{harness.suite.migration}"
        )


def _place(harness: Harness, at: Standing, folder: Path | None) -> Path:
    """The folder of the archive: where it was put, unless another one is named."""
    if folder is None and at.archive and (at.held or at.gone):
        return Path(at.archive)
    return folder_of(harness, folder)


def _not_held(harness: Harness, at: Standing) -> ParityError:
    gone = f"; it was dropped, its rows are in {_place(harness, at, None)}" if at.gone else ""
    return ParityError(
        f"schema {', '.join(at.schemas)} of migration {harness.suite.migration} is not in "
        f"quarantine{gone}"
    )


def _names(at: Standing) -> dict[str, str | None]:
    """What each schema is called now; None: it is gone."""
    now = {one.of: one.schema for one in at.held}
    return {name: None if name in at.gone else now.get(name, name) for name in at.schemas}
