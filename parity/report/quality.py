"""The quality checks of both sides, in words."""

from __future__ import annotations

from collections.abc import Collection

from parity.model.names import quality_page
from parity.model.result import DatasetResult, QualityCheck
from parity.model.verdict import Side
from parity.report.view import Link, QualityView
from parity.report.words import ABSENT, visible

__all__ = ["quality_docs", "quality_summary", "quality_views"]


def quality_views(checks: tuple[QualityCheck, ...]) -> tuple[QualityView, ...]:
    """One line an expectation with both sides beside one another, failed ones first."""
    pairs: dict[tuple[str, str], dict[Side, QualityCheck]] = {}
    for check in checks:
        pairs.setdefault((check.expectation, check.column or ""), {})[check.side] = check
    views = [
        QualityView(
            expectation=visible(expectation),
            column=visible(column) or ABSENT,
            legacy=_outcome(sides.get(Side.LEGACY)),
            candidate=_outcome(sides.get(Side.CANDIDATE)),
            failed=any(not check.success for check in sides.values()),
        )
        for (expectation, column), sides in pairs.items()
    ]
    return tuple(sorted(views, key=lambda view: not view.failed))


def _outcome(check: QualityCheck | None) -> str:
    if check is None:
        return "not run"
    detail = f": {visible(check.detail)}" if check.detail else ""
    if check.success:
        return f"✓ holds{detail}"
    if check.unexpected:
        return f"✕ {check.unexpected:,} of {check.total:,} unexpected{detail}"
    return f"✕ fails{detail}"


def quality_summary(checks: tuple[QualityCheck, ...]) -> str:
    """How many hold on each side."""
    parts = []
    for side in Side:
        mine = [check for check in checks if check.side is side]
        fine = sum(check.success for check in mine)
        parts.append(
            f"{side.value} {fine} of {len(mine)} hold" if mine else f"{side.value} not run"
        )
    return ", ".join(parts)


def quality_docs(dataset: DatasetResult, pages: Collection[str]) -> tuple[Link, ...]:
    """What Great Expectations says of each side, where `pages` has that page."""
    names = {side: quality_page(dataset.name, side) for side in Side}
    return tuple(
        Link(text=f"data docs of {side.value}", href=name)
        for side, name in names.items()
        if name in pages
    )
