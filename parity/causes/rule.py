"""What a rule is, what it proposes, and where rules are found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from parity.causes.context import Context
from parity.causes.frame import Differences, Floats, Ints, Values
from parity.model.cause import Cause
from parity.model.suite import Kind
from parity.model.verdict import Side

__all__ = ["Changed", "Hypothesis", "Moved", "Proof", "Rule", "Shown", "all_rules"]


@dataclass(frozen=True, slots=True)
class Changed:
    """An undo of values: `values` are those of `side` with the cause undone, row by row.

    The engine compares them with the other side. `slack` is what rounding to the stored type may
    add (by row and field, in the units of the values): keep it to about one unit of the last
    digit, times the factor of the undo.
    """

    side: Side
    values: Values
    slack: Floats | float = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """An undo of keys: with it undone, a row of one side pairs with another row of the other side.

    `counterpart[side]` has, for each of the hypothesis' rows, the row of `side` which the OTHER
    side's row pairs with: which of them exist, and their values. The engine compares the rows that
    each side has with their counterparts; every one must exist and match.
    """

    counterpart: Mapping[Side, tuple[Any, Values]]  # (Bools, Values)


@dataclass(frozen=True, slots=True)
class Shown:
    """A cause that the rows' being there or missing proves by itself: the rule has tested it."""


Proof = Changed | Moved | Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A cause with its parameters, for some rows.

    Attributes:
        rows: Places in the Differences that it may explain; the proof's arrays go along with it.
        proof: How it is proved; only rows that pass are attributed.
        identity: What makes it the same incident on another night: parameters and, mostly, the
            symbol, nothing that grows (no counts, no last day). Rows of equal cause and identity
            are one incident.
        says: One plain sentence for the incident. `{symbols}`, `{rows}`, `{first}`, `{last}` (days)
            and `{span}` (", first to last" where days are known) are replaced when all its rows
            are known.
        undo: What the undo does, in words.
        evidence: Parameters as JSON values.
        least: With fewer proved rows nothing is attributed.
        side: The side to which the undo applies, or which lacks or has the rows.
    """

    rows: Ints
    proof: Proof
    identity: tuple[str, ...]
    says: str
    undo: str
    evidence: dict[str, Any] = field(default_factory=dict)
    least: int = 1
    side: Side | None = None


Propose = Callable[[Differences, Ints, Context], Iterable[Hypothesis]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One cause and its test.

    Attributes:
        cause: Its name.
        kinds: The kinds of datasets it applies to.
        order: Rules with a lower one see the rows first: the more specific, the lower.
        propose: Given all discrepancies, the places of those that are left, and the context, the
            hypotheses. It may propose rows that do not hold; the engine proves.
        second: It may follow another rule's undo, to explain rows by a pair.
    """

    cause: Cause
    kinds: frozenset[Kind]
    order: int
    propose: Propose
    second: bool = False


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every `RULE` (or one of `RULES`) in the modules of `parity.causes.rules`, in their order."""
    from parity.causes import rules

    found: list[Rule] = []
    for module in pkgutil.iter_modules(rules.__path__):
        loaded = importlib.import_module(f"{rules.__name__}.{module.name}")
        if hasattr(loaded, "RULE"):
            found.append(loaded.RULE)
        found.extend(getattr(loaded, "RULES", ()))
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.cause)))
