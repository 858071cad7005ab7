"""Writes the pages: those of nights, the index, the checklist and the phases."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.evidence import disk, names
from parity.model.checklist import Checklist
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
from parity.report.nights import NightRow, night_link, with_superseded
from parity.report.publish import write_index, write_night

__all__ = ["beside_of", "publish_all", "publish_night", "publish_overview"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is stored of the nights, read once for all pages.

    `nights` hold, newest first, at least one; `superseded` were compared again later in another
    phase; `rows` are both as the index has them, by run id.
    """

    harness: Harness
    nights: tuple[RunResult, ...]
    superseded: tuple[RunResult, ...]
    noise: Sequence[Noise]
    rows: Mapping[str, NightRow]
    gate: Checklist | None

    @classmethod
    def of(
        cls,
        harness: Harness,
        nights: tuple[RunResult, ...],
        environ: Mapping[str, str] | None,
    ) -> _Known:
        store, migration = harness.store, harness.suite.migration
        superseded = store.superseded(migration)
        return cls(
            harness, nights, superseded, store.noise(migration), _rows(nights, superseded),
            _gate(harness, nights, environ),
        )  # fmt: skip

    def young(self, nights: Sequence[RunResult]) -> tuple[RunResult, ...]:
        """Those of some nights that retention leaves a page."""
        suite = self.harness.suite
        phase = self.harness.store.phase(suite.migration)
        return with_pages(nights, suite.retention, phase, self.nights[0].session)

    def publish(self, night: RunResult) -> None:
        """Writes a night's page."""
        write_night(
            night,
            lambda dataset: self.harness.store.discrepancies(night, dataset),
            (self.harness.suite.reports / night_link(night)).parent,
            beside=beside_of(self.harness, night, self.nights, self.noise, self.rows),
        )

    def overview(self, shown: Sequence[RunResult]) -> None:
        """Writes what tells of more than a night; `shown` are the nights that have pages."""
        suite = self.harness.suite
        if self.gate is not None:
            write_checklist(self.gate, suite.reports)
        publish_phases(self.harness, self.nights, shown, self.gate)
        write_index(
            [self.rows[night.run_id] for night in shown],
            suite.reports,
            migration=suite.migration,
            serving=serving_view(self.harness),
            gate=self.gate,
        )

    def keep_gate(self) -> None:
        """Keeps the gate with the newest night; only who holds the night's lock may."""
        _keep_gate(self.harness, self.nights[0], self.gate)


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
    known = _Known.of(harness, harness.store.nights(result.migration), environ)
    known.keep_gate()
    reports = harness.suite.reports
    shown, earlier = known.young(known.nights), known.young(known.superseded)
    for night in [result, *(other for other in (*shown, *earlier) if other != result)]:
        # Also those that were stored by a harness that was killed before it published them.
        if night == result or not (reports / night_link(night)).exists():
            known.publish(night)
    try:
        seal(harness, shown)
    finally:  # what tells of several nights also tells what is sealed
        known.overview((*shown, *earlier))
    return reports / night_link(result)


def publish_all(
    harness: Harness, environ: Mapping[str, str] | None = None
) -> tuple[RunResult, ...]:
    """Writes all reports again from what is stored; returns the nights, newest first.

    Where nothing is stored nothing is written: an index may be that of another database.
    """
    nights = harness.store.nights(harness.suite.migration)
    if nights:
        known = _Known.of(harness, nights, environ)
        known.keep_gate()
        shown = known.young((*nights, *known.superseded))
        for night in shown:
            known.publish(night)
        known.overview(shown)
    return nights


def publish_overview(harness: Harness, environ: Mapping[str, str] | None = None) -> None:
    """Writes index, checklist and phases again, as after a switch; without a night there is none.

    They tell how it stands as of the newest night, and link to the pages that are there. Nobody's
    lock is needed, so nothing is kept.
    """
    nights = harness.store.nights(harness.suite.migration)
    if nights:
        known = _Known.of(harness, nights, environ)
        reports, both = harness.suite.reports, (*nights, *known.superseded)
        known.overview([night for night in both if (reports / night_link(night)).exists()])


def beside_of(
    harness: Harness,
    result: RunResult,
    nights: Sequence[RunResult],
    noise: Sequence[Noise],
    rows: Mapping[str, NightRow] | None = None,
) -> Beside:
    """What page and terminal show beside a stored result.

    `rows` are the nights as the index has them, by run id, where they have been made already.
    """
    place = harness.suite.state / EVIDENCE / result.run_id
    before = next((night for night in nights if night.session < result.session), None)
    return Beside(
        previous=((rows or {}).get(before.run_id) or NightRow.of(before)) if before else None,
        nights=nights,
        rows=rows or {},
        noise=noise,
        gate=_kept_gate(place),
        series=_kept_series(place),
        evidence=harness.suite.state / EVIDENCE,
        config=harness.suite.source,
    )


def _rows(nights: Sequence[RunResult], superseded: Sequence[RunResult]) -> dict[str, NightRow]:
    """All nights as the index has them, by run id."""
    holding, others = map(NightRow.of, nights), map(NightRow.of, superseded)
    return {row.run_id: row for row in with_superseded(list(holding), list(others))}


def _gate(
    harness: Harness, nights: Sequence[RunResult], environ: Mapping[str, str] | None
) -> Checklist | None:
    """The gate as of the newest night; None where nobody can tell, which stops no page."""
    given = environ or {}
    try:
        return checklist(
            harness,
            now=nights[0].as_of,
            environ=given,
            prefect_api=given.get("PREFECT_API_URL"),
        )
    except Exception as error:  # noqa: BLE001
        # The night is stored and is to be told of, whatever keeps the gate from being judged.
        _log.warning("the gate could not be judged: %s: %s", type(error).__name__, error)
        return None


def _keep_gate(harness: Harness, night: RunResult, gate: Checklist | None) -> None:
    """Keeps how the gate stood after the newest night; only who holds the night's lock may.

    What is sealed already stays as it is, and the gate of a phase that was entered since is not
    the night's.
    """
    if gate is None or gate.phase.value != night.phase:
        return
    sealed = harness.store.trail(night.migration, TrailKind.EVIDENCE)
    if any(entry.content.get("run_id") == night.run_id for entry in sealed):
        return
    place = harness.suite.state / EVIDENCE / night.run_id
    try:
        place.mkdir(parents=True, exist_ok=True)
        disk.put(place / names.GATE, json.dumps(gate.to_json(), indent=2).encode())
    except OSError as error:
        _log.warning("the gate was not kept: %s: %s", place, error.strerror)


def _kept_gate(place: Path) -> Checklist | None:
    """How the gate stood after a night; None where that was not kept."""
    try:
        return Checklist.from_json(json.loads((place / names.GATE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _kept_series(place: Path) -> tuple[Series, ...]:
    """The values that were kept for the night's charts; none where that was not done."""
    try:
        return series_from(json.loads((place / names.PICTURES).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
