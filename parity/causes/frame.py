"""Discrepancies and rows by column: what rules compute on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parity.causes.fields import Field, Role
from parity.model.result import RowState
from parity.model.verdict import Side

__all__ = [
    "NO_TIME",
    "STATES",
    "Bools",
    "Differences",
    "Floats",
    "Ints",
    "Rows",
    "Values",
    "beyond",
    "other",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STATES = tuple(RowState)  # `Differences.state` holds places in it
NO_TIME = np.iinfo(np.int64).min
_TINY = 4 * np.finfo(np.float64).eps  # what the arithmetic of an undo may lose


def other(side: Side) -> Side:
    """The other side."""
    return Side.CANDIDATE if side is Side.LEGACY else Side.LEGACY


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one side: a row for each row, a column for each field.

    `numbers` has NaN where a value is NULL (then `null` says so), is NaN, or is no number.
    `texts` has the values of the fields that are no numbers, by place; None is NULL. It may lack
    a field where those values were not read.
    """

    numbers: Floats  # (rows, fields)
    null: Bools  # (rows, fields)
    texts: Mapping[int, NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Ints) -> Values:
        """Some of the rows. A row -1 takes the last one: mask it."""
        texts = {place: values[rows] for place, values in self.texts.items()}
        return Values(self.numbers[rows], self.null[rows], texts)

    def put(self, rows: Ints, others: Values) -> Values:
        """A copy in which some rows are others."""
        numbers, null = self.numbers.copy(), self.null.copy()
        numbers[rows], null[rows] = others.numbers, others.null
        texts = {place: values.copy() for place, values in self.texts.items()}
        for place, values in others.texts.items():
            if place in texts:
                texts[place][rows] = values
        return Values(numbers, null, texts)

    def with_numbers(self, numbers: Floats, null: Bools | None = None) -> Values:
        """Other numbers, all else the same. NULL stays NULL unless `null` says otherwise."""
        return Values(numbers, self.null if null is None else null, self.texts)


def beyond(
    fields: tuple[Field, ...],
    legacy: Values,
    candidate: Values,
    slack: Floats | float = 0.0,
) -> Bools:
    """(rows, fields): which pairs of values differ beyond the field's tolerance.

    |delta| <= max(abs, rel * the larger) + slack counts as equal, as does what doubles lose in a
    multiplication. NULL equals NULL only, NaN equals NaN only. A field that is no number and
    whose values are missing on either side differs.

    Args:
        fields: in the order of the values' columns.
        legacy: one side.
        candidate: the other side, row by row.
        slack: by row, or by row and field: what the rounding of the stored types may add.
    """
    absolute = np.array([float(field.tolerance.abs) for field in fields])
    relative = np.array([float(field.tolerance.rel) for field in fields])
    left, right = legacy.numbers, candidate.numbers
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.maximum(np.abs(left), np.abs(right))
        allowed = np.maximum(absolute, relative * largest) + _TINY * largest + slack
        close = (np.abs(left - right) <= allowed) | (left == right)
    nan = np.isnan(left) & np.isnan(right)
    equal = (close | nan) & (legacy.null == candidate.null)
    for place, field in enumerate(fields):
        if field.number:
            continue
        if place in legacy.texts and place in candidate.texts:
            equal[:, place] = legacy.texts[place] == candidate.texts[place]
        else:
            equal[:, place] = False
    different: Bools = ~equal
    return different


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one side, sorted by series and time.

    Attributes:
        code: The series (symbol) of each row, as in `Differences.code`.
        time: Microseconds since 1970 (UTC); of a date, its midnight in UTC.
        values: By the dataset's fields.
    """

    code: Ints
    time: Ints
    values: Values

    def __len__(self) -> int:
        return len(self.code)

    def find(self, code: Ints, time: Ints) -> Ints:
        """The place of each row with that series and time; -1 where there is none."""
        if not len(self):
            return np.full(len(code), -1, dtype=np.int64)
        first = np.searchsorted(self.code, code, side="left")
        last = np.searchsorted(self.code, code, side="right")
        # Times of all series on one line, series after series.
        moments = np.unique(np.concatenate([self.time, time]))
        width = len(moments) + 1
        mine = self.code * width + np.searchsorted(moments, self.time)
        wanted = code * width + np.searchsorted(moments, time)
        place = np.minimum(np.searchsorted(mine, wanted), len(self) - 1)
        hit = (mine[place] == wanted) & (last > first) & (time != NO_TIME)
        return np.where(hit, place, -1)

    def of(self, code: int) -> slice:
        """The rows of one series, in order of time."""
        first = int(np.searchsorted(self.code, code, side="left"))
        return slice(first, int(np.searchsorted(self.code, code, side="right")))


@dataclass(frozen=True, slots=True)
class Differences:
    """Discrepancies of one dataset by column.

    Attributes:
        fields: The compared columns.
        series: The key values other than the time, one tuple a series (mostly the symbol alone).
        symbols: The symbol of each series; None where the dataset names none.
        state: Place in STATES, by row.
        code: The series of each row, a place in `series`.
        time: Microseconds since 1970 (UTC), of a date its midnight in UTC; NO_TIME without one.
        values: Of both sides; of a side that has no such row they are NaN and mean nothing.
        present: Which rows a side has.
        differs: (rows, fields) beyond tolerance, as the comparison found; only where both have
            the row.
        names: The names of the series' key columns.
    """

    fields: tuple[Field, ...]
    series: tuple[tuple[object, ...], ...]
    symbols: tuple[str | None, ...]
    state: NDArray[np.int8]
    code: Ints
    time: Ints
    values: Mapping[Side, Values]
    present: Mapping[Side, Bools]
    differs: Bools
    names: tuple[str, ...] = ("symbol",)

    def __len__(self) -> int:
        return len(self.code)

    def take(self, rows: Ints) -> Differences:
        """Some of the rows, with the same series."""
        return replace(
            self,
            state=self.state[rows],
            code=self.code[rows],
            time=self.time[rows],
            values={side: values.take(rows) for side, values in self.values.items()},
            present={side: there[rows] for side, there in self.present.items()},
            differs=self.differs[rows],
        )

    def after(self, values: Mapping[Side, Values], slack: Floats | float = 0.0) -> Differences:
        """The same rows with other values on some sides, and what differs then."""
        new = {**self.values, **values}
        differs = beyond(self.fields, new[Side.LEGACY], new[Side.CANDIDATE], slack)
        for place, field in enumerate(self.fields):
            if not field.number and place not in next(iter(values.values())).texts:
                differs[:, place] = self.differs[:, place]
        return replace(self, values=new, differs=differs)

    def having(self, *states: RowState) -> Bools:
        """Which rows are in one of the states."""
        return np.isin(self.state, [STATES.index(state) for state in states])

    @property
    def both(self) -> Bools:
        """Rows that both sides have and that pair up."""
        return self.having(RowState.MISMATCHED)

    @property
    def blind(self) -> Bools:
        """Rows whose difference doubles cannot show: no undo can be judged there."""
        mine = beyond(self.fields, self.values[Side.LEGACY], self.values[Side.CANDIDATE])
        numbers = np.array([field.number for field in self.fields], dtype=bool)
        unseen: Bools = (self.differs & ~mine & numbers).any(axis=1) & self.both
        return unseen

    def places(self, *roles: Role) -> list[int]:
        """The places of the fields with one of the roles, in the order of the roles."""
        return [
            place
            for role in roles
            for place, field in enumerate(self.fields)
            if field.role is role and field.number
        ]
