"""The benchmark of large pages runs and says what is true. Nothing here is about time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.page_nights import cases
from benchmarks.pages import BROWSERS


@pytest.mark.slow
@pytest.mark.timeout(600)  # it starts a server and a browser, whatever else runs beside it
def test_a_small_million_is_published_opened_and_told() -> None:
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("NO BROWSER: pages are not measured")
    small = ["--rounds", "1", "--scale", "0.002", "--only", "usual"]
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.pages", *small],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode in (0, 1), ended.stderr) == (True, "")  # met or not: by time
    told = ended.stdout
    assert "usual: 2,000 rows differ" in told
    assert "the CSV file has 1,000 of 2,000 rows" in told
    assert re.search(r"page \d\.\d\d MB; discrepancies-bars\.csv .* discrepancies-bars\.pa", told)
    assert "first answer of the filter: median" in told
    assert "goals: page below 3 MB" in told


def test_rows_and_incidents_of_a_night_add_up() -> None:
    for case in cases(0.001):
        dataset = case.result().datasets[0]
        rows = list(case.discrepancies())
        assert dataset.rows.discrepancies == len(rows) == len({row.key for row in rows})
        assert {row.incident for row in rows} == {one.id for one in dataset.incidents}
