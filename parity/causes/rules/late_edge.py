"""A series ends earlier, or begins later, on one side than on the other.

Test and proof: rows of one side only, on sessions, after the last row that the other side has of
the series (edge "end") or before its first (edge "start").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.days import Clock
from parity.causes.frame import Bools, Differences, Ints, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import alone, brace, grouped, series_text
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]

_VERB = {"end": "ends", "start": "begins"}
_WHEN = {"end": "earlier than", "start": "later than"}


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    clock = Clock.of(context, len(found.series))
    if clock is None:
        return
    for lacking in Side:
        only = alone(found, rows, other(lacking))
        extent = context.extent(lacking)
        code, time = found.code[only], found.time[only]
        day = clock.days(code, time)
        good = (extent.count[code] > 0) & clock.on_session(day)
        edges: dict[str, Bools] = {
            "end": good & (time > extent.last[code]),
            "start": good & (time < extent.first[code]),
        }
        for edge, there in edges.items():
            mine = np.flatnonzero(there)
            for part in grouped(code[mine]):
                some = mine[part]
                behind = len(np.unique(day[some]))
                yield _hypothesis(found, only[some], lacking, edge, behind)


def _hypothesis(
    found: Differences, rows: Ints, lacking: Side, edge: str, behind: int
) -> Hypothesis:
    name = series_text(found, int(found.code[rows[0]]))
    sessions = "1 session" if behind == 1 else f"{behind:,} sessions"
    return Hypothesis(
        rows=rows,
        proof=Shown(),
        identity=(lacking.value, edge, name),
        says=f"{brace(name)}: {lacking.value} {_VERB[edge]} {_WHEN[edge]} {other(lacking).value}, "
        f"which has {{rows}} more rows on {sessions} ({{first}} to {{last}})",
        undo=f"load {name} into {lacking.value} {'to' if edge == 'end' else 'from'} "
        f"{'the end' if edge == 'end' else 'the start'}",
        evidence={"edge": edge, "behind": behind},
        side=lacking,
    )


RULE = Rule(
    cause=Cause.LATE_EDGE,
    kinds=frozenset({Kind.BARS, Kind.INDICATORS}),
    order=42,
    propose=_propose,
)
