"""The ledger of alerts: which troubles are open, and who has been told of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from parity.model.alert import Alert, Changes, Part, Trouble, TroubleKind
from parity.model.errors import StoreError
from parity.store import tables
from parity.store.connection import reading

__all__ = ["alerts_of", "change_alerts", "mark_reached", "mark_told", "one_teller"]

PATIENCE = "60s"  # a teller needs half of it at most
SEED = 7301843


@contextmanager
def one_teller(engine: Engine, migration: str) -> Iterator[None]:
    """Waits until nobody else tells alerts of a migration; gone with the process that holds it.

    Raises:
        StoreError: somebody else holds it for a minute, or the database does not answer.
    """
    wanted = func.pg_advisory_lock(func.hashtextextended(f"alerts {migration}", SEED))
    with reading(engine) as connection:
        # A lock of the session, not of a transaction: none is open while mail servers are slow.
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(select(func.set_config("lock_timeout", PATIENCE, False)))
        try:
            alone.execute(select(wanted))
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            raise StoreError("another process has been telling alerts for a minute") from None
        yield


def change_alerts(connection: Connection, migration: str, changes: Changes) -> None:
    """Closes and opens; what is open already stays as it is, and is not told again."""
    table = tables.alert
    for identity, recovery in changes.closed.items():
        connection.execute(
            update(table)
            .where(
                table.c.migration == migration,
                table.c.identity == identity,
                table.c.closed_at.is_(None),
            )
            .values(closed_at=func.now(), recovery=recovery)
        )
    for trouble in changes.opened:
        told = {"told_at": func.now()} if trouble.covered else {}
        connection.execute(
            insert(table)
            .values(
                migration=migration,
                identity=trouble.identity,
                kind=trouble.kind.value,
                session=trouble.session,
                title=trouble.title,
                body=trouble.body,
                link=trouble.link,
                **told,
            )
            .on_conflict_do_nothing(
                index_elements=[table.c.migration, table.c.identity],
                index_where=table.c.closed_at.is_(None),
            )
        )


def alerts_of(connection: Connection, migration: str) -> tuple[Alert, ...]:
    """All that are open, and those that are over and of which somebody may have to be told."""
    table = tables.alert
    unsaid = and_(table.c.recovery.is_not(None), table.c.recovery_told_at.is_(None))
    wanted = (
        select(table)
        .where(table.c.migration == migration, or_(table.c.closed_at.is_(None), unsaid))
        .order_by(table.c.id)
    )
    rows = connection.execute(wanted).all()
    reached = _reached(connection, [row.id for row in rows])
    return tuple(
        Alert(
            id=row.id,
            trouble=Trouble(
                identity=row.identity,
                kind=TroubleKind(row.kind),
                title=row.title,
                body=row.body,
                link=row.link,
                session=row.session,
            ),
            opened_at=row.opened_at,
            told_at=row.told_at,
            closed_at=row.closed_at,
            recovery=row.recovery,
            reached=reached.get((row.id, Part.TROUBLE), frozenset()),
            recovery_reached=reached.get((row.id, Part.RECOVERY), frozenset()),
        )
        for row in rows
    )


def _reached(
    connection: Connection, alerts: Iterable[int]
) -> Mapping[tuple[int, Part], frozenset[str]]:
    table = tables.alert_reached
    found: dict[tuple[int, Part], frozenset[str]] = {}
    for row in connection.execute(select(table).where(table.c.alert.in_(list(alerts)))):
        place = (row.alert, Part(row.part))
        found[place] = found.get(place, frozenset()) | {row.target}
    return found


def mark_reached(connection: Connection, parts: Iterable[tuple[int, Part]], target: str) -> None:
    """Notes that a target has these messages; saying so twice is fine."""
    for alert, part in parts:
        connection.execute(
            insert(tables.alert_reached)
            .values(alert=alert, part=part.value, target=target)
            .on_conflict_do_nothing()
        )


def mark_told(connection: Connection, parts: Iterable[tuple[int, Part]]) -> None:
    """Notes that everybody has these messages. Who knows that it is over needs no more."""
    table = tables.alert
    for alert, part in parts:
        values: dict[str, Any] = {"told_at": func.coalesce(table.c.told_at, func.now())}
        if part is Part.RECOVERY:
            values["recovery_told_at"] = func.now()
        connection.execute(update(table).where(table.c.id == alert).values(values))
