"""What each side says tonight, kept so that a later night can tell what is out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from parity import revisions
from parity.database import Database, Role
from parity.diff import Comparison
from parity.exchange import Exchange
from parity.explain import Revisions
from parity.model.suite import Dataset, Kind, Suite
from parity.model.verdict import Side
from parity.nightly.snapshot import Say

__all__ = ["remember", "said_before"]


def said_before(
    connection: psycopg.Connection, suite: Suite, dataset: Dataset, session: date
) -> Revisions | None:
    """What the sides said of a dataset's rows before a session; None where it is not kept."""
    if not _kept(suite, dataset):
        return None

    def said(
        side: Side, keys: Sequence[tuple[Any, ...]]
    ) -> list[tuple[int, date, Mapping[str, Any]]]:
        found: list[tuple[int, date, Mapping[str, Any]]] = []
        for start in range(0, len(keys), revisions.MOST):
            part = revisions.find(
                connection,
                migration=suite.migration,
                dataset_name=dataset.name,
                side=side,
                keys=keys[start : start + revisions.MOST],
                before=session,
            )
            found += [(start + place, said_at, row) for place, said_at, row in part]
        return found

    return said


def remember(
    suite: Suite,
    database: Database,
    exchange: Exchange,
    names: Sequence[str],
    *,
    session: date,
    as_of: datetime,
    say: Say,
) -> None:
    """Keeps what both sides say of the newest `revision_days` days, where it is new.

    Args:
        suite: whose datasets.
        database: where.
        exchange: whose day begins when.
        names: the datasets that were compared.
        session: the night's.
        as_of: what is settled then is kept.
        say: is told what could not be kept; the night's findings stand without it.
    """
    first = session - timedelta(days=suite.revision_days)
    for dataset in suite.datasets:
        if dataset.name not in names or not _kept(suite, dataset):
            continue
        try:
            with database.connect_as(Role.PARITY_HARNESS) as connection:
                _remember(connection, suite, dataset, exchange, session, as_of, first)
        except Exception as error:  # noqa: BLE001
            # The night is stored and stands; a later one can prove less.
            line = (str(error).splitlines() or [type(error).__name__])[0]
            say(f"Dataset {dataset.name}: what it says tonight was not kept: {line}")


def _kept(suite: Suite, dataset: Dataset) -> bool:
    timed = dataset.time is not None and dataset.time in dataset.key
    return bool(suite.revision_days) and timed and dataset.kind is not Kind.TABLE


def _remember(
    connection: psycopg.Connection,
    suite: Suite,
    dataset: Dataset,
    exchange: Exchange,
    session: date,
    as_of: datetime,
    first: date,
) -> None:
    newest = revisions.newest(connection, suite.migration, dataset.name)
    if newest is not None and newest > session:
        return  # what is stored now is not what it was at the session
    comparison = Comparison(connection, dataset, as_of=as_of, zone=exchange.zone)
    for side in Side:
        reader = comparison.readers[side]
        part = reader.rows(reader.since(first))
        revisions.keep(
            connection,
            migration=suite.migration,
            dataset_name=dataset.name,
            side=side,
            session=session,
            rows=(part.text, part.values),
            key_names=[pair.name for pair in comparison.plan.key],
            column_names=[pair.name for pair in comparison.plan.columns],
            first=first,
        )
    revisions.prune(connection, suite.migration, dataset.name, first)
