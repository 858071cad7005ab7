"""The quality checks of a dataset in the night's snapshot, with the data docs of each side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from parity.diff import Comparison, queries
from parity.model.names import quality_page
from parity.model.result import QualityCheck
from parity.model.verdict import Side
from parity.nightly.snapshot import Say
from parity.quality import Validation, docs_page, validate

__all__ = ["QUALITY_ROWS", "Checked", "check_quality"]

QUALITY_ROWS = 100_000  # the newest rows of each side that Great Expectations looks at


@dataclass(frozen=True, slots=True)
class Checked:
    """The checks of both sides, and the pages of their data docs by file name."""

    checks: tuple[QualityCheck, ...] = ()
    pages: dict[str, bytes] = field(default_factory=dict)


def check_quality(comparison: Comparison, session: date, say: Say) -> Checked:
    """Checks the newest rows of both sides.

    Args:
        comparison: of the dataset.
        session: of the night.
        say: is told of a page that could not be made; it is left out.

    Raises:
        ComparisonError: a check could not be made.
    """
    checks: tuple[QualityCheck, ...] = ()
    pages: dict[str, bytes] = {}
    for side in Side:
        part = queries.recent(comparison.readers[side], QUALITY_ROWS)
        rows = comparison.ask(part)
        frame = pd.DataFrame(rows, columns=comparison.names, dtype=object)
        found = validate(comparison.dataset, side, frame)
        checks += found.checks
        page = _page(found, session, f"{comparison.dataset.name}, {side.value}", say)
        if page is not None:
            pages[quality_page(comparison.dataset.name, side)] = page
    return Checked(checks, pages)


def _page(found: Validation, session: date, whose: str, say: Say) -> bytes | None:
    try:
        return docs_page(found, session, QUALITY_ROWS)
    except Exception as error:  # noqa: BLE001
        # The checks are made, and no verdict depends on a page that shows them.
        text = (str(error).splitlines() or [""])[0][:200]
        say(f"{whose}: data docs are left out: {type(error).__name__}: {text}")
        return None
