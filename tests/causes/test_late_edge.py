"""Series that end earlier, or begin later, on one side."""

from __future__ import annotations

import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from tests.causes.moved import by_cause, hourly, sides
from tests.causes.toy import compared, dataset, incidents, real_bars


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("sessions", [1, 2, 30])
@pytest.mark.parametrize("edge", ["start", "end"])
def test_sessions_behind(side: Side, sessions: int, edge: str) -> None:
    good = real_bars(["AAPL", "IBM"])
    bars = good[good["symbol"] == "IBM"].index
    gone = bars[:sessions] if edge == "start" else bars[-sessions:]

    (found,) = incidents(*compared(*sides(side, good.drop(index=gone), good)))

    assert (found.cause, found.rows, found.scope.symbols) == ("late_edge", sessions, ("IBM",))
    assert (found.evidence["edge"], found.evidence["behind"]) == (edge, sessions)
    assert found.evidence["side"] == side.value


def test_the_incident_keeps_its_id_when_it_grows() -> None:
    good = real_bars(["IBM"])
    (one,) = incidents(*compared(good.iloc[:-1], good))
    (more,) = incidents(*compared(good.iloc[:-4], good))
    (other,) = incidents(*compared(good, good.iloc[:-4]))
    assert one.id == more.id != other.id


def test_a_part_of_a_day_is_one_session() -> None:
    good = hourly(["AAPL"])
    (found,) = incidents(*compared(good.iloc[:-3], good))
    assert (found.cause, found.rows, found.evidence["behind"]) == ("late_edge", 3, 1)


def test_indicators() -> None:
    good = real_bars(["IBM"]).rename(columns={"timestamp": "date"})
    good["date"] = good["date"].dt.date
    found = incidents(*compared(good.iloc[5:], good, of=dataset(Kind.INDICATORS, "date")))
    assert by_cause(found) == {"late_edge": 5}
