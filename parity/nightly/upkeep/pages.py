"""Which nights have a page: those whose page is not older than pages are kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from parity.model.operations import Retention
from parity.model.result import RunResult
from parity.model.verdict import Phase

__all__ = ["with_pages"]


def with_pages(
    nights: Iterable[RunResult], retention: Retention, phase: Phase, day: date
) -> tuple[RunResult, ...]:
    """The nights to publish: those of the phase in force, and the others while they are young.

    Without it a night would write pages again that `parity maintain cleanup` has deleted.

    Args:
        nights: stored nights, in any order, which is kept.
        retention: how long pages are kept.
        phase: the phase in force.
        day: from which their age counts, such as the newest session.
    """
    oldest = day - retention.reports
    return tuple(night for night in nights if night.phase == phase.value or night.session >= oldest)
