"""Folds attributed rows into incidents: one pass, memory by incident and not by row."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.causes.context import DAY, Context
from parity.causes.evidence import Deltas, day_text, examples_of, why_not
from parity.causes.frame import NO_TIME, STATES, Differences, Ints, Values
from parity.causes.rule import Hypothesis
from parity.causes.serieswise import grouped
from parity.model.cause import PAIR, Cause, severity
from parity.model.result import Incident, Scope
from parity.model.verdict import Side

__all__ = ["Claim", "Fold", "identity_of"]

EXAMPLES = 3
SOME = 12  # symbols named in a sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that one undo explains, or one and then a second.

    `proved` are places in the hypothesis' rows.
    """

    cause: Cause
    hypothesis: Hypothesis
    proved: Ints
    second: Cause | None = None
    then: Hypothesis | None = None
    # Of a pair: the values of both sides, by the hypothesis' rows, with both undone.
    undone: Mapping[Side, Values] | None = None

    @property
    def name(self) -> str:
        """The cause as the incident names it."""
        return f"{self.cause}{PAIR}{self.second}" if self.second else str(self.cause)

    @property
    def identity(self) -> tuple[str, ...]:
        """Of the incident, beside its cause."""
        then = self.then.identity if self.then else ()
        return (*self.hypothesis.identity, *then)


@dataclass(slots=True)
class _Group:
    cause: str
    proved: bool
    claim: Claim | None = None
    rows: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    symbols: dict[str, None] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    states: Counter[str] = field(default_factory=Counter)
    deltas: Deltas = field(default_factory=Deltas)
    examples: list[dict[str, Any]] = field(default_factory=list)
    near: Counter[str] = field(default_factory=Counter)
    blind: int = 0
    tried: tuple[str, ...] = ()


def identity_of(dataset: str, cause: str, identity: tuple[str, ...]) -> str:
    """The id of an incident: the same on every night."""
    text = "\x1f".join((dataset, cause, *identity))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Fold:
    """The incidents of one dataset.

    Args:
        context: of the dataset; says what its days are.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._groups: dict[str, _Group] = {}

    def add(self, found: Differences, claim: Claim) -> str:
        """Counts the rows of a claim into its incident; returns the incident's id."""
        rows = claim.hypothesis.rows[claim.proved]
        ident = self._ident(claim.name, claim.identity)
        group = self._groups.setdefault(ident, _Group(claim.name, True, claim))
        self._count(group, found, rows)
        if len(group.examples) < EXAMPLES:
            group.examples += examples_of(self._context, found, claim, EXAMPLES)
            del group.examples[EXAMPLES:]
        return ident

    def unexplained(
        self, found: Differences, rows: Ints, tried: list[Cause], near: dict[int, str]
    ) -> list[str]:
        """Counts rows without a cause, by symbol, else by state; returns their incidents' ids."""
        blind = found.take(rows).blind
        owner = np.full(len(rows), "", dtype=object)
        for name, places in self._by_name(found, rows).items():
            mine = rows[places]
            ident = self._ident(str(Cause.UNEXPLAINED), (name,))
            owner[places] = ident
            group = self._groups.setdefault(ident, _Group(str(Cause.UNEXPLAINED), False))
            self._count(group, found, mine)
            group.tried = tuple(tried)
            group.blind += int(blind[places].sum())
            group.near.update(near[row] for row in mine.tolist() if row in near)
            if len(group.examples) < EXAMPLES:
                group.examples += examples_of(self._context, found, mine, EXAMPLES)
                del group.examples[EXAMPLES:]
        found_ids: list[str] = owner.tolist()
        return found_ids

    def incidents(self) -> tuple[Incident, ...]:
        """The incidents: unproved first, then by rows times severity."""
        found = [self._incident(ident, group) for ident, group in self._groups.items()]
        return tuple(
            sorted(found, key=lambda one: (one.proved, -one.rows * severity(one.cause), one.id))
        )

    def _ident(self, cause: str, identity: tuple[str, ...]) -> str:
        return identity_of(self._context.dataset.name, cause, identity)

    def _by_name(self, found: Differences, rows: Ints) -> dict[str, Ints]:
        """Places in `rows` by symbol; by state where a row has no symbol."""
        out: dict[str, list[Ints]] = {}
        kinds = found.code[rows] * len(STATES) + found.state[rows]
        for some in grouped(kinds):
            row = rows[some[0]]
            symbol = found.symbols[found.code[row]]
            name = str(STATES[found.state[row]].value) if symbol is None else symbol
            out.setdefault(name, []).append(some)
        return {name: np.sort(np.concatenate(places)) for name, places in out.items()}

    def _count(self, group: _Group, found: Differences, rows: Ints) -> None:
        group.rows += len(rows)
        differs = found.differs[rows].any(axis=0)
        for place in np.flatnonzero(differs).tolist():
            group.columns.setdefault(found.fields[place].name)
        for code in np.unique(found.code[rows]).tolist():
            symbol = found.symbols[code]
            if symbol is not None:
                group.symbols.setdefault(symbol)
        times = found.time[rows]
        times = times[times != NO_TIME]
        if len(times):
            ends = np.array([times.min(), times.max()])
            # Daily rows stamped midnight UTC are of that date, whatever the day is elsewhere.
            daily = bool((times % DAY == 0).all())
            days = ends // DAY if daily else self._context.days(ends)
            first, last = int(days[0]), int(days[1])
            group.first = first if group.first is None else min(group.first, first)
            group.last = last if group.last is None else max(group.last, last)
        places, counts = np.unique(found.state[rows], return_counts=True)
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            group.states[STATES[place].value] += count
        group.deltas.add(found, rows)

    def _incident(self, ident: str, group: _Group) -> Incident:
        symbols = tuple(sorted(group.symbols))
        scope = Scope(symbols=symbols, first=day_text(group.first), last=day_text(group.last))
        words = {
            "symbols": _some(symbols),
            "rows": f"{group.rows:,}",
            "first": scope.first or "",
            "last": scope.last or "",
            "span": f", {scope.first} to {scope.last}" if scope.first else "",
        }
        return Incident(
            id=ident,
            cause=group.cause,
            proved=group.proved,
            rows=group.rows,
            columns=tuple(group.columns),
            scope=scope,
            evidence=self._evidence(group, words),
            explained_by=_follows(group),
        )

    def _evidence(self, group: _Group, words: dict[str, str]) -> dict[str, Any]:
        if group.claim is None:
            evidence: dict[str, Any] = {
                "why_not": why_not(
                    states=group.states,
                    deltas=group.deltas,
                    near=group.near,
                    blind=group.blind,
                    tried=group.tried,
                )
            }
        else:
            evidence = _claimed(group.claim, words)
        evidence["examples"] = group.examples
        evidence["deltas"] = group.deltas.to_json()
        evidence["states"] = dict(group.states)
        plain: dict[str, Any] = _plain(evidence)
        return plain


def _claimed(claim: Claim, words: dict[str, str]) -> dict[str, Any]:
    steps = [claim.hypothesis, *([claim.then] if claim.then else [])]
    evidence: dict[str, Any] = {}
    for step in reversed(steps):
        evidence |= step.evidence
    says = [step.says.format(**words) for step in steps]
    evidence["says"] = "; and then ".join(says)
    evidence["undo"] = "; then ".join(step.undo for step in steps)
    if claim.hypothesis.side is not None:
        evidence["side"] = claim.hypothesis.side.value
    return evidence


def _plain(value: Any) -> Any:
    """As JSON can hold it, whatever arithmetic it came from."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _follows(group: _Group) -> str | None:
    if group.claim is None:
        return None
    incidents = group.claim.hypothesis.evidence.get("incidents")
    return incidents[0] if incidents else None


def _some(symbols: tuple[str, ...]) -> str:
    if len(symbols) <= SOME:
        return ", ".join(symbols)
    return f"{', '.join(symbols[:SOME])} and {len(symbols) - SOME} more"
