"""Writes the pages: those of nights, the index, the checklist and the phases."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from parity.evidence import disk, names
from parity.model.checklist import Checklist
from parity.model.errors import ParityError
from parity.model.noise import Noise
from parity.model.picture import Series, series_from
from parity.model.result import RunResult
from parity.model.trail import TrailKind
from parity.nightly.checklist import checklist
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.phase_pages import publish_phases
from parity.nightly.sealing import seal
from parity.nightly.serving_state import serving_view
from parity.nightly.upkeep.pages import with_pages
from parity.report.beside import Beside
from parity.report.checklist import write_checklist
from parity.report.publish import write_index, write_night
from parity.report.view import NightRow

__all__ = ["beside_of", "publish_all", "publish_night", "publish_overview"]

_log = logging.getLogger(__name__)


def publish_night(
    harness: Harness, result: RunResult, environ: Mapping[str, str] | None = None
) -> Path:
    """Writes a night's page and all that tells of several nights; returns the page's path.

    Args:
        harness: whose migration.
        result: the night, stored already.
        environ: may name Prefect's API, which the gate asks how flows have run; None: the tables
            alone tell that.

    Raises:
        ParityError: the store cannot be read, or the disk refuses.
    """
    nights = harness.store.nights(result.migration)
    noise = harness.store.noise(result.migration)
    reports = harness.suite.reports
    shown = _with_pages(harness, nights, result.session)
    gate = _gate(harness, nights, environ)
    for night in [result, *(other for other in shown if other != result)]:
        # Also those that were stored by a harness that was killed before it published them.
        if night == result or not (reports / NightRow.of(night).link).exists():
            _publish(harness, night, nights, noise)
    try:
        seal(harness, shown)
    finally:  # what tells of several nights also tells what is sealed
        _overview(harness, nights, shown, gate)
    return reports / NightRow.of(result).link


def publish_all(
    harness: Harness, environ: Mapping[str, str] | None = None
) -> tuple[RunResult, ...]:
    """Writes all reports again from what is stored; returns the nights, newest first.

    Where nothing is stored nothing is written: an index may be that of another database.
    """
    nights = harness.store.nights(harness.suite.migration)
    noise = harness.store.noise(harness.suite.migration)
    if nights:
        shown = _with_pages(harness, nights, nights[0].session)
        gate = _gate(harness, nights, environ)
        for result in shown:
            _publish(harness, result, nights, noise)
        _overview(harness, nights, shown, gate)
    return nights


def publish_overview(harness: Harness, environ: Mapping[str, str] | None = None) -> None:
    """Writes index, checklist and phases again, as after a switch; without a night there is none.

    They tell how it stands as of the newest night.
    """
    nights = harness.store.nights(harness.suite.migration)
    if nights:
        shown = _with_pages(harness, nights, nights[0].session)
        _overview(harness, nights, shown, _gate(harness, nights, environ))


def beside_of(
    harness: Harness, result: RunResult, nights: Sequence[RunResult], noise: Sequence[Noise]
) -> Beside:
    """What page and terminal show beside a stored result."""
    place = harness.suite.state / EVIDENCE / result.run_id
    before = next((night for night in nights if night.session < result.session), None)
    return Beside(
        previous=NightRow.of(before) if before else None,
        nights=nights,
        noise=noise,
        gate=_kept_gate(place),
        series=_kept_series(place),
        evidence=harness.suite.state / EVIDENCE,
        config=harness.suite.source,
    )


def _with_pages(harness: Harness, nights: Sequence[RunResult], day: date) -> tuple[RunResult, ...]:
    phase = harness.store.phase(harness.suite.migration)
    return with_pages(nights, harness.suite.retention, phase, day)


def _publish(
    harness: Harness, result: RunResult, nights: Sequence[RunResult], noise: Sequence[Noise]
) -> None:
    write_night(
        result,
        lambda dataset: harness.store.discrepancies(result, dataset),
        (harness.suite.reports / NightRow.of(result).link).parent,
        beside=beside_of(harness, result, nights, noise),
    )


def _overview(
    harness: Harness,
    nights: Sequence[RunResult],
    shown: Sequence[RunResult],
    gate: Checklist | None,
) -> None:
    """All pages that tell of more than a night; `shown` are the nights that have pages."""
    suite = harness.suite
    if gate is not None:
        write_checklist(gate, suite.reports)
    publish_phases(harness, nights, shown, gate)
    write_index(
        [NightRow.of(night) for night in shown],
        suite.reports,
        migration=suite.migration,
        serving=serving_view(harness),
    )


def _gate(
    harness: Harness, nights: Sequence[RunResult], environ: Mapping[str, str] | None
) -> Checklist | None:
    """The gate as of the newest night, and keeps it with that one.

    None where nobody can tell, which stops no page.
    """
    given = environ or {}
    try:
        found = checklist(
            harness,
            now=nights[0].as_of,
            environ=given,
            prefect_api=given.get("PREFECT_API_URL"),
        )
    except ParityError as error:
        _log.warning("the gate could not be judged: %s", error)
        return None
    _keep_gate(harness, nights[0], found)
    return found


def _keep_gate(harness: Harness, result: RunResult, gate: Checklist) -> None:
    """Keeps how the gate stood after the night; what is sealed already stays as it is."""
    sealed = harness.store.trail(result.migration, TrailKind.EVIDENCE)
    if any(entry.content.get("run_id") == result.run_id for entry in sealed):
        return
    place = harness.suite.state / EVIDENCE / result.run_id
    place.mkdir(parents=True, exist_ok=True)
    disk.put(place / names.GATE, json.dumps(gate.to_json(), indent=2).encode())


def _kept_gate(place: Path) -> Checklist | None:
    """How the gate stood after a night; None where that was not kept."""
    try:
        return Checklist.from_json(json.loads((place / names.GATE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _kept_series(place: Path) -> tuple[Series, ...]:
    """The values that were kept for the night's charts; none where that was not done."""
    try:
        return series_from(json.loads((place / names.PICTURES).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
