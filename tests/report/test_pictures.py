"""What charts show, against numbers made by hand."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.result import ColumnResult, DatasetResult, Discrepancy, Incident, RowState
from parity.model.verdict import Side
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.pictures.bins import bins_of, edges_between
from parity.report.pictures.deltas import Limit, delta_pictures, limit_of, ratios_of
from parity.report.pictures.heat import heat_map
from parity.report.pictures.illustrating import charts_of
from parity.report.pictures.incident import incident_picture
from parity.report.pictures.kept import Kept, kept_rows
from parity.report.pictures.seen import number_text, seen
from parity.report.pictures.times import times_of
from parity.report.pictures.trends import trend_pictures
from parity.report.view import NightRow
from parity.store.evidence import write_evidence
from tests.report.build import counts, different, good_night, run, split_night
from tests.report.incidents import incident as an_incident
from tests.report.pictured import DAYS, LEGACY, minutes, nights, row, series, view

SIZES = st.floats(min_value=5e-324, max_value=1e308, allow_subnormal=True)


def dataset(
    rows: list[Discrepancy], key: tuple[str, ...], tolerance: str = "exact"
) -> DatasetResult:
    states = [one.state for one in rows]
    mismatched = states.count(RowState.MISMATCHED)
    return different(
        "t", rows, key=key,
        rows=counts(9, mismatched, legacy_duplicate_key=states.count(RowState.NULL_KEY)),
        columns=(ColumnResult(
            name="close", mismatched=sum("close" in one.columns for one in rows),
            max_abs_delta=None, max_rel_delta=None, tolerance=tolerance,
        ),),
        incidents=(an_incident("i", "unexplained", len(rows)),),
    )  # fmt: skip


def kept(
    folder: Path, rows: list[Discrepancy], *key: str, tolerance: str = "exact"
) -> tuple[Kept, DatasetResult]:
    found = dataset(rows, key, tolerance)
    result = run(split_night()[0].verdict, found)
    write_evidence(folder, result, {"t": rows}, "content")
    held = kept_rows(folder, result, found)
    assert held is not None
    return held, found


def day(number: int) -> date:
    return date(2005, 1, 3) + timedelta(days=number)


# Bins


@given(SIZES, SIZES)
def test_edges_are_few_ascending_and_around_all_sizes(one: float, other: float) -> None:
    low, high = sorted((one, other))
    edges = edges_between(low, high)
    assert all(before < after for before, after in pairwise(edges))
    assert edges[0] <= low
    assert high <= edges[-1]
    assert 2 <= len(edges) <= 25


@given(st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=60), st.none() | st.floats(1e-6, 1e6))
def test_every_size_lies_in_one_bin(sizes: list[float], also: float | None) -> None:
    bins = bins_of(np.array(sizes), also)
    assert sum(bins.counts) == len(sizes)
    for place, (low, high) in enumerate(pairwise(bins.edges)):
        last = place == len(bins.counts) - 1
        mine = [
            size
            for size in sizes
            if size != also and (low <= size < high or (last and size == high))
        ]
        mine += [size for size in sizes if size == also == high]
        assert bins.counts[place] == len(mine)
    assert also is None or also in bins.edges


def test_bins_have_round_edges() -> None:
    bins = bins_of(np.array([0.004, 0.03, 0.05, 0.2, 1.0]))
    assert bins.edges == (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    assert bins.counts == (1, 0, 0, 1, 1, 0, 1, 1)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("exact", Limit()),
        ("±0.01", Limit(abs=0.01)),
        ("±1e-7 because of rounding or so", Limit(abs=1e-7)),
        ("±0.0001 or ±0.1 % because both", Limit(abs=0.0001, rel=0.001)),
        ("±0:00:05", Limit()),
    ],
)
def test_a_tolerance_is_read_back(text: str, limit: Limit) -> None:
    assert limit_of(text) == limit


# Distribution


def test_deltas_against_an_absolute_tolerance(tmp_path: Path) -> None:
    """0.005 is within a cent; 0.02 twice and 0.3 are beyond; one has no number on a side."""
    pairs = [("1", "1.005"), ("1", "1.02"), ("2", "1.98"), ("2", "2.3"), ("1", None), ("1", "1")]
    rows = [
        row((f"S{n}", day(n)), Decimal(one), None if two is None else Decimal(two),
            "other" if n in (0, 5) else "close")
        for n, (one, two) in enumerate(pairs)
    ]  # fmt: skip
    held, found = kept(tmp_path, rows, "symbol", "day", tolerance="±0.01 because a cent")
    (picture,), more = delta_pictures(held, found)
    assert (picture.column, picture.unit, picture.limit, more) == ("close", "|Δ|", "±0.01", 0)
    assert [(bar.span, bar.rows, bar.beyond) for bar in picture.bars] == [
        ("0.005 to 0.01", "1", False), ("0.02 to 0.05", "2", True), ("0.2 to 0.5", "1", True),
    ]  # fmt: skip
    assert picture.says == "1 row without a number on one side"
    # A decade and two thirds … from 0.005 to 0.5 are two decades: 0.01 lies at log10(2) of two.
    assert picture.line == pytest.approx(320 * 0.30103 / 2, abs=0.1)
    assert picture.label == (
        "differences of close in 4 rows: most often 0.02 to 0.05; tolerance 0.01"
    )


def test_deltas_against_a_relative_tolerance_are_multiples_of_it(tmp_path: Path) -> None:
    """1 % of the larger side: of 100 against 102 that is 1.02, so 2 is 1.96 tolerances."""
    rows = [row(("A", day(0)), 100.0, 102.0), row(("B", day(0)), 10.0, 15.0)]
    held, found = kept(tmp_path, rows, "symbol", "day", tolerance="±1 %")
    (picture,), _ = delta_pictures(held, found)
    assert picture.unit == "|Δ| in multiples of the tolerance"
    assert [(bar.span, bar.rows) for bar in picture.bars] == [("1 to 2", "1"), ("20 to 50", "1")]
    assert picture.line == 0.0


def test_without_a_delta_there_is_no_distribution(tmp_path: Path) -> None:
    held, found = kept(tmp_path, [row(("A", day(0)), "x", "y")], "symbol", "day")
    assert delta_pictures(held, found) == ((), 0)
    held, found = kept(tmp_path / "null", [row(("A", day(0)), None, 1.0)], "symbol", "day")
    assert delta_pictures(held, found) == ((), 0)


# Heat map


def test_rows_by_symbol_and_session(tmp_path: Path) -> None:
    rows = [row(("A", day(0), n), 1.0, 2.0) for n in range(12)]
    rows += [row(("B", day(1), 1), 1.0, 2.0), row(("A", day(1), 1), 1.0, 2.0)]
    held, _ = kept(tmp_path, rows, "ticker", "day", "n")
    found = heat_map(held, {"A", "B"})
    assert found is not None
    assert found.sessions == ("2005-01-03", "2005-01-04")
    assert [(one.symbol, one.whole, [cell.text for cell in one.cells]) for one in found.rows] == [
        ("A", "13", ["12", "1"]), ("B", "1", ["", "1"]),
    ]  # fmt: skip
    assert [cell.shade for cell in found.rows[0].cells] == [5, 1]
    assert found.says == "2 symbols × 2 sessions with rows that differ"


def test_the_session_of_an_instant_is_the_day_at_the_exchange(tmp_path: Path) -> None:
    """03:00 UTC on 1 March is still 28 February in New York; 1969 is a day as any other."""
    moments = [datetime(2005, 3, 1, 3, tzinfo=UTC), datetime(2005, 3, 1, 5, tzinfo=UTC),
               datetime(1969, 7, 1, 3, 59, tzinfo=UTC)]  # fmt: skip
    held, _ = kept(tmp_path, [row(("A", one), 1.0, 2.0) for one in moments], "symbol", "at")
    found = heat_map(held, {"A"})
    assert found is not None
    assert found.sessions == ("1969-06-30", "2005-02-28", "2005-03-01")


def test_older_sessions_and_smaller_symbols_are_counted_in_words(tmp_path: Path) -> None:
    rows = [row(("A", day(n)), 1.0, 2.0) for n in range(70)]
    rows += [row((name, day(n)), 1.0, 2.0) for name in "BCD" for n in range(2)]
    held, _ = kept(tmp_path, rows, "symbol", "day")
    found = heat_map(held, {"A"}, 2)
    assert found is not None
    assert found.sessions[:2] == ("before 2005-01-13", "2005-01-13")
    assert len(found.sessions) == 61
    assert [one.symbol for one in found.rows] == ["A", "B"]
    assert [cell.text for cell in found.rows[0].cells] == ["10", *["1"] * 60]
    assert found.says == (
        "4 symbols × 70 sessions with rows that differ; the first column sums up the 10 sessions "
        "before; the 2 symbols with most rows; 4 rows of 2 symbols left out"
    )


def test_one_long_run_of_single_rows_is_told_in_a_sentence(tmp_path: Path) -> None:
    rows = [row((name, day(n)), 1.0, 2.0) for name in "AB" for n in range(70)]
    held, _ = kept(tmp_path, rows, "symbol", "day")
    found = heat_map(held, {"A", "B"})
    assert found is not None
    assert found.told == ("A, B: one row on each of 70 sessions from 2005-01-03 to 2005-03-13",)
    for number, other in enumerate((rows[:-3] + rows[-2:], rows[1:20] + rows[30:])):
        held, _ = kept(tmp_path / str(number), other, "symbol", "day")
        broken = heat_map(held, {"A", "B"})
        assert broken is not None
        assert broken.told == ()


def test_one_ratio_of_all_rows_is_told_in_a_sentence(tmp_path: Path) -> None:
    rows = [row(("A", day(n)), 100.0 + n, (100.0 + n) / 2) for n in range(20)]
    held, found = kept(tmp_path, rows, "symbol", "day")
    assert ratios_of(delta_pictures(held, found)[0]) == (
        "Candidate is 0.5 times legacy wherever it differs: close",
    )
    rows.append(row(("B", day(0)), 100.0, 51.0))
    held, found = kept(tmp_path / "other", rows, "symbol", "day")
    assert ratios_of(delta_pictures(held, found)[0]) == ()


def test_without_symbols_there_is_one_row_and_without_a_time_no_map(tmp_path: Path) -> None:
    rows = [row((n, day(n)), 1.0, 2.0) for n in range(2)]
    held, _ = kept(tmp_path, rows, "id", "day")
    found = heat_map(held, set())
    assert found is not None
    assert [(one.symbol, one.whole) for one in found.rows] == [("all", "2")]
    held, _ = kept(tmp_path / "timeless", [row(("A", 1), 1.0, 2.0)], "symbol", "id")
    assert heat_map(held, {"A"}) is None
    held, _ = kept(tmp_path / "one", [row(("A", day(0)), 1.0, 2.0)], "symbol", "day")
    assert heat_map(held, {"A"}) is None  # one number is no map


def test_keys_that_hold_a_null(tmp_path: Path) -> None:
    held_row = {"close": 1.0}
    rows = [row(("A", day(0)), 1.0, 2.0), row(("A", day(1)), 1.0, 2.0)]
    rows += [
        Discrepancy(state=RowState.NULL_KEY, key=key, legacy=held_row, candidate=None)
        for key in ((None, day(0)), ("A", None))
    ]
    held, _ = kept(tmp_path, rows, "symbol", "day")
    found = heat_map(held, {"A"})
    assert found is not None
    assert [(one.symbol, one.whole) for one in found.rows] == [("A", "2"), ("NULL", "1")]
    assert found.says.endswith("1 row without a time left out")


def test_large_counts_are_short_with_the_exact_number_beside(tmp_path: Path) -> None:
    rows = [row(("A", day(0), n), 1.0, 2.0) for n in range(12_345)]
    rows += [row(("A", day(1), 0), 1.0, 2.0)]
    held, _ = kept(tmp_path, rows, "symbol", "day", "n")
    found = heat_map(held, {"A"})
    assert found is not None
    cell = found.rows[0].cells[0]
    assert (cell.text, cell.exact, cell.shade) == ("12k", "12,345", 5)


def test_a_file_of_another_run_or_a_part_of_one_is_not_taken(tmp_path: Path) -> None:
    rows = [row(("A", day(n)), 1.0, 2.0) for n in range(2)]
    _, found = kept(tmp_path, rows, "symbol", "day")
    result = run(split_night()[0].verdict, found)
    path = tmp_path / result.run_id / "t.parquet"
    other = tmp_path / "other" / "t.parquet"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    assert kept_rows(tmp_path, replace(result, run_id="other"), found) is None
    assert kept_rows(tmp_path, result, replace(found, rows=counts(9, 3), incidents=(
        an_incident("i", "unexplained", 3),))) is None  # fmt: skip
    path.write_bytes(path.read_bytes()[:-9])
    assert kept_rows(tmp_path, result, found) is None
    assert kept_rows(None, result, found) is None


# Words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "candidate is half of legacy from 2005-02-28 on"),
        ({"first": "", "last": ""},
         "candidate is half of legacy from 2005-02-28 on; candidate has no value on 2005-02-27"),
        ({"candidate": tuple(one * 2 for one in LEGACY)},
         "candidate is twice legacy from 2005-02-28 on"),
        ({"candidate": tuple(one + 0.25 for one in LEGACY), "last": DAYS[8]},
         "candidate is 0.25 above legacy from 2005-02-28 to 2005-03-01"),
        ({"candidate": tuple(one * 0.98 for one in LEGACY)},
         "candidate is about 2 % below legacy from 2005-02-28 on"),
        ({"candidate": tuple(one * 3 for one in LEGACY), "first": DAYS[0],
          "last": DAYS[9]}, "candidate is about 3 times legacy throughout"),
        ({"candidate": (*LEGACY[:7], 90.72, 89.0, 85.0)},
         "the sides differ by up to 3 from 2005-02-28 on at 2 points"),
        ({"legacy": (None,) * 10}, "legacy has no value from 2005-02-28 on"),
        ({"candidate": LEGACY}, "no difference can be drawn"),
    ],
)  # fmt: skip
def test_a_chart_says_what_is_seen(changes: dict[str, Any], words: str) -> None:
    one = series(**changes)
    assert seen(one, times_of(one.times)) == f"close of AAPL, 2005-02-21 to 2005-03-02: {words}"


def test_times_are_days_or_instants_in_exchange_time() -> None:
    assert times_of(DAYS[:1]).numbers == (12835,)  # 2005-02-21 is so many days after 1970
    midnights = times_of(["2005-02-28T05:00:00+00:00", "2005-07-01T04:00:00+00:00"])
    assert (midnights.days, midnights.texts) == (True, ("2005-02-28", "2005-07-01"))
    instants = times_of(minutes(2))
    assert (instants.days, instants.numbers) == (False, (1109601000, 1109601060))
    assert instants.texts == ("2005-02-28 09:30", "2005-02-28 09:31")
    assert instants.utc == ("2005-02-28 14:30 UTC", "2005-02-28 14:31 UTC")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (44.5, "44.5"), (0.1 + 0.2, "0.3"), (1234567.0, "1,234,567"), (1e-9, "1e-09"),
     (1e20, "1e+20"), (1 / 3, "0.3333333333"), (-0.0, "0")],
)  # fmt: skip
def test_numbers_are_read_without_noise(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_an_incidents_chart_and_its_numbers() -> None:
    picture = incident_picture("chart-1", series(), 400, 60)
    assert [one.values for one in picture.rows[5:8]] == [
        ("90.5", "90.5", "0"), ("91", "—", "—"), ("89.72", "44.86", "-44.86"),
    ]  # fmt: skip
    assert [one.own for one in picture.rows] == [False] * 7 + [True] * 3
    assert picture.note == ""
    chart = json.loads(json.dumps(picture.chart))
    assert chart["shade"] == [7, 9]
    assert [one["style"] for plot in chart["plots"] for one in plot["series"]] == [
        "legacy", "candidate", "delta",
    ]  # fmt: skip
    assert chart["plots"][0]["series"][1]["values"][5:] == [90.5, None, 44.86, 44.5, 44]


def test_a_chart_says_what_it_leaves_out() -> None:
    long = series(
        times=tuple(day(n).isoformat() for n in range(100)), legacy=(1.0,) * 100,
        candidate=(1.0,) * 50 + (2.0,) + (1.0,) * 49, first=day(50).isoformat(),
        last=day(50).isoformat(), whole=5_000,
    )  # fmt: skip
    picture = incident_picture("chart-1", long, 40, 12)
    assert len(picture.rows) == 12
    assert [one.time for one in picture.rows if one.own] == [day(50).isoformat()]
    assert any(one.gap for one in picture.rows)
    assert picture.note == "40 of 5,000 rows are drawn; all rows that differ are in the CSV."
    beyond = incident_picture("chart-1", replace(long, whole=100_001), 400, 200)
    assert beyond.note.startswith("100 of more than 100,000 rows are drawn")


# Nights


def test_trends_of_three_nights() -> None:
    found = trend_pictures([NightRow.of(night) for night in nights()])
    assert found is not None
    assert [(one.time, one.values) for one in found.rows] == [
        ("2005-02-28", ("502", "3", "0", "0", "3.2", "41.5")),
        ("2005-02-25", ("0", "0", "0", "0", "3.2", "41.5")),
        ("2005-02-24", ("0", "0", "0", "0", "3.2", "41.5")),
    ]  # fmt: skip
    assert found.label == (
        "3 nights, 2005-02-24 to 2005-02-28: 0 to 502 rows differ, 502 in the last; "
        "3 incidents not proved in the last; legacy jobs took 3.2 seconds; "
        "candidate jobs took 41.5 seconds"
    )
    chart = json.loads(json.dumps(found.chart))
    assert chart["times"] == [12838, 12839, 12842]
    assert chart["plots"][0]["series"][0]["values"] == [0, 0, 502]


def test_only_the_newest_nights_are_drawn_and_one_is_no_trend() -> None:
    rows = [NightRow.of(night) for night in nights()]
    found = trend_pictures(rows, 2)
    assert found is not None
    assert [one.time for one in found.rows] == ["2005-02-28", "2005-02-25"]
    assert found.note == "the newest 2 of 3 nights"
    assert trend_pictures(rows[:1]) is None


def test_a_stored_result_says_nothing_of_its_jobs() -> None:
    rows = [NightRow.from_json(night.to_json()) for night in nights()]
    assert rows[0].seconds == (None, None)
    found = trend_pictures(rows)
    assert found is not None
    assert found.rows[0].values[-2:] == ("—", "—")
    assert len(found.keys) == 4  # no line of seconds
    assert len(json.loads(json.dumps(found.chart))["plots"]) == 2


def test_a_night_row_counts_incidents_and_seconds() -> None:
    result, _ = split_night()
    first, second, third, fourth = result.datasets
    [one] = second.incidents
    [other] = third.incidents
    waived: Incident = replace(other, waiver="w")
    result = replace(result, datasets=(
        first, replace(second, incidents=(replace(one, proved=True),)),
        replace(third, incidents=(waived,), rows=replace(third.rows, waived=200)), fourth,
    ), jobs=(result.jobs[0], replace(result.jobs[0], seconds=2.0)))  # fmt: skip
    row = NightRow.of(result)
    assert (row.unproved, row.proved, row.waived_incidents) == (1, 1, 1)
    assert row.seconds[0] == pytest.approx(5.21)
    assert row.seconds[1] is None
    never = [replace(job, exit_code=None, seconds=0.0, log="") for job in result.jobs]
    assert NightRow.of(replace(result, jobs=tuple(never))).seconds == (None, None)
    assert {job.side for job in never} == {Side.LEGACY}


# The page


def test_a_night_has_its_pictures(tmp_path: Path) -> None:
    shown = view(tmp_path)
    by_name = {one.name: one.pictures for one in shown.datasets}
    assert by_name["hourly-bars"] is None
    yahoo = by_name["yahoo-bars"]
    assert yahoo is not None
    assert [one.column for one in yahoo.deltas] == ["open", "high", "low", "close"]
    assert yahoo.heat is not None
    assert yahoo.heat.rows[0].whole == "300"
    assert sorted(charts_of(shown)) == ["chart-1", "chart-trends"]


def test_a_night_whose_rows_are_gone_says_so() -> None:
    result, _ = split_night()
    page = night_page(night_view(result))
    assert "Not kept: the file with all rows of this run is not there." in page
    assert "chart-data" not in page  # nothing to draw: the library is not carried
    assert "uPlot" not in page
    assert "differences: Not" not in night_page(night_view(good_night()))


def test_all_charts_of_a_page_are_small(tmp_path: Path) -> None:
    """A night with as many charts and points as there can be: under 300 kB of them."""
    result, _ = split_night()
    cause = [an_incident(f"i{n}", "unexplained", 1, "A") for n in range(40)]
    result = run(result.verdict, *(
        different(f"d{n}", [], rows=counts(9, 5), incidents=tuple(cause[n * 5 : n * 5 + 5]))
        for n in range(8)
    ))  # fmt: skip
    times = tuple(
        (datetime(2005, 2, 28, 14, tzinfo=UTC) + timedelta(minutes=n)).isoformat()
        for n in range(400)
    )
    values = tuple(100 + n / 7 for n in range(400))
    charts = tuple(
        series(dataset=f"d{n // 5}", incident=f"i{n}", times=times, legacy=values,
               candidate=tuple(one * 1.1 for one in values), first=times[0], last=times[-1])
        for n in range(40)
    )  # fmt: skip
    shown = night_view(result, beside=Beside(series=charts, evidence=tmp_path))
    assert len(charts_of(shown)) == 12
    data = len(json.dumps(charts_of(shown), separators=(",", ":")))
    figures = re.findall(r'<figure class="picture">.*?</figure>', night_page(shown), re.DOTALL)
    assert len(figures) == 12
    assert data + sum(map(len, figures)) < 300_000


def test_series_with_times_that_are_none_leave_a_page_without_them(tmp_path: Path) -> None:
    shown = view(tmp_path, series(times=("x",) * 10))
    assert list(charts_of(shown)) == ["chart-trends"]


def test_the_library_is_the_one_that_was_published() -> None:
    vendored = files("parity.report").joinpath("vendored")
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", vendored.joinpath("README.md").read_text(), re.M)
    assert sorted(name for _, name in sums) == ["uPlot.iife.min.js", "uPlot.min.css"]
    for digest, name in sums:
        assert hashlib.sha256(vendored.joinpath(name).read_bytes()).hexdigest() == digest
