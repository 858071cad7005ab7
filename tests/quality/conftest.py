"""Great Expectations takes seconds to import: once, and on no single test's account."""

from __future__ import annotations

import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.quality import check
from tests.quality.rows import dataset, good


@pytest.fixture(scope="session")
def imported() -> None:
    check(dataset(Kind.TABLE), Side.LEGACY, good(Kind.TABLE))
