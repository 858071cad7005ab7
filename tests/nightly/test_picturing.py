"""What charts are drawn from, read from real tables with rows made by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.database import Database
from parity.database.batches import Owned
from parity.database.spool import Spool
from parity.diff import Comparison, compare
from parity.model.picture import Series, series_from
from parity.model.result import Discrepancy, Incident, Scope
from parity.model.suite import Dataset, Kind, Tolerance
from parity.model.thinning import evenly, thinned
from parity.model.verdict import Side
from parity.nightly import checking, picturing
from parity.nightly.picturing import picture
from parity.report.pictures.times import times_of
from tests.diff.toy import AS_OF, SESSION, dataset, make
from tests.nightly.toy import ROWS, Migration, script

DAY = date(2005, 1, 3)
BARS = "symbol text, day date, close numeric(15,4), volume bigint, PRIMARY KEY (symbol, day)"
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Tables:
    """Two tables named T, and what a comparison of them found."""

    connection: psycopg.Connection
    spool: Spool

    def make(self, columns: str, legacy: Rows, candidate: Rows) -> None:
        make(self.connection, "legacy", columns, legacy)
        make(self.connection, "prefect", columns, candidate)

    def compare(self, wanted: Dataset) -> Comparison:
        comparison = Comparison(self.connection, wanted, as_of=AS_OF)
        compare(comparison, SESSION, self.spool.append)
        return comparison

    def owned(self, owner: Callable[[Discrepancy], str]) -> Owned:
        return Owned(self.spool, [owner(found) for found in self.spool])

    def drawn(
        self, wanted: Dataset, legacy: Rows, candidate: Rows, columns: str = BARS
    ) -> tuple[Series, ...]:
        """The series of two tables, all of whose differences are one incident."""
        self.make(columns, legacy, candidate)
        comparison = self.compare(wanted)
        said: list[str] = []
        found = [incident("one", len(self.spool))]
        series = picture(comparison, self.owned(lambda _: "one"), found, said.append)
        assert said == []
        return series


@pytest.fixture
def tables(database: Database) -> Iterator[Tables]:
    with psycopg.connect(database.admin_url) as connection, Spool() as spool:
        yield Tables(connection, spool)


def days(count: int, symbol: str = "A", close: int = 100) -> Rows:
    """Bars of consecutive days from 2005-01-03 on; the close rises by one a day."""
    return [(symbol, DAY + timedelta(days=n), Decimal(close + n), 10) for n in range(count)]


def bars(**changes: Any) -> Dataset:
    wanted = dataset(("symbol", "day"), symbol="symbol", time="day", **changes)
    return replace(wanted, kind=Kind.BARS)


def incident(ident: str, rows: int, **changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "cause": "unexplained",
        "proved": False,
        "columns": ("close",),
        "scope": Scope(),
    }
    return Incident(id=ident, rows=rows, **(fields | changes))


@pytest.mark.parametrize(
    ("count", "after", "last"),
    [(60, 27, "2005-03-03"), (93, 60, "2005-04-05"), (94, 20, "2005-02-24")],
)
def test_an_incident_with_twenty_rows_before_it_and_what_follows_if_that_is_short(
    tables: Tables, count: int, after: int, last: str
) -> None:
    """The 31st to the 33rd day are halved: the 11th to the 53rd are drawn, or to the last one."""
    legacy = [*days(count), *days(count, "B", 500)]
    candidate = [
        (symbol, day, close / 2 if symbol == "A" and 30 <= n <= 32 else close, volume)
        for n, (symbol, day, close, volume) in enumerate(legacy)
    ]
    (one,) = tables.drawn(bars(), legacy, candidate)
    assert (one.dataset, one.incident, one.symbol, one.column) == ("t", "one", "A", "close")
    assert len(one.times) == 20 + 3 + after
    assert (one.times[0], one.times[-1]) == ("2005-01-13", last)
    assert (one.first, one.last, one.whole) == ("2005-02-02", "2005-02-04", 23 + after)
    assert one.legacy == tuple(float(100 + n) for n in range(10, 33 + after))
    assert one.candidate[19:24] == (129.0, 65.0, 65.5, 66.0, 133.0)
    assert one.source == ""


def test_rows_that_one_side_lacks_are_none_and_the_close_is_told(
    tables: Tables,
) -> None:
    legacy = days(5)
    (one,) = tables.drawn(bars(), legacy, [row for row in legacy if row[1].day not in (4, 5)])
    assert one.column == "close"
    assert one.legacy == (100.0, 101.0, 102.0, 103.0, 104.0)
    assert one.candidate == (100.0, None, None, 103.0, 104.0)
    assert (one.first, one.last) == ("2005-01-04", "2005-01-05")


def test_a_side_with_fewer_rows_before_is_not_shown_alone(tables: Tables) -> None:
    """Legacy has every day, the candidate every other: beyond legacy's twenty nothing is drawn."""
    legacy = days(81)
    candidate = [row for n, row in enumerate(legacy) if n % 2 == 0]
    changed = [(s, d, c + 1 if n == 35 else c, v) for n, (s, d, c, v) in enumerate(candidate)]
    tables.make(BARS, legacy, changed)
    comparison = tables.compare(bars())
    owned = tables.owned(lambda found: "one" if found.columns else "two")
    series = picture(comparison, owned, [incident("one", 1), incident("two", 40)], print)
    one = next(one for one in series if one.incident == "one")
    assert one.times[0] == (DAY + timedelta(days=50)).isoformat()
    assert (one.first, one.last) == ((DAY + timedelta(days=70)).isoformat(),) * 2


def test_what_is_no_number_is_none(tables: Tables) -> None:
    columns = "symbol text, day date, close float8, PRIMARY KEY (symbol, day)"
    values = [1.5, None, float("nan"), float("inf"), 2.0]
    legacy: Rows = [("A", DAY + timedelta(days=n), one) for n, one in enumerate(values)]
    candidate: Rows = [("A", DAY + timedelta(days=n), 3.0) for n in range(5)]
    (one,) = tables.drawn(bars(), legacy, candidate, columns)
    assert one.legacy == (1.5, None, None, None, 2.0)


def test_renamed_filtered_bounded_and_unsettled_rows(tables: Tables) -> None:
    """`rename`, `where`, `since` and `settle` hold for a chart as for the comparison."""
    made = "symbol text, at timestamptz, source text, {} numeric, PRIMARY KEY (symbol, at, source)"
    at = [datetime(2024, 2, 20 + n, 21, tzinfo=UTC) for n in range(10)]  # the 20th to the 29th
    legacy: Rows = [("A%", day, source, n) for n, day in enumerate(at) for source in "xyz"]
    candidate = [(s, d, source, n + (d.day == 25 and source == "y")) for s, d, source, n in legacy]
    make(tables.connection, "legacy", made.format("price"), legacy)
    make(tables.connection, "prefect", made.format('"the ""Price%"'), candidate)
    wanted = dataset(
        key=("symbol", "at", "source"), symbol="symbol", time="at",
        where=(("source", ("x", "y")),), rename=(("price", 'the "Price%'),),
        since=date(2024, 2, 22), timezone="America/New_York", settle=timedelta(days=2),
    )  # fmt: skip
    comparison = tables.compare(wanted)
    (one,) = picture(comparison, tables.owned(lambda _: "i"), [incident("i", 1)], print)
    assert (one.symbol, one.source, one.column) == ("A%", "y", "price")
    assert one.times[0] == "2024-02-22T21:00:00+00:00"
    assert one.times[-1] == "2024-02-27T21:00:00+00:00"
    assert one.legacy == (2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert one.candidate == (2.0, 3.0, 4.0, 6.0, 6.0, 7.0)


def test_a_table_without_symbols_is_drawn_along_its_time(tables: Tables) -> None:
    legacy: Rows = [(DAY + timedelta(days=n), n) for n in range(3)]
    candidate: Rows = [(DAY + timedelta(days=n), n * 2) for n in range(3)]
    columns = "day date PRIMARY KEY, total int"
    (one,) = tables.drawn(dataset(("day",), time="day"), legacy, candidate, columns)
    assert (one.symbol, one.source, one.candidate) == ("", "", (0.0, 2.0, 4.0))


@pytest.mark.parametrize(
    "wanted",
    [
        dataset(("symbol", "day"), symbol="symbol"),
        dataset(("symbol", "day"), symbol="symbol", time="day", exclude=("close", "volume")),
    ],
)
def test_without_a_time_or_a_number_nothing_is_drawn(tables: Tables, wanted: Dataset) -> None:
    assert tables.drawn(wanted, days(3), days(2)) == ()


def test_a_column_that_is_no_number_has_no_chart(tables: Tables) -> None:
    columns = "symbol text, day date, note text, close int, PRIMARY KEY (symbol, day)"
    legacy: Rows = [("A", DAY + timedelta(days=n), "x", 1) for n in range(3)]
    candidate: Rows = [("A", DAY + timedelta(days=n), "y", 1) for n in range(3)]
    assert tables.drawn(bars(), legacy, candidate, columns) == ()


def test_the_gravest_incidents_and_their_symbol_with_most_rows(
    tables: Tables,
) -> None:
    """Unproved before proved before followers before waived; of each the larger first."""
    names = "ABCDEFGH"
    legacy = [row for name in names for row in days(4, name)]
    candidate = [(s, d, c + 1, v) for s, d, c, v in legacy if (s, d) != ("A", DAY)]
    tables.make(BARS, legacy, candidate)
    comparison = tables.compare(bars())
    owned = tables.owned(lambda found: "ab" if found.key[0] in "AB" else str(found.key[0]))
    incidents = [
        incident("C", 4, waiver="w"), incident("D", 4, explained_by="E"),
        incident("E", 4, proved=True), incident("F", 4, proved=True), incident("G", 4),
        incident("ab", 8), incident("H", 4),
    ]  # fmt: skip
    series = picture(comparison, owned, incidents, print)
    assert [one.incident for one in series] == ["ab", "G", "H", "E", "F", "D"]
    assert series[0].symbol == "A"  # as many rows as B, one of them missing


def test_a_long_incident_is_read_from_both_ends_and_thinned(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 days differ, of which 100 are read from either end; 90 points are kept."""
    monkeypatch.setattr(picturing, "HALF", 100)
    monkeypatch.setattr(picturing, "POINTS", 90)
    legacy = days(1040)
    candidate = [(s, d, c + 1 if 20 <= n < 1020 else c, v) for n, (s, d, c, v) in enumerate(legacy)]
    (one,) = tables.drawn(bars(), legacy, candidate)
    assert (len(one.times), one.whole) == (90, 1040)
    assert (one.first, one.last) == (legacy[20][1].isoformat(), legacy[1019][1].isoformat())
    assert one.times[:40] == tuple(row[1].isoformat() for row in legacy[:40])
    assert one.times[-40:] == tuple(row[1].isoformat() for row in legacy[-40:])


def test_the_one_large_difference_among_many_small_ones_is_kept_and_told(tables: Tables) -> None:
    legacy = days(900)
    cent = Decimal("0.01")
    candidate = [
        (s, d, c + (1000 if n == 451 else cent), v) for n, (s, d, c, v) in enumerate(legacy)
    ]
    (one,) = tables.drawn(bars(), legacy, candidate)
    assert len(one.times) == 400
    at = one.times.index(legacy[451][1].isoformat())
    assert (one.legacy[at], one.candidate[at]) == (551.0, 1551.0)
    assert one.says == "the sides differ by up to 1000 throughout"


def test_of_a_read_that_was_bounded_it_is_told_so(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies between the ends is not read: nobody knows how much it differs."""
    monkeypatch.setattr(picturing, "HALF", 100)
    legacy = days(900)
    candidate = [(s, d, c + (1000 if n == 451 else 1), v) for n, (s, d, c, v) in enumerate(legacy)]
    (one,) = tables.drawn(bars(), legacy, candidate)
    assert (len(one.times), one.whole) == (200, 900)
    assert one.says == "of the points read, candidate is 1 above legacy throughout"


def test_rows_within_tolerance_are_not_the_incidents(tables: Tables) -> None:
    legacy = days(60)
    tiny = Decimal("0.001")
    candidate = [
        (s, d, c + (5 if n in (10, 50) else tiny), v) for n, (s, d, c, v) in enumerate(legacy)
    ]
    wanted = bars(tolerances=(("close", Tolerance(abs=Decimal("0.01"))),))
    (one,) = tables.drawn(wanted, legacy, candidate)
    assert one.own == tuple(n in (10, 50) for n in range(60))
    assert one.says == "candidate is 5 above legacy from 2005-01-13 to 2005-02-22 at 2 points"


def test_rows_of_other_incidents_are_not_the_incidents(tables: Tables) -> None:
    """Two days are halved; all between them differ by little and are another incident's."""
    legacy = days(60)
    little = Decimal("0.0001")
    candidate = [
        (s, d, c / 2 if n in (10, 50) else c + little if 10 < n < 50 else c, v)
        for n, (s, d, c, v) in enumerate(legacy)
    ]
    tables.make(BARS, legacy, candidate)
    comparison = tables.compare(bars())
    owned = tables.owned(
        lambda found: "split" if found.key[1] in (legacy[10][1], legacy[50][1]) else "round"
    )
    incidents = [incident("split", 2), incident("round", 39)]
    said = {one.incident: one for one in picture(comparison, owned, incidents, print)}
    ends = "from 2005-01-13 to 2005-02-22 at 2 points"
    assert said["split"].says == f"candidate is half of legacy {ends}"
    assert sum(said["split"].own or ()) == 2
    assert said["round"].says == "candidate is 0.0001 above legacy from 2005-01-14 to 2005-02-21"
    assert sum(said["round"].own or ()) == 39


def test_rows_that_differ_elsewhere_are_not_told_of_the_column(tables: Tables) -> None:
    legacy = days(30)
    candidate = [(s, d, c + (n == 5), v + (n > 20)) for n, (s, d, c, v) in enumerate(legacy)]
    (one,) = tables.drawn(bars(), legacy, candidate)
    assert (one.column, one.first, one.last) == ("close", "2005-01-08", "2005-01-08")
    assert one.says == "candidate is 1 above legacy on 2005-01-08"


@pytest.mark.parametrize(
    ("zone", "midnight", "afternoon"),
    [
        (None, "2005-01-08T05:00:00+00:00", "2005-01-08T21:00:00+00:00"),
        ("UTC", "2005-01-08T00:00:00+00:00", "2005-01-08T16:00:00+00:00"),
    ],
)
def test_bare_timestamps_are_all_of_one_clock(
    tables: Tables, zone: str | None, midnight: str, afternoon: str
) -> None:
    """Of a date against a timestamp: without a zone 16:00 is drawn at 16:00 of the exchange."""
    wanted = "symbol text, day {}, close numeric(15,4), volume bigint"
    legacy = days(10)
    candidate = [
        (s, datetime(d.year, d.month, d.day, 16 * (n == 5)), c, v)  # noqa: DTZ001
        for n, (s, d, c, v) in enumerate(legacy)
    ]
    make(tables.connection, "legacy", wanted.format("date"), legacy)
    make(tables.connection, "prefect", wanted.format("timestamp"), candidate)
    comparison = tables.compare(bars(timezone=zone))
    (one,) = picture(comparison, tables.owned(lambda _: "i"), [incident("i", 2)], print)
    assert [text for text in one.times if text[:10] == "2005-01-08"] == [midnight, afternoon]
    texts = times_of(one.times).texts
    assert texts[5:7] == (
        ("2005-01-08 00:00", "2005-01-08 16:00") if zone is None
        else ("2005-01-07 19:00", "2005-01-08 11:00")
    )  # fmt: skip
    assert [one.times[n] for n, mine in enumerate(one.own or ()) if mine] == [midnight, afternoon]


def test_bare_midnights_are_days(tables: Tables) -> None:
    columns = BARS.replace(", PRIMARY KEY (symbol, day)", "")
    make(tables.connection, "legacy", columns, days(3))
    changed = [(s, d, c + 1, v) for s, d, c, v in days(3)]
    make(tables.connection, "prefect", columns.replace("date", "timestamp"), changed)
    comparison = tables.compare(bars())
    (one,) = picture(comparison, tables.owned(lambda _: "i"), [incident("i", 3)], print)
    assert one.times == ("2005-01-03", "2005-01-04", "2005-01-05")


def test_charts_that_take_too_long_are_left_out_and_told(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is over behind the first of three charts."""
    legacy = [row for name in "ABC" for row in days(3, name)]
    tables.make(BARS, legacy, [(s, d, c + 1, v) for s, d, c, v in legacy])
    comparison = tables.compare(bars())
    looked: list[str] = []
    clock = picturing._Look.series

    def series(look: Any, found: Incident, part: Any) -> Series | None:
        looked.append(found.id)
        late = replace(look, until=0.0) if len(looked) > 1 else look
        return clock(late, found, part)

    monkeypatch.setattr(picturing._Look, "series", series)
    said: list[str] = []
    owned = tables.owned(lambda found: str(found.key[0]))
    incidents = [incident(name, 3) for name in "ABC"]
    (one,) = picture(comparison, owned, incidents, said.append)
    assert (one.incident, looked) == ("A", ["A", "B"])
    assert said == ["t: 2 of 3 charts are left out: they take too long"]


def test_a_table_that_would_have_to_be_read_whole_has_no_chart(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picturing, "COST", 1)
    changed = [(s, d, c + 1, v) for s, d, c, v in days(500)]
    unindexed = BARS.replace(", PRIMARY KEY (symbol, day)", "")
    assert tables.drawn(bars(), days(500), changed, unindexed) == ()


def test_what_fails_is_told_and_leaves_the_snapshot_as_it_was(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.make(BARS, days(3), days(2))
    comparison = tables.compare(bars())
    tables.connection.execute("SET LOCAL statement_timeout = '77s'")
    tables.connection.execute("SET LOCAL enable_seqscan = off")
    said: list[str] = []
    incidents = [incident("one", 1)]
    assert len(picture(comparison, tables.owned(lambda _: "one"), incidents, said.append)) == 1
    monkeypatch.setattr(picturing, "AROUND", -1)  # which PostgreSQL refuses as a LIMIT
    assert picture(comparison, tables.owned(lambda _: "one"), incidents, said.append) == ()
    (line,) = said
    assert line.startswith("t: charts are left out: ")
    assert tables.connection.execute("SHOW statement_timeout").fetchone() == ("77s",)
    assert tables.connection.execute("SHOW enable_seqscan").fetchone() == ("off",)


def test_keys_that_hold_a_null_belong_to_no_symbol(tables: Tables) -> None:
    columns = "symbol text, day date, close int"
    legacy: Rows = [
        ("A", DAY, 1),
        ("A", DAY + timedelta(days=1), 1),
        (None, DAY, 1),
        ("A", None, 2),
    ]
    candidate: Rows = [("A", DAY, 2), ("A", DAY + timedelta(days=1), 1)]
    (one,) = tables.drawn(bars(), legacy, candidate, columns)
    assert (one.symbol, one.legacy, one.candidate) == ("A", (1.0, 1.0), (2.0, 1.0))


def test_a_time_that_python_does_not_know_is_left_out(tables: Tables) -> None:
    columns = "symbol text, day date, close int, PRIMARY KEY (symbol, day)"
    legacy: Rows = [("A", DAY, 1), ("A", DAY + timedelta(days=1), 2), ("A", "infinity", 9)]
    candidate: Rows = [("A", DAY, 2), ("A", DAY + timedelta(days=1), 2), ("A", "infinity", 9)]
    (one,) = tables.drawn(bars(), legacy, candidate, columns)
    assert one.times == ("2005-01-03", "2005-01-04")


@pytest.mark.slow  # Great Expectations takes long to import
def test_data_docs_that_cannot_be_made_leave_the_checks(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise RuntimeError("no\ndocs")

    monkeypatch.setattr(checking, "docs_page", fails)
    tables.make(BARS, days(3), days(3))
    said: list[str] = []
    found = checking.check_quality(tables.compare(bars()), SESSION, said.append)
    assert {check.side for check in found.checks} == set(Side)
    assert found.pages == {}
    assert said == [
        f"t, {side}: data docs are left out: RuntimeError: no" for side in ("legacy", "candidate")
    ]


@pytest.mark.slow
def test_a_night_keeps_what_its_charts_are_drawn_from(migration: Migration) -> None:
    """The day before is equal, the session differs; what was sealed stays, whatever comes after."""
    migration(session=date(2024, 2, 28)).run(dict(os.environ))
    changed = [("A", 1.5), *ROWS[1:]]
    night = migration(new=script("prefect", changed))
    result = night.run(dict(os.environ))
    place = night.harness.suite.state / "evidence" / result.run_id
    kept = place / "pictures.json"
    (one,) = series_from(json.loads(kept.read_bytes()))
    assert (one.symbol, one.column, one.times) == ("A", "price", ("2024-02-28", "2024-02-29"))
    assert (one.legacy, one.candidate) == ((1.0, 1.0), (1.0, 1.5))
    assert (one.first, one.last, one.whole) == ("2024-02-29", "2024-02-29", 2)
    sealed = json.loads((place / "manifest.json").read_bytes())
    assert "pictures.json" in [entry["name"] for entry in sealed["files"]]
    page = (night.folder / "index.html").read_text(encoding="utf-8")
    assert '<div class="plots" id="chart-1"></div>' in page
    assert "price of A, 2024-02-28 to 2024-02-29: candidate is 0.5 above legacy on 2024-02-29" in (
        page
    )
    before = kept.read_bytes()
    with psycopg.connect(night.harness.database.admin_url) as connection:
        connection.execute(
            "UPDATE legacy.prices SET price = 7 WHERE symbol = 'A' AND day < '2024-02-29'"
        )
        connection.execute(
            "UPDATE prefect.prices SET price = 7 WHERE symbol = 'A' AND day < '2024-02-29'"
        )
    assert night.compare().run_id == result.run_id
    assert kept.read_bytes() == before


@given(st.lists(st.integers(), unique=True), st.integers(0, 50))
def test_what_is_evenly_kept_is_in_order_with_both_ends(items: list[int], most: int) -> None:
    kept = evenly(items, most)
    assert len(kept) == min(most, len(items))
    places = [items.index(one) for one in kept]
    assert places == sorted(set(places))
    if most > 1 and items:
        assert (kept[0], kept[-1]) == (items[0], items[-1])
        steps = {after - before for before, after in pairwise(places)}
        assert not steps or max(steps) - min(steps) <= 1


@given(st.data())
def test_thinning_keeps_ends_and_what_tells(data: st.DataObject) -> None:
    ends = data.draw(st.integers(0, 10))
    most = data.draw(st.integers(2 * ends, 60))
    size = data.draw(st.integers(0, 200))
    telling: Sequence[int] = data.draw(
        st.lists(st.integers(0, max(size - 1, 0)), unique=True) if size else st.just([])
    )
    kept = thinned(size, most, ends=ends, telling=telling)
    assert len(kept) == min(size, most)
    assert kept == sorted(set(kept))
    assert set(kept) >= {*range(min(ends, size)), *range(max(size - ends, 0), size)}
    if len(telling) <= (most - 2 * ends) // 2:
        assert set(telling) <= set(kept)
