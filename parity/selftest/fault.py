"""What a seeded fault is: changes of rows, and what has to be found and said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.selftest.bed import Bed

__all__ = ["EVERYTHING", "Changes", "Fault", "ImpossibleError", "Seeded"]

EVERYTHING = frozenset(Kind)


class ImpossibleError(Exception):
    """The rows do not allow the fault; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What happens to the rows of one side. Rows are meant by their place in the bed.

    Attributes:
        side: Whose rows.
        edits: New values of some columns; the time column may be among them.
        inserts: Rows to copy, and the columns in which the copy is another.
        deletes: Rows to take away.
        types: Columns that get another type, after all that.
        unique: False where the table must allow a key twice.
    """

    side: Side
    edits: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    inserts: Sequence[tuple[int, Mapping[str, Any]]] = ()
    deletes: frozenset[int] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    unique: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A fault in place.

    Attributes:
        side: Where it is.
        changes: To the dataset's rows.
        told: Its parameters, in words.
        inputs: To the rows of the bars that the dataset is computed from, by their place there.
        kept: The session at which, says the journal of revisions, the other side had the rows
            that this side has with the fault.
        accepted: By key, the causes that are right for that row where it is not the fault's own.
    """

    side: Side
    changes: Sequence[Changes]
    told: str
    inputs: Changes | None = None
    kept: date | None = None
    accepted: Mapping[tuple[Any, ...], frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way of seeding a cause.

    Attributes:
        cause: What has to be said of its rows; `unexplained` for edits that no cause explains.
        kinds: Of the datasets that it can be seeded in.
        seed: Draws one; None where what was drawn changes nothing. Raises ImpossibleError where
            nothing that could be drawn would.
        name: Tells faults of one cause apart.
    """

    cause: str
    kinds: frozenset[Kind]
    seed: Callable[[Bed, Random], Seeded | None]
    name: str = ""

    @property
    def control(self) -> bool:
        """True for an edit that must stay unexplained."""
        return self.cause == Cause.UNEXPLAINED
