"""Tonight's window of one dataset: what is compared, and what that leaves to the next night."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from parity import windows
from parity.database import Role
from parity.diff import Comparison, Scope, Stretch
from parity.diff.columns import Compared
from parity.diff.history import History, history_of, why_no_window
from parity.diff.pieces import Leads
from parity.model.audit import Audit, Coverage
from parity.model.suite import Dataset, Relation, Window
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.nightly.snapshot import View
from parity.touched import changed_since, gap, prune, touched_since
from parity.windows import Range

__all__ = ["Tonight", "digest_of", "prune_logs", "tonight"]

# A row is stamped before its transaction commits.
MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tonight:
    """What a night compares of one dataset. `scope` is None where that is all of it."""

    scope: Scope | None
    notes: tuple[str, ...] = ()
    _chosen: windows.Scope | None = None
    _history: History | None = None
    _previous: Audit | None = None
    _window: Window | None = None
    _digest: str = ""

    def after(
        self, differing: Collection[str], view: View, session: date, sessions: Sequence[date]
    ) -> tuple[Audit, Coverage] | None:
        """What the next night starts from, and how much has been verified; None without window."""
        if self._chosen is None or self._history is None or self._window is None:
            return None
        audit = windows.next_audit(
            self._previous, self._chosen, self._history.symbols, differing,
            self._digest, session, view.snapshot, view.at,
        )  # fmt: skip
        covered = windows.coverage(
            audit, self._chosen, self._history.months, session, sessions, self._window.audit_cycle
        )
        return audit, covered


def tonight(
    comparison: Comparison,
    *,
    previous: Audit | None,
    session: date,
    sessions: Sequence[date],
    full: bool,
) -> Tonight:
    """Chooses what to compare.

    Args:
        comparison: the dataset, in the night's snapshot.
        previous: what the night before left, if anything.
        session: tonight's.
        sessions: the exchange's, up to and with tonight's, at least as many as the audit cycle.
        full: compare all of history whatever the window says.

    Raises:
        DatabaseError: what was written since the last night cannot be known.
        psycopg.Error: the database refused or failed.
    """
    window = comparison.dataset.window
    if window is None:
        return Tonight(None)
    reason = why_no_window(comparison)
    history = None if reason else history_of(comparison)
    if history is None:
        reason = reason or "there are too many symbols"
        return Tonight(
            None, (f"All of history was compared, for the window is of no use: {reason}",)
        )
    digest = digest_of(comparison)
    usable = None if full or (previous and previous.digest != digest) else previous
    notes: list[str] = []
    touched: Mapping[str, Sequence[Range]] = {}
    if usable is not None:
        touched, notes = _touched(comparison, window, usable)
    recent = comparison.readers[Side.LEGACY].midnight(
        _recent(comparison.dataset, sessions[-window.sessions :][0], usable)
    )
    chosen = windows.choose(
        window=window, symbols=history.symbols, previous=usable, digest=digest, session=session,
        sessions=sessions, touched=touched, recent_from=recent,
    )  # fmt: skip
    scope = None if len(chosen.whole) == len(history.symbols) else _scope(chosen, history.leads)
    return Tonight(scope, tuple(notes), chosen, history, usable, window, digest)


def _recent(dataset: Dataset, first: date, previous: Audit | None) -> date:
    """The day from which on all rows are compared: the window's, or what no night has seen."""
    if previous is None:
        return first
    last = max(previous.verified.values(), default=first)  # the newest night that looked
    # What came after it, or had not settled by then, is in none of what it verified.
    unsettled = dataset.settle + timedelta(days=1) if dataset.settle else timedelta(0)
    return min(first, last - unsettled)


def digest_of(comparison: Comparison) -> str:
    """Stands for what is compared and how; how often is no part of it.

    Rows count as verified only by what has looked at all of their columns as they are today: a
    column that has come to both sides, or that has another type, is in none of the nights before.
    """
    return hashlib.sha256(repr(_plain(comparison)).encode()).hexdigest()[:16]


def _plain(comparison: Comparison) -> tuple[object, ...]:
    dataset, plan = comparison.dataset, comparison.plan
    zone = comparison.readers[Side.LEGACY].zone  # in which a day of `since` begins
    return (
        dataset.legacy, dataset.candidate, dataset.key, dataset.symbol, dataset.time,
        dataset.where, dataset.since, dataset.settle, dataset.timezone, str(zone),
        sorted(dataset.exclude), sorted(dataset.rename),
        [_pair(pair) for pair in plan.key],
        sorted(_pair(pair) for pair in plan.columns),  # in whatever order they come
        sorted(plan.drift.missing_in_candidate), sorted(plan.drift.missing_in_legacy),
    )  # fmt: skip


def _pair(pair: Compared) -> tuple[str, ...]:
    tolerance = pair.tolerance
    return (
        pair.name, pair.legacy.type, pair.candidate.name, pair.candidate.type, pair.family.value,
        str(tolerance.abs), str(tolerance.rel), str(tolerance.within),
    )  # fmt: skip


def _touched(
    comparison: Comparison, window: Window, previous: Audit
) -> tuple[dict[str, list[Range]], list[str]]:
    """What either side wrote since the last night, by symbol, and what is to be said about it."""
    dataset, rename = comparison.dataset, dict(comparison.dataset.rename)
    found: dict[str, list[Range]] = {}
    notes: list[str] = []
    if not (window.log or window.changed):
        return found, notes
    for side in Side:
        relation = dataset.relation(side)
        assert dataset.symbol
        assert dataset.time
        symbol, time, changed = (
            name if side is Side.LEGACY else rename.get(name, name)
            for name in (dataset.symbol, dataset.time, window.changed or "")
        )
        if window.log:
            connection = comparison.connection
            spans = touched_since(connection, relation, previous.snapshot, symbol=symbol, time=time)
            missing = None
            if windows.EVERYTHING in spans:
                missing = gap(connection, relation, previous.snapshot, symbol, time)
            if missing:
                notes.append(f"All of history was compared: {side.value}: {missing}")
        else:
            answer = changed_since(
                comparison.connection, relation, symbol, time, changed, previous.at - MARGIN
            )
            spans = answer.spans
            if answer.hint:
                notes.append(f"{side.value}: {answer.hint}")
        for name, ranges in spans.items():
            found.setdefault(name, []).extend(Range(start, end) for start, end in ranges)
    return found, notes


def prune_logs(harness: Harness, previous: Mapping[str, Audit]) -> None:
    """Deletes from the logs what no dataset will ask for any more.

    Tonight's comparison, should it be asked for again, starts from the night before: what that
    one has seen is of no use. A table's log is left alone while one of its datasets has no such
    night.
    """
    logged = [
        dataset for dataset in harness.suite.datasets if dataset.window and dataset.window.log
    ]
    starts: dict[Relation, list[Audit | None]] = {}
    for dataset in logged:
        for side in Side:
            starts.setdefault(dataset.relation(side), []).append(previous.get(dataset.name))
    for relation, audits in starts.items():
        known = [audit for audit in audits if audit is not None]
        if len(known) == len(audits):
            oldest = min(known, key=lambda audit: audit.at)
            with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
                prune(connection, relation, oldest.snapshot)


def _scope(chosen: windows.Scope, leads: Leads) -> Scope:
    return Scope(
        leads=leads,
        whole=chosen.whole,
        stretches=tuple(
            Stretch(
                symbol,
                None if one.from_the_beginning else _text(one.start),
                None if one.end is None else _text(one.end),
            )
            for symbol, one in chosen.ranges
        ),
    )


def _text(moment: date | datetime) -> str:
    return moment.isoformat()
