"""Why the old side may not go into quarantine, come back from it, or be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import psycopg

from parity.model.errors import ParityError
from parity.nightly.harness import Harness
from parity.plan.quarantining import queries
from parity.plan.quarantining.archive import archived
from parity.plan.quarantining.dropping import refuse_early
from parity.plan.quarantining.standing import Standing, in_the_way, talking

__all__ = ["What", "obstacles"]

What = Literal["quarantine", "undo", "drop"]


def obstacles(
    harness: Harness,
    at: Standing,
    what: What,
    ways: Sequence[str],
    now: datetime,
    place: Path,
) -> list[str]:
    """Why what is asked for may not be done, as far as it can be told without doing it.

    Args:
        harness: whose migration.
        at: where the clean-up stands.
        what: is asked for.
        ways: what elsewhere depends on the schemas, each in words.
        now: the moment.
        place: the folder of the archive.

    Raises:
        DatabaseError: the database refuses.
    """
    names = ", ".join(at.schemas)
    if what == "quarantine":
        return [*ways] if at.held or at.gone else [*in_the_way(harness), *ways]
    if at.gone:
        return [f"schema {names} was dropped after its quarantine"]
    if not at.held:
        return [f"schema {names} is not in quarantine: there is nothing to {what}"]
    if what == "undo":
        return _taken(harness, at)
    try:
        refuse_early(harness, at, now)
        archived(place, at.schemas)
    except ParityError as error:
        return [str(error), *ways]
    return [*ways]


def _taken(harness: Harness, at: Standing) -> list[str]:
    """What has taken the old names meanwhile; an empty schema is dropped for them."""
    names = {"in": [one.of for one in at.held]}
    with (
        talking("what has the old names cannot be told"),
        psycopg.connect(harness.database.admin_url) as connection,
    ):
        things = connection.execute(queries.THINGS, names).fetchall()
    return [
        f"a new schema {schema} has been made meanwhile, and it holds {kind.lower()} {name}"
        for schema, kind, name in things[:1]
    ]
