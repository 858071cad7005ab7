"""How far a comparison reached: what was verified of history, and what is kept of its rows."""

from __future__ import annotations

from collections.abc import Collection

from parity.model.audit import Coverage
from parity.model.result import DatasetResult
from parity.report.evidence import parquet_name
from parity.report.words import count

__all__ = ["coverage_text", "cut_text"]


def coverage_text(coverage: Coverage) -> str:
    """How much of history was verified tonight, since when the rest was, and what is overdue."""
    whole = f"History: {count(coverage.segments, 'segment')} (symbol × month)"
    return "; ".join([whole, _verified(coverage), _due(coverage)])


def _verified(coverage: Coverage) -> str:
    if coverage.compared >= coverage.segments:
        return "all verified whole tonight" if coverage.segments else "nothing to verify"
    some = f"{coverage.compared:,}" if coverage.compared else "none"
    rest = f"since {coverage.oldest.isoformat()}" if coverage.oldest else "not yet"
    return f"{some} verified whole tonight, the rest {rest}"


def _due(coverage: Coverage) -> str:
    nights = count(coverage.cycle, "night")
    if not coverage.overdue:
        return f"each within {nights}"
    is_or_are = "is" if coverage.overdue == 1 else "are"
    return f"{coverage.overdue:,} {is_or_are} overdue: not verified within {nights}"


def cut_text(dataset: DatasetResult, kept: Collection[str] | None) -> str:
    """What is listed of the rows, and where the others are; empty where all are listed.

    `kept` names the datasets whose Parquet file has all their rows; None: it is not known.
    """
    if dataset.stored is None:
        return ""
    listed = "is" if dataset.stored == 1 else "are"
    whole = count(dataset.rows.discrepancies, "row")
    text = f"the first {dataset.stored:,} of {whole} {listed} listed"
    if kept is None:
        return text
    if dataset.name in kept:
        return f"{text}; all are in {parquet_name(dataset.name)}"
    return f"{text}; the rest was not kept"
