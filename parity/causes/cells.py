"""Cells of one column, what is tried for them, and what fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.causes.dailybars import Daily
from parity.causes.frame import Bools, Floats, Ints
from parity.causes.variants import Family, Indicator, Unit, Variant

__all__ = ["Cells", "Fit", "Trial", "Window", "floating", "trials"]

# How far sums in another order may lead: a share of the price, percentage points, a share of
# the volume (whose sums are whole numbers: one share more must show).
_RELATIVE, _POINTS, _OF_SHARES = 5e-10, 2e-9, 1e-13
_OF_BAND = 1e-7  # percentage points of a band, which may be a thousandth of the price wide


@dataclass(frozen=True, slots=True)
class Window:
    """From which bar to which each row is computed (places in `Daily`; last -1: no such bar)."""

    first: Ints
    last: Ints

    def take(self, rows: Ints | Bools) -> Window:
        """Of some of the rows."""
        return Window(self.first[rows], self.last[rows])

    def shifted(self, bars: Daily, sessions: int) -> Window:
        """Started some sessions later, within each series."""
        if not sessions:
            return self
        start = bars.start(bars.code[np.maximum(self.last, 0)]) if len(bars) else self.first
        return Window(np.clip(self.first + sessions, start, np.maximum(self.last, 0)), self.last)


@dataclass(frozen=True, slots=True)
class Trial:
    """A formula, and how many sessions later than usual its history starts."""

    how: Variant
    shift: int = 0


def trials(what: Indicator, *, edges: bool = True) -> tuple[Trial, ...]:
    """What is tried for an indicator, the usual first.

    Args:
        what: the indicator.
        edges: also a history that is a session shorter or longer, with a usual formula: jobs
            differ in whether the day at its start belongs to it.
    """
    usual = tuple(Trial(how) for how in what.variants)
    if not edges:
        return usual
    return usual + tuple(
        Trial(how, shift) for shift in (1, -1) for how in what.variants if how.benign
    )


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column and side: a value for each row, NaN and `null` for NULL."""

    values: Floats
    null: Bools

    def equal(self, computed: Floats, allowed: Floats) -> Bools:
        """Where they are what was computed; where nothing could be, NULL."""
        gone = np.isnan(computed)
        with np.errstate(invalid="ignore"):
            near = np.abs(self.values - computed) <= allowed
        found: Bools = np.asarray(np.where(self.null, gone, near), dtype=bool)
        return found


@dataclass(frozen=True, slots=True)
class Fit:
    """Which trial gives each cell (-1: none), what it computed, and if that had to be rounded."""

    trial: Ints
    computed: Floats
    rounded: Bools

    @property
    def good(self) -> Bools:
        """Cells that some trial gives."""
        return self.trial >= 0


def floating(what: Indicator, computed: Floats, price: Floats) -> Floats:
    """How far floating point may lead a computed value astray."""
    if what.unit is Unit.PERCENT:
        return np.full(computed.shape, _OF_BAND if what.family is Family.BANDS else _POINTS)
    size = np.abs(np.nan_to_num(computed))
    if what.unit is Unit.SHARES:
        return _OF_SHARES * size
    return _RELATIVE * np.maximum(size, price)
