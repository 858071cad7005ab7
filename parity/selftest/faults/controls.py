"""Unrelated edits, which no cause explains: saying so is the right answer."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from parity.causes import Role
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column
from parity.selftest.fault import EVERYTHING, Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import either

__all__ = ["FAULTS"]

ODD = 1.9173


def _odd_factor(bed: Bed, rng: Random) -> Seeded | None:
    """One number times 1.9173."""
    side, place = either(rng), rng.randrange(len(bed.keys))
    column = _one(rng, bed.prices or bed.numbers)
    old = bed.values[side][place][column.name]
    if old is None:
        return None
    return _edit(bed, side, place, column, column.stored(side, float(old) * ODD), f"times {ODD}")


def _off_by_one(bed: Bed, rng: Random) -> Seeded | None:
    """One volume more or less by one."""
    side, place = either(rng), rng.randrange(len(bed.keys))
    column = _one(rng, bed.having(Role.VOLUME))
    old, step = bed.values[side][place][column.name], rng.choice([1, -1])
    if old is None:
        return None
    return _edit(bed, side, place, column, old + step, f"{step:+d}")


def _other_digit(bed: Bed, rng: Random) -> Seeded | None:
    """One digit of one number another one."""
    side, place = either(rng), rng.randrange(len(bed.keys))
    column = _one(rng, bed.numbers)
    old = bed.values[side][place][column.name]
    if old is None or not Decimal(old).is_finite():
        return None
    text = format(Decimal(str(old)), "f")
    at = rng.choice([n for n, letter in enumerate(text) if letter.isdigit()])
    digit = rng.choice([d for d in "0123456789" if d != text[at]])
    new = column.stored(side, Decimal(text[:at] + digit + text[at + 1 :]))
    return _edit(bed, side, place, column, new, f"digit {at + 1} {text[at]} to {digit}")


def _one(rng: Random, columns: tuple[Column, ...]) -> Column:
    if not columns:
        raise ImpossibleError("has no such column")
    return rng.choice(columns)


def _edit(bed: Bed, side: Side, place: int, column: Column, new: object, how: str) -> Seeded | None:
    if new is None:
        return None
    old = bed.values[side][place][column.name]
    key = " ".join(map(str, bed.keys[place]))
    changes = Changes(side=side, edits={place: {column.name: new}})
    told = f"{key} {column.name} {how}: {old} to {new}"
    return Seeded(side=side, changes=[changes], told=told)


FAULTS = (
    Fault(cause=Cause.UNEXPLAINED, kinds=EVERYTHING, seed=_odd_factor, name="factor"),
    Fault(
        cause=Cause.UNEXPLAINED, kinds=frozenset({Kind.BARS}), seed=_off_by_one, name="off by one"
    ),
    Fault(cause=Cause.UNEXPLAINED, kinds=EVERYTHING, seed=_other_digit, name="digit"),
)
