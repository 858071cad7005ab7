"""One side's numbers are a power of ten of the other's: lots, thousands, cents, percent.

Test: a column differs by one power of ten (10^1 to 10^9, up or down) in at least three rows of a
symbol, and in indicators and tables in nine of ten of its differing rows; or all prices of a bar
do. Prices and volume by inverse powers are a split. Proof: divided by the power, the row is equal
within what rounding to the stored decimals adds.

Indicators and tables come after upstream and formula: a split of ten to one in the bars scales
their averages too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints, other
from parity.causes.ratios import PRICES
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import grouped, half_units, listed, scopes_of
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULES"]

LEAST = 3  # rows of a symbol
SHARE = 0.9  # of a column's differing rows, where it is not of bars
OF_ALL = 10  # rows of all symbols, with that share: a night may bring one row a symbol
LARGEST = 9
_NEAR = 0.02  # of the logarithm: a second cause may hide the exact power


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    if not len(rows):
        return
    power, certain = _powers(found, rows)
    if not power.any():
        return
    bars = context.dataset.kind is Kind.BARS
    whole = (
        _whole_bars(found, rows, np.where(certain, power, 0))
        if bars
        else np.zeros(len(rows), dtype=bool)
    )
    scopes = scopes_of(found, rows, context)
    sure = np.where(certain, power, 0)
    supported = _supported(found, rows, sure, scopes.number, 0.0 if bars else SHARE)
    used = _with_small(power, sure, supported, scopes.number)
    prices = found.places(*PRICES)
    used[np.ix_(whole, np.array(prices, dtype=np.int64))] = True
    power = np.where(used, power, 0)
    if bars:
        power[_split(found, power)] = 0
    some = np.flatnonzero(power.any(axis=1))
    kinds = _kinds(power[some])
    for group in grouped(kinds, whole[some].astype(np.int64)):
        places = some[group]
        yield from _hypotheses(found, rows[places], power[places], bool(whole[places[0]]))


def _powers(found: Differences, rows: Ints) -> tuple[Ints, Bools]:
    """(rows, fields): legacy is about 10^this of candidate, else 0; and where that is certain.

    A small whole number, as of millions, tells the power badly.
    """
    power = np.zeros((len(rows), len(found.fields)), dtype=np.int64)
    certain = np.zeros(power.shape, dtype=bool)
    for place, field in enumerate(found.fields):
        if not field.number:
            continue
        legacy = found.values[Side.LEGACY].numbers[rows, place]
        candidate = found.values[Side.CANDIDATE].numbers[rows, place]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            steps = np.log10(legacy / candidate)
            steps[~np.isfinite(steps)] = 0.0
            near = np.rint(steps)
            small = np.minimum(np.abs(legacy), np.abs(candidate))
            off = small * np.abs(np.power(10.0, np.abs(steps) - np.abs(near)) - 1)
            certain[:, place] = np.abs(steps - near) <= _NEAR
            fits = certain[:, place] | ((small >= 1) & (off <= 0.5))
            fits &= (np.abs(near) <= LARGEST) & found.differs[rows, place]
        power[:, place] = np.where(fits, near, 0)
    return power, certain


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


def _supported(found: Differences, rows: Ints, power: Ints, scope: Ints, share: float) -> Bools:
    """(rows, fields): cells whose power enough rows of their symbol share."""
    supported = np.zeros(power.shape, dtype=bool)
    scopes = int(scope.max()) + 1
    for place in np.flatnonzero(power.any(axis=0)).tolist():
        key = scope * (2 * LARGEST + 1) + power[:, place] + LARGEST
        counts = np.bincount(key, minlength=scopes * (2 * LARGEST + 1))
        differing = np.bincount(scope[found.differs[rows, place]], minlength=scopes)
        least = np.maximum(LEAST, share * differing[scope])
        totals = np.bincount(power[:, place] + LARGEST, minlength=2 * LARGEST + 1)
        of_all = totals >= max(OF_ALL, SHARE * int(differing.sum()))
        enough = (counts[key] >= least) | of_all[power[:, place] + LARGEST]
        supported[:, place] = (power[:, place] != 0) & enough
    return supported


def _with_small(power: Ints, sure: Ints, supported: Bools, scope: Ints) -> Bools:
    """The supported cells, and those of the same power in the same symbol that are not certain."""
    used = supported.copy()
    for place in np.flatnonzero(((power != sure) & (power != 0)).any(axis=0)).tolist():
        key = scope * (2 * LARGEST + 1) + power[:, place] + LARGEST
        used[:, place] |= np.isin(key, np.unique(key[supported[:, place]])) & (power[:, place] != 0)
    return used


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
