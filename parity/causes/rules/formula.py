"""formula: one side computes an indicator in another way.

Test: from one set of bars and one stretch of history, one formula gives one side's values and
another formula the other side's, but for floating point (not merely within tolerance), in every
column that belongs together (all lines of a MACD or a Bollinger band, differing or not). At least
three rows, or one row in which two such columns differ.
Proof: computed by the other side's formula, the row is the other side's row.

It comes before null_mismatch: that a value starts later or is undefined is a matter of formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.context import Context
from parity.causes.dailybars import daily_inputs
from parity.causes.formulas import Choice, Group, choices, groups
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.recompute import Recomputed
from parity.causes.replayed import Source
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.sheet import Sheet
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_ROWS = 3


@dataclass(frozen=True, slots=True)
class _Node:
    """One group of columns with one pair of formulas, and the rows that it explains."""

    group: Group
    choice: Choice
    rows: Ints  # places in the rows that are looked at
    strong: bool

    @property
    def side(self) -> Side:
        """The side whose formula is not the usual one."""
        return self.choice.side

    @property
    def name(self) -> str:
        """For the incident's identity."""
        pair = "/".join(self.choice.of[side].how.key for side in Side)
        return f"{self.group.what[0].family.value}:{pair}"


def _propose(found: Differences, rows: Ints, context: Context) -> Iterable[Hypothesis]:
    bars = daily_inputs(context)
    sheet = Sheet(found, context)
    if bars is None or not sheet.indicators:
        return
    left = rows[found.both[rows] & found.differs[rows][:, list(sheet.indicators)].any(axis=1)]
    for side in (Side.CANDIDATE, Side.LEGACY):  # the bars of either; mostly they are the same
        if not len(left):
            return
        source = Source(Recomputed(bars[side]), sheet.standard(bars[side], left))
        nodes = list(_nodes(sheet, left, source))
        for members, mine in _together(nodes, len(left)):
            yield _hypothesis(sheet, left, source, members, mine)
        done = np.zeros(len(left), dtype=bool)
        for node in nodes:
            done[node.rows] = True
        left = left[~done]


def _nodes(sheet: Sheet, rows: Ints, source: Source) -> Iterator[_Node]:
    for group in groups(sheet):
        differs = sheet.found.differs[rows][:, list(group.places)]
        mine = np.flatnonzero(differs.any(axis=1))
        for choice, good in choices(sheet, rows, mine, group, source):
            strong = bool((differs[good].sum(axis=1) > 1).any())
            if strong or len(good) >= _ROWS:
                yield _Node(group, choice, good, strong)


def _together(nodes: list[_Node], size: int) -> Iterator[tuple[list[_Node], Ints]]:
    """Nodes that share rows, and all their rows: what changed together is one incident."""
    masks: list[Bools] = []
    parts: list[list[_Node]] = []
    for node in nodes:
        mask = np.zeros(size, dtype=bool)
        mask[node.rows] = True
        members = [node]
        for place in reversed(range(len(parts))):
            if (masks[place] & mask).any():
                mask |= masks.pop(place)
                members = parts.pop(place) + members
        masks.append(mask)
        parts.append(members)
    for mask, members in zip(masks, parts, strict=True):
        yield members, np.flatnonzero(mask)


def _hypothesis(
    sheet: Sheet, rows: Ints, source: Source, nodes: list[_Node], mine: Ints
) -> Hypothesis:
    found = sheet.found
    side = nodes[0].side if len({node.side for node in nodes}) == 1 else Side.LEGACY
    values = found.values[side].take(rows[mine])
    numbers, null = values.numbers.copy(), values.null.copy()
    for node in nodes:
        which = np.searchsorted(mine, node.rows)
        part = source.take(node.rows)
        for place, undone in node.choice.undone(sheet, side, rows[node.rows], node.group, part):
            numbers[which, place], null[which, place] = undone, np.isnan(undone)
    words = {
        found.fields[place].name: node.choice.words(side, what)
        for node in nodes
        for place, what in zip(node.group.places, node.group.what, strict=True)
        if found.differs[rows[node.rows], place].any()
    }
    said = "; ".join(dict.fromkeys(words.values()))
    strong = any(node.strong for node in nodes)
    return Hypothesis(
        rows=rows[mine],
        proof=Changed(side, values.with_numbers(numbers, null)),
        identity=(side.value, *sorted({node.name for node in nodes})),
        says=f"{{symbols}}: {side.value} computes {said}",
        undo=f"compute again as {other(side).value} does",
        evidence={"formulas": words, "columns": list(words)},
        least=1 if strong else _ROWS,
        side=side,
    )


RULE = Rule(
    cause=Cause.FORMULA, kinds=frozenset({Kind.INDICATORS}), order=48, propose=_propose, second=True
)
