"""Columns of both sides: which pair up, as what they compare, and what has drifted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parity.model.errors import ComparisonError
from parity.model.result import SchemaDrift
from parity.model.suite import Dataset, Relation, Tolerance
from parity.model.verdict import Side

__all__ = ["Column", "Compared", "Family", "Plan", "one_to_one", "plan"]


class Family(StrEnum):
    """How values of a pair of columns compare."""

    NUMERIC = "numeric"  # integers and numeric: exact decimal arithmetic
    DOUBLE = "double"  # a float on either side: double arithmetic
    INSTANT = "instant"  # timestamptz on either side
    TEXT = "text"
    OTHER = "other"  # equality of the type itself


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue has it: `base` is the type without modifiers."""

    name: str
    type: str
    base: str
    not_null: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair of columns, named by the legacy side."""

    name: str
    legacy: Column
    candidate: Column
    family: Family
    tolerance: Tolerance

    def column(self, side: Side) -> Column:
        """The column of one side."""
        return self.legacy if side is Side.LEGACY else self.candidate


@dataclass(frozen=True, slots=True)
class Plan:
    """What a comparison looks at."""

    key: tuple[Compared, ...]
    columns: tuple[Compared, ...]
    drift: SchemaDrift


INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})
NUMBERS = INTEGERS | FLOATS | {"numeric"}
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})
# Types without an equality, or with one that says less: boxes of one area are `=`. As text.
NO_EQUALITY = frozenset({"json", "xml", "point", "polygon", "box", "circle", "path"})


def plan(dataset: Dataset, legacy: tuple[Column, ...], candidate: tuple[Column, ...]) -> Plan:
    """Pairs the columns of both sides by name, after `rename` and `exclude`.

    Raises:
        ComparisonError: a key or configured column is missing, or a pair of types has no common
            meaning; the message names dataset, side and column.
    """
    rename = dict(dataset.rename)
    left = {column.name: column for column in legacy}
    right = {column.name: column for column in candidate}
    _require(dataset, left, right, rename)
    pairs: dict[str, Compared] = {}
    missing_in_candidate: list[str] = []
    changes: list[tuple[str, str, str]] = []
    for name, column in left.items():
        if name in dataset.exclude:
            continue
        other = right.get(rename.get(name, name))
        if other is None:
            missing_in_candidate.append(name)
            continue
        if column.type != other.type:
            changes.append((name, column.type, other.type))
        pairs[name] = _compared(dataset, name, column, other)
    known = {rename.get(name, name) for name in left} | set(dataset.exclude)
    missing_in_legacy = [name for name in right if name not in known]
    return Plan(
        key=tuple(pairs[name] for name in dataset.key),
        columns=tuple(pair for name, pair in pairs.items() if name not in dataset.key),
        drift=SchemaDrift(
            missing_in_candidate=tuple(missing_in_candidate),
            missing_in_legacy=tuple(missing_in_legacy),
            type_changes=tuple(changes),
        ),
    )


def one_to_one(pair: Compared, side: Side) -> bool:
    """True when two different values of the column stay different in the form that compares.

    Integers become doubles with loss, and a bare timestamp skips and repeats hours in its zone.
    """
    base = pair.column(side).base
    if pair.family is Family.DOUBLE:
        return base in FLOATS
    return not (pair.family is Family.INSTANT and base == "timestamp")


def _require(
    dataset: Dataset,
    left: dict[str, Column],
    right: dict[str, Column],
    rename: dict[str, str],
) -> None:
    for name in dataset.key:
        _has(dataset, Side.LEGACY, dataset.legacy, name, left, "key")
        _has(dataset, Side.CANDIDATE, dataset.candidate, rename.get(name, name), right, "key")
    configured = [(name, "tolerance") for name, _ in dataset.tolerances]
    configured += [(name, "where") for name, _ in dataset.where]
    configured += [(name, "rename") for name in rename]
    configured += [(name, "time") for name in (dataset.time,) if name]
    for name, use in configured:
        _has(dataset, Side.LEGACY, dataset.legacy, name, left, use)


def _has(
    dataset: Dataset,
    side: Side,
    relation: Relation,
    name: str,
    columns: dict[str, Column],
    use: str,
) -> None:
    if name not in columns:
        raise ComparisonError(
            f"dataset {dataset.name}: {side.value} {relation} has no column {name} "
            f"(named as {use} in the config)"
        )


def _compared(dataset: Dataset, name: str, legacy: Column, candidate: Column) -> Compared:
    family = _family(dataset, name, legacy, candidate)
    tolerance = dataset.tolerance(name)
    if family not in (Family.NUMERIC, Family.DOUBLE):
        if name in dict(dataset.tolerances):
            raise ComparisonError(
                f"dataset {dataset.name}: column {name} has a tolerance but is {legacy.type}, "
                "not a number"
            )
        tolerance = Tolerance()
    return Compared(name, legacy, candidate, family, tolerance)


def _family(dataset: Dataset, name: str, legacy: Column, candidate: Column) -> Family:
    bases = {legacy.base, candidate.base}
    if bases <= NUMBERS:
        return Family.DOUBLE if bases & FLOATS else Family.NUMERIC
    if bases <= TEXTS:
        return Family.TEXT
    if bases <= {"timestamptz", "timestamp"}:
        if "timestamp" in bases and dataset.timezone is None:
            side = Side.LEGACY if legacy.base == "timestamp" else Side.CANDIDATE
            raise ComparisonError(
                f"dataset {dataset.name}: {side.value} column {name} is a bare timestamp; "
                f"say in which zone: datasets.{dataset.name}.timezone"
            )
        return Family.INSTANT
    if len(bases) == 1:
        return Family.TEXT if bases & NO_EQUALITY else Family.OTHER
    raise ComparisonError(
        f"dataset {dataset.name}: column {name} is {legacy.type} in legacy and {candidate.type} "
        "in candidate, which have no common meaning; convert one in a view or exclude it"
    )
