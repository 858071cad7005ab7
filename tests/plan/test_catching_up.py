"""What the scripts missed is run again, what nobody serves any more is copied, all is proved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.database import Database, EmbeddedServer
from parity.model.errors import ParityError
from parity.model.plan import Served
from parity.model.result import (
    ColumnResult,
    Discrepancy,
    Incident,
    JobOutcome,
    RowCounts,
    RowState,
    Scope,
)
from parity.model.suite import Relation
from parity.model.trail import TrailKind
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness
from parity.plan import rerunning
from parity.plan.catching_up import CaughtUp, Order, catch_up
from parity.plan.copying import copy_missing
from parity.plan.known_served import Known, fewer, known_served
from parity.plan.pairs import Pair, pairs_of
from parity.plan.proving_served import Proof, prove
from parity.plan.queries.rolling_back import TRY_LOCK
from parity.plan.rerunning import era_of, missed
from parity.switch import View
from tests.plan import toy_rollback as toy
from tests.plan.made import Toy, copied, template
from tests.report.build import equal, run

CUTOVER = datetime(2024, 2, 27, 15, tzinfo=UTC)  # ten in the morning in New York


@pytest.fixture(scope="module")
def like(server: EmbeddedServer) -> Iterator[str]:
    with template(server) as name:
        yield name


@pytest.fixture
def made(server: EmbeddedServer, like: str, tmp_path: Path) -> Iterator[Toy]:
    with copied(server, like, tmp_path) as found:
        yield found


def pair_of(made: Toy, *views: View) -> Pair:
    with psycopg.connect(made.url) as connection:
        (found,) = pairs_of(connection, made.harness.suite, views or (View.of_json(toy.VIEW),))
    return found


def caught(made: Toy, *views: View, now: datetime = toy.NOW) -> CaughtUp:
    harness = made.harness
    switched = harness.store.trail("toy", TrailKind.SWITCH)[0]
    order = Order(
        operation="rollback-1", by="anna", switched=switched, now=now,
        pairs=(pair_of(made, *views),),
    )  # fmt: skip
    return catch_up(harness, order, environ={}, say=lambda _line: None)


def proved(made: Toy, *views: View) -> Proof:
    return prove(made.harness, pair_of(made, *views), as_of=toy.NOW, folder=made.folder / "lists")


def ran(harness: Harness, day: str, code: int | None = 0, name: str = "old") -> None:
    outcome = JobOutcome(name=name, side=Side.LEGACY, exit_code=code, seconds=1.0, log="x.log")
    harness.store.record_jobs("toy", date.fromisoformat(day), [outcome])


def days(found: tuple[date, ...]) -> list[str]:
    return [day.isoformat()[5:] for day in found]


def test_the_era_begins_after_the_last_session_that_ran_before(made: Toy) -> None:
    # The script had run for the 26th by the cutover, as the database's clock has it.
    switched = made.harness.store.trail("toy", TrailKind.SWITCH)[0].at
    era = era_of(made.harness, switched, toy.NOW)
    assert days(era.sessions) == ["02-27", "02-28", "02-29"]
    assert days(missed(made.harness, era)) == ["02-29"]
    ran(made.harness, "2024-02-29", code=1)
    assert days(missed(made.harness, era)) == ["02-29"]
    ran(made.harness, "2024-02-29")
    assert missed(made.harness, era) == ()
    assert era_of(made.harness, None, toy.NOW).sessions == ()


def test_without_a_run_before_it_begins_with_the_first_night_to_come(made: Toy) -> None:
    # By the clock of the tests the runs that are noted came after that cutover.
    era = era_of(made.harness, CUTOVER, toy.NOW)
    assert days(era.sessions) == ["02-27", "02-28", "02-29"]
    evening = CUTOVER + timedelta(hours=12)  # that night was over
    assert days(era_of(made.harness, evening, toy.NOW).sessions) == ["02-28", "02-29"]
    # On a Saturday, and before the night of the 29th is due.
    assert days(era_of(made.harness, CUTOVER, toy.NOW - timedelta(hours=2)).sessions) == [
        "02-27", "02-28",
    ]  # fmt: skip


def test_years_are_not_caught_up(made: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerunning, "MOST", 2)
    era = era_of(made.harness, CUTOVER, toy.NOW)
    assert era.sessions == ()
    assert "missed 3 sessions since 2024-02-27, too many" in era.trouble
    found = caught(made)
    assert (found.complete, found.copied) == (False, {"legacy.prices": 3})  # and copies the rest
    assert toy.served(made.url)  # the view still reads the candidate here


def test_every_run_is_noted_with_its_beginning(made: Toy) -> None:
    before = made.execute("SELECT count(*) FROM parity.job_run")[0][0]
    assert caught(made).clean
    rows = made.execute(
        "SELECT session::text, exit_code, reason <> '', log FROM parity.job_run "
        "ORDER BY id OFFSET %s",
        before,
    )
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("2024-02-29", None, True), ("2024-02-29", 0, False),
        ("2024-02-28", None, True), ("2024-02-28", 0, False),
    ]  # fmt: skip
    assert rows[1][3] == "logs/2024-02-29/old.log"
    assert (made.folder / "reports" / rows[1][3]).exists()


def test_a_script_that_fails_is_told_and_its_rows_are_copied(made: Toy) -> None:
    (made.folder / "old.py").write_text("raise SystemExit('the vendor is gone')", "utf-8")
    found = caught(made)
    assert [(str(day), job.reason) for day, job in found.failed] == [
        ("2024-02-28", "the vendor is gone"), ("2024-02-29", "the vendor is gone"),
    ]  # fmt: skip
    assert found.copied == {"legacy.prices": 3}
    # All is served, but somebody has to look.
    assert (found.complete, found.clean) == (True, False)
    assert made.execute("SELECT price FROM legacy.prices WHERE day = '2024-02-29' ORDER BY 1") == [
        (1.001,), (2.0,),
    ]  # fmt: skip
    again = caught(made)
    assert (again.copied, again.complete) == ({"legacy.prices": 3}, True)


def test_one_catches_up_at_a_time(made: Toy) -> None:
    with psycopg.connect(made.url) as other:
        other.execute(TRY_LOCK, ["toy"])
        pid = other.info.backend_pid
        found = caught(made)
        assert found.troubles == [
            f"another rollback is catching up (session {pid}); when it has ended, run the same "
            "command again"
        ]
        assert (found.complete, found.rerun) == (False, {})


def test_a_row_that_legacy_has_is_never_overwritten(made: Toy) -> None:
    made.execute("UPDATE prefect.prices SET price = 7 WHERE day = '2024-02-26'")
    before = made.execute("SELECT * FROM legacy.prices ORDER BY 1, 2")
    found = caught(made)
    (proof,) = found.proofs
    assert (proof.missing, proof.beyond, found.complete, found.clean) == (0, 2, True, False)
    assert proof.examples == (
        "A 2024-02-26: price legacy 1.0, served 7.0",
        "B 2024-02-26: price legacy 2.0, served 7.0",
    )  # fmt: skip
    (listed,) = proof.listed
    assert Path(listed).read_text().splitlines() == [
        "state,symbol,day,column,legacy,candidate",
        "mismatched,A,2024-02-26,price,1.0,7.0",
        "mismatched,B,2024-02-26,price,2.0,7.0",
    ]
    after = made.execute("SELECT * FROM legacy.prices ORDER BY 1, 2")
    assert [row for row in after if row in before] == before


def test_what_is_not_proved_is_not_taken_for_proved(made: Toy) -> None:
    proof = proved(made)
    assert (proof.rows, proof.missing, proof.complete) == (9, 3, False)
    assert proof.examples == (
        "A 2024-02-29 is missing", "B 2024-02-29 is missing", "C 2024-02-28 is missing",
    )  # fmt: skip
    assert Path(proof.listed[0]).read_text().count("candidate_only") == 3
    made.execute("INSERT INTO legacy.prices SELECT * FROM prefect.prices ON CONFLICT DO NOTHING")
    proof = proved(made)
    assert (proof.missing, proof.clean) == (0, True)


def test_rows_of_no_dataset_and_rows_before_since_are_counted(made: Toy) -> None:
    made.execute("INSERT INTO legacy.prices SELECT * FROM prefect.prices ON CONFLICT DO NOTHING")
    more = "where: {symbol: [A, B]}\n    since: {date: 2024-02-28, because: seeded}"
    made.configure(f"time: day\n    {more}\n", instead="time: day\n")
    proof = proved(made)
    # C is of no dataset; of A and B, four rows are older.
    assert (proof.rows, proof.missing, proof.unchecked, proof.accepted) == (9, 0, 1, 4)
    assert (proof.complete, proof.clean) == (True, False)


def test_a_night_knows_how_many_rows_there_were(made: Toy) -> None:
    harness, pair = made.harness, pair_of(made)
    switched = harness.store.trail("toy", TrailKind.SWITCH)[0]

    def why_not(matched: int, primary: Side) -> str:
        day = date(2024, 2, 28)
        night = run(
            Verdict.PASS, equal("prices", matched), migration="toy", session=day,
            as_of=harness.exchange.night(day, harness.suite.at), primary=primary,
        )  # fmt: skip
        harness.store.save(night, {}, config="any")
        known = known_served(harness, [pair], switched)[pair]
        return prove(harness, pair, as_of=toy.NOW, folder=made.folder, known=known).why_not

    assert why_not(10, Side.LEGACY) == ""  # the cutover has counted since: 9
    assert why_not(9, Side.CANDIDATE) == ""
    assert why_not(10, Side.CANDIDATE) == (
        "prefect.prices has 1 row fewer than in the night of session 2024-02-28 (10): what was "
        "served may be gone"
    )
    # A dataset of some rows is counted by itself, if it was the same that night.
    part = replace(pair.datasets[0], where=(("symbol", ("C",)),))
    known = [Known(rows=1, when="then", dataset=part)]
    assert fewer(pair, 9, known, lambda _one: 1) == ""
    assert "(dataset prices) has 1 row fewer than then (1)" in fewer(pair, 9, known, lambda _: 0)
    # Without any record an empty table proves nothing.
    assert "nobody knows what it served" in fewer(pair, 0, [], lambda _: 0)
    assert fewer(pair, 0, [Known(rows=0, when="then")], lambda _: 0) == ""


def test_doubled_and_null_keys_prove_nothing(made: Toy) -> None:
    made.execute("ALTER TABLE prefect.prices DROP CONSTRAINT prices_pkey, ALTER day DROP NOT NULL")
    made.execute("INSERT INTO prefect.prices VALUES ('A', '2024-02-26', 1), ('A', NULL, 1)")
    found = caught(made)
    (proof,) = found.proofs
    # Three rows of the doubled key, of both sides, and one with a NULL in it.
    assert (proof.unpaired, proof.missing, found.clean) == (4, 0, False)


OTHER = Served(
    view="other", legacy=Relation("legacy", "other"), candidate=Relation("prefect", "other"),
    rename=(("at", "moment"),),
)  # fmt: skip


def other(made: Toy, legacy: str, candidate: str, *columns: tuple[str, str]) -> View:
    """A view over two tables that no dataset names."""
    for schema, role, text in (
        ("legacy", "legacy_writer", legacy), ("prefect", "prefect_writer", candidate),
    ):  # fmt: skip
        made.execute(f"SET ROLE {role}; CREATE TABLE {schema}.other ({text})")
    return View(OTHER, columns)


def test_a_view_without_a_dataset_is_compared_exactly(made: Toy) -> None:
    view = other(
        made, "at timestamptz PRIMARY KEY, value numeric(15,4), twice numeric "
        "GENERATED ALWAYS AS (value * 2) STORED, id bigint GENERATED ALWAYS AS IDENTITY",
        "moment timestamptz, value float8, twice float8",
        ("at", "timestamptz"), ("value", "numeric(15,4)"), ("twice", "numeric"),
    )  # fmt: skip
    made.execute(
        "INSERT INTO prefect.other VALUES ('2024-02-28 09:00+00', 1.25, 2.5), "
        "('infinity', 'NaN', 'NaN'), ('2024-02-29 09:00+00', 3, 6)"
    )
    made.execute("INSERT INTO legacy.other (at, value) VALUES ('2024-02-29 09:00+00', 3.0001)")
    found = caught(made, view)
    (proof,) = found.proofs
    assert (found.troubles, proof.why_not, proof.missing, proof.beyond) == ([], "", 0, 1)
    assert made.execute("SELECT at::text, value::text, twice::text FROM legacy.other "
                        "WHERE at <> '2024-02-29 09:00+00' ORDER BY at") == [
        ("2024-02-28 09:00:00+00", "1.2500", "2.5000"), ("infinity", "NaN", "NaN"),
    ]  # fmt: skip


def test_rows_that_need_what_nobody_knows_are_listed(made: Toy) -> None:
    view = other(
        made, "at date PRIMARY KEY, who text NOT NULL, why text NOT NULL DEFAULT 'x'",
        "moment date", ("at", "date"),
    )  # fmt: skip
    assert caught(made, view).troubles == []  # no row is missing: it is nobody's trouble
    made.execute("INSERT INTO prefect.other VALUES ('2024-02-26')")
    found = caught(made, view)
    assert found.troubles == [
        "legacy.other needs who, which prefect.other has not: its rows are listed, not copied"
    ]
    assert (found.proofs[0].missing, found.complete) == (1, False)


def test_a_table_whose_key_nobody_knows_is_not_proved(made: Toy) -> None:
    view = other(made, "at date", "moment date", ("at", "date"))
    found = caught(made, view)
    assert "has no unique index over served columns" in found.proofs[0].why_not
    assert not found.complete


def test_rows_are_marked_before_they_are_there(made: Toy) -> None:
    # What fails at the commit stands for a kill at that moment.
    made.execute(
        "CREATE FUNCTION legacy.no() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no'; END $$; "
        "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON legacy.prices DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION legacy.no()"
    )
    harness, pair = made.harness, pair_of(made)
    with pytest.raises(ParityError, match=r"cannot be copied into legacy\.prices: no"):
        copy_missing(harness, pair, "rollback-1")
    marked = "SELECT key ->> 'symbol', key ->> 'day' FROM parity.copied_row ORDER BY 2, 1"
    missing = [("C", "2024-02-28"), ("A", "2024-02-29"), ("B", "2024-02-29")]
    assert made.execute(marked) == missing
    assert made.execute("SELECT count(*) FROM legacy.prices") == [(6,)]
    made.execute("DROP TRIGGER no ON legacy.prices")
    assert copy_missing(harness, pair, "rollback-1") == 3
    assert made.execute(marked) == missing
    assert copy_missing(harness, pair, "rollback-1") == 0


def test_views_over_the_same_tables_are_copied_as_one(made: Toy) -> None:
    view = View.of_json(toy.VIEW)
    narrow = View(replace(view.served, view="a"), view.columns[:2])
    pair = pair_of(made, narrow, view)
    assert (pair.views, [name for name, _ in pair.columns]) == (
        ("a", "prices"), ["symbol", "day", "price"],
    )  # fmt: skip
    copy_missing(made.harness, pair, "rollback-1")
    assert made.execute("SELECT price FROM legacy.prices WHERE symbol = 'C'") == [(3.25,)]


def night(made: Toy, waiver: str | None, limit: int) -> None:
    """A stored night that had C as a row of the candidate only, and a damaged row of B."""
    rows = [
        Discrepancy(
            state=RowState.CANDIDATE_ONLY, key=("C", date(2024, 2, 28)), legacy=None,
            candidate={"price": 3.25}, incident="one",
        ),
        Discrepancy(
            state=RowState.MISMATCHED, key=("B", date(2024, 2, 29)), legacy={"price": 2.0},
            candidate={"price": 200.0}, columns=("price",), incident="two",
        ),
    ]  # fmt: skip
    scope = Scope()
    incidents = tuple(
        Incident(
            id=name, cause="unexplained", proved=False, rows=1, columns=(), scope=scope,
            waiver=waiver if name == "two" else None,
        )
        for name in ("one", "two")
    )  # fmt: skip
    counts = RowCounts(
        legacy=8, candidate=9, matched=7, mismatched=1, legacy_only=0, candidate_only=1,
        waived=int(waiver is not None),
    )  # fmt: skip
    dataset = replace(
        equal("prices", 7), rows=counts, incidents=incidents, key=("symbol", "day"),
        verdict=Verdict.FAIL, columns=(
            ColumnResult(name="price", mismatched=1, max_abs_delta=198.0, max_rel_delta=99.0),
        ),
    )  # fmt: skip
    day = date(2024, 2, 28)
    harness = made.harness
    found = run(
        Verdict.FAIL, dataset, migration="toy", session=day,
        as_of=harness.exchange.night(day, harness.suite.at),
    )  # fmt: skip
    harness.store.save(found, {"prices": rows}, config="any", limit=limit)


@pytest.mark.parametrize(
    ("waiver", "copied", "left"),
    [(None, ["A 2024-02-29"], ["B 2024-02-29", "C 2024-02-28"]),
     ("w", ["A 2024-02-29", "B 2024-02-29"], ["C 2024-02-28"])],
)  # fmt: skip
def test_what_the_newest_night_had_as_an_incident_is_not_copied(
    made: Toy, waiver: str | None, copied: list[str], left: list[str]
) -> None:
    (made.folder / "old.py").write_text("raise SystemExit(1)", "utf-8")  # brings nothing
    night(made, waiver, limit=9)
    found = caught(made)
    held = found.held["legacy.prices"]
    assert sorted(held.examples) == left
    assert held.why == "as the newest night (session 2024-02-28) had them as an incident"
    assert sorted(found.named["legacy.prices"][0]) == copied
    (listed,) = held.listed
    assert sorted(Path(listed).read_text().splitlines()[1:]) == [
        one.replace(" ", ",") for one in left
    ]
    (proof,) = found.proofs
    # They are listed, and there is nothing to go on with.
    assert (proof.missing, proof.held, proof.complete, proof.clean) == (
        len(left), len(left), True, False,
    )  # fmt: skip
    there = made.execute("SELECT concat_ws(' ', symbol, day) FROM legacy.prices")
    assert not {name for (name,) in there} & set(left)


def test_where_the_night_kept_only_its_first_rows_nothing_is_copied(made: Toy) -> None:
    night(made, None, limit=1)
    found = caught(made)
    assert found.held["legacy.prices"].rows == 1
    assert "kept only the first rows" in found.held["legacy.prices"].why
    assert found.copied == {}


KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
VALUES = st.tuples(
    st.none()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20))
    | st.sampled_from(["NaN", "1e-30", "123456789012345678901234567890.5"]),
    st.none() | st.floats(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.binary(max_size=4),
    st.none() | st.lists(KEYS, max_size=2),
)
SIDE = st.dictionaries(st.tuples(KEYS, st.integers(-(2**63), 2**63 - 1)), VALUES, max_size=5)
KINDS = {"number": "numeric", "double": "double precision", "moment": "timestamptz",
         "bytes": "bytea", "many": "text[]"}  # fmt: skip


@pytest.fixture(scope="module")
def lawful(server: EmbeddedServer, like: str, tmp_path_factory: Any) -> Iterator[Toy]:
    with copied(server, like, tmp_path_factory.mktemp("law")) as found:
        columns = ", ".join(f"{name} {kind}" for name, kind in KINDS.items())
        other(found, f"name text, at bigint, {columns}, PRIMARY KEY (name, at)",
              f"name text, moment_ bigint, {columns}")  # fmt: skip
        yield found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(legacy=SIDE, candidate=SIDE)
def test_copying_adds_exactly_what_is_missing(
    lawful: Toy, legacy: dict[Any, Any], candidate: dict[Any, Any]
) -> None:
    served = replace(OTHER, rename=(("at", "moment_"),))
    view = View(served, (("name", "text"), ("at", "bigint"), *KINDS.items()))
    with psycopg.connect(lawful.url) as connection:
        connection.execute("TRUNCATE legacy.other, prefect.other, parity.copied_row")
        for schema, rows in (("legacy", legacy), ("prefect", candidate)):
            for key, row in rows.items():
                marks = "%s, %s, %s::numeric, %s, %s, %s, %s"
                text = f"INSERT INTO {schema}.other VALUES ({marks})"
                connection.execute(text.encode(), [*key, *row])
        before, theirs = held(connection, "legacy", "at"), held(connection, "prefect", "moment_")
    pair = pair_of(lawful, view)
    new = theirs.keys() - before.keys()
    assert copy_missing(lawful.harness, pair, "rollback-1") == len(new)
    with psycopg.connect(lawful.url) as connection:
        assert held(connection, "legacy", "at") == {**theirs, **before}
        noted = connection.execute("SELECT key ->> 'name', key ->> 'at' FROM parity.copied_row")
        assert {(name, int(at)) for name, at in noted} == new
    assert copy_missing(lawful.harness, pair, "rollback-1") == 0


def held(connection: psycopg.Connection, schema: str, at: str) -> dict[Any, str]:
    """The rows of a side, each as text, by key."""
    values = ", ".join(KINDS)
    found = f"SELECT name, {at}, ROW({values})::text FROM {schema}.other"
    rows = connection.execute(found.encode())
    return {(name, key): text for name, key, text in rows}


def test_a_database_that_stops_is_told(made: Toy) -> None:
    gone = replace(made.harness, database=Database("postgresql:///x?host=/nowhere"))
    order = Order(operation="rollback-1", by="anna", switched=None, now=toy.NOW, pairs=())
    found = catch_up(gone, order, environ={}, say=lambda _line: None)
    assert (len(found.troubles), found.complete) == (1, False)
    assert "role parity_harness cannot connect" in found.troubles[0]
