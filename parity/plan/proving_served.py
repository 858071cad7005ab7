"""Proves that what was served before a rollback is served after it.

Every key of the candidate must be on the legacy side: all rows count, whatever a dataset's `where`,
`since` or `settle` leaves out. Values are compared as the datasets of the config compare them, with
their tolerances; without a dataset, exactly. And the candidate must still have as many rows as it
is known to have served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.database.holding import hold
from parity.diff import Comparison, DatasetDiff, Team, compare
from parity.model.errors import ParityError
from parity.model.result import Discrepancy, RowState
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.plan.known_served import Known, fewer
from parity.plan.listing import SHOWN, Listing
from parity.plan.pairs import Pair, as_served, whole
from parity.plan.queries import rolling_back as queries

__all__ = ["Proof", "keys_missing", "prove"]

PATIENCE = timedelta(seconds=5)  # for a table that somebody has locked
Sink = Callable[[Discrepancy], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proved of one pair of relations.

    Attributes:
        relation: the legacy one, which is served now.
        rows: rows that the candidate has.
        missing: rows of them whose key legacy has not.
        unpaired: rows of both whose key is doubled or NULL: nothing is proved of them.
        beyond: rows that both have with values beyond tolerance.
        unchecked: rows whose values no dataset of the config compares.
        accepted: rows older than a dataset's `since`; their keys are served, their values the
            team has left out of comparisons, with a reason.
        lost: served columns that the candidate has not any more: nobody can compare them.
        examples: the first rows that are missing or beyond tolerance.
        listed: files with all of them.
        held: rows of the missing ones that are not copied on purpose: they are listed.
        why_not: why nothing, or not all, could be proved; empty where it could.
    """

    relation: str
    rows: int = 0
    missing: int = 0
    unpaired: int = 0
    beyond: int = 0
    unchecked: int = 0
    accepted: int = 0
    lost: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    held: int = 0
    why_not: str = ""

    @property
    def complete(self) -> bool:
        """Every key that was served is served or held back, and whatever differs is listed."""
        return self.missing <= self.held and not self.why_not

    @property
    def clean(self) -> bool:
        """Complete, and nothing is listed."""
        listed = self.missing or self.unpaired or self.beyond or self.unchecked or self.lost
        return self.complete and not listed


def keys_missing(harness: Harness, pair: Pair, sink: Sink, *, as_of: datetime) -> DatasetDiff:
    """Hands every row to `sink` whose key is not on both sides exactly once.

    Raises:
        ParityError: the relations cannot be read or compared; nothing may be concluded.
    """
    with _reading(harness, pair) as connection:
        return _keys(harness, connection, pair, sink, as_of)


def prove(
    harness: Harness,
    pair: Pair,
    *,
    as_of: datetime,
    folder: Path,
    known: Sequence[Known] | None = None,
) -> Proof:
    """What can be proved of a pair; that it cannot is part of the answer.

    Args:
        harness: whose database.
        pair: the relations.
        as_of: the moment; rows of any age count.
        folder: where the lists of rows are written, one file for each.
        known: how many rows the candidate is known to have had; None: it never served any.
    """
    proof = Proof(relation=str(pair.legacy))
    try:
        with _reading(harness, pair) as connection:
            proof = _prove_keys(harness, connection, pair, as_of, folder)
            if known is not None:
                gone = fewer(
                    pair,
                    proof.rows,
                    known,
                    lambda one: _count(
                        harness, connection, as_served(connection, pair, one), as_of
                    ),
                )
                proof = replace(proof, why_not=gone)
            return _prove_values(harness, connection, pair, proof, as_of, folder)
    except (ParityError, OSError) as error:
        why = " ".join(str(error).split())
        return replace(proof, why_not="; ".join(filter(None, [proof.why_not, why])))


def _prove_keys(
    harness: Harness, connection: psycopg.Connection, pair: Pair, as_of: datetime, folder: Path
) -> Proof:
    listed = Listing(folder / f"{pair.legacy}-missing.csv", pair.key)

    def sink(found: Discrepancy) -> None:
        if found.state is RowState.CANDIDATE_ONLY:
            listed.add(found)

    rows = _keys(harness, connection, pair, sink, as_of).rows
    listed.close()
    return Proof(
        relation=str(pair.legacy),
        rows=rows.candidate,
        missing=rows.candidate_only,
        unpaired=rows.duplicate_key + rows.null_key,
        examples=tuple(f"{row} is missing" for row in listed.examples),
        listed=listed.listed,
    )


def _prove_values(
    harness: Harness,
    connection: psycopg.Connection,
    pair: Pair,
    proof: Proof,
    as_of: datetime,
    folder: Path,
) -> Proof:
    compared = covered = 0
    for dataset in pair.datasets or (_exact(connection, pair),):
        wanted = as_served(connection, pair, dataset)
        listed = Listing(folder / f"{dataset.name}-beyond-tolerance.csv", dataset.key)

        def sink(found: Discrepancy, listed: Listing = listed) -> None:
            if found.state is RowState.MISMATCHED:
                listed.add(found)

        diff = _compare(harness, connection, wanted, sink, as_of)
        listed.close()
        compared += diff.rows.candidate
        covered += _count(harness, connection, wanted, as_of)
        proof = replace(
            proof,
            beyond=proof.beyond + diff.rows.mismatched,
            lost=tuple(dict.fromkeys([*proof.lost, *_lost(pair, diff)])),
            examples=(*proof.examples, *listed.examples)[: 2 * SHOWN],
            listed=(*proof.listed, *listed.listed),
        )
    return replace(
        proof, unchecked=max(0, proof.rows - covered), accepted=max(0, covered - compared)
    )


def _lost(pair: Pair, diff: DatasetDiff) -> list[str]:
    served = {name for name, _ in pair.columns}
    return [name for name in diff.schema.missing_in_candidate if name in served]


def _exact(connection: psycopg.Connection, pair: Pair) -> Dataset:
    """Stands in for the datasets that the config has not: all served columns, exactly."""
    dataset = whole(connection, pair)
    return replace(dataset, exclude=(), rename=pair.rename)


def _count(
    harness: Harness, connection: psycopg.Connection, dataset: Dataset, as_of: datetime
) -> int:
    """Rows of the candidate that are a dataset's, however old."""
    all_of_it = replace(dataset, since=None)
    comparison = Comparison(connection, all_of_it, as_of=as_of, zone=harness.exchange.zone)
    return int(comparison.ask(comparison.readers[Side.CANDIDATE].count())[0][0])


def _keys(
    harness: Harness,
    connection: psycopg.Connection,
    pair: Pair,
    sink: Sink,
    as_of: datetime,
) -> DatasetDiff:
    if not pair.key:
        raise ParityError(
            f"{pair.legacy} has no unique index over served columns and no dataset names its key: "
            "nobody knows which of its rows is which"
        )
    return _compare(harness, connection, whole(connection, pair), sink, as_of)


def _compare(
    harness: Harness,
    connection: psycopg.Connection,
    dataset: Dataset,
    sink: Sink,
    as_of: datetime,
) -> DatasetDiff:
    comparison = Comparison(connection, dataset, as_of=as_of, zone=harness.exchange.zone)

    def connect() -> psycopg.Connection:
        found = harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True)
        found.execute(queries.lock_timeout(PATIENCE, local=False))
        found.autocommit = False
        return found

    with Team(connection, connect, harness.suite.connections) as team:
        return compare(comparison, None, sink, team=team)


@contextmanager
def _reading(harness: Harness, pair: Pair) -> Iterator[psycopg.Connection]:
    """A snapshot of both relations, which nobody empties or rewrites meanwhile.

    Raises:
        ParityError: they cannot be read, such as for a lock.
    """
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            connection.execute(queries.lock_timeout(PATIENCE, local=True))
            hold(connection, [pair.legacy, pair.candidate])
            yield connection
            connection.rollback()
        except psycopg.errors.LockNotAvailable:
            raise ParityError(
                f"{pair.legacy} or {pair.candidate} is locked by another session for more than "
                f"{PATIENCE.seconds} s; when it is free, run the same command again"
            ) from None
        except psycopg.Error as error:
            raise ParityError(
                f"{pair.legacy} and {pair.candidate} cannot be read: {first_line(error)}"
            ) from None
