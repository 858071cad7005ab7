"""What charts say is so: nothing of it is another incident's, within tolerance, or left out."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.picture import Series, series_from, series_to_json
from parity.model.result import ColumnResult, Discrepancy, Origin
from parity.model.thinning import Line, thinned
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.pictures import deltas, illustrating
from parity.report.pictures.bins import bins_of
from parity.report.pictures.deltas import delta_pictures
from parity.report.pictures.heat import heat_map
from parity.report.pictures.incident import incident_picture
from parity.report.pictures.kept import Kept, kept_rows
from parity.store.evidence import write_evidence
from tests.report.build import counts, different, run, split_night
from tests.report.incidents import incident as an_incident
from tests.report.pictured import LEGACY, row, series

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def kept(
    folder: Path, rows: list[Discrepancy], *key: str, tolerance: str = "exact"
) -> tuple[Kept, Any]:
    """The file of these mismatched rows, and the dataset."""
    closes = sum("close" in one.columns for one in rows)
    column = ColumnResult(
        name="close", mismatched=closes, max_abs_delta=None, max_rel_delta=None, tolerance=tolerance
    )
    found = different(
        "t", rows, key=key, rows=counts(9, len(rows)), columns=(column,),
        incidents=(an_incident("i", "unexplained", len(rows)),),
    )  # fmt: skip
    result = run(split_night()[0].verdict, found)
    write_evidence(folder, result, {"t": rows}, "content")
    held = kept_rows(folder, result, found)
    assert held is not None
    return held, found


def day(number: int) -> date:
    return date(2005, 1, 3) + timedelta(days=number)


# Thinning


@given(st.data())
def test_no_extreme_of_a_line_is_lost(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 200))
    lines: list[Line] = [
        data.draw(st.lists(NUMBERS, min_size=size, max_size=size)) for _ in range(3)
    ]
    ends = data.draw(st.integers(0, 5))
    most = data.draw(st.integers(2 * ends + 6, 80))
    telling = data.draw(st.sets(st.integers(0, size - 1)))
    places = thinned(size, most, ends=ends, telling=telling, lines=lines)
    assert len(places) == min(size, most)
    assert places == sorted(set(places))
    assert set(places) >= {*range(min(ends, size)), *range(max(size - ends, 0), size)}
    for line in lines:
        held = [one for one in line if one is not None]
        left = [line[place] for place in places if line[place] is not None]
        assert not held or (max(left), min(left)) == (max(held), min(held))  # type: ignore[type-var]


def test_each_stretch_keeps_its_extremes() -> None:
    """Of a saw with a tooth every hundred points, and as many stretches, each tooth is kept."""
    line = [float(place % 100 == 50) for place in range(1_000)]
    places = thinned(1_000, 40, ends=0, telling=(), lines=[line])
    assert [place for place in places if line[place]] == list(range(50, 1_000, 100))


# What is the incident's own


def test_what_others_differ_in_is_neither_told_nor_shaded() -> None:
    """Half on the 8th and the 10th day; on the 9th another incident differs by a cent."""
    candidate = (*LEGACY[:7], LEGACY[7] / 2, LEGACY[8] + 0.01, LEGACY[9] / 2)
    own = (*[False] * 7, True, False, True)
    picture = incident_picture("chart-1", series(candidate=candidate, own=own), 400, 60)
    assert picture.label.endswith(": candidate is half of legacy from 2005-02-28 on at 2 points")
    assert [one.own for one in picture.rows] == list(own)
    assert (picture.chart["shade"], picture.chart["spans"]) == ([7, 9], [[7, 7], [9, 9]])


def test_what_was_told_of_all_points_is_told_of_those_that_are_drawn() -> None:
    says = "the sides differ by up to 1000 throughout"
    drawn = incident_picture("chart-1", series(own=(True,) * 10, says=says, whole=900), 4, 4)
    assert drawn.label == f"close of AAPL, 2005-02-21 to 2005-03-02: {says}"


def test_a_file_of_before_tells_of_the_points_that_were_kept() -> None:
    (stored,) = series_to_json([series(whole=900)])["series"]
    for name in ("own", "says"):
        del stored[name]
    (one,) = series_from({"series": [stored]})
    assert (one.own, one.says) == (None, "")
    label = incident_picture("chart-1", one, 400, 60).label
    assert label.endswith(": of the points kept, candidate is half of legacy from 2005-02-28 on")
    whole = incident_picture("chart-1", replace(one, whole=10), 400, 60).label
    assert whole.endswith(": candidate is half of legacy from 2005-02-28 on")


def test_a_series_goes_into_its_file_and_back() -> None:
    one = series(own=(False,) * 9 + (True,), says="x")
    assert series_from(series_to_json([one])) == (one,)
    with pytest.raises(ValueError, match="not one value for each time"):
        Series(**{**asdict(one), "own": (True,)})


def test_the_numbers_list_the_largest_difference() -> None:
    size = 300
    moments = tuple(day(n).isoformat() for n in range(size))
    legacy = (1.0,) * size
    candidate = tuple(1_001.0 if n == 133 else 1.01 for n in range(size))
    one = series(times=moments, legacy=legacy, candidate=candidate, own=(True,) * size, whole=size)
    picture = incident_picture("chart-1", one, 100, 12)
    assert [row.values[2] for row in picture.rows if row.values[2] != "+0.01"] == ["+1,000"]
    drawn: Any = picture.chart["plots"]
    assert max(drawn[0]["series"][1]["values"]) == 1_001
    assert "the sides differ by up to 1000" in picture.label


# Histogram


SIZES = st.lists(st.floats(1e-9, 1e9) | st.just(0.015), min_size=1, max_size=40)


@given(SIZES, st.just(0.015) | st.floats(1e-6, 1e6))
def test_bins_part_what_is_within_from_what_is_beyond(sizes: list[float], limit: float) -> None:
    bins = bins_of(np.array(sizes), limit)
    beyond = [
        number
        for (low, _), number in zip(pairwise(bins.edges), bins.counts, strict=True)
        if low >= limit
    ]
    assert sum(beyond) == sum(size > limit for size in sizes)
    assert sum(bins.counts) == len(sizes)


def test_rows_beyond_a_tolerance_that_is_no_round_number_are_beyond(tmp_path: Path) -> None:
    """0.016, 0.017 and 0.019 are beyond 0.015, which itself is within, as is 0.012."""
    rows = [
        row(("A", day(n)), Decimal(1), 1 + Decimal(size), "close" if size > "0.015" else "open")
        for n, size in enumerate(("0.012", "0.015", "0.016", "0.017", "0.019"))
    ]
    held, found = kept(tmp_path, rows, "symbol", "day", tolerance="±0.015")
    (picture,), _ = delta_pictures(held, found)
    assert [(bar.span, bar.rows, bar.beyond) for bar in picture.bars] == [
        ("0.01 to 0.015", "2", False), ("0.015 to 0.02", "3", True),
    ]  # fmt: skip
    assert picture.label.endswith("tolerance 0.015")


def test_a_delta_of_more_tolerances_than_a_double_can_say_is_counted(tmp_path: Path) -> None:
    rows = [row(("A", day(0)), 0.0, 1e300), row(("A", day(1)), 1e-300, 0.0)]
    held, found = kept(tmp_path, rows, "symbol", "day", tolerance="±1e-20 or 1e-10 %")
    (picture,), _ = delta_pictures(held, found)
    assert sum(int(bar.rows) for bar in picture.bars) == 2


# Heat map


def test_the_time_of_the_dataset_is_that_of_the_map(tmp_path: Path) -> None:
    """The first date of the key is that of a report; the sessions are in the third column."""
    rows = [row((day(300), "A" if n else "B", day(n)), 1.0, 2.0) for n in range(3)]
    held, _ = kept(tmp_path, rows, "report_date", "symbol", "session")
    origin = Origin(legacy=("l", "t"), candidate=("c", "t"), time="session", symbol="symbol")
    found = heat_map(held, set(), origin=origin)
    assert found is not None
    assert found.sessions == ("2005-01-03", "2005-01-04", "2005-01-05")
    assert [(one.symbol, one.whole) for one in found.rows] == [("A", "2"), ("B", "1")]
    unknown = heat_map(held, {"A"}, origin=replace(origin, time=None, symbol=None))
    assert unknown is not None
    assert unknown.sessions == (day(300).isoformat(),)


def test_bare_timestamps_of_another_zone_are_of_the_session_at_the_exchange(tmp_path: Path) -> None:
    """03:00 in London is still the day before in New York; midnights alone are days."""
    origin = Origin(legacy=("l", "t"), candidate=("c", "t"), timezone="Europe/London", time="at")
    for hour, sessions in ((3, ("2005-01-02", "2005-01-03")), (0, ("2005-01-03", "2005-01-04"))):
        rows = [row(("A", datetime(2005, 1, 3 + n, hour)), 1.0, 2.0) for n in range(2)]  # noqa: DTZ001
        held, _ = kept(tmp_path / str(hour), rows, "symbol", "at")
        found = heat_map(held, {"A"}, origin=origin)
        assert found is not None
        assert found.sessions == sessions


# What cannot be drawn


def test_a_column_that_cannot_be_drawn_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, rows = split_night()
    write_evidence(tmp_path, result, rows, "content")
    drawn = deltas._picture

    def picture(held: Kept, column: ColumnResult) -> Any:
        if column.name == "high":
            raise pa.ArrowInvalid("no number")
        return drawn(held, column)

    monkeypatch.setattr(deltas, "_picture", picture)
    shown = night_view(result, beside=Beside(evidence=tmp_path))
    yahoo = next(one.pictures for one in shown.datasets if one.name == "yahoo-bars")
    assert yahoo is not None
    assert [(one.column, bool(one.bars), one.says) for one in yahoo.deltas] == [
        ("open", True, ""), ("high", False, "Not drawn: ArrowInvalid"), ("low", True, ""),
        ("close", True, ""),
    ]  # fmt: skip
    assert yahoo.heat is not None
    assert yahoo.missing == ""


def test_a_heat_map_that_cannot_be_drawn_leaves_the_histograms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, rows = split_night()
    write_evidence(tmp_path, result, rows, "content")

    def none(*_: object) -> None:
        raise OverflowError

    monkeypatch.setattr(illustrating, "heat_map", none)
    shown = night_view(result, beside=Beside(evidence=tmp_path))
    yahoo = next(one.pictures for one in shown.datasets if one.name == "yahoo-bars")
    assert yahoo is not None
    assert (yahoo.heat, len(yahoo.deltas)) == (None, 4)
    assert yahoo.more == "Heat map: Not drawn: OverflowError"
