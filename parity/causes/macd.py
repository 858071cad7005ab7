"""MACD over any stretch of history, in closed form.

Line and signal are linear in the closes. Seen from averages that run through all of history, a
stretch with seeds of its own adds a falling geometric sequence to each average:
    line(t) = fast(t) - slow(t) + a * f^(t-kf) - b * s^(t-ks)
and the signal, an average of the line, adds the averages of those sequences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.causes.averages import enough, running_average, simple_average
from parity.causes.frame import Floats, Ints
from parity.causes.variants import MACD

__all__ = ["Macd"]

_FAST, _SLOW, _SIGNAL = MACD


def _decay(span: int) -> float:
    return 1 - 2 / (span + 1)


@dataclass(frozen=True, slots=True)
class _Seed:
    """Where an average over a stretch starts, and how far that is from the running one."""

    place: Ints
    gap: Floats
    decay: float

    def at(self, where: Ints) -> Floats:
        """What the seed adds at a later bar."""
        return np.asarray(self.gap * self.decay ** np.maximum(where - self.place, 0))

    def mean(self, end: Ints, length: int) -> Floats:
        """The mean of what it adds at the `length` bars up to `end`."""
        total = (1 - self.decay**length) / (1 - self.decay)
        return np.asarray(self.at(end - length + 1) * total / length)

    def averaged(self, start: Ints, end: Ints, decay: float) -> Floats:
        """What it adds to an average of that decay, by the bars after `start` up to `end`."""
        ages = np.maximum(end - start, 0)
        spread = self.decay * (self.decay**ages - decay**ages) / (self.decay - decay)
        return np.asarray(self.at(start) * (1 - decay) * spread)


@dataclass(frozen=True, slots=True)
class Macd:
    """MACD 12/26/9 of bars.

    Args:
        series: a function of each series' closes, computed once (as `Recomputed.series`).
        mean: simple averages by length.
        running: exponential averages of all history by span.
        close: the bars' closes.
    """

    series: Callable[[Any, Callable[[Floats], Floats]], Floats]
    mean: Callable[[int], Floats]
    running: Callable[[int], Floats]
    close: Floats

    def values(self, part: str, seed: str, first: Ints, last: Ints) -> Floats:
        """Line, signal or histogram at `last`, over the bars from `first` on.

        `seed`: `talib` starts both averages at the slow one's first full window and shows nothing
        before the signal; `sma` starts each at its own; `first` at the first bar, the signal at
        the first line of a full slow window.
        """
        fast = self._seeded(_FAST, seed, first, last)
        slow = self._seeded(_SLOW, seed, first, last)
        start = np.minimum(first + _SLOW - 1, last)
        shown = _SLOW + _SIGNAL - 1
        if part == "line":
            needed = shown if seed == "talib" else _SLOW
            return enough(first, last, needed, self._line(fast, slow, last))
        signal = self._signal(seed, fast, slow, start, last)
        found = signal if part == "signal" else self._line(fast, slow, last) - signal
        return enough(first, last, shown, found)

    def _seeded(self, span: int, seed: str, first: Ints, last: Ints) -> _Seed:
        if seed == "first":
            place, value = first, self.close[first]
        else:
            place = np.minimum(first + (_SLOW if seed == "talib" else span) - 1, last)
            value = self.mean(span)[place]
        return _Seed(place, value - self.running(span)[place], _decay(span))

    def _line(self, fast: _Seed, slow: _Seed, where: Ints) -> Floats:
        apart = self.running(_FAST)[where] - self.running(_SLOW)[where]
        return np.asarray(apart + fast.at(where) - slow.at(where))

    def _signal(self, seed: str, fast: _Seed, slow: _Seed, start: Ints, last: Ints) -> Floats:
        if seed == "first":
            place = start
            value = self._line(fast, slow, place)
        else:
            place = np.minimum(start + _SIGNAL - 1, last)
            apart = self.series(
                ("macd mean",), lambda close: simple_average(_apart(close), _SIGNAL)
            )
            value = apart[place] + fast.mean(place, _SIGNAL) - slow.mean(place, _SIGNAL)
        running = self.series(
            ("macd signal",), lambda close: running_average(_apart(close), _SIGNAL)
        )
        decay = _decay(_SIGNAL)
        return np.asarray(
            running[last]
            + decay ** (last - place) * (value - running[place])
            + fast.averaged(place, last, decay)
            - slow.averaged(place, last, decay)
        )


def _apart(close: Floats) -> Floats:
    return running_average(close, _FAST) - running_average(close, _SLOW)
