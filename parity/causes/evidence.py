"""What people read of an incident: examples before and after the undo, deltas, why no rule held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from parity.causes.context import Context
from parity.causes.frame import NO_TIME, Differences, Ints, Values, other
from parity.causes.rule import Changed, Moved
from parity.model.result import RowState
from parity.model.verdict import Side

if TYPE_CHECKING:
    from parity.causes.folding import Claim

__all__ = ["Deltas", "day_text", "examples_of", "why_not"]

_EPOCH = date(1970, 1, 1)
_WORDS = {
    RowState.MISMATCHED.value: "differ",
    RowState.LEGACY_ONLY.value: "only in legacy",
    RowState.CANDIDATE_ONLY.value: "only in candidate",
    RowState.DUPLICATE_KEY.value: "with a duplicate key",
    RowState.NULL_KEY.value: "with a null key",
}


def day_text(day: int | None) -> str | None:
    """An ISO date of days since 1970; the nearest one that Python knows."""
    if day is None:
        return None
    first, last = (date.min - _EPOCH).days, (date.max - _EPOCH).days
    return (_EPOCH + timedelta(days=min(max(day, first), last))).isoformat()


@dataclass(slots=True)
class Deltas:
    """The largest deltas by column, of rows that both sides have."""

    largest: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def add(self, found: Differences, rows: Ints) -> None:
        """Takes rows in."""
        differs = found.differs[rows]
        left = found.values[Side.LEGACY].numbers[rows]
        right = found.values[Side.CANDIDATE].numbers[rows]
        for place in np.flatnonzero(differs.any(axis=0)).tolist():
            name, mine = found.fields[place].name, differs[:, place]
            with np.errstate(invalid="ignore", over="ignore"):
                delta = np.abs(right[mine, place] - left[mine, place])
                size = np.maximum(np.abs(right[mine, place]), np.abs(left[mine, place]))
                finite = np.isfinite(delta)
                relative = delta[finite] / np.where(size[finite] > 0, size[finite], 1)
            before = self.largest.get(name, (None, None))
            self.largest[name] = (
                _larger(before[0], delta[finite]),
                _larger(before[1], relative),
            )

    def to_json(self) -> dict[str, dict[str, float | None]]:
        """`deltas` of an incident's evidence."""
        return {
            name: {"max_abs": found[0], "max_rel": found[1]} for name, found in self.largest.items()
        }


def _larger(before: float | None, values: Any) -> float | None:
    if not len(values):
        return before
    largest = float(f"{float(values.max()):.12g}")
    return largest if before is None else max(before, largest)


def examples_of(
    context: Context, found: Differences, claim: Claim | Ints, most: int
) -> list[dict[str, Any]]:
    """The first, the middle and the last of the rows, with both sides and the undone values."""
    if isinstance(claim, np.ndarray):
        rows, places, proof = claim, np.arange(len(claim)), None
    else:
        rows, places = claim.hypothesis.rows[claim.proved], claim.proved
        proof = claim.hypothesis.proof
    if not len(rows):
        return []
    chosen = sorted({0, len(rows) // 2, len(rows) - 1})[:most]
    both = None if isinstance(claim, np.ndarray) else claim.undone
    return [
        _example(
            context,
            found,
            int(rows[one]),
            _undone(proof, int(places[one]), found, rows[one]),
            both,
        )
        for one in chosen
    ]


def _undone(
    proof: Any, place: int, found: Differences, row: int
) -> tuple[Side, Values, int] | None:
    if isinstance(proof, Changed):
        return proof.side, proof.values, place
    if isinstance(proof, Moved):
        # The row of the other side which this one pairs with once the move is undone.
        mine = Side.CANDIDATE if found.present[Side.CANDIDATE][row] else Side.LEGACY
        return other(mine), proof.counterpart[other(mine)][1], place
    return None


def _example(
    context: Context,
    found: Differences,
    row: int,
    undone: tuple[Side, Values, int] | None,
    pair: Mapping[Side, Values] | None,
) -> dict[str, Any]:
    both = bool(found.present[Side.LEGACY][row] and found.present[Side.CANDIDATE][row])
    places = np.flatnonzero(found.differs[row]).tolist() if both else range(len(found.fields))
    columns = list(places) or list(range(len(found.fields)))
    example: dict[str, Any] = {"key": _key(context, found, row)}
    for side in Side:
        if found.present[side][row]:
            example[side.value] = _texts(found, found.values[side], row, columns)
    if undone is not None:
        side, values, place = undone
        if pair is not None:
            values = pair[side]
        example["undone"] = _texts(found, values, place, columns)
        if pair is not None:
            # The second undo may be of the other side.
            kept = _texts(found, found.values[other(side)], row, columns)
            changed = _texts(found, pair[other(side)], place, columns)
            for name in changed:
                if changed[name] != kept[name]:
                    example["undone"][name] += f" = {other(side).value}'s {changed[name]}"
    return example


def _key(context: Context, found: Differences, row: int) -> dict[str, str]:
    dataset = context.dataset
    values = found.series[found.code[row]]
    key = {name: str(value) for name, value in zip(found.names, values, strict=True)}
    moment = int(found.time[row])
    if dataset.time is not None and moment != NO_TIME:
        key[dataset.time] = _moment(context, moment)
    return key


def _moment(context: Context, time: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    if context.dated:
        return moment.date().isoformat()
    try:
        return moment.astimezone(context.zone).isoformat(sep=" ")
    except OverflowError:  # the first or last hours that Python knows
        return moment.isoformat(sep=" ")


def _texts(found: Differences, values: Values, row: int, columns: list[int]) -> dict[str, str]:
    texts = {}
    for place in columns:
        if found.fields[place].number:
            null = bool(values.null[row, place])
            texts[found.fields[place].name] = (
                "null" if null else _number(float(values.numbers[row, place]))
            )
        elif place in values.texts:
            value = values.texts[place][row]
            texts[found.fields[place].name] = "null" if value is None else str(value)
    return texts


def _number(value: float) -> str:
    text = f"{value:.15g}"
    return f"{value:.12g}" if len(text) > 17 else text


def why_not(
    *,
    states: Counter[str],
    deltas: Deltas,
    near: Counter[str],
    blind: int,
    tried: tuple[str, ...],
) -> str:
    """One sentence why no rule held."""
    what = [f"{count:,} {_WORDS[state]}" for state, count in states.most_common()]
    parts = [", ".join(what)]
    if deltas.largest:
        largest = [
            f"{name} by up to {found[1]:.4%}" if found[1] is not None else f"{name} null or text"
            for name, found in deltas.largest.items()
        ]
        parts.append(f"largest differences: {', '.join(largest[:6])}")
    if blind:
        parts.append(f"{blind:,} differ only in digits that doubles cannot hold")
    if near:
        parts.append(near.most_common(1)[0][0])
    parts.append(f"undone {_listed(tried)}: no row matched" if tried else "no rule applies")
    return "; ".join(parts)


def _listed(tried: tuple[str, ...]) -> str:
    return f"each of {len(tried)} causes" if len(tried) > 4 else ", ".join(tried)
