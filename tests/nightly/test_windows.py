"""Nights that compare a part of history: what they see, and what they leave for later."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from parity.database import Database, Role
from parity.model.audit import Coverage
from parity.model.result import DatasetResult
from parity.model.suite import Relation
from parity.model.verdict import Verdict
from parity.nightly import Night, open_harness
from parity.nightly.checking import Checked
from parity.touched import install

pytestmark = pytest.mark.slow

# Six sessions; history is 8 symbols × 5 months.
SESSIONS = [date(2024, 2, day) for day in (20, 21, 22, 23, 26, 27)]
CONFIG = """
version: 1
migration: toy
selftest_seconds: 0
datasets:
  - name: prices
    kind: table
    legacy: legacy.prices
    candidate: prefect.prices
    key: [symbol, day]
    symbol: symbol
    time: day
    exclude: [stored]
    window: {window}
"""
Compared = Callable[..., DatasetResult]


@pytest.fixture
def compared(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Compared:
    """Compares a session and gives what was found of the dataset."""
    monkeypatch.setattr("parity.nightly.examine.check_quality", lambda *_: Checked())
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    for schema, role in (("legacy", Role.LEGACY_WRITER), ("prefect", Role.PREFECT_WRITER)):
        change(
            database,
            f'CREATE TABLE {schema}.prices (symbol text COLLATE "C", day date, price float8, '
            "stored timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (symbol, day));"
            f"INSERT INTO {schema}.prices SELECT 'S' || s, date '2024-02-27' - d, d, "
            "timestamptz '2023-01-01' FROM generate_series(1, 8) s, generate_series(0, 130) d",
            role,
        )

    def compare(session: date, window: str = "{sessions: 1, audit_cycle: 4}", *, full: bool = False
                ) -> DatasetResult:  # fmt: skip
        (tmp_path / "parity.yaml").write_text(CONFIG.replace("{window}", window))
        harness = open_harness(tmp_path / "parity.yaml", os.environ)
        night = Night.of(harness, session, None, datetime.now(UTC))
        return night.compare(full=full).datasets[0]

    return compare


def change(database: Database, statement: str, role: Role = Role.PREFECT_WRITER) -> None:
    with psycopg.connect(database.url_as(role)) as connection:
        connection.execute(statement)


def test_the_first_night_is_whole_and_the_next_ones_take_turns(compared: Compared) -> None:
    first = compared(SESSIONS[0])
    assert first.verdict is Verdict.PASS
    assert first.rows.legacy == 8 * 131
    assert first.coverage == Coverage(
        segments=40, compared=40, overdue=0, cycle=4, oldest=SESSIONS[0]
    )
    for before, session in pairwise(SESSIONS[:4]):
        later = compared(session)
        assert later.verdict is Verdict.PASS
        # Two symbols whole; of the six others all since the session that was looked at last.
        since = (SESSIONS[-1] - before).days + 1
        assert later.rows.legacy == later.rows.candidate == 2 * 131 + 6 * since
        assert later.coverage is not None
        assert (later.coverage.compared, later.coverage.overdue) == (10, 0)
    assert later.coverage is not None
    assert later.coverage.oldest == SESSIONS[0]
    fifth = compared(SESSIONS[4])
    assert fifth.coverage is not None
    assert fifth.coverage.oldest == SESSIONS[1]  # by then all have had their turn


def test_what_came_on_nights_that_did_not_run_is_made_up_for(
    compared: Compared, database: Database
) -> None:
    compared(SESSIONS[0])
    change(database, "UPDATE prefect.prices SET price = -1 WHERE day = '2024-02-21'")
    assert compared(SESSIONS[3]).rows.mismatched == 8  # of all symbols, not only tonight's two


def test_the_same_night_again_compares_the_same(compared: Compared) -> None:
    compared(SESSIONS[0])
    assert compared(SESSIONS[1]) == compared(SESSIONS[1])


def test_an_old_row_is_found_when_its_turn_comes_and_stays_in_sight_until_it_is_mended(
    compared: Compared, database: Database
) -> None:
    compared(SESSIONS[0])
    change(database, "UPDATE prefect.prices SET price = -1 WHERE symbol = 'S8' "
                     "AND day = '2023-11-01'")  # fmt: skip
    seen = [compared(session).rows.mismatched for session in SESSIONS[1:]]
    assert seen == [0, 0, 0, 1, 1]  # S7 and S8 have their turn on the fourth night after
    change(database, "UPDATE prefect.prices SET price = 118 WHERE symbol = 'S8' "
                     "AND day = '2023-11-01'")  # fmt: skip
    mended = compared(date(2024, 2, 28))
    assert mended.rows.mismatched == 0
    assert mended.coverage is not None
    assert mended.coverage.compared > 5  # S8 was compared whole once more


@pytest.mark.parametrize("kind", ["changed: stored", "log: true"])
def test_what_was_written_since_the_last_night_is_seen_wherever_it_lies(
    compared: Compared, database: Database, kind: str
) -> None:
    window = f"{{sessions: 1, audit_cycle: 4, {kind}}}"
    if "log" in kind:
        compared(SESSIONS[0])  # makes the tables of schema parity
        for schema in ("legacy", "prefect"):
            install(database.admin_url, Relation(schema, "prices"), "symbol", "day")
    compared(SESSIONS[0], window, full=True)
    change(database, "UPDATE prefect.prices SET price = -1, stored = clock_timestamp() "
                     "WHERE symbol = 'S8' AND day IN ('2023-11-01', '2023-12-24')")  # fmt: skip
    found = compared(SESSIONS[1], window)
    assert found.verdict is Verdict.FAIL
    assert found.rows.mismatched == 2
    assert found.rows.legacy < 8 * 131


def test_a_deleted_row_is_seen_by_the_log(compared: Compared, database: Database) -> None:
    window = "{sessions: 1, audit_cycle: 4, log: true}"
    compared(SESSIONS[0], window)
    for schema in ("legacy", "prefect"):
        install(database.admin_url, Relation(schema, "prices"), "symbol", "day")
    compared(SESSIONS[1], window)
    change(database, "DELETE FROM legacy.prices WHERE symbol = 'S6' AND day = '2023-11-09'",
           Role.LEGACY_WRITER)  # fmt: skip
    assert compared(SESSIONS[2], window).rows.candidate_only == 1


def test_full_and_another_tolerance_compare_everything_again(compared: Compared) -> None:
    compared(SESSIONS[0])
    assert compared(SESSIONS[1], full=True).rows.legacy == 8 * 131
    tolerance = "{sessions: 1, audit_cycle: 4}\n    tolerance: {price: {abs: 0.5, because: x}}"
    assert compared(SESSIONS[2], tolerance).rows.legacy == 8 * 131


@pytest.mark.parametrize(
    ("statement", "config"),
    [
        ("ADD COLUMN volume bigint", ""),
        ("ALTER COLUMN price TYPE numeric", ""),
        ("", "settle: 1d"),
        ("", "timezone: Asia/Tokyo"),
        ("", "tolerance: {default: {rel: 0.5, because: x}}"),
    ],
)
def test_another_comparison_has_verified_nothing_yet(
    compared: Compared, database: Database, statement: str, config: str
) -> None:
    """A column that has come to both sides since was in none of the nights before."""
    compared(SESSIONS[0])
    first = compared(SESSIONS[1]).coverage
    for schema, role in (("legacy", Role.LEGACY_WRITER), ("prefect", Role.PREFECT_WRITER)):
        if statement:
            change(database, f"ALTER TABLE {schema}.prices {statement}", role)
    window = f"{{sessions: 1, audit_cycle: 4}}\n    {config}"
    found = compared(SESSIONS[2], window).coverage
    assert first is not None
    assert found is not None
    assert (first.segments, first.compared) == (40, 10)
    assert (found.segments, found.compared, found.oldest) == (40, 40, SESSIONS[2])
    again = compared(SESSIONS[3], window).coverage
    assert again is not None
    assert again.compared == 10


def test_columns_in_another_order_are_the_same_comparison(
    compared: Compared, database: Database
) -> None:
    for schema, role in (("legacy", Role.LEGACY_WRITER), ("prefect", Role.PREFECT_WRITER)):
        change(database, f"ALTER TABLE {schema}.prices ADD COLUMN a int, ADD COLUMN b int", role)
    compared(SESSIONS[0])
    for name in "ab":
        change(database, f"ALTER TABLE prefect.prices DROP COLUMN {name}; "
                         f"ALTER TABLE prefect.prices ADD COLUMN {name} int")  # fmt: skip
    found = compared(SESSIONS[1]).coverage
    assert found is not None
    assert found.compared == 10


def test_triggers_that_were_off_between_two_nights_have_all_compared(
    compared: Compared, database: Database
) -> None:
    window = "{sessions: 1, audit_cycle: 4, log: true}"
    compared(SESSIONS[0], window)
    for schema in ("legacy", "prefect"):
        install(database.admin_url, Relation(schema, "prices"), "symbol", "day")
    compared(SESSIONS[1], window)
    change(database, "ALTER TABLE prefect.prices DISABLE TRIGGER ALL;"
                     "UPDATE prefect.prices SET price = -1 WHERE symbol = 'S7' "
                     "AND day = '2023-11-01'; "
                     "ALTER TABLE prefect.prices ENABLE TRIGGER ALL")  # fmt: skip
    found = compared(SESSIONS[2], window)
    assert found.rows.mismatched == 1
    assert found.rows.legacy == 8 * 131
    assert any("switched off and on" in note for note in found.notes)
    assert compared(SESSIONS[3], window).rows.legacy < 8 * 131


def test_without_an_index_by_symbol_and_time_all_is_compared_and_the_reason_said(
    compared: Compared, database: Database
) -> None:
    compared(SESSIONS[0])
    change(database, "ALTER TABLE prefect.prices DROP CONSTRAINT prices_pkey")
    found = compared(SESSIONS[1])
    assert found.rows.legacy == 8 * 131
    assert found.coverage is None
    assert any("window is of no use" in note for note in found.notes)
