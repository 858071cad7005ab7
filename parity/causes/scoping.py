"""What value rules share: rows by group, cells known to be equal, words for whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.causes.context import Context
from parity.causes.frame import NO_TIME, Bools, Differences, Floats, Ints
from parity.causes.serieswise import brace
from parity.model.verdict import Side

__all__ = [
    "FLOAT_DIGITS",
    "Scopes",
    "half_units",
    "known_equal",
    "listed",
    "missing",
    "ordered",
    "scopes_of",
    "short",
    "whose",
]

# A float's own digits: what is left of a factor that was estimated from floats.
FLOAT_DIGITS = 1e-12


def ordered(found: Differences, rows: Ints) -> Ints:
    """Some rows, series after series and in order of time."""
    return rows[np.lexsort((found.time[rows], found.code[rows]))]


def known_equal(found: Differences, rows: Ints) -> Floats:
    """Slack for an undo that changes differing cells only: what is equal already stays equal.

    An exact comparison, or the undo of a first cause, has found those cells equal; doubles need
    not find it again.
    """
    return np.where(found.differs[rows], 0.0, np.inf)


def missing(found: Differences, side: Side, rows: Ints) -> Bools:
    """(rows, fields): where a side has no number or text: NULL or NaN."""
    values = found.values[side]
    gone = values.null[rows].copy()
    for place, field in enumerate(found.fields):
        if field.number:
            gone[:, place] |= np.isnan(values.numbers[rows, place])
    return gone


@dataclass(frozen=True, slots=True)
class Scopes:
    """Rows that may share a parameter: those of a symbol.

    All rows are of one scope where rows have no time (a table with one row a symbol has no
    series to support a parameter) or no symbol.
    """

    number: Ints  # of each row that was asked for
    names: tuple[str, ...]


def scopes_of(found: Differences, rows: Ints, context: Context) -> Scopes:
    """The scopes of some rows."""
    timeless = context.dataset.time is None or bool((found.time[rows] == NO_TIME).all())
    if timeless or all(symbol is None for symbol in found.symbols):
        return Scopes(np.zeros(len(rows), dtype=np.int64), ("",))
    names: dict[str, int] = {}
    numbers = [names.setdefault(symbol or "", len(names)) for symbol in found.symbols]
    return Scopes(np.array(numbers, dtype=np.int64)[found.code[rows]], tuple(names))


def half_units(found: Differences, side: Side, rows: Ints) -> Floats:
    """(rows, fields): what storing a number may have changed it by, half of its last digit.

    Floats say nothing of their digits; of them it is the noise of double arithmetic.
    """
    units = np.array([field.unit(side) for field in found.fields])
    size = np.abs(np.nan_to_num(found.values[side].numbers[rows], posinf=0.0, neginf=0.0))
    half: Floats = np.where(units > 0, units / 2, FLOAT_DIGITS * size)
    return half


def whose(found: Differences, code: int) -> str:
    """How a sentence names the rows' symbol."""
    return "{symbols}" if found.symbols[code] is not None else "all rows"


def listed(names: list[str], most: int = 8) -> str:
    """Names in a sentence, with their braces escaped."""
    plain = list(map(brace, names))
    if len(plain) > most:
        return f"{', '.join(plain[:most])} and {len(plain) - most} more columns"
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"


def short(value: float, digits: int = 10) -> float:
    """A number without the noise of its last digits."""
    return float(f"{value:.{digits}g}")
