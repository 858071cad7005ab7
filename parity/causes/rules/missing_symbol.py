"""A side has no row at all of a series that the other side has.

Test and proof: the number of the series' rows on each side. All rows of the series are the other
side's; with the series loaded there would be a row for each.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.context import Context
from parity.causes.frame import Differences, Ints, other
from parity.causes.rule import Hypothesis, Rule, Shown
from parity.causes.serieswise import alone, brace, grouped, series_text
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    for lacking in Side:
        only = alone(found, rows, other(lacking))
        if not len(only):
            continue
        theirs = context.extent(other(lacking)).count
        none = (context.extent(lacking).count == 0) & (theirs > 0)
        mine = only[none[found.code[only]]]
        for part in grouped(found.code[mine]):
            code = int(found.code[mine[part[0]]])
            name = series_text(found, code)
            total = int(theirs[code])
            yield Hypothesis(
                rows=np.asarray(mine[part]),
                proof=Shown(),
                identity=(lacking.value, name),
                says=f"{lacking.value} has no row at all of {brace(name)}; {other(lacking).value} "
                f"has {total:,} ({{first}} to {{last}})",
                undo=f"load {name} into {lacking.value}",
                evidence={"rows_of_the_other_side": total},
                side=lacking,
            )


RULE = Rule(
    cause=Cause.MISSING_SYMBOL,
    kinds=frozenset({Kind.BARS, Kind.INDICATORS}),
    order=20,
    propose=_propose,
)
