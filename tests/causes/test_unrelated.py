"""Edits that no cause explains stay unexplained, with all rules there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

import pytest

from tests.causes.toy import BARS
from tests.causes.values_toy import PRICES, Frame, explained, real_bars

Edit = Callable[[Frame, int, Random], None]


def factor(bars: Frame, row: int, random: Random) -> None:
    name = random.choice(PRICES)
    bars.loc[row, name] = round(bars.loc[row, name] * 1.9173, 4)


def doubled(bars: Frame, row: int, random: Random) -> None:
    bars.loc[row, random.choice(PRICES)] *= 2


def one_share(bars: Frame, row: int, random: Random) -> None:
    bars.loc[row, "volume"] += random.choice([-1, 1])


def swapped(bars: Frame, row: int, random: Random) -> None:
    one, two = random.sample(list(BARS), 2)
    values = bars.loc[row, one], bars.loc[row, two]
    bars.loc[row, two], bars.loc[row, one] = values


def digit(bars: Frame, row: int, random: Random) -> None:
    name = random.choice(BARS)
    text = list(f"{bars.loc[row, name]:.0f}" if name == "volume" else f"{bars.loc[row, name]:.4f}")
    place = random.choice([place for place, one in enumerate(text) if one.isdigit()])
    text[place] = random.choice([one for one in "0123456789" if one != text[place]])
    bars.loc[row, name] = float("".join(text))


def other_day(bars: Frame, row: int, random: Random) -> None:
    name = random.choice(PRICES)
    bars.loc[row, name] = bars.loc[random.choice(bars.index), name]


EDITS: list[Edit] = [factor, doubled, one_share, swapped, digit, other_day]


def spoiled(edits: list[Edit], rows: int, seed: int) -> tuple[Frame, Frame]:
    """Both sides; each edited row on a side by chance."""
    random = Random(seed)
    bars = real_bars(["AAPL", "IBM", "MSFT"], date(2004, 9, 1), date(2005, 3, 31))
    bars = bars.astype({"volume": float})
    sides = bars.copy(), bars.copy()
    for row in random.sample(range(len(bars)), rows):
        random.choice(edits)(random.choice(sides), row, random)
    return sides


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("rows", [1, 30])
def test_edits_of_a_kind(edit: Edit, rows: int) -> None:
    assert_unexplained(*spoiled([edit], rows, seed=rows))


@pytest.mark.parametrize("seed", range(16))
def test_edits_of_all_kinds(seed: int) -> None:
    assert_unexplained(*spoiled(EDITS, 5 + 15 * (seed % 4), seed))


def assert_unexplained(legacy: Frame, candidate: Frame) -> None:
    found = explained(legacy, candidate)
    proved = [(one.cause, one.rows, one.evidence) for one in found if one.proved]
    assert not proved
