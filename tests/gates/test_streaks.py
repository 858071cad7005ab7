"""Sessions in a row: by hand over a holiday, and laws over any nights."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.exchange import Exchange
from parity.gates.streaks import (
    NO_NIGHT,
    Fault,
    as_primary,
    compared,
    count_streak,
    passed,
    without_pending,
)
from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Side, Verdict
from tests.report.build import NEW_YORK, run

# Monday the 21st was Presidents' Day.
THU, FRI, TUE, WED = date(2005, 2, 17), date(2005, 2, 18), date(2005, 2, 22), date(2005, 2, 23)
FOUR = (THU, FRI, TUE, WED)
BROKEN = JobOutcome(name="load", side=Side.LEGACY, exit_code=1, seconds=1.0, log="a", reason="no")


def nights(**verdicts: str) -> dict[date, RunResult]:
    """Nights by the names of their days above."""
    return {
        globals()[day]: run(Verdict(verdict), session=globals()[day])
        for day, verdict in verdicts.items()
    }


def test_a_holiday_is_no_gap() -> None:
    sessions = Exchange("XNYS").between(THU, WED)
    assert sessions == FOUR
    found = count_streak(sessions, nights(THU="pass", FRI="pass", TUE="pass", WED="pass"), passed)
    assert (len(found), found.broken, found.why) == (4, None, "")
    assert [one.session for one in found.last(2)] == [TUE, WED]
    assert found.last(0) == ()


@pytest.mark.parametrize(
    ("verdict", "fault", "length", "why"),
    [
        ("fail", passed, 1, "the night failed"),
        ("fail", compared, 4, ""),
        ("undecided", passed, 1, "the night is undecided"),
        ("undecided", compared, 1, "the night is undecided"),
    ],
)
def test_what_breaks_a_streak(verdict: str, fault: object, length: int, why: str) -> None:
    found = nights(THU="pass", FRI="pass", TUE=verdict, WED="pass")
    streak = count_streak(FOUR, found, fault)  # type: ignore[arg-type]
    assert (len(streak), streak.broken, streak.why) == (length, TUE if why else None, why)


def test_a_missing_session_breaks_it_and_so_does_a_failed_job() -> None:
    found = nights(THU="pass", FRI="pass", WED="pass")
    streak = count_streak(FOUR, found, passed)
    assert (len(streak), streak.broken, streak.why) == (1, TUE, NO_NIGHT)
    assert compared(run(Verdict.FAIL, jobs=(BROKEN,))) == "jobs failed: load"


def test_the_candidate_must_be_primary_and_compared() -> None:
    assert as_primary(run(Verdict.PASS)) == "the candidate was not primary"
    assert as_primary(run(Verdict.FAIL, primary=Side.CANDIDATE)) == ""
    undecided = run(Verdict.UNDECIDED, primary=Side.CANDIDATE)
    assert as_primary(undecided) == "the night is undecided"


@pytest.mark.parametrize("fault", [compared, passed])
def test_before_the_cutover_legacy_must_be_primary(fault: Fault) -> None:
    assert fault(run(Verdict.PASS, primary=Side.CANDIDATE)) == "legacy was not primary"


def test_a_night_that_may_still_come_is_not_missing() -> None:
    def limit(session: date) -> datetime:
        return datetime(session.year, session.month, session.day, 22, tzinfo=NEW_YORK)

    def due(hour: int, *stored: date) -> tuple[date, ...]:
        now = datetime(2005, 2, 23, hour, tzinfo=NEW_YORK)
        return without_pending(FOUR, stored, limit, now)

    assert due(21, THU, FRI, TUE) == (THU, FRI, TUE)
    assert due(22, THU, FRI, TUE) == FOUR  # too late: missing
    assert due(21, WED) == FOUR  # stored: it counts at once
    assert due(21, THU) == (THU, FRI, TUE)  # the one of yesterday does not come any more


# None: no night. Each is the night of one more day.
Any = st.lists(st.sampled_from([None, *Verdict]), max_size=8)


def streak_of(verdicts: list[Verdict | None]) -> int:
    days = [THU + timedelta(days=place) for place in range(len(verdicts))]
    found = {
        day: run(verdict, session=day)
        for day, verdict in zip(days, verdicts, strict=True)
        if verdict is not None
    }
    return len(count_streak(days, found, passed))


@given(Any)
def test_one_more_pass_makes_it_one_longer(verdicts: list[Verdict | None]) -> None:
    assert streak_of([*verdicts, Verdict.PASS]) == streak_of(verdicts) + 1


@given(Any, st.sampled_from([None, Verdict.FAIL, Verdict.UNDECIDED]))
def test_anything_else_ends_it(verdicts: list[Verdict | None], last: Verdict | None) -> None:
    assert streak_of([*verdicts, last]) == 0


@given(Any, st.data())
def test_a_night_taken_from_it_leaves_what_came_after(
    verdicts: list[Verdict | None], data: st.DataObject
) -> None:
    length = streak_of(verdicts)
    place = data.draw(st.integers(0, max(0, len(verdicts) - 1)))
    without = [None if n == place else verdict for n, verdict in enumerate(verdicts)]
    after = len(verdicts) - 1 - place
    expected = after if length > after >= 0 and verdicts else length
    assert streak_of(without) == expected


@given(Any, Any)
def test_what_was_before_a_break_does_not_count(
    before: list[Verdict | None], after: list[Verdict | None]
) -> None:
    assert streak_of([*before, None, *after]) == streak_of(after)
