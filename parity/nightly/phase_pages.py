"""Writes the page of every phase that the migration has been in or has nights of."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import date

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.gates.queries import COMPARED_BEFORE
from parity.model.checklist import Checklist
from parity.model.errors import DatabaseError, ParityError
from parity.model.monitoring import Monitored
from parity.model.result import RunResult
from parity.model.trail import TrailEntry, TrailKind
from parity.nightly.checklist import checklist
from parity.nightly.harness import Harness
from parity.nightly.monitoring import monitor
from parity.nightly.phase_gathering import Sources, reports
from parity.nightly.phase_trail import KINDS
from parity.report.phase import write_phase

__all__ = ["publish_phases", "republish_phases"]

_log = logging.getLogger(__name__)


def publish_phases(
    harness: Harness,
    nights: Sequence[RunResult],
    shown: Sequence[RunResult],
    gate: Checklist | None,
) -> None:
    """Writes `reports/<phase>/index.html` for each phase; what cannot be told stops nothing.

    Args:
        harness: whose migration.
        nights: all that are stored, newest first.
        shown: those of them that have a page, and earlier ones of their sessions that have one.
        gate: of the phase in force; None where nobody could tell.
    """
    try:
        for report in reports(_sources(harness, nights, shown, gate)):
            write_phase(report, harness.suite.reports)
    except Exception as error:  # noqa: BLE001
        # Nights and index are to be published, whatever is wrong with what the phases tell.
        _log.warning(
            "the pages of the phases stay as they were: %s: %s", type(error).__name__, error
        )


def republish_phases(harness: Harness, left: Collection[tuple[str, date]]) -> None:
    """Writes them again where pages of nights are about to go, so that no link leads nowhere.

    Args:
        harness: whose migration.
        left: phase and session of the nights whose page stays.
    """
    try:
        nights = harness.store.nights(harness.suite.migration)
        superseded = harness.store.superseded(harness.suite.migration)
        both = (*nights, *superseded)
        shown = [night for night in both if (night.phase, night.session) in left]
        gate = checklist(harness, now=nights[0].as_of, environ={}) if nights else None
    except ParityError as error:
        _log.warning("the pages of the phases stay as they were: %s", error)
        return
    publish_phases(harness, nights, shown, gate)


def _sources(
    harness: Harness,
    nights: Sequence[RunResult],
    shown: Sequence[RunResult],
    gate: Checklist | None,
) -> Sources:
    suite, exchange = harness.suite, harness.exchange
    trail = harness.store.trail(suite.migration, *KINDS)
    days = [night.session for night in nights]
    return Sources(
        migration=suite.migration,
        plan=suite.plan,
        config=suite.config_hash,
        nights=nights,
        superseded=harness.store.superseded(suite.migration),
        shown=frozenset((night.phase, night.session) for night in shown),
        trail=trail,
        open_days=exchange.between(min(days), max(days)) if days else (),
        compared=_compared(harness, trail),
        due=lambda session: exchange.night(session, suite.at),
        figures=lambda first, last: _figures(harness, nights, first, last),
        gate=gate,
    )


def _compared(harness: Harness, trail: Sequence[TrailEntry]) -> dict[int, date | None]:
    """The newest session that had been compared by each move of the phase."""
    moves = [entry for entry in trail if entry.kind == TrailKind.PHASE]
    if not moves:
        return {}
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
            return {
                move.number: max(
                    (
                        session
                        for (session,) in connection.execute(
                            COMPARED_BEFORE, [move.migration, move.at]
                        )
                    ),
                    default=None,
                )
                for move in moves
            }
    except psycopg.Error as error:
        raise DatabaseError(f"the phases cannot be placed: {first_line(error)}") from None


def _figures(
    harness: Harness, nights: Sequence[RunResult], first: date, last: date
) -> Monitored | str:
    """How scripts and flows have run, by the tables; or why that cannot be told."""
    number = len(harness.exchange.between(first, last))
    try:
        return monitor(harness, number, now=nights[0].as_of, until=last, environ={})
    except ParityError as error:
        return " ".join(str(error).split())
