"""Quality: Great Expectations suites, one per kind of dataset, run on both sides.

A comparison says whether the sides are equal; these checks say whether each side is plausible by
itself, so two equally wrong sides do not pass unseen. Only this package may import Great
Expectations, and only when a check runs: the import takes seconds and 300 MB.
"""

from __future__ import annotations

from parity.quality.docs import docs_page
from parity.quality.runner import Validation, check, validate
from parity.quality.suites import Expectation, expectations

__all__ = ["Expectation", "Validation", "check", "docs_page", "expectations", "validate"]
