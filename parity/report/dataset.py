"""The view of one dataset: card, incidents, columns, quality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from parity.model.names import quality_anchor
from parity.model.noise import Noise
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    RowCounts,
    SchemaDrift,
)
from parity.report.around import Around
from parity.report.evidence import parquet_name
from parity.report.extent import coverage_text, cut_text
from parity.report.grids import grids
from parity.report.incidents import incident_view, resolved_view
from parity.report.quality import quality_docs, quality_summary, quality_views
from parity.report.rows import BUDGET, Sample, csv_name
from parity.report.story import story, told_of
from parity.report.view import (
    ColumnView,
    DatasetView,
    Figure,
    Segment,
)
from parity.report.words import ABSENT, count, delta_text, ratio_text, share, some_of, visible

__all__ = ["dataset_view"]

_LEAST = 8  # thousandths: one differing row among millions must still be seen in the bar

_NOT_MEASURED = "Legacy's own noise is not measured: parity noise"
_NOTHING_KNOWN = Around()


def dataset_view(
    dataset: DatasetResult,
    sample: Sample,
    number: int,
    kept: Collection[str] | None = None,
    known: Around = _NOTHING_KNOWN,
    pages: Collection[str] = (),
) -> DatasetView:
    """Card and section of a dataset; `number` (1-based) names its anchor.

    `kept` names the datasets whose Parquet file has all their rows; None: it is not known.
    `known` is what is around its incidents, `pages` the names of the data docs that are there.
    """
    rows = dataset.rows
    compared = rows.matched + rows.discrepancies
    paired = rows.matched + rows.mismatched
    noise = {one.column: one for one in known.noise_of(dataset.name)}
    columns = tuple(_column(one, paired, noise.get(one.name)) for one in dataset.columns)
    shown = len(sample.mismatched) + len(sample.unpaired)
    listed = Counter(row.incident for row in (*sample.mismatched, *sample.unpaired))
    incidents = tuple(
        incident_view(dataset, incident, known, listed[incident.id])
        for incident in dataset.incidents
    )
    return DatasetView(
        anchor=f"dataset-{number}",
        name=visible(dataset.name),
        kind=visible(dataset.kind),
        verdict=dataset.verdict,
        summary=_summary(dataset),
        share=share(rows.matched, compared),
        bar=_bar(rows),
        counts=tuple(_counts(rows)),
        reasons=tuple(visible(reason) for reason in dataset.reasons),
        notes=tuple(visible(note) for note in dataset.notes),
        drift=tuple(_drift(dataset.schema)),
        story=_story(dataset, known.session),
        incidents=incidents,
        resolved=tuple(
            resolved_view(found) for found in known.resolved if found.dataset == dataset.name
        ),
        noise=_NOT_MEASURED if dataset.incidents and not noise else "",
        differing=tuple(column for column in columns if column.mismatched),
        identical=tuple(column for column in columns if not column.mismatched),
        compared=bool(dataset.rows.matched or dataset.rows.mismatched),
        quality=quality_views(dataset.quality),
        quality_summary=quality_summary(dataset.quality),
        quality_failed=any(not check.success for check in dataset.quality),
        quality_docs=quality_docs(dataset, pages),
        quality_anchor=quality_anchor(dataset.name),
        grids=grids(dataset, sample, f"dataset-{number}"),
        shown=_shown(shown, dataset),
        csv=csv_name(dataset.name) if rows.discrepancies else "",
        parquet=parquet_name(dataset.name) if kept and dataset.name in kept else "",
        cut=cut_text(dataset, kept),
        coverage=coverage_text(dataset.coverage) if dataset.coverage else "",
        overdue=bool(dataset.coverage and dataset.coverage.overdue),
    )


def _story(dataset: DatasetResult, session: str) -> str:
    stored = dataset.to_json()
    return story([told_of(stored, one, session) for one in stored["incidents"]], within=True)


def _summary(dataset: DatasetResult) -> str:
    rows = dataset.rows
    if rows.discrepancies:
        whole = count(rows.matched + rows.discrepancies, "row")
        return f"{rows.discrepancies:,} of {whole} differ{_waived(rows)}"
    if rows.matched:
        return f"{count(rows.matched, 'row')} matched, none differ"
    return "no row compared"


def _waived(rows: RowCounts) -> str:
    if not rows.waived:
        return ""
    return f", {rows.waived:,} of them waived" if rows.unwaived else ", all of them waived"


def _shown(shown: int, dataset: DatasetResult) -> str:
    """Which rows the page has; what follows is where the others are."""
    whole = dataset.rows.discrepancies
    if shown >= whole:
        if not whole:
            return ""
        return f"showing {'the 1 row' if whole == 1 else f'all {whole:,} rows'}; also in"
    listed = "all rows" if dataset.stored is None else f"the first {count(dataset.stored, 'row')}"
    return f"showing {shown:,} of {whole:,} (at most {BUDGET} a dataset); {listed} in"


def _counts(rows: RowCounts) -> Iterator[Figure]:
    yield Figure(value=f"{rows.legacy:,}", label="legacy rows")
    yield Figure(value=f"{rows.candidate:,}", label="candidate rows")
    yield Figure(
        value=f"{rows.matched:,}", label="matched", tone="good" if rows.matched else "unsure"
    )
    bad = "bad" if rows.unwaived else "plain"
    for number, label in (
        (rows.mismatched, "mismatched"),
        (rows.legacy_only, "only in legacy"),
        (rows.candidate_only, "only in candidate"),
    ):
        yield Figure(value=f"{number:,}", label=label, tone=bad if number else "plain")
    for number, label in ((rows.duplicate_key, "duplicate keys"), (rows.null_key, "NULL keys")):
        if number:
            yield Figure(value=f"{number:,}", label=label, tone=bad)
    if rows.waived:
        yield Figure(value=f"{rows.waived:,}", label="of these waived")
    if rows.unsettled:
        yield Figure(value=f"{rows.unsettled:,}", label="unsettled, not compared", tone="unsure")


def _bar(rows: RowCounts) -> tuple[Segment, ...]:
    parts = (
        ("mismatched", rows.mismatched),
        ("legacy_only", rows.legacy_only),
        ("candidate_only", rows.candidate_only),
        ("broken_key", rows.duplicate_key + rows.null_key),
    )
    whole = rows.matched + rows.discrepancies
    widths = [(state, max(_LEAST, part * 1000 // whole)) for state, part in parts if part]
    matched = max(_LEAST if rows.matched else 0, 1000 - sum(width for _, width in widths))
    segments, start = [], 0
    for state, width in [("matched", matched if rows.matched else 0), *widths]:
        if width:
            segments.append(Segment(state=state, start=start, width=width))
        start += width
    return tuple(segments)


def _drift(schema: SchemaDrift) -> Iterator[str]:
    if schema.missing_in_candidate:
        yield f"missing in candidate: {some_of(schema.missing_in_candidate, 20)}"
    if schema.missing_in_legacy:
        yield f"missing in legacy: {some_of(schema.missing_in_legacy, 20)}"
    for column, legacy, candidate in schema.type_changes:
        yield visible(f"{column}: {legacy} in legacy, {candidate} in candidate")


def _column(column: ColumnResult, paired: int, noise: Noise | None) -> ColumnView:
    limit, _, because = column.tolerance.partition(" because ")
    return ColumnView(
        name=visible(column.name),
        mismatched=column.mismatched,
        matched=share(paired - column.mismatched, paired),
        tolerance=visible(limit),
        because=visible(because),
        max_abs=ABSENT if column.max_abs_delta is None else delta_text(column.max_abs_delta)[1:],
        max_abs_sort="" if column.max_abs_delta is None else repr(column.max_abs_delta),
        max_rel=ratio_text(column.max_rel_delta),
        max_rel_sort="" if column.max_rel_delta is None else repr(column.max_rel_delta),
        noise=_noise_text(noise) if noise else "",
        noise_sort=repr(noise.max_abs_delta or 0.0) if noise else "",
    )


def _noise_text(noise: Noise) -> str:
    """How far legacy is off from itself, as `0.0012 (0.00134 %) in 3 rows`."""
    if not noise.differing:
        return "none"
    rows = f"in {count(noise.differing, 'row')}"
    if noise.max_abs_delta is None:
        return rows
    share = f" ({ratio_text(noise.max_rel_delta)})" if noise.max_rel_delta is not None else ""
    return f"{delta_text(noise.max_abs_delta)[1:]}{share} {rows}"
