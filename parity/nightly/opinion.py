"""The second opinion: rows fetched once more, in other ways than the diff's, for datacompy.

Where a dataset is compared along its key's index, segments are fetched: stretches of neighbouring
keys, at random places and around discrepancies. Elsewhere rows are picked by a hash of their key.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from parity.database.spool import Spool
from parity.diff import Comparison, DatasetDiff, queries
from parity.diff.layout import keys_at_random
from parity.model.result import Discrepancy, RowState, SecondOpinion
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.opinion import Claim, key_of

__all__ = ["here", "opinion_of"]

PROBED = 200  # single discrepancies that are looked at, where there are no segments
SEGMENT = 100  # rows of a segment

Row = tuple[Any, ...]
Ask = Callable[..., SecondOpinion]


def here(
    dataset: Dataset,
    names: Sequence[str],
    legacy: Sequence[Row],
    candidate: Sequence[Row],
    claimed: Mapping[tuple[Any, ...], Claim],
) -> SecondOpinion:
    """The second opinion in this process."""
    import pandas as pd

    from parity.opinion import second_opinion

    frames = [
        pd.DataFrame(list(rows), columns=list(names), dtype=object) for rows in (legacy, candidate)
    ]
    return second_opinion(dataset, frames[0], frames[1], claimed)


def opinion_of(
    comparison: Comparison,
    diff: DatasetDiff,
    spool: Spool,
    *,
    seed: str,
    budget: int,
    ask: Ask = here,
) -> SecondOpinion:
    """Compares a sample again and holds it against what the diff has found.

    Args:
        comparison: the dataset, in the snapshot in which it was compared.
        diff: what was found.
        spool: all discrepancies.
        seed: picks the same places again for the same seed.
        budget: about how many rows of a side are looked at; half of them around discrepancies.
        ask: who gives the opinion: this process, or a child.
    """
    dice = random.Random(seed)
    dataset = comparison.dataset
    size, zone = len(dataset.key), dataset.timezone
    sides: dict[Side, list[Row]] = {side: [] for side in Side}
    seen: dict[Side, set[tuple[object, ...]]] = {side: set() for side in Side}
    for part in _parts(comparison, diff, spool, dice, budget, seed):
        for side, rows in part.items():
            keys = [key_of(row[:size], zone) for row in rows]
            # Segments may overlap; a doubled key within one is a finding.
            sides[side] += [
                row for key, row in zip(keys, rows, strict=True) if key not in seen[side]
            ]
            seen[side].update(keys)
    claimed = _claims(spool, [*sides[Side.LEGACY], *sides[Side.CANDIDATE]], size, zone)
    return ask(dataset, comparison.names, sides[Side.LEGACY], sides[Side.CANDIDATE], claimed)


def _claims(
    spool: Spool, rows: Sequence[Row], size: int, zone: str | None
) -> dict[tuple[Any, ...], Claim]:
    """What the diff says of the keys of some rows; what it does not speak of has matched."""
    bare, odd = set(), False
    for row in rows:
        try:
            bare.add(row[:size])
            odd = odd or any(value != value for value in row[:size])
        except TypeError:  # a list
            odd = True
    # A list has no hash, and NaN is no NaN: such keys are found in their one form only.
    keys = {key_of(row[:size], zone) for row in rows} if odd else set()
    claimed: dict[tuple[Any, ...], Claim] = {}
    for found in spool:
        # There may be millions of them, and few are wanted: first the quick question.
        if not odd and found.key not in bare:
            continue
        key = key_of(found.key, zone)
        if odd and key not in keys:
            continue
        mismatched = found.state is RowState.MISMATCHED
        claimed[key] = frozenset(found.columns) if mismatched else found.state
    return claimed


def _parts(
    comparison: Comparison,
    diff: DatasetDiff,
    spool: Spool,
    dice: random.Random,
    budget: int,
    seed: str,
) -> Iterator[dict[Side, list[Row]]]:
    layout = diff.layout
    if not layout.places:
        yield _hashed(comparison, diff, seed, budget)
        yield _members(comparison, spool)
        return
    count = max(1, budget // SEGMENT // 2)
    if layout.windowed:
        # What lies beside a discrepancy may not have been compared this night.
        yield _members(comparison, spool)
    else:
        for found in _some(spool, count, dice):
            start = tuple(found.key[place] for place in layout.places)
            yield _stretch(comparison, layout.places, (), start)
    if not layout.slices:
        keys = keys_at_random(comparison, layout.places)
        for start in dice.choices(keys, k=count) if keys else ():
            yield _stretch(comparison, layout.places, (), start)
        return
    pieces = [(one.shape, piece) for one in layout.slices for piece in one.pieces]
    for shape, piece in dice.choices(pieces, k=count):
        tests = [(bound.place, bound.operator, value)
                 for bound, value in zip(shape, piece.values, strict=True)]  # fmt: skip
        reader = comparison.readers[dice.choice(list(Side))]
        skip = int(dice.random() * max(piece.rows - SEGMENT, 0))
        where = queries.somewhere(reader, tests, comparison.types, layout.places, skip)
        yield _stretch(comparison, layout.places, tests, next(iter(comparison.ask(where)), ()))


def _some(spool: Spool, count: int, dice: random.Random) -> list[Discrepancy]:
    """A few discrepancies, each with the same chance."""
    picked: list[Discrepancy] = []
    for number, found in enumerate(spool):
        if number < count:
            picked.append(found)
        elif (place := dice.randrange(number + 1)) < count:
            picked[place] = found
    return picked


def _stretch(
    comparison: Comparison, places: Sequence[int], tests: Sequence[Any], start: Row
) -> dict[Side, list[Row]]:
    """Neighbouring rows from a key on; on either side all that lie between the same two keys."""
    found: dict[Side, list[Row]] = {}
    end: Row | None = None
    for side in (*Side, *Side):  # the later one may have ended the stretch earlier
        part = queries.stretch(
            comparison.readers[side], places, comparison.types, tests, start, end, SEGMENT * 2
        )
        rows = comparison.ask(part)
        if end is None:
            rows = rows[:SEGMENT]
        if rows and (len(rows) == SEGMENT * 2 or (end is None and len(rows) == SEGMENT)):
            end = tuple(rows[-1][place] for place in places)
        found[side] = rows
    return found


def _members(comparison: Comparison, spool: Spool) -> dict[Side, list[Row]]:
    probed = [found.key for found in islice(spool, PROBED) if found.state is not RowState.NULL_KEY]
    if not probed:
        return {}
    return {
        side: comparison.ask(queries.member(comparison.readers[side], probed, comparison.types))
        for side in Side
    }


def _hashed(
    comparison: Comparison, diff: DatasetDiff, seed: str, budget: int
) -> dict[Side, list[Row]]:
    one_in = max(1, max(diff.rows.legacy, diff.rows.candidate) // budget)
    return {
        side: comparison.ask(queries.sampled(comparison.readers[side], seed=seed, one_in=one_in))
        for side in Side
    }
