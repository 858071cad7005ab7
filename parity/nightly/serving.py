"""Keeps the views there that consumers read."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.model.errors import ParityError
from parity.model.plan import Served
from parity.model.suite import Relation
from parity.nightly.harness import Harness
from parity.nightly.snapshot import Say
from parity.switch import (
    BRIEFLY,
    MARKET,
    NoRelationError,
    View,
    create_missing,
    keep_still,
    resolve,
    there,
)

__all__ = ["serve"]

_log = logging.getLogger(__name__)


def serve(harness: Harness, say: Say) -> None:
    """Makes the views of schema `market` that are missing; never touches one that is there.

    A view that cannot be made costs the night nothing: it is said, and tried again the next night.
    Of a table that a dataset compares and that is not there the night itself speaks.
    """
    try:
        with harness.database.connect_as(Role.PARITY_SWITCH) as connection:
            # What is there is looked at when nobody can move it any more.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            missing = _missing(connection, harness.suite.plan.served)
            connection.commit()  # each of them is a transaction of its own
            for served in missing:
                _make(harness, connection, served, say)
    except (ParityError, psycopg.Error) as error:
        say(f"The views of schema {MARKET} were not looked at: {_line(error)}")


def _missing(connection: psycopg.Connection, served: Sequence[Served]) -> list[Served]:
    known = there(connection, [View(one, ()) for one in served], MARKET)
    return [one for one in served if one.view not in known]


def _make(harness: Harness, connection: psycopg.Connection, served: Served, say: Say) -> None:
    migration = harness.suite.migration
    try:
        with connection.transaction():
            views = resolve(connection, [served])
            keep_still(connection, MARKET, BRIEFLY)  # from here on the primary stays what it is
            create_missing(connection, views, harness.store.primary(migration))
    except NoRelationError as error:
        told = error.relation in _compared(harness)
        (_log.info if told else say)(f"{MARKET}.{served.view} is not served yet: {error}")
    except (ParityError, psycopg.Error) as error:
        say(f"{MARKET}.{served.view} is not served yet: {_line(error)}")
    else:
        _log.info("%s.%s is there for consumers to read.", MARKET, served.view)


def _compared(harness: Harness) -> set[Relation]:
    datasets = harness.suite.datasets
    return {one for dataset in datasets for one in (dataset.legacy, dataset.candidate)}


def _line(error: Exception) -> str:
    return first_line(error) if isinstance(error, psycopg.Error) else str(error)
