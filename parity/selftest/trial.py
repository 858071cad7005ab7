"""One fault, from seeding to what the comparison and the rules have said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import psycopg

from parity.diff import Comparison, compare
from parity.exchange import Exchange
from parity.explain import Asked, Explained, Revisions
from parity.model.cause import PAIR, Cause, parts
from parity.model.errors import ParityError
from parity.model.result import Discrepancy, Incident
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.revisions import find, keep
from parity.selftest.bed import other
from parity.selftest.bedding import Stage
from parity.selftest.expected import Expected, expected
from parity.selftest.fault import Fault, ImpossibleError, Seeded
from parity.selftest.scratch import Copies

__all__ = ["Bench", "Explain", "Outcome", "drawn", "judged", "tried"]

Explain = Callable[[Comparison, Iterable[Discrepancy], Asked], Explained]
Found = Sequence[tuple[int, date, Mapping[str, Any]]]
MIGRATION = "parity selftest"  # under which the journal knows of it
DRAWS = 60  # of one fault, until one changes something beyond tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one fault.

    `number` counts the faults of the cause in the dataset: with the seed and the rows it makes
    the fault again. `said` counts its rows by what was said of them; `detail` says what is wrong.
    """

    dataset: str
    cause: str
    number: int
    side: Side
    told: str
    rows: int
    detected: bool
    right: bool
    wrong: bool
    said: Mapping[str, int]
    detail: str = ""

    @property
    def fine(self) -> bool:
        """Detected and attributed right."""
        return self.detected and self.right

    def line(self, seed: str) -> str:
        """The whole story in one line."""
        said = ", ".join(f"{count} {cause}" for cause, count in self.said.items())
        parts = [
            f"{self.cause} #{self.number} in {self.dataset}, {self.side.value}: {self.told}",
            f"{self.rows} rows, found as {said or 'nothing'}",
            *([self.detail] if self.detail else []),
            f"seed {seed}",
        ]
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every trial works with."""

    copies: Copies
    compared: Callable[[Dataset], Comparison]
    exchange: Exchange
    explain: Explain
    seed: str


def drawn(bench: Bench, stage: Stage, fault: Fault, number: int) -> tuple[Seeded, Expected]:
    """Draws a fault that changes something beyond tolerance; the same for the same arguments.

    Raises:
        ImpossibleError: the rows do not allow it.
    """
    name = f"{bench.seed}|{stage.bed.dataset.name}|{fault.cause}|{fault.name}|{number}"
    rng = Random(name)
    for _ in range(DRAWS):
        seeded = fault.seed(stage.bed, rng)
        if seeded is None:
            continue
        wanted = expected(stage.bed, seeded.changes)
        if wanted.must:
            return seeded, wanted
    raise ImpossibleError(f"nothing changed beyond tolerance in {DRAWS} draws")


def tried(bench: Bench, stage: Stage, fault: Fault, number: int) -> Outcome:
    """Seeds a fault, compares, explains, judges, and takes it back.

    Raises:
        ImpossibleError: the rows or the tables do not allow the fault.
        ComparisonError: the comparison failed.
    """
    connection = bench.copies.connection
    seeded, wanted = drawn(bench, stage, fault, number)
    with connection.transaction(force_rollback=True):
        try:
            _seed(bench, stage, seeded)
        except psycopg.Error as error:
            raise ImpossibleError(f"the table refuses it: {str(error).splitlines()[0]}") from None
        incidents = _below(bench, stage, seeded)
        found, explained = _explained(bench, stage.pair.dataset, stage, incidents)
    return judged(stage.bed.dataset.name, fault, number, seeded, wanted, found, explained)


def _seed(bench: Bench, stage: Stage, seeded: Seeded) -> None:
    comparison = bench.compared(stage.pair.dataset)
    with bench.copies.connection.transaction():
        for changes in seeded.changes:
            bench.copies.apply(stage.pair.tables[changes.side], comparison, changes)
        if seeded.inputs is not None and stage.inputs is not None:
            below = bench.compared(stage.inputs.dataset)
            table = stage.inputs.tables[seeded.inputs.side]
            bench.copies.apply(table, below, seeded.inputs)
        if seeded.kept is not None and stage.session is not None:
            _keep(comparison, seeded.side, seeded.kept)


def _below(bench: Bench, stage: Stage, seeded: Seeded) -> dict[str, Sequence[Incident]]:
    """The incidents of the changed bars, as a night has them before it looks at indicators."""
    if seeded.inputs is None or stage.inputs is None:
        return {}
    dataset = stage.inputs.dataset
    _, explained = _explained(bench, dataset, stage, {})
    return {dataset.name: explained.incidents}


def _explained(
    bench: Bench,
    dataset: Dataset,
    stage: Stage,
    incidents: Mapping[str, Sequence[Incident]],
) -> tuple[list[Discrepancy], Explained]:
    comparison = bench.compared(dataset)
    found: list[Discrepancy] = []
    compare(comparison, stage.session, found.append)
    asked = Asked(
        session=stage.session,
        exchange=bench.exchange,
        datasets=stage.datasets,
        incidents=incidents,
        revisions=_journal(bench, comparison, stage),
    )
    try:
        return found, bench.explain(comparison, found, asked)
    except ParityError:
        raise
    except Exception as error:  # noqa: BLE001
        # A rule that fails has attributed nothing, which is to be told and not to end the test.
        text = " ".join(str(error).split())[:200]
        return found, Explained((), [""] * len(found), (f"{type(error).__name__}: {text}",))


def _keep(comparison: Comparison, side: Side, session: date) -> None:
    """Lets the real journal know that the other side once had the rows that this side has now."""
    part = comparison.readers[side].rows()
    keep(
        comparison.connection,
        migration=MIGRATION,
        dataset_name=comparison.dataset.name,
        side=other(side),
        session=session,
        rows=(part.text, part.values),
        key_names=[pair.name for pair in comparison.plan.key],
        column_names=[pair.name for pair in comparison.plan.columns],
        first=date.min,
    )


def _journal(bench: Bench, comparison: Comparison, stage: Stage) -> Revisions | None:
    """Asks the journal; what real nights have kept there is not about these rows."""
    session = stage.session
    if session is None:
        return None

    def ask(side: Side, keys: Sequence[tuple[Any, ...]]) -> Found:
        return find(
            bench.copies.connection,
            migration=MIGRATION,
            dataset_name=comparison.dataset.name,
            side=side,
            keys=keys,
            before=session,
        )

    return ask


def judged(
    dataset: str,
    fault: Fault,
    number: int,
    seeded: Seeded,
    wanted: Expected,
    found: Sequence[Discrepancy],
    explained: Explained,
) -> Outcome:
    """Detected: every changed row and nothing else. Right: all its rows have its cause.

    Wrong: any of its rows is in a proved incident of another cause (than the two of a pair).
    """
    missed, beside = wanted.missed(found), wanted.beside(found)
    incidents = {one.id: one for one in explained.incidents}
    said: Counter[str] = Counter()
    right, wrong = bool(found), False
    ours = set(parts(fault.cause)) if PAIR in fault.cause else set()
    for one, ident in zip(found, explained.owners, strict=True):
        incident = incidents.get(ident)
        cause = incident.cause if incident and incident.proved else str(Cause.UNEXPLAINED)
        said[cause] += 1
        mine = cause in seeded.accepted.get(one.key, frozenset({fault.cause}))
        right &= mine
        # Of a pair, one of the two alone is too little, but no other cause.
        wrong |= not mine and cause != Cause.UNEXPLAINED and not ours.issuperset(parts(cause))
    details = list(explained.notes)
    if missed:
        details.append(f"missed {len(missed)}, first {_named(missed[0])}")
    if beside:
        details.append(f"found {len(beside)} that were not changed, first {_named(beside[0])}")
    return Outcome(
        dataset=dataset,
        cause=fault.cause,
        number=number,
        side=seeded.side,
        told=seeded.told,
        rows=len(found),
        detected=not missed and not beside,
        right=right,
        wrong=wrong,
        said=dict(said.most_common()),
        detail="; ".join(details),
    )


def _named(one: tuple[Any, tuple[Any, ...]]) -> str:
    return f"{one[0].value} {' '.join(map(str, one[1]))}"
