"""Indicators computed otherwise: upstream, warm_up, formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from parity.causes import Role
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed
from parity.selftest.fault import Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import Edits, either, span
from parity.selftest.faults.recomputing import Workshop, bars_of, daily, workshop
from parity.selftest.faults.scaling import RATIOS, times

__all__ = ["FAULTS"]

INDICATORS = frozenset({Kind.INDICATORS})
PRICES = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "averages seeded with a simple mean": {"seed": "sma"},
    "averages seeded with the first value": {"seed": "first"},
    "RSI with a rolling mean": {"rsi": "simple"},
    "bands with the sample deviation": {"band_ddof": 1},
    "volatility with the population deviation": {"volatility_ddof": 0},
    "volatility of logarithms": {"log": True},
    "volatility of 365 days": {"days": 365},
    "volatility of 260 days": {"days": 260},
}


def _formula(bed: Bed, rng: Random) -> Seeded | None:
    shop, side = workshop(bed), either(rng)
    word = rng.choice(list(VARIANTS))
    edits: Edits = {}
    chosen = _symbols(shop, rng, side)
    for symbol in chosen:
        rows = shop.rows[symbol, side]
        recipe = replace(shop.recipes[symbol, side], **VARIANTS[word])
        edits |= shop.edits(
            bed, symbol, side, span(rng, rows, min(3, len(rows))), bars_of(bed, symbol, side),
            bed.dataset.days_back, recipe,
        )  # fmt: skip
    return _seeded(side, edits, f"{', '.join(chosen)}: {word}")


def _warm_up(bed: Bed, rng: Random) -> Seeded | None:
    shop, side = workshop(bed), either(rng)
    days_back = rng.randint(60, 150)
    if days_back >= bed.dataset.days_back:
        raise ImpossibleError(f"days_back is only {bed.dataset.days_back}")
    edits: Edits = {}
    chosen = _symbols(shop, rng, side)
    for symbol in chosen:
        rows = shop.rows[symbol, side]
        edits |= shop.edits(
            bed, symbol, side, span(rng, rows, min(3, len(rows))), bars_of(bed, symbol, side),
            days_back, shop.recipes[symbol, side],
        )  # fmt: skip
    return _seeded(side, edits, f"{', '.join(chosen)}: from {days_back} days of bars")


def _upstream(bed: Bed, rng: Random) -> Seeded | None:
    """One side's bars are other ones, and its indicators are computed from those."""
    shop, side = workshop(bed), either(rng)
    symbol = rng.choice(shop.able(side))
    assert bed.inputs is not None
    days, rows = bed.inputs.days[symbol][side], bed.inputs.rows[symbol][side]
    wanted, factors, told = _bar_fault(bed, symbol, side, rng)
    new_rows: list[Mapping[Role, Any]] = []
    edits: Edits = {}
    for number, row in enumerate(rows):
        new = {}
        if number in wanted:
            for role, factor in factors.items():
                column = bed.inputs.columns.get(role)
                if column is not None and row.get(role) is not None:
                    new[role] = column.stored(side, times(factor)(row[role]))
        if None in new.values():
            return None
        changed = {role: value for role, value in new.items() if value != row[role]}
        if changed:
            place = bed.inputs.places[symbol][side][number]
            edits[place] = {bed.inputs.columns[r].name: value for r, value in changed.items()}
        new_rows.append({**row, **changed})
    found = shop.edits(
        bed, symbol, side, shop.rows[symbol, side], daily(days, new_rows), bed.dataset.days_back,
        shop.recipes[symbol, side],
    )  # fmt: skip
    seeded = _seeded(side, found, f"{symbol}: bars {told}")
    if seeded is None or not edits:
        return None
    return replace(seeded, inputs=Changes(side=side, edits=edits))


def _bar_fault(
    bed: Bed, symbol: str, side: Side, rng: Random
) -> tuple[set[int], Mapping[Role, Fraction | Decimal], str]:
    """Which bars are changed, and by which factors."""
    assert bed.inputs is not None
    days = bed.inputs.days[symbol][side]
    first, last = min(bed.days), max(bed.days)
    within = [day for day in sorted(set(days)) if first <= day <= last]
    if not within:
        raise ImpossibleError("no bar lies among the rows")
    day = rng.choice(within)
    before = {number for number, one in enumerate(days) if one < day}
    kind = rng.choice(["split", "dividend", "edit"])
    if kind == "split":
        ratio = Fraction(*rng.choice(RATIOS))
        factors = dict.fromkeys(PRICES, ratio) | {Role.VOLUME: 1 / ratio}
        return before, factors, f"before {day} {ratio.numerator}:{ratio.denominator}"
    if kind == "dividend":
        paid = Decimal(str(round(rng.uniform(0.9, 0.998), 6)))
        return before, dict.fromkeys(PRICES, paid), f"before {day} times {paid}"
    here = {number for number, one in enumerate(days) if one == day}
    close = Decimal(str(round(rng.uniform(0.9, 1.1), 4)))
    return here, {Role.CLOSE: close}, f"of {day} closed at {close} times their close"


def _symbols(shop: Workshop, rng: Random, side: Side) -> Sequence[str]:
    able = shop.able(side)
    return rng.sample(able, rng.randint(1, len(able)))


def _seeded(side: Side, edits: Edits, told: str) -> Seeded | None:
    if not edits:
        return None
    changes = Changes(side=side, edits=edits)
    return Seeded(side=side, changes=[changes], told=f"{told}, {len(edits)} rows")


FAULTS = (
    Fault(cause=Cause.UPSTREAM, kinds=INDICATORS, seed=_upstream),
    Fault(cause=Cause.WARM_UP, kinds=INDICATORS, seed=_warm_up),
    Fault(cause=Cause.FORMULA, kinds=INDICATORS, seed=_formula),
)
