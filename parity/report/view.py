"""The view model: what HTML and terminal show, already in words. No markup, no colour."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model.verdict import Verdict
from parity.report.gateview import GateView
from parity.report.gridview import Cell, Grid
from parity.report.incidentview import (
    Examples,
    IncidentsView,
    IncidentView,
    Line,
    Link,
    ResolvedView,
    Trend,
    WaiverLine,
)
from parity.report.nights import NightDataset, NightRow, dataset_names, newest_first
from parity.report.pictures.view import DatasetPictures, TrendPictures

__all__ = [
    "Cell",
    "ColumnView",
    "DatasetView",
    "Examples",
    "Figure",
    "GateView",
    "Grid",
    "IncidentView",
    "IncidentsView",
    "JobView",
    "Line",
    "Link",
    "NightDataset",
    "NightRow",
    "NightView",
    "QualityView",
    "ResolvedView",
    "ScoreView",
    "Segment",
    "Trend",
    "WaiverLine",
    "dataset_names",
    "newest_first",
    "symbol_of",
    "word_of",
]

_WORDS = {Verdict.PASS: "Pass", Verdict.FAIL: "Fail", Verdict.UNDECIDED: "Undecided"}
_SYMBOLS = {Verdict.PASS: "✓", Verdict.FAIL: "✕", Verdict.UNDECIDED: "?"}


def word_of(verdict: Verdict) -> str:
    """`Pass`, `Fail` or `Undecided`."""
    return _WORDS[verdict]


def symbol_of(verdict: Verdict) -> str:
    """A one-character sign beside the word, so that the verdict never rests on colour."""
    return _SYMBOLS[verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key figure: value and what it counts. `tone`: plain, good, bad or unsure."""

    value: str
    label: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a dataset's bar, in thousandths of its width; at least 8 where there is any."""

    state: str
    start: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One compared column: how much of it matches, and how far the rest is off.

    `noise` is how far legacy is off from itself in it; empty where that is not known.
    """

    name: str
    mismatched: int
    matched: str
    tolerance: str
    because: str
    max_abs: str
    max_abs_sort: str
    max_rel: str
    max_rel_sort: str
    noise: str = ""
    noise_sort: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityView:
    """One expectation with its outcome on both sides; `failed` when either failed."""

    expectation: str
    column: str
    legacy: str
    candidate: str
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """How one job ended.

    `usual` is what it took on the nights before, a dash where too few tell; `unusual` says where
    that is far from what it took now.
    """

    name: str
    side: str
    ok: bool
    outcome: str
    seconds: str
    seconds_sort: str
    usual: str
    usual_sort: str
    unusual: str
    cpu: str
    cpu_sort: str
    memory: str
    memory_sort: str
    reason: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreView:
    """Seeded faults of one cause; `fine` when all were found and none given another cause."""

    cause: str
    injected: int
    detected: int
    right: int
    unexplained: int
    wrong: int
    fine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetView:
    """One dataset: card and section.

    `cut` says what was not stored of its rows, `coverage` how much of its history was verified.
    `noise` says that legacy's own is not known, where that matters. `story` tells the causes in a
    line. `quality_docs` lead to what Great Expectations itself says of each side.
    """

    anchor: str
    name: str
    kind: str
    verdict: Verdict
    summary: str
    share: str
    bar: tuple[Segment, ...]
    counts: tuple[Figure, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    drift: tuple[str, ...]
    story: str
    incidents: tuple[IncidentView, ...]
    resolved: tuple[ResolvedView, ...]
    noise: str
    differing: tuple[ColumnView, ...]
    identical: tuple[ColumnView, ...]
    compared: bool
    quality: tuple[QualityView, ...]
    quality_summary: str
    quality_failed: bool
    grids: tuple[Grid, ...]
    shown: str
    csv: str
    parquet: str
    cut: str
    coverage: str
    overdue: bool
    quality_docs: tuple[Link, ...] = ()
    quality_anchor: str = ""
    pictures: DatasetPictures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightView:
    """One night, worst dataset first.

    `primary` says whom consumers read, empty where nobody does. `waivers` are those to be seen to.
    """

    migration: str
    phase: str
    session: str
    weekday: str
    as_of: str
    as_of_utc: str
    run_id: str
    primary: str
    verdict: Verdict
    headline: str
    answer: str
    reasons: tuple[str, ...]
    waivers: tuple[WaiverLine, ...]
    previous: str
    figures: tuple[Figure, ...]
    incidents: IncidentsView
    datasets: tuple[DatasetView, ...]
    jobs: tuple[JobView, ...]
    jobs_failed: int
    opinion: str
    opinion_ok: bool
    opinion_examples: tuple[str, ...]
    selftest: str
    selftest_ok: bool | None
    selftest_seed: str
    selftest_scores: tuple[ScoreView, ...]
    selftest_missed: tuple[str, ...]
    selftest_wrong: tuple[str, ...]
    selftest_again: str
    gate: GateView | None = None
    trends: TrendPictures | None = None
