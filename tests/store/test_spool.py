"""Discrepancies on disk, in a file without a name and in one that stays."""

from __future__ import annotations

import pickle
import random
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.range import Range

from parity.database.unpickling import load_plain
from parity.model.errors import StoreError
from parity.model.result import Discrepancy, RowState
from parity.store import Spool
from tests.store.build import ROWS, only, pair

VALUES: list[Any] = [
    None, True, 0, 2**80, -1.5, float("inf"), float("nan"), "é\0\n", b"\x00\xff",
    Decimal("1.50"), Decimal("NaN"), Decimal("-Infinity"), Decimal("1E-30"),
    date(2005, 2, 28), time(9, 30), timedelta(days=-1, microseconds=5),
    datetime(2005, 2, 28, 9, 30),  # noqa: DTZ001 - a bare timestamp
    datetime(2005, 2, 28, 9, 30, tzinfo=UTC),
    datetime(2005, 10, 30, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1),
    UUID(int=1), IPv4Address("10.0.0.1"), IPv6Network("::/64"), Range(1, 5),
    [1, Decimal("2.0"), None], {"a": [1.5], "b": None},
]  # fmt: skip


def any_rows(number: int) -> list[Discrepancy]:
    dice = random.Random(number)
    rows = []
    for place in range(number):
        names = ("a", "b") if place % 700 < 600 else ("a", "b", "c")
        sides = [{name: dice.choice(VALUES) for name in names} for _ in range(2)]
        state = dice.choice(list(RowState))
        rows.append(
            Discrepancy(
                state=state,
                key=(place, dice.choice(VALUES)),
                legacy=None if state is RowState.CANDIDATE_ONLY else sides[0],
                candidate=None if state is RowState.LEGACY_ONLY else sides[1],
                columns=names[: place % 3],
            )
        )
    return rows


def test_a_spool_is_read_as_often_as_wanted_and_by_two_readers_in_turn() -> None:
    with Spool() as spool:
        for row in ROWS:
            spool.append(row)
        assert len(spool) == 2
        one, two = iter(spool), iter(spool)
        pairs = [(next(one), next(two)), (next(one), next(two))]
        assert [left.key for left, right in pairs] == [right.key for _, right in pairs]
        assert repr(list(spool)) == repr(ROWS)


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 5000])
def test_rows_of_any_values_come_back_in_order(number: int) -> None:
    rows = any_rows(number)
    with Spool() as spool:
        spool.extend(rows)
        assert len(spool) == number
        assert repr(list(spool)) == repr(rows)  # repr, since NaN is not NaN
        assert sum(len(batch) for batch in spool.batches()) == number


def test_decimals_keep_their_digits_and_none_stays_none() -> None:
    values = [Decimal("1.50"), None, Decimal("NaN"), Decimal("-0"), Decimal("1E+3")]
    rows = [
        Discrepancy(state=RowState.LEGACY_ONLY, key=(value,), legacy={"v": value}, candidate=None)
        for value in values
    ]
    with Spool() as spool:
        spool.extend(rows)
        back = [row.legacy["v"] for row in spool if row.legacy]
        assert [str(value) for value in back] == ["1.50", "None", "NaN", "-0", "1E+3"]
        assert str([row.key[0] for row in spool]) == str(values)


def test_a_reader_sees_what_was_in_when_it_began() -> None:
    with Spool() as spool:
        spool.extend(pair(f"S{number}", 1.0, 2.0) for number in range(100))
        reader = iter(spool)
        assert next(reader).key == ("S0",)
        spool.extend(pair(f"T{number}", 1.0, 2.0) for number in range(100))
        assert sum(1 for _ in reader) == 99
        assert sum(1 for _ in spool) == 200


def test_a_cleared_spool_begins_anew() -> None:
    with Spool() as spool:
        spool.extend(pair(f"S{number}", 1.0, 2.0) for number in range(3000))
        spool.clear()
        assert (len(spool), list(spool)) == (0, [])
        spool.append(pair("A", 1.0, 2.0))
        assert [row.key for row in spool] == [("A",)]


def test_wide_rows_make_small_batches() -> None:
    rows = [only(RowState.LEGACY_ONLY, "x" * 300_000 + str(number)) for number in range(40)]
    with Spool() as spool:
        spool.extend(rows)
        assert list(spool) == rows
        assert max(len(batch) for batch in spool.batches()) <= 16


def test_a_finished_spool_is_read_back_by_another(tmp_path: Path) -> None:
    path, rows = tmp_path / "new" / "slice-1", any_rows(3000)
    with Spool.at(path) as spool:
        spool.extend(rows)
        assert not path.exists()
        spool.finish()
        assert repr(list(spool)) == repr(rows)
        with pytest.raises(StoreError, match="is finished"):
            spool.extend(rows)
    assert [entry.name for entry in path.parent.iterdir()] == ["slice-1"]
    assert path.stat().st_mode & 0o777 == 0o600
    with Spool.open(path) as back:
        assert len(back) == 3000
        assert repr(list(back)) == repr(rows)
        with pytest.raises(StoreError, match="is finished"):
            back.clear()


def test_a_finished_spool_may_be_empty_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    for rows in ([pair("A", 1.0, 2.0)], []):
        with Spool.at(path) as spool:
            spool.extend(rows)
            spool.finish()
        with Spool.open(path) as back:
            assert list(back) == rows


def test_a_spool_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with Spool.at(tmp_path / "s") as spool:
        spool.extend(any_rows(100))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        Spool.open(tmp_path / "s")


def test_a_truncated_spool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Spool.at(path) as spool:
        spool.extend(any_rows(200))
        spool.finish()
    whole = path.read_bytes()
    for size in (0, 3, 15, 20, len(whole) // 2, len(whole) - 24, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(StoreError, match="no complete spool"):
            Spool.open(path)


def test_a_damaged_spool_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Spool.at(path) as spool:
        spool.extend(any_rows(200))
        spool.finish()
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with Spool.open(path) as back, pytest.raises(StoreError, match="is damaged"):
        list(back)


def test_a_spool_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return getattr, (Path, "home")

    path = tmp_path / "s"
    with Spool.at(path) as spool:
        spool.append(only(RowState.LEGACY_ONLY, "A", Evil()))  # type: ignore[arg-type]
        spool.finish()
    with Spool.open(path) as back, pytest.raises(StoreError, match="which is no value"):
        list(back)
    for call in (print, eval, getattr(UUID, "__reduce__", None), pickle.loads):
        with pytest.raises(StoreError, match="which is no value"):
            load_plain(pickle.dumps(call))


def test_a_process_that_is_killed_leaves_no_spool_that_opens(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from parity.store import Spool
        from tests.store.build import pair
        spool = Spool.at(Path(sys.argv[1]))
        spool.extend(pair(f"S{number}", 1.0, 2.0) for number in range(5000))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "s"
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    assert not path.exists()
    with Spool.at(path) as spool:
        spool.append(pair("A", 1.0, 2.0))
        spool.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


def test_an_unwritable_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Spool.at(tmp_path / "file" / "s")
