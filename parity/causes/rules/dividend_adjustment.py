"""One side's prices are adjusted for a dividend that the other's are not adjusted for.

Test: all prices are in one factor (0.5 to 1) over at least three rows of a symbol, one session
after another, volumes equal; the run ends at a session from which on the factor is larger: the
ex-date. A run that reaches the end of the rows has no ex-date and is left alone, as are ratios that
a split explains. Each ex-date ends a run of its own; before several of them factors multiply. An
adjustment reaches back to the first row that both sides have: nowhere before its end may prices be
equal. Each step is a dividend of at most 10 % of the close before, or another series steps there
too; where one step of a symbol is neither, none is believed.
Proof: divided by the factor, the rows are equal within what rounding to stored decimals adds.

The dividend follows from the step of the factor at the ex-date: step = 1 - dividend / previous
close, the close of the side that is not adjusted. Another series of the same bars that steps there
as well corroborates it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.causes.context import Context, Series
from parity.causes.evidence import day_text
from parity.causes.fields import Role
from parity.causes.frame import Bools, Differences, Floats, Ints, Rows, other
from parity.causes.ratios import PRICES, price_ratios
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import half_units, ordered, short, whose
from parity.causes.sequence import (
    after_rows,
    alike_before,
    days_in,
    matched_before,
    matches_after,
)
from parity.causes.steps import LEAST, Run, factor_of, runs_of
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_SMALLEST = 0.5
_MOST = 0.5  # of a run's volumes
_PLAUSIBLE = 0.1  # of the close before: what a dividend is without corroboration, at most
_NOISE = 5e-3  # relative: how far rounding may move the factor between runs of one adjustment
_STEP = 1e-4  # relative: another series' step is as large as this one's


@dataclass(frozen=True, slots=True)
class _Paid:
    """A run that reaches back to the start of its series, and the dividend at its end."""

    rows: Ints
    code: int
    leads: bool  # to a run of its series, or to rows that match
    side: Side  # that is adjusted
    factor: float
    step: float
    close: float  # the last of the run, unadjusted
    width: float
    ex_day: int | None  # None where the session goes on
    ex_time: int

    def sound(self, corroborated: bool) -> bool:
        """Whether this may be a step of an adjustment."""
        least = 0.0 if corroborated else 1 - _PLAUSIBLE - self.width
        return self.leads and least <= self.step <= 1 + _NOISE


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    if not found.places(*PRICES):
        return
    rows = ordered(found, rows[found.both[rows]])
    runs = _runs(found, rows, context)
    if not runs:
        return
    paid = _paid(found, rows, runs, context)
    corroborated: list[list[str]] = [[] for _ in paid]
    for series in context.others() if paid else ():
        for place in np.flatnonzero(_steps(found, paid, series, context)).tolist():
            corroborated[place].append(series.name)
    doubtful = _doubtful(paid, corroborated)
    for one, names in zip(paid, corroborated, strict=True):
        if one.code not in doubtful and one.ex_day is not None and _SMALLEST <= one.step < 1:
            yield from _hypotheses(found, one, names)


def _doubtful(paid: list[_Paid], corroborated: list[list[str]]) -> set[int]:
    """The series in which a run is no adjustment, or runs are of either side."""
    doubtful: set[int] = set()
    sides: dict[int, Side] = {}
    for one, names in zip(paid, corroborated, strict=True):
        if not one.sound(bool(names)) or sides.setdefault(one.code, one.side) is not one.side:
            doubtful.add(one.code)
    return doubtful


def _runs(found: Differences, rows: Ints, context: Context) -> list[Run]:
    ratios = price_ratios(found, rows)
    with np.errstate(invalid="ignore"):
        # At least one digit away from 1, and not below the smallest.
        usable = (np.abs(ratios.row - 1) > ratios.width) & (ratios.row >= _SMALLEST)
        usable &= (ratios.row <= 1 / _SMALLEST) & ratios.alike(ratios.row)
    if usable.sum() < LEAST:
        return []
    code, breaks = found.code[rows], matched_before(found, rows, context)
    runs = []
    for places in runs_of(code, ratios, breaks, usable):
        if _volumes_equal(found, rows[places]):
            run = factor_of(found, rows, ratios, places)
            if run is not None:
                # Its end: no row of the next run of the series may match before it.
                runs.append(replace(run, matched=int(breaks[places[-1]])))
    return runs


def _volumes_equal(found: Differences, rows: Ints) -> bool:
    """True where most volumes are; of the others a second cause may have changed them."""
    volume = found.places(Role.VOLUME)
    if not volume:
        return True
    return bool(found.differs[rows][:, volume].mean() <= 1 - _MOST)


def _paid(found: Differences, rows: Ints, runs: list[Run], context: Context) -> list[_Paid]:
    """The runs that reach back to the start, each with the step of the factor at its end."""
    last = np.array([rows[run.places[-1]] for run in runs], dtype=np.int64)
    following, goes_on = after_rows(found, last, context), matches_after(found, last, context)
    same = found.both & ~found.differs[:, found.places(*PRICES)].any(axis=1)
    back = ~alike_before(found, last, context, same)
    # A factor that changes within a session is no dividend's.
    days = days_in(found, context, found.code[last], found.time[last])
    ends = following.known & (following.day > days)
    closes = (found.places(Role.CLOSE) or found.places(*PRICES))[0]
    paid = []
    for place in np.flatnonzero(back).tolist():
        run, later = runs[place], runs[place + 1] if place + 1 < len(runs) else None
        code = int(found.code[last[place]])
        if later is not None and found.code[rows[later.places[0]]] != code:
            later = None
        side = Side.LEGACY if run.factor < 1 else Side.CANDIDATE
        behind = later.factor if later is not None and later.matched == run.matched else 1.0
        factor, step = run.factor, run.factor / behind
        if side is Side.CANDIDATE:
            factor, step = 1 / factor, 1 / step
        close = float(found.values[other(side)].numbers[last[place], closes])
        leads = later is not None or bool(goes_on[place])
        ex = int(following.day[place]) if ends[place] else None, int(following.time[place])
        paid.append(_Paid(rows[run.places], code, leads, side, factor, step, close, run.width, *ex))
    return paid


def _hypotheses(found: Differences, paid: _Paid, corroborated: list[str]) -> Iterator[Hypothesis]:
    """The adjusted side divided; and for rows that this leaves, the other side multiplied."""
    down = _changed(found, paid.rows, paid.side, 1 / paid.factor)
    yield _hypothesis(found, paid, paid.rows, down, corroborated)
    undone = found.take(paid.rows).after({down.side: down.values}, down.slack)
    rest = paid.rows[undone.differs.any(axis=1)]
    if len(rest):
        up = _changed(found, rest, other(paid.side), paid.factor)
        yield _hypothesis(found, paid, rest, up, corroborated)


def _changed(found: Differences, rows: Ints, side: Side, factor: float) -> Changed:
    values = found.values[side].take(rows)
    numbers, places = values.numbers.copy(), found.places(*PRICES)
    numbers[:, places] *= factor
    halves = half_units(found, other(side), rows) + half_units(found, side, rows) * factor
    slack = np.zeros(numbers.shape)
    slack[:, places] = halves[:, places]
    return Changed(side, values.with_numbers(numbers), slack)


def _hypothesis(
    found: Differences, paid: _Paid, rows: Ints, proof: Changed, corroborated: list[str]
) -> Hypothesis:
    code = int(found.code[rows[0]])
    side, factor, symbol = paid.side, short(paid.factor, 8), found.symbols[code]
    ex_date = day_text(paid.ex_day)
    dividend = _simplest((1 - paid.step) * paid.close, 2 * paid.width * paid.close)
    does = "divide" if proof.side is side else "multiply"
    evidence: dict[str, Any] = {
        "factor": factor,
        "ex_date": ex_date,
        "dividend": dividend,
        "adjusted_side": side.value,
    }
    if corroborated:
        evidence["corroborated_by"] = corroborated
    return Hypothesis(
        rows=rows,
        proof=proof,
        identity=(
            side.value, str(ex_date), symbol if symbol is not None else str(found.series[code])
        ),
        says=f"{whose(found, code)} before {ex_date}: {side.value}'s prices are adjusted for a "
        f"dividend of about {dividend:g} a share (factor {factor:g}), {other(side).value}'s "
        "are not",
        undo=f"{does} {proof.side.value}'s prices by {factor:g}",
        evidence=evidence,
        least=LEAST,
        side=proof.side,
    )  # fmt: skip


def _simplest(value: float, width: float) -> float:
    """The number with the fewest decimals (two at least) that is as near as is known."""
    for decimals in range(2, 6):
        if abs(round(value, decimals) - value) <= width:
            return round(value, decimals)
    return round(value, 6)


def _steps(found: Differences, paid: list[_Paid], series: Series, context: Context) -> Bools:
    """Where another series, on either side, steps at the ex-date against unadjusted prices."""
    close = (found.places(Role.CLOSE) or found.places(*PRICES))[0]
    last = np.array([one.rows[-1] for one in paid], dtype=np.int64)
    code = np.concatenate([found.code[last]] * 2)
    time = np.concatenate([found.time[last], [one.ex_time for one in paid]])
    wanted = np.array([one.step for one in paid])
    width = _STEP + 2 * np.array([one.width for one in paid])
    steps = np.zeros(len(paid), dtype=bool)
    for side in Side:
        own = context.own(other(side))  # not adjusted, so that the step is the other series' own
        mine = np.array([one.side is side for one in paid])
        for theirs in series.rows.values():
            if own is None or not len(own) or not len(theirs):
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = _at(theirs, code, time, close) / _at(own, code, time, close)
                step = ratio[: len(paid)] / ratio[len(paid) :]
                steps |= mine & (np.abs(step - wanted) <= width)
    return steps


def _at(rows: Rows, code: Ints, time: Ints, field: int) -> Floats:
    """A field at some series and times; NaN where there is no row."""
    place = rows.find(code, time)
    return np.where(place >= 0, rows.values.numbers[place, field], np.nan)


RULE = Rule(
    cause=Cause.DIVIDEND_ADJUSTMENT, kinds=frozenset({Kind.BARS}), order=62, propose=_propose
)
