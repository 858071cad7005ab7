"""What a night with a window does about one dataset, but for its jobs and quality checks.

`python -m benchmarks.nightly_window TABLE`: chooses what to compare, compares it, and has the
second opinion look at it. The night before has verified all symbols in the course of its cycle.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date, timedelta
from decimal import Decimal

import psycopg

from benchmarks.datasets import LAST_RUN
from benchmarks.queries import CANDIDATE, LEGACY
from parity.database.spool import Spool
from parity.diff import Comparison, Team, compare
from parity.diff.history import history_of
from parity.model.audit import Audit
from parity.model.suite import Dataset, Kind, Relation, Tolerance, Window
from parity.nightly.opinion import opinion_of
from parity.nightly.windowing import digest_of, tonight
from parity.opinion.apart import Apart

CYCLE = 20


def main(table: str, url: str) -> int:
    """Prints the number of rows that differ."""
    dataset = Dataset(
        name=table,
        kind=Kind.BARS,
        legacy=Relation(LEGACY, table),
        candidate=Relation(CANDIDATE, table),
        key=("symbol", "timestamp", "data_source"),
        symbol="symbol",
        time="timestamp",
        exclude=("written",),
        default_tolerance=Tolerance(rel=Decimal("1e-9")),
        window=Window(sessions=5, changed="written", audit_cycle=CYCLE),
    )
    sessions = [LAST_RUN.date() + timedelta(days=ago) for ago in range(-CYCLE, 1)]
    with (
        Apart() as second,
        Spool() as spool,
        psycopg.connect(url) as connection,
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with Team(connection, lambda: psycopg.connect(url), 2) as team:
            team.share()
            comparison = Comparison(connection, dataset, as_of=LAST_RUN + timedelta(days=1))
            window = tonight(
                comparison,
                previous=_audit(comparison, sessions[:-1]),
                session=sessions[-1],
                sessions=sessions,
                full=False,
            )
            diff = compare(comparison, sessions[-1], spool.append, team=team, scope=window.scope)
            opinion = opinion_of(comparison, diff, spool, seed="night", budget=2000, ask=second)
            assert opinion.rows
            assert not opinion.disagreements, opinion.examples
    print(json.dumps({"differing": diff.rows.discrepancies, "compared": diff.rows.legacy}))
    return 0


def _audit(comparison: Comparison, sessions: list[date]) -> Audit:
    """What the night before left: an even share of the symbols for each session of the cycle."""
    history = history_of(comparison)
    assert history is not None
    return Audit(
        digest=digest_of(comparison),
        snapshot="1:1:",
        at=LAST_RUN + timedelta(hours=1),
        verified={
            symbol: sessions[number * len(sessions) // len(history.symbols)]
            for number, symbol in enumerate(history.symbols)
        },
        differing=frozenset(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ["PARITY_DATABASE_URL"]))
