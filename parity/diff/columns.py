"""Columns of both sides: which pair up, as what they compare, and what has drifted."""

from __future__ import annotations

from dataclasses import dataclass

from parity.diff.families import FLOATS, Family, common, fitting, misfit
from parity.model.errors import ComparisonError
from parity.model.result import SchemaDrift
from parity.model.suite import EXACT, Dataset, Relation, Tolerance
from parity.model.verdict import Side

__all__ = ["Column", "Compared", "Family", "Plan", "one_to_one", "plan"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue has it.

    `base` is the type without modifiers, of a domain the one it stands on, of any enum `enum`.
    `loose`: its collation takes some different texts for equal.
    """

    name: str
    type: str
    base: str
    not_null: bool
    loose: bool = False


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
    """What a comparison looks at.

    `reordered`: the paired columns come in another order in candidate.
    """

    key: tuple[Compared, ...]
    columns: tuple[Compared, ...]
    drift: SchemaDrift
    reordered: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of how the columns were paired and compared."""
        notes = []
        if self.reordered:
            notes.append("The columns come in another order in candidate; paired by name.")
        loose = [
            pair.name
            for pair in (*self.key, *self.columns)
            if pair.family is Family.TEXT
            and any(one.loose or one.base == "citext" for one in (pair.legacy, pair.candidate))
        ]
        if loose:
            notes.append(
                f"Compared byte by byte: {', '.join(loose)}; the database itself takes some "
                "different texts there for equal."
            )
        return tuple(notes)


def plan(dataset: Dataset, legacy: tuple[Column, ...], candidate: tuple[Column, ...]) -> Plan:
    """Pairs the columns of both sides by name, after `rename` and `exclude`.

    Raises:
        ComparisonError: a key or configured column is missing, a pair of types has no common
            meaning, or a tolerance has none for its column; the message names dataset, side and
            column.
    """
    left = {column.name: column for column in legacy}
    right = {column.name: column for column in candidate}
    names = _names(dataset, left)
    _require(dataset, left, right, names)
    found = {name: other for name, other in names.items() if name not in dataset.exclude}
    pairs = {
        name: _compared(dataset, name, left[name], right[other])
        for name, other in found.items()
        if other in right
    }
    known = set(names.values()) | set(dataset.exclude)
    paired = [pair.candidate.name for pair in pairs.values()]
    return Plan(
        key=tuple(pairs[name] for name in dataset.key),
        columns=tuple(pair for name, pair in pairs.items() if name not in dataset.key),
        drift=SchemaDrift(
            missing_in_candidate=tuple(name for name in found if name not in pairs),
            missing_in_legacy=tuple(name for name in right if name not in known),
            type_changes=tuple(
                (name, pair.legacy.type, pair.candidate.type)
                for name, pair in pairs.items()
                if pair.legacy.type != pair.candidate.type
            ),
        ),
        reordered=paired != sorted(paired, key=list(right).index),
    )


def one_to_one(pair: Compared, side: Side) -> bool:
    """True when two different values of the column stay different in the form that compares.

    Integers become doubles with loss; a bare timestamp skips and repeats hours in its zone, and
    a date a day where a zone has crossed the date line.
    """
    base = pair.column(side).base
    if pair.family is Family.DOUBLE:
        return base in FLOATS
    return not (pair.family is Family.INSTANT and base != "timestamptz")


def _names(dataset: Dataset, left: dict[str, Column]) -> dict[str, str | None]:
    """The candidate's name of every legacy column; None where `rename` gave that to another."""
    rename = dict(dataset.rename)
    taken = list(rename.values())
    doubled = sorted({other for other in taken if taken.count(other) > 1})
    if doubled:
        raise ComparisonError(
            f"dataset {dataset.name}: two columns are renamed to {doubled[0]}: "
            f"keep one of them in datasets.{dataset.name}.rename"
        )
    return {name: rename.get(name, None if name in taken else name) for name in left}


def _require(
    dataset: Dataset,
    left: dict[str, Column],
    right: dict[str, Column],
    names: dict[str, str | None],
) -> None:
    configured = [(name, "key") for name in dataset.key]
    configured += [(name, "tolerance") for name, _ in dataset.tolerances]
    configured += [(name, "where") for name, _ in dataset.where]
    configured += [(name, "rename") for name, _ in dataset.rename]
    configured += [(name, "time") for name in (dataset.time,) if name]
    for name, use in configured:
        _has(dataset, Side.LEGACY, dataset.legacy, name, left, use)
        if use in ("key", "where", "time"):
            _has(dataset, Side.CANDIDATE, dataset.candidate, names[name] or name, right, use)
    for name in dataset.exclude:
        if name not in left and name not in right:
            raise ComparisonError(
                f"dataset {dataset.name}: neither side has a column {name} "
                "(named as exclude in the config)"
            )
    for name in dataset.key:
        path = f"datasets.{dataset.name}"
        if name in dataset.exclude:
            raise ComparisonError(
                f"dataset {dataset.name}: column {name} is in the key, so it cannot be left out: "
                f"remove it from {path}.exclude"
            )
        if name in dict(dataset.tolerances):
            raise ComparisonError(
                f"dataset {dataset.name}: column {name} is in the key, and keys pair rows "
                f"exactly: remove {path}.tolerance.{name}"
            )


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
    family = common(legacy.base, candidate.base)
    if family is None:
        raise ComparisonError(
            f"dataset {dataset.name}: column {name} is {legacy.type} in legacy and "
            f"{candidate.type} in candidate, which have no common meaning; "
            "convert one in a view or exclude it"
        )
    if family is Family.INSTANT and dataset.timezone is None:
        _no_zone(dataset, name, legacy, candidate)
    return Compared(name, legacy, candidate, family, _tolerance(dataset, name, legacy, family))


def _no_zone(dataset: Dataset, name: str, legacy: Column, candidate: Column) -> None:
    for side, column in ((Side.LEGACY, legacy), (Side.CANDIDATE, candidate)):
        if column.base == "timestamptz":
            continue
        what = "a bare timestamp" if column.base == "timestamp" else "a date against a timestamptz"
        raise ComparisonError(
            f"dataset {dataset.name}: {side.value} column {name} is {what}; "
            f"say in which zone: datasets.{dataset.name}.timezone"
        )


def _tolerance(dataset: Dataset, name: str, legacy: Column, family: Family) -> Tolerance:
    if name in dataset.key:
        return EXACT
    own = dict(dataset.tolerances).get(name)
    if own is None:
        return fitting(family, dataset.default_tolerance)
    wrong = misfit(family, own)
    if wrong:
        raise ComparisonError(
            f"dataset {dataset.name}: column {name} is {legacy.type}, {wrong}: "
            f"datasets.{dataset.name}.tolerance.{name}"
        )
    return own
