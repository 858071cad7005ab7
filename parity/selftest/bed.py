"""The rows that faults are seeded in: what both sides agree on, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from parity.causes import Field, Role
from parity.diff.columns import Family
from parity.exchange import Exchange
from parity.model.suite import Dataset
from parity.model.verdict import Side

__all__ = ["Bed", "Column", "Inputs", "Key", "Line", "Values", "other"]

Key = tuple[Any, ...]
Values = dict[str, Any]

# An unconstrained numeric keeps what it is given; so many digits are enough of a fault.
_DIGITS = 8


def other(side: Side) -> Side:
    """The other side."""
    return Side.CANDIDATE if side is Side.LEGACY else Side.LEGACY


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A compared column. `nullable` and the types are those of each side's copy."""

    field: Field
    family: Family
    nullable: Mapping[Side, bool]

    @property
    def name(self) -> str:
        """Its name on the legacy side."""
        return self.field.name

    @property
    def number(self) -> bool:
        """True for numbers."""
        return self.field.number

    @property
    def role(self) -> Role:
        """What it holds, in bars."""
        return self.field.role

    def decimals(self, side: Side) -> int | None:
        """The decimals that its type keeps; None where it keeps all."""
        return self.field.decimals(side)

    def stored(self, side: Side, value: Decimal | float) -> Any:
        """A number as the column of a side would hold it; None where it does not fit."""
        limit = self.field.limit(side)
        if self.field.types[side] == "real":
            return float(np.float32(value))
        if self.family is Family.DOUBLE and self.decimals(side) is None:
            return float(value)
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        decimals = self.decimals(side)
        rounded = exact.quantize(
            Decimal(1).scaleb(-(_DIGITS if decimals is None else decimals)), ROUND_HALF_UP
        )
        if limit is not None and abs(rounded) >= limit:
            return None
        return float(rounded) if self.family is Family.DOUBLE else rounded


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of one symbol (of one key but for the time), in the order of time."""

    name: str
    places: Sequence[int]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The bars that indicators are computed from.

    Days, rows and their places among all rows of a side are by symbol and side, in the order of
    time; a row holds its values by role.
    """

    days: dict[str, dict[Side, list[date]]]
    rows: dict[str, dict[Side, list[Mapping[Role, Any]]]]
    places: dict[str, dict[Side, list[int]]]
    columns: Mapping[Role, Column]

    def add(self, symbol: str, side: Side, day: date, row: Mapping[Role, Any], place: int) -> None:
        """Takes the next bar of a side."""
        self.days.setdefault(symbol, {one: [] for one in Side})[side].append(day)
        self.rows.setdefault(symbol, {one: [] for one in Side})[side].append(row)
        self.places.setdefault(symbol, {one: [] for one in Side})[side].append(place)


@dataclass(frozen=True)
class Bed:
    """Rows that both sides have and that are equal within tolerance, in the order of their keys.

    Attributes:
        dataset: Re-pointed at the copies.
        exchange: Whose sessions and zone hold.
        columns: What is compared.
        keys: The key of each row.
        values: Of each side the compared values of each row.
        siblings: For other datasets of the same relations, by name, each side's values by the key
            without the columns that `where` fixes.
        inputs: The bars that indicators are computed from.
    """

    dataset: Dataset
    exchange: Exchange
    columns: tuple[Column, ...]
    keys: Sequence[Key]
    values: Mapping[Side, Sequence[Values]]
    siblings: Mapping[str, Mapping[Side, Mapping[Key, Values]]] = field(default_factory=dict)
    inputs: Inputs | None = None

    @cached_property
    def time(self) -> int | None:
        """The place of the time in the key; None where it has none that is a date or an instant."""
        names = self.dataset.key
        if self.dataset.time not in names or not self.keys:
            return None
        place = names.index(self.dataset.time)
        return place if all(isinstance(key[place], date) for key in self.keys) else None

    @cached_property
    def dated(self) -> bool:
        """True where the time is a date."""
        return self.time is not None and not isinstance(self.keys[0][self.time], datetime)

    @cached_property
    def days(self) -> Sequence[date]:
        """The exchange's day of each row; empty without a time."""
        return [] if self.time is None else [self.day(key[self.time]) for key in self.keys]

    def day(self, moment: date) -> date:
        """The exchange's day of a time."""
        if isinstance(moment, datetime):
            zone = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return zone.astimezone(self.exchange.zone).date()
        return moment

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The rows by symbol."""
        fixed = {name for name, values in self.dataset.where if len(values) == 1}
        names = [
            place for place, name in enumerate(self.dataset.key)
            if place != self.time and name not in fixed
        ]  # fmt: skip
        found: dict[Key, list[int]] = {}
        for place, key in enumerate(self.keys):
            found.setdefault(tuple(key[one] for one in names), []).append(place)
        if self.time is not None:
            time = self.time
            for places in found.values():
                places.sort(key=lambda place: self.keys[place][time])
        return [Line(", ".join(map(str, key)), places) for key, places in found.items()]

    @cached_property
    def daily(self) -> bool:
        """True where no symbol has two rows on one day."""
        return all(
            len({self.days[place] for place in line.places}) == len(line.places)
            for line in self.lines
        )

    @cached_property
    def clock(self) -> tzinfo:
        """The zone in which daily rows are stamped at the same time of every day."""
        zones: list[tzinfo] = [self.exchange.zone, UTC]
        if self.dataset.timezone:
            zones.insert(0, ZoneInfo(self.dataset.timezone))
        if self.time is None or self.dated:
            return zones[0]
        for zone in zones:
            if len({key[self.time].astimezone(zone).time() for key in self.keys}) == 1:
                return zone
        return zones[0]

    def having(self, *roles: Role) -> tuple[Column, ...]:
        """The columns with one of the roles."""
        return tuple(one for role in roles for one in self.columns if one.role is role)

    @property
    def prices(self) -> tuple[Column, ...]:
        """Open, high, low and close, as far as there are any."""
        return self.having(Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)

    @property
    def numbers(self) -> tuple[Column, ...]:
        """The columns that hold numbers."""
        return tuple(one for one in self.columns if one.number)

    def moved(self, place: int, moment: date) -> Key:
        """The key of a row at another time."""
        assert self.time is not None
        key = list(self.keys[place])
        key[self.time] = moment
        return tuple(key)
