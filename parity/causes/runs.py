"""Stretches of a series in which nearly all rows speak for something."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.frame import Floats

__all__ = ["runs"]

_MOST = 8  # stretches of one series
_NEVER = -1e12


def runs(weight: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Stretches (first, behind the last) with the largest sum of weights, the largest first.

    They do not overlap. With +1 for a row that speaks for something and -9 for one that speaks
    against it, nine of ten rows of a stretch speak for it; rows of weight 0 do not count.

    Args:
        weight: by row, in order.
        least: stretches with a smaller sum are left out.
    """
    weight = weight.copy()
    for _ in range(_MOST):
        total = np.concatenate([[0.0], np.cumsum(weight)])
        lowest = np.minimum.accumulate(total)
        last = int(np.argmax(total - lowest))
        if total[last] - lowest[last] < least:
            return
        first = int(np.flatnonzero(total[: last + 1] == lowest[last])[-1])
        yield first, last
        weight[first:last] = _NEVER
