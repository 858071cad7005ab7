"""Decimals of numbers that came from text: how many there are, and how they were rounded.

A double stands for the decimal number that it prints as: 1.005 is a tie at two decimals, though
its binary value lies a little below. All functions are vectorised.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from parity.causes.frame import Bools, Floats, Ints

__all__ = ["MOST", "Mode", "decimals_of", "fitting", "losses", "rounded", "single"]

MOST = 12  # decimals that are told apart
_NOISE = 8 * np.finfo(np.float64).eps
_SAME = 1e-6  # of the last unit: losses so near are one
_DIGITS = 1e15  # beyond it a double has no room for a fraction


class Mode(StrEnum):
    """How a number loses decimals."""

    HALF_UP = "half-up"  # ties away from zero
    HALF_EVEN = "half-even"
    NEAREST = "nearest"  # ties either way, as those of binary numbers fall
    TRUNCATION = "truncation"
    FLOOR = "floor"
    CEIL = "ceil"


def decimals_of(values: Floats, most: int = MOST) -> Ints:
    """The fewest decimals that write each number; `most` + 1 where more are needed.

    NaN and infinity have none.
    """
    flat = np.asarray(values, dtype=np.float64).ravel()
    found = np.full(flat.shape, most + 1, dtype=np.int64)
    left = np.arange(len(flat))
    found[~np.isfinite(flat)] = 0
    left = left[np.isfinite(flat)]
    for decimals in range(most + 1):
        scaled = np.abs(flat[left]) * 10.0**decimals
        whole = (np.abs(scaled - np.rint(scaled)) <= _NOISE * scaled) | (scaled >= _DIGITS)
        found[left[whole]] = decimals
        left = left[~whole]
        if not len(left):
            break
    return found.reshape(np.shape(values))


def rounded(values: Floats, decimals: int, mode: Mode) -> Floats:
    """The numbers rounded to some decimals; ties of NEAREST go away from zero."""
    power = 10.0**decimals
    return _whole(values * power)[mode] / power


def fitting(fine: Floats, coarse: Floats, decimals: int) -> dict[Mode, Bools]:
    """By mode: which of the coarse numbers are the fine ones, rounded so to some decimals."""
    power = 10.0**decimals
    scaled, wanted = fine * power, coarse * power
    whole = np.rint(wanted)
    stored = np.abs(wanted - whole) <= _noise(wanted)
    fits = {mode: stored & (found == whole) for mode, found in _whole(scaled).items()}
    tie = np.abs(np.abs(scaled - whole) - 0.5) <= _noise(scaled)
    fits[Mode.NEAREST] = fits[Mode.HALF_UP] | (stored & tie)
    return fits


def single(values: Floats) -> Floats:
    """The numbers as single-precision floats (`real`) keep them."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


def losses(fine: Floats, coarse: Floats, decimals: int) -> tuple[float, int]:
    """The most that rounding took from a number, and how many sizes its losses have.

    Args:
        fine: the numbers, at least one.
        coarse: the same, rounded.
        decimals: that were left; losses are in units of the last one.
    """
    power = 10.0**decimals
    lost, noise = (fine - coarse) * power, np.maximum(_noise(fine * power), _SAME)
    order = np.argsort(lost)
    apart = np.diff(lost[order]) > noise[order][1:] + noise[order][:-1]
    return float(np.abs(lost).max()), int(apart.sum()) + 1


def _noise(scaled: Floats) -> Floats:
    noise: Floats = _NOISE * np.maximum(np.abs(scaled), 1)
    return noise


def _whole(scaled: Floats) -> dict[Mode, Floats]:
    """Whole numbers by mode; a double next to a whole number, or to a tie, is one."""
    noise = _noise(scaled)
    near = np.rint(scaled)
    exact = np.abs(scaled - near) <= noise
    size = np.abs(scaled)
    low = np.floor(size)
    tie = np.abs(size - low - 0.5) <= noise
    nearest = np.floor(size + 0.5)
    up = np.copysign(np.where(tie, low + 1, nearest), scaled)
    even = np.copysign(np.where(tie, low + np.mod(low, 2), nearest), scaled)
    plain = {
        Mode.HALF_UP: up,
        Mode.HALF_EVEN: even,
        Mode.NEAREST: up,
        Mode.TRUNCATION: np.trunc(scaled),
        Mode.FLOOR: np.floor(scaled),
        Mode.CEIL: np.ceil(scaled),
    }
    return {mode: np.where(exact, near, whole) for mode, whole in plain.items()}
