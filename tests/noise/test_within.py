"""When an incident is no larger than what legacy differs from itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from parity.model.noise import Noise, within
from parity.model.result import Incident, Scope


def noise(column: str, largest: float | None, *, only_once: int = 0, differing: int = 3) -> Noise:
    return Noise(
        dataset="bars", column=column, session=date(2024, 2, 29), rows=10,
        differing=0 if largest is None else differing, max_abs_delta=largest, max_rel_delta=None,
        only_once=only_once,
    )  # fmt: skip


def incident(
    deltas: dict[str, float | None], *, cause: str = "unexplained", rows: int = 3, **more: Any
) -> Incident:
    found = {name: {"max_abs": largest, "max_rel": None} for name, largest in deltas.items()}
    return Incident(
        id="a", cause=cause, proved=False, rows=rows, columns=tuple(deltas), scope=Scope(),
        evidence={"deltas": found, **more},
    )  # fmt: skip


FLOOR = (noise("open", 0.5), noise("close", 0.01), noise("name", None))


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ({"open": 0.5}, True),
        ({"open": 0.499, "close": 0.01}, True),
        ({"open": 0.501}, False),
        ({"open": 0.1, "close": 0.02}, False),
        ({"open": None}, False),  # a NULL on one side, or no number
        ({"open": float("nan")}, False),
        ({"name": None}, False),
        ({"volume": 0.0}, False),  # never measured
        ({"close": 10000.01 - 10000.0}, True),  # 0.0100000000002 in doubles
    ],
)
def test_every_column_must_be_within(deltas: dict[str, float | None], expected: bool) -> None:
    assert within(incident(deltas), FLOOR) is expected


@pytest.mark.parametrize(("once", "expected"), [(2, False), (3, True)])
def test_rows_of_one_side_are_counted(once: int, expected: bool) -> None:
    floor = (noise("open", None, only_once=once),)
    assert within(incident({}, cause="missing_session"), floor) is expected
    states = {"legacy_only": 1, "candidate_only": 2}
    assert within(incident({}, states=states), floor) is expected


def test_of_mixed_rows_all_must_be_within() -> None:
    mixed = incident({"open": 0.1}, states={"mismatched": 2, "legacy_only": 1})
    assert not within(mixed, FLOOR)
    assert within(mixed, (noise("open", 0.1, only_once=1),))


def test_doubled_and_null_keys_and_what_was_not_measured_never_are() -> None:
    floor = (noise("open", 9.0, only_once=9),)
    assert not within(incident({}, cause="duplicate_key"), floor)
    assert not within(incident({}, states={"null_key": 3}), floor)
    assert not within(incident({"open": 0.0}), ())


@pytest.mark.parametrize(("rows", "expected"), [(3, True), (4, False)])
def test_more_rows_than_were_measured_are_not_within(rows: int, expected: bool) -> None:
    assert within(incident({"open": 0.1}, rows=rows), FLOOR) is expected
    states = {"mismatched": rows, "legacy_only": 1}
    floor = (noise("open", 0.5, only_once=1), noise("close", 0.5, differing=9))
    assert within(incident({"open": 0.1}, rows=rows + 1, states=states), floor) is expected
    # Each column has to account for them.
    assert within(incident({"open": 0.1, "close": 0.1}, rows=rows), floor) is expected


def test_columns_without_a_delta_are_not_within() -> None:
    bare = Incident(
        id="a", cause="unexplained", proved=False, rows=1, columns=("open",), scope=Scope()
    )
    assert not within(bare, FLOOR)
