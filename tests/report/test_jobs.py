"""How long jobs took, beside what they usually take."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Side, Verdict
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.jobs import job_views
from tests.report.build import equal, run


def night(back: int, seconds: float, *, exit_code: int = 0, side: Side = Side.LEGACY) -> RunResult:
    job = JobOutcome(name="load", side=side, exit_code=exit_code, seconds=seconds, log="")
    return run(Verdict.PASS, equal(), jobs=(job,), session=date(2005, 2, 28) - timedelta(days=back))


@pytest.mark.parametrize(
    ("now", "usual", "unusual"),
    [
        (30.0, 10.0, "3.0 times as long as usual"),
        (19.9, 10.0, ""),
        (4.9, 10.0, "less than half as long as usual"),
        (5.1, 10.0, ""),
        (3.0, 1.0, ""),  # a few seconds are no matter
        (9.0, 0.0, "90.0 times as long as usual"),
    ],
)
def test_far_from_the_median_of_the_nights_before(now: float, usual: float, unusual: str) -> None:
    before = [night(1, usual), night(2, usual / 2), night(3, usual * 3)]
    [view] = job_views(night(0, now), [night(0, now), *before, night(-1, 900.0)])
    assert (view.usual, view.unusual) == (f"{usual:,.1f}", unusual)


def test_too_few_nights_tell_nothing() -> None:
    others = [night(3, 1.0, side=Side.CANDIDATE), night(4, 1.0, exit_code=1)]
    for nights in (None, [], [night(1, 1.0), night(2, 1.0), *others]):
        [view] = job_views(night(0, 90.0), nights)
        assert (view.usual, view.usual_sort, view.unusual) == ("—", "", "")


def test_a_job_that_failed_is_not_called_slow() -> None:
    before = [night(back, 1.0) for back in (1, 2, 3)]
    [view] = job_views(night(0, 90.0, exit_code=1), before)
    assert (view.usual, view.unusual) == ("1.0", "")


def test_slow_ones_are_counted_and_the_rule_is_on_the_page() -> None:
    before = [night(back, 10.0) for back in (1, 2, 3)]
    rule = "at least twice as long as usual and at least 5 s more"
    for seconds, label in ((30.0, "jobs ended well, 1 slow"), (4.0, "jobs ended well")):
        view = night_view(night(0, seconds), beside=Beside(nights=before))
        assert label in [figure.label for figure in view.figures]
        assert rule in night_page(view)
    assert rule not in night_page(night_view(night(0, 30.0)))
