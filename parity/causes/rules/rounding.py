"""One side's values are the other's, rounded to fewer decimals or to single precision.

Test: among the differing cells of a symbol and column that are near enough to be a rounding (less
than one unit of the coarse side's last decimal apart), at least three rows and four cells in five
are what rounding the finer side gives; and three in ten of the finer side's rows around them have
such decimals, so that it is not the finer side that was changed in these rows. The mode is told
apart where ties or signs allow it. What was lost must be above 0.1 of a unit once (0.2 where digits
are cut off) and have three sizes, for a constant that was added to one side looks like a rounding
too; a column with fewer sizes follows another with the same decimals and way of rounding.
Proof: with the finer side rounded the same way, the row is equal.

Where symbols have fewer rows, ten rows and nine cells in ten of all symbols must be.

How a column is rounded does not depend on the symbol: rows of all symbols are one incident.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.coarse import FLOAT32, LEAST, REAL, Coarse, agreed, coarse_columns
from parity.causes.context import Context
from parity.causes.decimals import Mode
from parity.causes.frame import Differences, Ints, other
from parity.causes.rule import Changed, Hypothesis, Rule
from parity.causes.scoping import known_equal, listed, scopes_of
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["RULE"]


def _propose(found: Differences, rows: Ints, context: Context) -> Iterator[Hypothesis]:
    rows = rows[found.both[rows]]
    if not len(rows):
        return
    scopes = scopes_of(found, rows, context).number
    columns: dict[Side, list[Coarse]] = {side: [] for side in Side}
    for place, field in enumerate(found.fields):
        if field.number:
            for side, column in coarse_columns(found, rows, scopes, place, context):
                columns[side].append(column)
    for coarse, some in columns.items():
        told = agreed(some)
        if told:
            yield from _hypotheses(found, told, coarse)


def _hypotheses(found: Differences, columns: list[Coarse], coarse: Side) -> Iterator[Hypothesis]:
    """One for each number of decimals, and one of all columns, for rows with several."""
    kinds: dict[tuple[int, str], list[Coarse]] = {}
    for column in columns:
        kinds.setdefault((column.decimals, column.family), []).append(column)
    for alike in kinds.values():
        yield _hypothesis(found, alike, coarse)
    if len(kinds) > 1:
        yield _hypothesis(found, columns, coarse)


def _hypothesis(found: Differences, columns: list[Coarse], coarse: Side) -> Hypothesis:
    fine = other(coarse)
    rows = np.unique(np.concatenate([column.rows for column in columns]))
    values = found.values[fine].take(rows)
    numbers = values.numbers.copy()
    for column in columns:
        numbers[np.searchsorted(rows, column.rows), column.place] = column.values
    how = " or ".join(sorted({_how(found, column, coarse) for column in columns}))
    names = list(dict.fromkeys(found.fields[column.place].name for column in columns))
    kinds = sorted({f"{column.family} {column.decimals}" for column in columns})
    verb = "is" if len(names) == 1 else "are"
    says = f"{coarse.value}'s {listed(names)} {verb} {fine.value}'s {how}"
    return Hypothesis(
        rows=rows,
        proof=Changed(fine, values.with_numbers(numbers), known_equal(found, rows)),
        identity=(coarse.value, *kinds),
        says=f"{{symbols}}: {says}" if any(found.symbols) else says,
        undo=f"take {fine.value}'s {listed(names)} {how}",
        evidence=_evidence(found, columns, coarse),
        least=LEAST,
        side=fine,
    )


def _evidence(found: Differences, columns: list[Coarse], coarse: Side) -> dict[str, object]:
    names = {found.fields[column.place].name: column for column in columns}
    decimals = {
        name: None if column.decimals == FLOAT32 else column.decimals
        for name, column in names.items()
    }
    modes = {name: _mode(column) for name, column in names.items()}
    types = {
        found.fields[column.place].types[coarse]
        for column in columns if _stored(found, column, coarse)
    }  # fmt: skip
    one, mode = set(decimals.values()), set(modes.values())
    evidence: dict[str, object] = {
        "columns": list(names),
        "decimals": next(iter(one)) if len(one) == 1 else decimals,
        "mode": next(iter(mode)) if len(mode) == 1 else modes,
        "rounded_side": coarse.value,
    }
    if types:
        evidence["stored_type"] = ", ".join(sorted(types))
    return evidence


def _stored(found: Differences, column: Coarse, coarse: Side) -> bool:
    """True where the coarse side's column type alone explains it."""
    field = found.fields[column.place]
    if column.decimals == FLOAT32:
        return field.types[coarse] in REAL
    finer = field.decimals(other(coarse))
    return field.decimals(coarse) == column.decimals and (finer is None or finer > column.decimals)


def _mode(column: Coarse) -> str:
    return "float32" if column.decimals == FLOAT32 else " or ".join(column.modes)


def _how(found: Differences, column: Coarse, coarse: Side) -> str:
    if column.decimals == FLOAT32:
        text = "in single precision"
    else:
        text = f"rounded to {_counted(column.decimals)} ({_words(column.modes)})"
    if _stored(found, column, coarse):
        text += f", as its type {found.fields[column.place].types[coarse]} stores it"
    return text


def _counted(decimals: int) -> str:
    if decimals < 2:
        return "one decimal" if decimals else "whole numbers"
    return f"{decimals} decimals"


def _words(modes: tuple[Mode, ...]) -> str:
    if modes == (Mode.NEAREST,):
        return "to the nearest, ties either way"
    text = " or ".join(modes)
    if modes == (Mode.HALF_UP, Mode.HALF_EVEN):
        return f"{text}: no tie among the rows"
    if modes == (Mode.TRUNCATION, Mode.FLOOR):
        return f"{text}: no negative number among the rows"
    return text if len(modes) == 1 else f"{text}: no row tells them apart"


RULE = Rule(cause=Cause.ROUNDING, kinds=frozenset(Kind), order=57, propose=_propose, second=True)
