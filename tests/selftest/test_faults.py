"""Faults in copies of real bars, found by the real comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from parity.database import Database, Role
from parity.diff import Comparison
from parity.exchange import Exchange
from parity.explain import Asked, Explained, explain_dataset
from parity.model.cause import PAIR, Cause
from parity.model.errors import UsageError
from parity.model.result import Discrepancy
from parity.model.suite import Dataset, Kind, Relation, Suite, Tolerance
from parity.model.verdict import Side
from parity.selftest import Asking, Report, Sizes, run_selftest
from parity.selftest.bedding import Bedding
from parity.selftest.faults import ALL, faults_of
from parity.selftest.scratch import Copies
from parity.selftest.trial import Bench, Explain, tried
from tests.selftest import toy

Connection = psycopg.Connection
SMALL = Sizes(symbols=2, sessions=60)


def silent(_comparison: Comparison, found: Iterable[Discrepancy], _asked: Asked) -> Explained:
    """Finds no cause."""
    return Explained((), ["" for _ in found])


def run(
    connection: Connection,
    suite: Suite,
    asking: Asking,
    *,
    sizes: Sizes = SMALL,
    explain: Explain = silent,
    clock: Iterator[float] | None = None,
) -> Report:
    ticks = count() if clock is None else clock
    return run_selftest(
        connection,
        suite,
        Exchange("XNYS"),
        asking,
        as_of=toy.AS_OF,
        now=lambda: float(next(ticks)),
        explain=explain,
        sizes=sizes,
    )


def left_over(database: Database) -> list[tuple[str]]:
    """What a self-test must not leave."""
    with psycopg.connect(database.admin_url) as admin:
        names = admin.execute("SELECT relname FROM pg_class WHERE relname LIKE 'selftest%'")
        kept = admin.execute("SELECT dataset::text FROM parity.revision")
        return names.fetchall() + kept.fetchall()


def test_every_cause_has_a_fault() -> None:
    assert {fault.cause for fault in ALL} >= {str(cause) for cause in Cause}


@pytest.mark.slow
def test_faults_of_every_cause_are_found_and_nothing_else(
    connection: Connection, tmp_path: Path
) -> None:
    """Three of each, so that each cause comes in all of its ways."""
    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    report = run(connection, suite, Asking(seed="1", faults=3))

    assert [one.line("1") for one in report.outcomes if not one.detected] == []
    possible = {fault.cause for fault in ALL if Kind.BARS in fault.kinds}
    # It takes another dataset to be of another source.
    assert {one.cause for one in report.outcomes} == possible - {Cause.SOURCE_MISMATCH}


@pytest.mark.slow
def test_rules_attribute_what_was_seeded_and_nothing_wrong(
    connection: Connection, bars: Database, tmp_path: Path
) -> None:
    asking = Asking(seed="2", faults=2)
    suite = toy.suite(tmp_path)
    report = run(connection, suite, asking, sizes=Sizes(2, 200), explain=explain_dataset)

    # Two symbols, real bars: everything can be seeded somewhere.
    assert {one.cause for one in report.outcomes} == {fault.cause for fault in ALL}
    assert [one.line("2") for one in report.outcomes if one.wrong or not one.detected] == []
    assert [
        one.line("2") for one in report.outcomes if not one.right and PAIR not in one.cause
    ] == []
    assert report.passed
    assert left_over(bars) == []


@pytest.mark.slow
def test_a_seed_makes_the_same_faults_again(connection: Connection, tmp_path: Path) -> None:
    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    lines = [
        [one.line("") for one in run(connection, suite, Asking(seed=seed, faults=1)).outcomes]
        for seed in ("7", "7", "8")
    ]
    assert lines[0] == lines[1]
    assert lines[0] != lines[2]


def test_a_comparison_that_is_blind_is_found_out(connection: Connection, tmp_path: Path) -> None:
    dataset = toy.bars_dataset("yahoo")
    suite = toy.suite(tmp_path, dataset)
    blind = Tolerance(rel=toy.exact("0.9"), because="it must not see")

    with connection.transaction(force_rollback=True):
        connection.prepare_threshold = None
        copies = Copies(connection)
        bedding = Bedding(copies, suite, Exchange("XNYS"), toy.AS_OF, "3", SMALL)

        def dim(dataset: Dataset) -> Comparison:
            return bedding.compared(replace(dataset, default_tolerance=blind))

        bench = Bench(copies, dim, Exchange("XNYS"), silent, "3")
        fault = faults_of(Cause.DIVIDEND_ADJUSTMENT, Kind.BARS)[0]
        outcome = tried(bench, bedding.stage(dataset), fault, 0)

    assert not outcome.detected
    assert not outcome.right
    assert outcome.detail.startswith("missed ")
    assert "yahoo_bars" in Report("3", [outcome]).result.undetected[0]


def test_a_comparison_that_sees_too_much_is_found_out(
    connection: Connection, tmp_path: Path
) -> None:
    """A row changed behind the fault's back is more than was seeded."""
    dataset = toy.bars_dataset("yahoo")
    with connection.transaction(force_rollback=True):
        connection.prepare_threshold = None
        copies = Copies(connection)
        suite = toy.suite(tmp_path, dataset)
        bedding = Bedding(copies, suite, Exchange("XNYS"), toy.AS_OF, "3", SMALL)
        stage = bedding.stage(dataset)
        table = stage.pair.dataset.candidate
        connection.execute(
            sql.SQL("UPDATE {} SET volume = volume + 1").format(
                sql.Identifier(table.schema, table.table)
            )
        )
        bench = Bench(copies, bedding.compared, Exchange("XNYS"), silent, "3")
        # Its rows still lie where they did: nothing of it changes a row of candidate.
        fault = faults_of(Cause.MISSING_SESSION, Kind.BARS)[0]
        outcomes = (tried(bench, stage, fault, number) for number in count())
        outcome = next(one for one in outcomes if one.side is Side.LEGACY)
    assert not outcome.detected
    assert "that were not changed" in outcome.detail


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_an_end_in_the_middle(
    bars: Database, tmp_path: Path, error: type[BaseException]
) -> None:
    calls = count()

    def failing(comparison: Comparison, found: Iterable[Discrepancy], asked: Asked) -> Explained:
        if next(calls) == 2:
            raise error
        return silent(comparison, found, asked)

    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    with bars.connect_as(Role.PARITY_HARNESS) as connection, pytest.raises(error):
        run(connection, suite, Asking(seed="1", faults=1), explain=failing)
    assert next(calls) == 3
    assert left_over(bars) == []


def test_a_rule_that_fails_is_told_and_the_test_goes_on(
    connection: Connection, tmp_path: Path
) -> None:
    def failing(_one: Comparison, _found: Iterable[Discrepancy], _asked: Asked) -> Explained:
        raise ZeroDivisionError("by nothing")

    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    report = run(connection, suite, Asking(seed="1", faults=1), explain=failing)
    assert len(report.outcomes) > 10
    assert all("ZeroDivisionError: by nothing" in one.detail for one in report.outcomes)
    # Nothing was attributed; of the controls that is all that is wanted.
    assert {one.cause for one in report.outcomes if one.right} == {"unexplained"}


@pytest.mark.slow
def test_others_never_see_it_and_two_do_not_wait_for_each_other(
    bars: Database, tmp_path: Path
) -> None:
    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    seen: list[object] = []

    def nested(comparison: Comparison, found: Iterable[Discrepancy], asked: Asked) -> Explained:
        if not seen:
            seen.append(left_over(bars))
            with bars.connect_as(Role.PARITY_HARNESS) as second:
                seen.append(len(run(second, suite, Asking(seed="2", faults=1)).outcomes))
        return silent(comparison, found, asked)

    with bars.connect_as(Role.PARITY_HARNESS) as first:
        report = run(first, suite, Asking(seed="1", faults=1), explain=nested)
    assert seen[0] == []
    assert seen[1] == len(report.outcomes)


@pytest.mark.slow
def test_seconds_bound_it_and_each_cause_comes_once_before_any_comes_twice(
    connection: Connection, tmp_path: Path
) -> None:
    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    # One tick for the start and one before each fault.
    report = run(connection, suite, Asking(seed="4", seconds=30))
    found = Counter(one.cause for one in report.outcomes)
    assert 20 <= len(report.outcomes) <= 30
    assert max(found.values()) - min(found.values()) <= 1

    none = run(connection, suite, Asking(seed="4", seconds=0))
    assert none.outcomes == []


def test_what_cannot_be_seeded_is_told(connection: Connection, tmp_path: Path) -> None:
    suite = toy.suite(
        tmp_path,
        toy.bars_dataset("yahoo"),
        replace(toy.indicators_dataset(), computed_from=None),
        replace(toy.bars_dataset("polygon"), name="gone", legacy=Relation("legacy", "nowhere")),
    )
    report = run(connection, suite, Asking(seed="1", faults=1), sizes=Sizes(1, 4))
    told = {(one.dataset, one.cause): one.reason for one in report.not_seeded}

    assert told["yahoo_bars", "missing_symbol"] == "needs two symbols"
    assert told["yahoo_bars", "dividend_adjustment"] == (
        "needs 12 rows of a symbol; the most are 4"
    )
    assert "no other dataset" in told["yahoo_bars", "source_mismatch"]
    assert "names no bars" in told["indicators", "upstream"]
    assert "no table or view legacy.nowhere" in told["gone", ""]
    assert all(one.detected for one in report.outcomes)


def test_a_name_that_no_dataset_has_is_refused(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are yahoo_bars, polygon_bars"):
        run(connection, toy.suite(tmp_path), Asking(seed="1", dataset="nix"))


def test_rows_that_differ_are_left_out(connection: Connection, bars: Database, tmp_path: Path
) -> None:  # fmt: skip
    with bars.connect_as(Role.PREFECT_WRITER) as writer:
        writer.execute("UPDATE prefect.market_data SET volume = 0 WHERE symbol = 'IBM'")
        writer.execute(
            "DELETE FROM prefect.market_data WHERE symbol = 'AAPL' AND timestamp > '2006-03-01'"
        )
    suite = toy.suite(tmp_path, toy.bars_dataset("yahoo"))
    report = run(connection, suite, Asking(seed="5", faults=1))
    assert len(report.outcomes) > 10
    assert all(one.detected for one in report.outcomes)
    assert not any("IBM" in one.told for one in report.outcomes)


ODD = """
CREATE TABLE legacy."a %s table" ("the key" text, "a % day" timestamp, "num""ber" numeric,
    part real, flag boolean, words jsonb, id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    twice numeric GENERATED ALWAYS AS (1) STORED, PRIMARY KEY ("the key", "a % day"));
INSERT INTO legacy."a %s table" ("the key", "a % day", "num""ber", part, flag, words)
    SELECT chr(65 + n % 3), '2024-01-01'::timestamp + n * interval '1 day', n * 1.2345, n / 7.0,
    n % 2 = 0, '{"a": 1}' FROM generate_series(1, 150) n;
"""
VIEW = """
CREATE TABLE prefect.base AS SELECT * FROM legacy."a %s table";
CREATE VIEW prefect.odd AS SELECT "the key" AS k, "a % day" AS d, "num""ber" AS n, part, flag,
    words, twice FROM prefect.base;
"""


def test_odd_names_types_and_views(bars: Database, connection: Connection, tmp_path: Path) -> None:
    with psycopg.connect(bars.admin_url) as admin:
        admin.execute(ODD)
        admin.execute(VIEW)
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA legacy, prefect TO parity_harness")
    dataset = Dataset(
        name="odd",
        kind=Kind.TABLE,
        legacy=Relation("legacy", "a %s table"),
        candidate=Relation("prefect", "odd"),
        key=("the key", "a % day"),
        symbol="the key",
        time="a % day",
        timezone="America/New_York",
        exclude=("id",),
        rename=(("the key", "k"), ("a % day", "d"), ('num"ber', "n")),
    )
    report = run(connection, toy.suite(tmp_path, dataset), Asking(seed="6", faults=4))
    assert report.not_seeded == []
    assert {one.cause for one in report.outcomes} == {
        "null_mismatch", "duplicate_key", "rounding", "unit_scale", "unexplained",
    }  # fmt: skip
    assert [one.line("6") for one in report.outcomes if not one.detected] == []
    assert report.not_seeded == []
