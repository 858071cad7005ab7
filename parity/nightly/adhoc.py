"""Any two relations of a database, without a config file: what `parity diff` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import psycopg

from parity.database.access import own_server
from parity.database.spool import Spool
from parity.diff import Comparison, Progress, Team, compare
from parity.gates import judge_run
from parity.model.errors import ComparisonError
from parity.model.result import DatasetResult, Discrepancy, Incident, RunResult, SecondOpinion
from parity.model.selftest import SelfTest
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.nightly.opinion import opinion_of
from parity.nightly.results import NO_OPINION, judged, not_compared
from parity.opinion.apart import Apart

__all__ = ["MIGRATION", "PHASE", "diff_relations"]

MIGRATION, PHASE = "diff", "ad_hoc"
CONNECTIONS = 2  # how many read the database at once
OPINION_ROWS = 2000  # about how many rows of a side the second opinion looks at


def diff_relations(
    url: str,
    dataset: Dataset,
    as_of: datetime,
    progress: Progress | None = None,
    *,
    rows: int = 10,
) -> tuple[RunResult, list[Discrepancy]]:
    """Compares two relations as the role of `url` sees them; needs no right but to read them.

    Nothing is stored: the result has no run id. Its session is the day of `as_of`. What fails
    once the comparison has begun makes it undecided.

    Args:
        url: libpq URI of the database.
        dataset: what is compared; its name stands in the result and in messages.
        as_of: when this is; rows without `settle` do not depend on it.
        progress: told rows done, rows in all and the dataset's name now and then.
        rows: how many discrepancies to return, the first ones by key.

    Raises:
        DatabaseError: the server does not answer or refuses.
        ComparisonError: a relation or column is missing, not comparable or not to be read.
    """
    zone = ZoneInfo(dataset.timezone) if dataset.timezone else UTC
    with (
        _snapshot(url) as connection,
        Spool() as spool,
        Apart() as second,
        _team(connection, url) as team,
    ):
        comparison = Comparison(connection, dataset, as_of=as_of, zone=zone)
        _try_out(comparison)

        try:
            diff = compare(comparison, None, spool.append, team=team, progress=progress)
            opinion = opinion_of(
                comparison, diff, spool, seed=dataset.name, budget=OPINION_ROWS, ask=second
            )
            incidents, notes = _explained(comparison, spool)
        except (ComparisonError, psycopg.Error) as error:
            return _run(not_compared(dataset, error), NO_OPINION, as_of), []
        found = judged(
            dataset,
            diff,
            incidents=incidents,
            opinion=opinion,
            notes=(*diff.notes, *_filters(dataset), *notes),
        )
        return _run(found, opinion, as_of), list(islice(spool, rows))


def _explained(
    comparison: Comparison, spool: Spool
) -> tuple[tuple[Incident, ...], tuple[str, ...]]:
    if not len(spool):
        return (), ()
    from parity.explain import Asked, explain_dataset  # its arrays take a while to load

    found = explain_dataset(comparison, spool, Asked())
    return found.incidents, found.notes


@contextmanager
def _snapshot(url: str) -> Iterator[psycopg.Connection]:
    own_server(url)  # says what is wrong with the URL or the server
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield connection


def _try_out(comparison: Comparison) -> None:
    """Has the database plan a query of each side, which finds missing rights and bad values."""
    for side in Side:
        try:
            comparison.plan_of(comparison.readers[side].count())
        except psycopg.Error as error:
            what = "cannot be read"
            if isinstance(error, psycopg.DataError):
                what = "has no such value in a column named under where"
            relation = comparison.dataset.relation(side)
            line = str(error).splitlines()[0]
            raise ComparisonError(f"{side.value} {relation} {what}: {line}") from None


def _team(connection: psycopg.Connection, url: str) -> Team:
    return Team(connection, lambda: psycopg.connect(url), CONNECTIONS)


def _filters(dataset: Dataset) -> Iterator[str]:
    if dataset.where:
        tests = (f"{name} is {' or '.join(map(str, values))}" for name, values in dataset.where)
        yield f"Only rows where {' and '.join(tests)} were compared"


def _run(found: DatasetResult, opinion: SecondOpinion, as_of: datetime) -> RunResult:
    verdict, reasons = judge_run([found], (), opinion)
    return RunResult(
        run_id="",
        migration=MIGRATION,
        phase=PHASE,
        session=as_of.date(),
        as_of=as_of,
        verdict=verdict,
        reasons=reasons,
        datasets=(found,),
        selftest=SelfTest(),
        second_opinion=opinion,
    )
