"""Whatever writers do, a row that differs between two nights lies in what the second is told."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from parity.database import Database
from parity.touched import EVERYTHING, prune, touched_since
from parity.touched.log import Touched
from tests.touched.conftest import BARS

pytestmark = pytest.mark.slow
SYMBOLS = ["A", "B", "C", None, "*"]
STATEMENTS = (
    ("INSERT INTO legacy.bars VALUES (%(a)s, %(x)s, %(n)s) "
     "ON CONFLICT (symbol, day) DO UPDATE SET close = EXCLUDED.close", 8),
    ("INSERT INTO legacy.bars SELECT %(a)s, %(x)s + g, %(n)s FROM generate_series(0, 40, 8) g "
     "ON CONFLICT DO NOTHING", 3),
    ("UPDATE legacy.bars SET close = %(n)s WHERE symbol = %(a)s AND day > %(x)s", 4),
    ("DELETE FROM legacy.bars WHERE symbol = %(a)s AND day < %(x)s", 3),
    ("DELETE FROM legacy.bars WHERE day = %(x)s", 2),
    ("UPDATE legacy.bars SET symbol = %(b)s, close = %(n)s WHERE ctid = "
     "(SELECT min(ctid) FROM legacy.bars WHERE symbol = %(a)s)", 3),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed(logged: Database, seed: int) -> None:
    dice = random.Random(seed)
    writers = [logged.connect_as("legacy_writer") for _ in range(3)]
    for writer in writers:
        # A row that another one holds: that statement fails, its transaction is rolled back.
        writer.execute("SET lock_timeout = '20ms'")
        writer.commit()
    snapshot, rows = night(logged)[:2]
    compared = 0
    for _ in range(25):
        for _ in range(dice.randrange(25)):
            act(dice, dice.choice(writers))
        later, now, touched = night(logged, snapshot)
        for symbol, day, _close in rows ^ now:
            compared += 1
            assert covered(touched, symbol, day), (symbol, day, touched)
        snapshot, rows = later, now
    assert compared > 100
    for writer in writers:
        writer.close()


def act(dice: random.Random, writer: psycopg.Connection) -> None:
    """One step of a writer: a statement, or the end of its transaction."""
    ending = dice.random()
    try:
        if ending < 0.25:
            writer.commit()
        elif ending < 0.35:
            writer.rollback()
        else:
            text = dice.choices(
                [text for text, _ in STATEMENTS], [weight for _, weight in STATEMENTS]
            )[0]
            writer.execute(text, values(dice))
    except psycopg.errors.OperationalError:
        writer.rollback()
    except psycopg.errors.UniqueViolation:
        writer.rollback()


def values(dice: random.Random) -> dict[str, Any]:
    return {
        "a": dice.choice(SYMBOLS),
        "b": dice.choice(SYMBOLS),
        "x": date(2024, 1, 1) + timedelta(days=dice.randrange(120)),
        "n": dice.random(),
    }


def night(
    database: Database, earlier: str | None = None
) -> tuple[str, set[tuple[Any, ...]], Touched]:
    """A snapshot, the table in it, and what the log says about the time since the earlier one."""
    with database.connect_as("parity_harness") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        assert row is not None
        rows = set(connection.execute("SELECT symbol, day, close FROM legacy.bars").fetchall())
        touched: Touched = {}
        if earlier is not None:
            touched = touched_since(connection, BARS, earlier, symbol="symbol", time="day")
            prune(connection, BARS, earlier)
    return row[0], rows, touched


def covered(touched: Touched, symbol: str | None, day: date) -> bool:
    spans = touched.get(EVERYTHING if symbol is None else symbol, [])
    return any(start <= day and (end is None or day < end) for start, end in spans)
