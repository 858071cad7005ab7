"""One side's numbers are a power of ten of the other's: lots, thousands, cents, percent.

Test: a column differs by one power of ten (10^1 to 10^9, up or down) in at least three cells of a
symbol that tell a power (what the stored decimals may add is at most 1 %), with three distinct
values on either side. In bars that holds for four in five of the column's differing rows from the
first of them to the last, in indicators and tables also for nine in ten of all; small numbers
follow such cells and found nothing. Or all prices of a bar differ so. Prices and volume by inverse
powers are a split. Proof: divided by the power, the row is equal within what rounding to the stored
decimals adds.

Indicators and tables come after upstream and formula: a split of ten to one in the bars scales
their averages too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints, other
from parity.causes.powers import LARGEST, LEAST, powers_of, supported
from parity.causes.ratios import PRICES
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import half_units, listed, scopes_of
from parity.causes.serieswise import grouped
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULES"]

SHARE = 0.9  # of a column's differing rows, where it is not of bars


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    if not len(rows):
        return
    cells = powers_of(found, rows)
    power = cells.power
    if not cells.telling.any():
        return
    bars = context.dataset.kind is Kind.BARS
    whole = (
        _whole_bars(found, rows, np.where(cells.telling, power, 0))
        if bars
        else np.zeros(len(rows), dtype=bool)
    )
    scopes = scopes_of(found, rows, context)
    used = supported(found, rows, cells, scopes.number, 0.0 if bars else SHARE)
    prices = found.places(*PRICES)
    used[np.ix_(whole, np.array(prices, dtype=np.int64))] = True
    if bars:
        # A split's volume may be a small number.
        used[_split(found, power)] = False
    power = np.where(used, power, 0)
    some = np.flatnonzero(power.any(axis=1))
    kinds = _kinds(power[some])
    for group in grouped(kinds, whole[some].astype(np.int64)):
        places = some[group]
        yield from _hypotheses(found, rows[places], power[places], bool(whole[places[0]]))


def _whole_bars(found: Differences, rows: Ints, power: Ints) -> Bools:
    """Bars with all four prices by one power."""
    prices = found.places(*PRICES)
    if len(prices) < len(PRICES):
        return np.zeros(len(rows), dtype=bool)
    mine = power[:, prices]
    known = ~np.isnan(found.values[Side.LEGACY].numbers[rows][:, prices])
    known &= ~np.isnan(found.values[Side.CANDIDATE].numbers[rows][:, prices])
    common = np.where(known, mine, 0).max(axis=1) + np.where(known, mine, 0).min(axis=1)
    # Largest and smallest of equal sign: their sum is twice the common one.
    whole: Bools = ((mine * 2 == common[:, None]) | ~known).all(axis=1)
    whole &= (common != 0) & (known.sum(axis=1) >= LEAST)
    return whole


def _split(found: Differences, power: Ints) -> Bools:
    """Bars with prices by one power and volume by its inverse."""
    volume, prices = found.places(Role.VOLUME), found.places(*PRICES)
    if not volume or not prices:
        return np.zeros(len(power), dtype=bool)
    inverse: Bools = (power[:, prices] == -power[:, volume[:1]]).any(axis=1)
    inverse &= power[:, volume[0]] != 0
    return inverse


def _kinds(power: Ints) -> Ints:
    """A number for each set of powers in a row."""
    kinds = np.zeros(len(power), dtype=np.int64)
    for one in range(-LARGEST, LARGEST + 1):
        if one:
            kinds |= (power == one).any(axis=1).astype(np.int64) << (one + LARGEST)
    return kinds


def _hypotheses(found: Differences, rows: Ints, power: Ints, whole: bool) -> Iterator[Hypothesis]:
    """The larger side divided; and for rows that this leaves, the other side multiplied."""
    side = Side.LEGACY if (power > 0).any() else Side.CANDIDATE
    down = _changed(found, rows, side, power)
    yield _hypothesis(found, rows, power, side, down, whole)
    undone = found.take(rows).after({down.side: down.values}, down.slack)
    rest = np.flatnonzero(undone.differs.any(axis=1))
    if len(rest):
        up = _changed(found, rows[rest], other(side), power[rest])
        yield _hypothesis(found, rows[rest], power[rest], side, up, whole)


def _changed(found: Differences, rows: Ints, side: Side, power: Ints) -> Changed:
    values = found.values[side].take(rows)
    steps = -power if side is Side.LEGACY else power
    factor: Floats = np.power(10.0, steps.astype(np.float64))
    halves = half_units(found, other(side), rows) + half_units(found, side, rows) * factor
    slack = np.where(power != 0, halves, np.where(found.differs[rows], 0.0, np.inf))
    return Changed(side, values.with_numbers(values.numbers * factor), slack)


def _hypothesis(
    found: Differences, rows: Ints, power: Ints, side: Side, proof: Changed, whole: bool
) -> Hypothesis:
    columns = [found.fields[place].name for place in np.flatnonzero(power.any(axis=0)).tolist()]
    # How often the side's value holds the other's.
    times = sorted({int(one) for one in np.unique(power) if one} if side is Side.LEGACY
                   else {-int(one) for one in np.unique(power) if one})  # fmt: skip
    prices = {found.fields[place].name for place in found.places(*PRICES)}
    what = "prices" if whole and set(columns) == prices else listed(columns)
    text = " or ".join(_times(one) for one in times)
    does = "divide" if proof.side is side else "multiply"
    verb = "is" if len(columns) == 1 else "are"
    says = f"{side.value}'s {what} {verb} {text} {other(side).value}'s"
    return Hypothesis(
        rows=rows,
        proof=proof,
        identity=(side.value, ",".join(columns), ",".join(str(one) for one in times)),
        says=f"{{symbols}}: {says}" if any(found.symbols) else says,
        undo=f"{does} {proof.side.value}'s {what} by {' or '.join(_plain(one) for one in times)}",
        evidence={
            "factor": 10.0 ** times[0] if len(times) == 1 else [10.0**one for one in times],
            "columns": columns,
        },
        least=1 if whole else LEAST,
        side=proof.side,
    )


def _times(power: int) -> str:
    return f"{10**power:,} times" if power > 0 else f"1/{10**-power:,} of"


def _plain(power: int) -> str:
    return f"{10**power:,}" if power > 0 else f"1/{10**-power:,}"


RULES = (
    Rule(cause=Cause.UNIT_SCALE, kinds=frozenset({Kind.BARS}), order=56, propose=_propose),
    Rule(
        cause=Cause.UNIT_SCALE,
        kinds=frozenset({Kind.INDICATORS, Kind.TABLE}),
        order=68,
        propose=_propose,
    ),
)
