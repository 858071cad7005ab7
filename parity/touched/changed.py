"""What was written since a moment, known from a column that says when a row changed.

It does not see rows that were deleted; the other side still has them, and the rotating audit
finds those that both have lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import psycopg

from parity.model.errors import DatabaseError
from parity.model.suite import Relation
from parity.touched import queries
from parity.touched.columns import columns_of, locate, require_time
from parity.touched.log import Touched, spans_of

__all__ = ["Changed", "changed_since"]


@dataclass(frozen=True, slots=True)
class Changed:
    """Spans by symbol, as those of `touched_since`, and a hint where reading them was slow."""

    spans: Touched
    hint: str | None


def changed_since(
    connection: psycopg.Connection,
    relation: Relation,
    symbol: str,
    time: str,
    changed: str,
    since: datetime,
    *,
    zone: tzinfo | None = None,
) -> Changed:
    """The segments with rows whose change column is at or after a moment, or NULL.

    Args:
        connection: in the transaction of the comparison.
        relation: a table or view.
        symbol: its column of symbols; a row without one makes everything count as touched.
        time: its column of dates or timestamps.
        changed: its column that says when a row was written.
        since: the moment, with its offset. Subtract a margin: a row is stamped before its
            transaction commits, by as long as that lasts.
        zone: the zone of bare timestamps and dates in both columns; where it is None, `changed`
            is in UTC and `time` compares as it is.

    Raises:
        DatabaseError: the relation or a column is missing or of another type, or not readable.
    """
    place = locate(connection, relation)
    if place is None:
        raise DatabaseError(f"there is no table or view {relation}")
    _, times, stamps = columns_of(connection, relation, place, [symbol, time, changed])
    kind = require_time(relation, times)
    bound = _bound(since, require_time(relation, stamps), zone)
    text = queries.changed(relation, symbol, time, kind, changed)
    try:
        spans = spans_of(connection.execute(text, [bound]).fetchall(), kind, zone)
        indexed = connection.execute(queries.INDEXES, [place.oid, changed]).fetchone()
    except psycopg.Error as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatabaseError(f"{relation}: rows changed since {since}: {first}") from error
    hint = None
    if not indexed and place.kind in "rpm":
        hint = (
            f"{relation} has no index on {changed}: all of it was read to find what was written "
            f"since the last night; CREATE INDEX ON {relation} ({changed})"
        )
    return Changed(spans, hint)


def _bound(since: datetime, kind: str, zone: tzinfo | None) -> date:
    """The moment as the change column has it."""
    if kind == "timestamptz":
        return since
    # Bare times repeat the hour in which clocks are put back: one more hour misses nothing.
    wall = (since.astimezone(zone or UTC) - timedelta(hours=1)).replace(tzinfo=None)
    return wall.date() if kind == "date" else wall
