"""Discrepancies by column, a batch at a time: how a spool holds them and how they are written.

A million rows handled one by one cost several times as much as the same million by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, repeat
from typing import Any, Protocol

from parity.model.result import Discrepancy, RowState

__all__ = ["Batch", "Column", "Owned", "Rows", "Side", "batches_of", "pack"]

ROWS = 1024
_STATES = {state.value: state for state in RowState}
_DECIMALS = ({Decimal}, {Decimal, type(None)})


@dataclass(slots=True)
class Column:
    """Values of one column, None also where a side has no row. `decimal`: decimals, as text."""

    values: Sequence[Any]
    decimal: bool

    @classmethod
    def of(cls, values: Sequence[Any]) -> Column:
        """A column of plain values."""
        kinds = set(map(type, values))
        if kinds not in _DECIMALS:
            return cls(values, False)
        if len(kinds) == 1:
            return cls(list(map(str, values)), True)
        return cls([None if value is None else str(value) for value in values], True)

    def plain(self) -> Iterable[Any]:
        """The values, decimals as such."""
        if not self.decimal:
            return self.values
        if None in self.values:
            return [None if text is None else Decimal(text) for text in self.values]
        return map(Decimal, self.values)


@dataclass(slots=True)
class Side:
    """The compared columns of one side; `present` says which rows it has, None: all."""

    names: tuple[str, ...]
    columns: list[Column]
    present: list[bool] | None

    def rows(self) -> Iterable[dict[str, Any] | None]:
        """The side's values, row by row."""
        plain = zip(*(column.plain() for column in self.columns), strict=True)
        rows = map(dict, map(zip, repeat(self.names), plain)) if self.columns else repeat({})
        if self.present is None:
            return rows
        return (row if there else None for row, there in zip(rows, self.present, strict=False))


@dataclass(slots=True)
class Batch:
    """Some discrepancies of one dataset, by column."""

    states: list[str]
    key: list[Column]
    columns: list[tuple[str, ...]]
    legacy: Side
    candidate: Side
    incidents: list[str]

    def __len__(self) -> int:
        return len(self.states)

    def rows(self) -> Iterator[Discrepancy]:
        """The discrepancies one by one."""
        keys = (
            zip(*(column.plain() for column in self.key), strict=True) if self.key else repeat(())
        )
        for state, key, names, legacy, candidate, incident in zip(
            self.states, keys, self.columns, self.legacy.rows(), self.candidate.rows(),
            self.incidents, strict=False,
        ):  # fmt: skip
            yield Discrepancy(
                state=_STATES[state],
                key=key,
                legacy=legacy,
                candidate=candidate,
                columns=names,
                incident=incident,
            )

    def to_plain(self) -> tuple[Any, ...]:
        """The batch as tuples and lists, which pickle fast."""
        key = [(column.values, column.decimal) for column in self.key]
        sides = [
            (side.names, [(column.values, column.decimal) for column in side.columns], side.present)
            for side in (self.legacy, self.candidate)
        ]
        # Until causes have been looked for, no row has an incident.
        incidents = self.incidents if any(self.incidents) else None
        return self.states, key, self.columns, incidents, *sides

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Batch:
        """The batch that `to_plain` was asked for."""
        states, key, columns, incidents, *sides = plain
        legacy, candidate = (
            Side(names, [Column(*column) for column in held], present)
            for names, held, present in sides
        )
        return cls(
            states,
            [Column(*column) for column in key],
            columns,
            legacy,
            candidate,
            [""] * len(states) if incidents is None else incidents,
        )


def pack(rows: Sequence[Discrepancy]) -> Iterator[Batch]:
    """The rows in one batch; in more where their columns are not the same."""
    sizes = {len(found.key) for found in rows}
    legacy = _side([found.legacy for found in rows])
    candidate = _side([found.candidate for found in rows])
    if legacy is None or candidate is None or len(sizes) > 1:
        middle = len(rows) // 2
        yield from pack(rows[:middle])
        yield from pack(rows[middle:])
    elif rows:
        yield Batch(
            [found.state._value_ for found in rows],  # .value is a slow property
            list(map(Column.of, zip(*[found.key for found in rows], strict=True))),
            [found.columns for found in rows],
            legacy,
            candidate,
            [found.incident for found in rows],
        )


def _side(rows: Sequence[dict[str, Any] | None]) -> Side | None:
    """The rows by column; None where they have different columns."""
    held = [row for row in rows if row is not None]
    names = tuple(held[0]) if held else ()
    if any(map(names.__ne__, map(tuple, held))):
        return None
    present = None if len(held) == len(rows) else [row is not None for row in rows]
    nothing = dict.fromkeys(names)
    values = held if present is None else [nothing if row is None else row for row in rows]
    columns = zip(*(row.values() for row in values), strict=True) if names else ()
    return Side(names, list(map(Column.of, columns)), present)


def batches_of(rows: Iterable[Discrepancy]) -> Iterator[Batch]:
    """Any discrepancies in batches; a spool hands out its own."""
    own = getattr(rows, "batches", None)
    if own is not None:
        yield from own()
        return
    stream = iter(rows)
    while some := list(islice(stream, ROWS)):
        yield from pack(some)


class Rows(Protocol):
    """Discrepancies that can be read again and again, by column or one by one: a spool."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Discrepancy]: ...

    def batches(self) -> Iterator[Batch]:
        """The same by column."""
        ...


@dataclass(frozen=True, slots=True)
class Owned:
    """Discrepancies with the incidents they belong to: `owners` has an id for each, in order.

    The rows stay where they are; nothing is written again.
    """

    rows: Rows
    owners: Sequence[str]

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.owners):
            raise ValueError(f"{len(self.rows)} discrepancies have {len(self.owners)} owners")

    def __len__(self) -> int:
        return len(self.owners)

    def __iter__(self) -> Iterator[Discrepancy]:
        for batch in self.batches():
            yield from batch.rows()

    def batches(self) -> Iterator[Batch]:
        """The discrepancies by column."""
        start = 0
        for batch in self.rows.batches():
            batch.incidents = list(self.owners[start : start + len(batch)])
            start += len(batch)
            yield batch
