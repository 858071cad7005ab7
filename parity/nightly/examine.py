"""Looks at both sides in one snapshot: quality, comparison and second opinion of each dataset."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from types import TracebackType

from parity.database import Database
from parity.database.batches import Owned, Rows
from parity.database.spool import Spool
from parity.diff import Comparison, DatasetDiff, Journal, Progress, compare
from parity.evidence.names import PICTURES
from parity.exchange import Exchange
from parity.explain import Asked, Explained, explain_dataset
from parity.gates import untouched, waive
from parity.model.audit import Audit, Coverage
from parity.model.picture import Series, series_to_json
from parity.model.result import (
    DatasetResult,
    Discrepancy,
    Incident,
    JobOutcome,
    SecondOpinion,
)
from parity.model.suite import Dataset, Suite
from parity.model.verdict import Phase, Side
from parity.model.waiver import Waiver, WaiverUse
from parity.nightly.checking import QUALITY_ROWS, check_quality
from parity.nightly.opinion import opinion_of
from parity.nightly.picturing import picture
from parity.nightly.results import NO_OPINION, judged, not_compared
from parity.nightly.revising import said_before
from parity.nightly.snapshot import Say, View, view_of
from parity.nightly.windowing import Tonight, tonight

__all__ = ["Findings", "Look", "examine"]


@dataclass(slots=True)
class Findings:
    """What was found, with the discrepancies still on disk. Close it when they are stored."""

    datasets: tuple[DatasetResult, ...]
    rows: Mapping[str, Rows]  # all discrepancies, each with its incident
    opinion: SecondOpinion
    previous: Mapping[str, Audit]  # what the nights before had left
    audits: dict[str, Audit]
    waivers: tuple[WaiverUse, ...]  # all that the night has, in the order of the file
    primary: Side
    phase: Phase
    moves: int
    extras: Mapping[str, bytes]  # further files of the run, by name
    _stack: ExitStack

    def __enter__(self) -> Findings:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a night looks at its datasets.

    `previous`: what the nights before left, by dataset. `full`: all of history, whatever the
    windows say. `primary`: the side that consumers read. `phase`: the one in force. `moves`: number
    of the trail's newest row that moved either. `progress` is told after every slice, `say` what
    is worth a line.
    """

    session: date
    as_of: datetime
    jobs: Sequence[JobOutcome]
    previous: Mapping[str, Audit]
    waivers: Sequence[Waiver] = ()
    primary: Side = Side.LEGACY
    phase: Phase = Phase.PARALLEL_RUN
    moves: int = 0
    full: bool = False
    progress: Progress | None = None
    say: Say = lambda _line: None


@dataclass(frozen=True, slots=True)
class _Context:
    view: View
    suite: Suite
    exchange: Exchange
    look: Look
    audits: dict[str, Audit]
    uses: dict[str, WaiverUse]  # by waiver id
    extras: dict[str, bytes]  # further files of the run, by name
    series: list[Series]  # what charts of its incidents are drawn from


def examine(suite: Suite, database: Database, exchange: Exchange, look: Look) -> Findings:
    """Compares all datasets in one REPEATABLE READ snapshot.

    A dataset that cannot be compared is undecided and says why; the others go on. A long
    comparison that is killed goes on from its finished slices when it is asked for again.
    """
    journal = Journal(suite.state / "comparing" / suite.migration, _fingerprint(suite, look))
    with ExitStack() as guard:
        stack = guard.enter_context(ExitStack())
        rows: dict[str, Rows] = {}
        opinions: list[SecondOpinion] = []
        results: dict[str, DatasetResult] = {}
        audits: dict[str, Audit] = {}
        uses = {one.id: untouched(one, look.session) for one in look.waivers}
        extras: dict[str, bytes] = {}
        series: list[Series] = []
        with view_of(suite, database, journal, look.say) as view:
            context = _Context(view, suite, exchange, look, audits, uses, extras, series)
            for dataset in _bars_first(suite.datasets):
                incidents = {name: found.incidents for name, found in results.items()}
                spool = stack.enter_context(Spool())
                result, opinion, owners = _dataset(context, dataset, spool, incidents)
                results[dataset.name] = result
                rows[dataset.name] = Owned(spool, owners)
                opinions.append(opinion)
        guard.pop_all()
    ordered = tuple(results[dataset.name] for dataset in suite.datasets)
    found = {dataset.name: rows[dataset.name] for dataset in suite.datasets}
    if series:
        extras[PICTURES] = json.dumps(series_to_json(series)).encode()
    return Findings(
        datasets=ordered,
        rows=found,
        opinion=_sum(opinions),
        previous=look.previous,
        audits=audits,
        waivers=tuple(uses.values()),
        primary=look.primary,
        phase=look.phase,
        moves=look.moves,
        extras=extras,
        _stack=stack,
    )


def _fingerprint(suite: Suite, look: Look) -> str:
    previous = sorted((name, audit.snapshot) for name, audit in look.previous.items())
    # Jobs that have run since wrote what the old snapshot does not hold: never judge them by it.
    jobs = sorted((job.name, job.exit_code or 0, job.seconds, job.reason) for job in look.jobs)
    asked = f"{look.session} {look.as_of} {look.full} {previous} {jobs} {look.moves}"
    return f"{version('migration-parity')} {suite.migration} {suite.config_hash} {asked}"


def _bars_first(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Indicators after the bars they are computed from, whose incidents explain theirs."""
    return sorted(datasets, key=lambda dataset: dataset.computed_from is not None)


def _dataset(
    context: _Context,
    dataset: Dataset,
    spool: Spool,
    incidents: Mapping[str, Sequence[Incident]],
) -> tuple[DatasetResult, SecondOpinion, list[str]]:
    differing: set[str] = set()

    def sink(found: Discrepancy) -> None:
        spool.append(found)
        if dataset.symbol in dataset.key:
            differing.add(str(found.key[dataset.key.index(dataset.symbol)]))

    try:
        # A savepoint: what fails in here leaves the snapshot usable for the next dataset.
        with context.view.connection.transaction():
            comparison = Comparison(
                context.view.connection,
                dataset,
                as_of=context.look.as_of,
                zone=context.exchange.zone,
            )
            checked = check_quality(comparison, context.look.session, context.look.say)
            window = _tonight(context, comparison)
            diff = _compare(context, comparison, window, sink)
            opinion = opinion_of(
                comparison,
                diff,
                spool,
                seed=f"{context.suite.migration} {dataset.name} {context.look.session}",
                budget=context.suite.second_opinion_rows,
            )
            explained = explain_dataset(comparison, spool, _asked(context, dataset, incidents))
    except Exception as error:  # noqa: BLE001
        # Not to go on as if nothing were wrong: the dataset is undecided, whatever the reason.
        spool.clear()  # what was found before the failure is no finding
        return not_compared(dataset, error), NO_OPINION, []
    covered = _covered(context, dataset, window, differing, opinion)
    shown = _waived(context, dataset, explained)
    rows = Owned(spool, explained.owners)
    context.extras.update(checked.pages)
    context.series.extend(picture(comparison, rows, shown, context.look.say))
    result = judged(
        dataset,
        diff,
        incidents=shown,
        opinion=opinion,
        notes=(*window.notes, *_notes(dataset, diff), *explained.notes),
        session=context.look.session.isoformat(),
        quality=checked.checks,
        jobs=context.look.jobs,
        coverage=covered,
        explained=explained.complete,
        primary=context.look.primary,
    )
    return result, opinion, explained.owners


def _waived(context: _Context, dataset: Dataset, explained: Explained) -> tuple[Incident, ...]:
    """The incidents, those that are waived with their waiver."""
    if not explained.complete:
        return explained.incidents  # their causes are not known, so nobody has accepted them
    look = context.look
    found = waive(dataset.name, explained.incidents, look.waivers, look.session)
    context.uses.update({use.waiver.id: use for use in found.uses})
    return found.incidents


def _asked(
    context: _Context, dataset: Dataset, incidents: Mapping[str, Sequence[Incident]]
) -> Asked:
    session = context.look.session
    return Asked(
        session=session,
        exchange=context.exchange,
        datasets={dataset.name: dataset for dataset in context.suite.datasets},
        incidents=incidents,
        revisions=said_before(context.view.connection, context.suite, dataset, session),
    )


def _tonight(context: _Context, comparison: Comparison) -> Tonight:
    if comparison.dataset.window is None:
        return Tonight(None)
    look = context.look
    return tonight(
        comparison,
        previous=look.previous.get(comparison.dataset.name),
        session=look.session,
        sessions=_sessions(context, comparison.dataset),
        full=look.full,
    )


def _sessions(context: _Context, dataset: Dataset) -> Sequence[date]:
    """The sessions that the dataset's window and its audit go back to, the newest last."""
    if dataset.window is None:
        return ()
    most = max(dataset.window.audit_cycle, dataset.window.sessions) + 1
    return context.exchange.last(context.look.session, most)


def _compare(
    context: _Context, comparison: Comparison, window: Tonight, sink: Callable[[Discrepancy], None]
) -> DatasetDiff:
    view = context.view
    return compare(
        comparison,
        context.look.session,
        sink,
        team=view.team,
        scope=window.scope,
        journal=view.journal.of(comparison.dataset.name) if view.journal else None,
        progress=context.look.progress,
    )


def _covered(
    context: _Context,
    dataset: Dataset,
    window: Tonight,
    differing: set[str],
    opinion: SecondOpinion,
) -> Coverage | None:
    found = window.after(differing, context.view, context.look.session, _sessions(context, dataset))
    if found is None:
        return None
    # What the second opinion doubts does not count as verified.
    if not opinion.disagreements:
        context.audits[dataset.name] = found[0]
    return found[1]


def _notes(dataset: Dataset, diff: DatasetDiff) -> tuple[str, ...]:
    notes = list(diff.notes)
    if dataset.synthetic:
        notes.append(f"Synthetic data: {dataset.synthetic}")
    if dataset.since:
        because = f": {dataset.since_because}" if dataset.since_because else ""
        notes.append(f"Compared from {dataset.since.isoformat()} on{because}")
    if max(diff.rows.legacy, diff.rows.candidate) > QUALITY_ROWS:
        notes.append(f"Quality was checked on the newest {QUALITY_ROWS:,} rows of each side")
    if dataset.settle:
        notes.append(f"Rows younger than {dataset.settle} were left to settle")
    return tuple(notes)


def _sum(opinions: Sequence[SecondOpinion]) -> SecondOpinion:
    return SecondOpinion(
        rows=sum(opinion.rows for opinion in opinions),
        disagreements=sum(opinion.disagreements for opinion in opinions),
        examples=tuple(line for opinion in opinions for line in opinion.examples)[:5],
    )
