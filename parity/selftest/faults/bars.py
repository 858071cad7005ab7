"""Bars that are no full bars of their session: filled_bar, partial_bar."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from parity.causes import Role
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed, Column, other
from parity.selftest.fault import Changes, Fault, ImpossibleError, Seeded
from parity.selftest.faults.picking import Edits, either, long_enough, named, some

__all__ = ["FAULTS"]

BARS = frozenset({Kind.BARS})


def _roles(bed: Bed, *wanted: Role) -> dict[Role, Column]:
    """The columns of bars, by role.

    Raises:
        ImpossibleError: one of the wanted is missing.
    """
    columns: dict[Role, Column] = {
        column.role: column for column in bed.columns if column.role is not Role.OTHER
    }
    missing = [role.value for role in wanted if role not in columns]
    if missing:
        raise ImpossibleError(f"has no {', '.join(missing)}")
    return columns


def _filled_bar(bed: Bed, rng: Random) -> Seeded | None:
    """The bar before stands again: flat at its close without volume, or as it was."""
    roles = _roles(bed, Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)
    side, line = either(rng), rng.choice(long_enough(bed, 5))
    flat, hole = rng.random() < 0.6, rng.random() < 0.5
    first = rng.randint(1, len(line.places) - 2)
    size = rng.choice([1, 1, 2, 3])
    edits: Edits = {}
    source = bed.values[side][line.places[first - 1]]
    for place in line.places[first : first + size]:
        edits[place] = _fill(roles, source, flat)
    changes = [Changes(side=side, edits=edits)]
    if hole:  # the other side has nothing there, as the session had no trade
        changes.append(Changes(side=other(side), deletes=frozenset(edits)))
    what = "flat at the close before" if flat else "copies of the bar before"
    where = "missing on the other side" if hole else "instead of the real ones"
    told = f"{line.name}: {len(edits)} bars {what}, {where}"
    return Seeded(side=side, changes=changes, told=told)


def _fill(roles: dict[Role, Column], source: dict[str, Any], flat: bool) -> dict[str, Any]:
    close = source[roles[Role.CLOSE].name]
    new: dict[str, Any] = {}
    for role, column in roles.items():
        if not flat:
            new[column.name] = source[column.name]
        else:
            new[column.name] = type(source[column.name])(0) if role is Role.VOLUME else close
    return new


def _partial_bar(bed: Bed, rng: Random) -> Seeded | None:
    """The newest bars as they stood before the session was over."""
    roles = _roles(bed, Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE, Role.VOLUME)
    side, lines = either(rng), some(rng, long_enough(bed, 3))
    share = Decimal(str(round(rng.uniform(0.05, 0.97), 3)))
    edits: Edits = {}
    for line in lines:
        place = line.places[-1]
        new = _part(roles, bed.values[side][place], share, rng, side)
        if new is None:
            return None
        edits[place] = new
    told = f"{named(lines)}: the newest bar after {share:%} of its volume"
    return Seeded(side=side, changes=[Changes(side=side, edits=edits)], told=told)


def _part(
    roles: dict[Role, Column], row: dict[str, Any], share: Decimal, rng: Random, side: Side
) -> dict[str, Any] | None:
    held = {role: row[column.name] for role, column in roles.items()}
    if any(value is None for value in held.values()):
        return None
    exact = {role: Decimal(str(value)) for role, value in held.items()}
    low, high, open_ = exact[Role.LOW], exact[Role.HIGH], exact[Role.OPEN]
    # What had been traded so far lies within what was traded in the end.
    new_high = open_ + (high - open_) * Decimal(str(rng.choice([1, rng.random()])))
    new_low = open_ - (open_ - low) * Decimal(str(rng.choice([1, rng.random()])))
    close = new_low + (new_high - new_low) * Decimal(str(rng.random()))
    wanted = {
        Role.HIGH: new_high,
        Role.LOW: new_low,
        Role.CLOSE: close,
        Role.VOLUME: exact[Role.VOLUME] * share,
    }
    return {roles[role].name: roles[role].stored(side, value) for role, value in wanted.items()}


FAULTS = (
    Fault(cause=Cause.FILLED_BAR, kinds=BARS, seed=_filled_bar),
    Fault(cause=Cause.PARTIAL_BAR, kinds=BARS, seed=_partial_bar),
)
