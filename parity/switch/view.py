"""A view with the columns that it has, whichever side it reads.

What consumers read is a view over two more: the gate, which is one for all views of a schema, and
one that says what is read now. A switch replaces the latter only, and has the gate meanwhile. A
reader comes through the gate with the first view that it reads and stays in it until its
transaction ends; so whoever has the gate alone finds nobody in any of the views behind it, in
whatever order readers read them. Without a gate a switch would hold one view and wait for another
that a reader holds who waits for the first: under load that never ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parity.model.plan import Served
from parity.model.suite import Relation
from parity.model.verdict import Side

__all__ = ["GATE", "MARK", "MARKET", "NOW", "View", "in_order"]

MARKET = "market"
MARK = "parity_side"
GATE = "parity_gate"
NOW = "parity_now_"
LONGEST_NAME = 63  # bytes


@dataclass(frozen=True, slots=True)
class View:
    """What consumers read under one name.

    Attributes:
        served: its name and what it reads on either side.
        columns: name and type of each column, in order. A type is as SQL has it, with its
            modifier and, where it is not the type's own, its collation.
        marked: it has one more column, `parity_side`, that says which side it reads; for drills.
    """

    served: Served
    columns: tuple[tuple[str, str], ...]
    marked: bool = False

    @property
    def name(self) -> str:
        """The view's name, without a schema."""
        return self.served.view

    @property
    def now(self) -> str:
        """Name of the view below it that says what is read now."""
        name = f"{NOW}{self.name}"
        if len(name.encode()) <= LONGEST_NAME:
            return name
        return f"{NOW}{hashlib.sha256(self.name.encode()).hexdigest()[:40]}"

    def of(self, side: Side) -> tuple[tuple[str, str, str], ...]:
        """What it shows of a side: the side's column, its type here, its name here."""
        rename = dict(self.served.rename) if side is Side.CANDIDATE else {}
        return tuple((rename.get(name, name), kind, name) for name, kind in self.columns)

    def with_mark(self) -> View:
        """The same view for a drill."""
        return replace(self, marked=True)

    def to_json(self) -> dict[str, Any]:
        """An entry of `switch.views` in the trail."""
        return {
            "view": self.name,
            "legacy": [self.served.legacy.schema, self.served.legacy.table],
            "candidate": [self.served.candidate.schema, self.served.candidate.table],
            "columns": [list(column) for column in self.columns],
            "rename": dict(self.served.rename),
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> View:
        """The view that `to_json` was asked for."""
        served = Served(
            view=content["view"],
            legacy=Relation(*content["legacy"]),
            candidate=Relation(*content["candidate"]),
            rename=tuple(content["rename"].items()),
        )
        return cls(served, tuple((name, kind) for name, kind in content["columns"]))


def in_order(views: Sequence[View]) -> list[View]:
    """By name: whoever locks several of them does it in the same order."""
    return sorted(views, key=lambda view: view.name)
