"""The relations behind the views: what is caught up and proved after a rollback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import psycopg

from parity.diff import queries as diff_queries
from parity.model.suite import Dataset, Kind, Relation, Suite
from parity.plan.queries import copying as queries
from parity.switch import View

__all__ = ["Column", "Pair", "as_served", "columns_of", "pairs_of", "whole"]

ANY_ZONE = "UTC"  # of bare timestamps where the config names none: the same for both sides


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `needed` where a row must bring a value, `made` where it may not."""

    name: str
    type: str
    needed: bool
    made: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two relations that views read, with all that any of the views shows of them.

    Attributes:
        legacy: what they read now.
        candidate: what they read before.
        views: their names.
        columns: name on the legacy side and served type of each column.
        key: the legacy columns that tell one row from another; empty where nobody knows.
        rename: legacy column to candidate column where they differ.
        datasets: those of the config that compare the two.
    """

    legacy: Relation
    candidate: Relation
    views: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    rename: tuple[tuple[str, str], ...]
    datasets: tuple[Dataset, ...]
    key: tuple[str, ...] = ()

    def candidate_name(self, column: str) -> str:
        """The candidate's name of a legacy column."""
        return dict(self.rename).get(column, column)

    @property
    def time(self) -> str | None:
        """The column that says when a row is about, if a dataset names one."""
        return next((one.time for one in self.datasets if one.time is not None), None)


def pairs_of(
    connection: psycopg.Connection, suite: Suite, views: Iterable[View]
) -> tuple[Pair, ...]:
    """The pairs of relations that views read, each once, by name. Locks nothing."""
    found: dict[tuple[Relation, Relation], list[View]] = {}
    for view in views:
        found.setdefault((view.served.legacy, view.served.candidate), []).append(view)
    pairs = [
        Pair(
            legacy=legacy,
            candidate=candidate,
            views=tuple(view.name for view in group),
            columns=_once(column for view in group for column in view.columns),
            rename=_once(names for view in group for names in view.served.rename),
            datasets=tuple(
                one for one in suite.datasets if (one.legacy, one.candidate) == (legacy, candidate)
            ),
        )
        for (legacy, candidate), group in found.items()
    ]
    known = [replace(pair, key=_key_of(connection, pair)) for pair in pairs]
    return tuple(sorted(known, key=lambda pair: str(pair.legacy)))


def _key_of(connection: psycopg.Connection, pair: Pair) -> tuple[str, ...]:
    """A unique index over served columns knows best; else what the datasets say.

    With what their `where` fixes: rows of all of them lie in one table.
    """
    served = {name for name, _ in pair.columns}
    relation = [pair.legacy.schema, pair.legacy.table]
    indexes = connection.execute(diff_queries.INDEXES, relation).fetchall()
    unique = [tuple(columns) for columns, is_unique in indexes if is_unique]
    fitting = [columns for columns in unique if set(columns) <= served]
    if fitting:
        return min(fitting, key=lambda columns: (len(columns), columns))
    for dataset in pair.datasets:
        fixed = [name for name, _ in dataset.where if name not in dataset.key]
        return (*fixed, *dataset.key)
    return ()


def _once(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The first that is said of each name."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return tuple(found.items())


def columns_of(connection: psycopg.Connection, relation: Relation) -> tuple[Column, ...]:
    """A relation's columns in order; none where it is not there. Locks nothing."""
    rows = connection.execute(queries.COLUMNS, [relation.schema, relation.table])
    return tuple(Column(*row) for row in rows)


def whole(connection: psycopg.Connection, pair: Pair) -> Dataset:
    """All rows of a pair, told apart by their key, whatever stands in the other columns."""
    key = pair.key
    one = pair.datasets[0] if pair.datasets else None
    others = [
        column.name for column in columns_of(connection, pair.legacy) if column.name not in key
    ]
    return Dataset(
        name=str(pair.legacy),
        kind=Kind.TABLE,
        legacy=pair.legacy,
        candidate=pair.candidate,
        key=key,
        symbol=one.symbol if one and one.symbol in key else None,
        time=pair.time if pair.time in key else None,
        timezone=(one.timezone if one else None) or ANY_ZONE,
        exclude=tuple(others),
        rename=tuple((name, other) for name, other in pair.rename if name in key),
    )


def as_served(connection: psycopg.Connection, pair: Pair, dataset: Dataset) -> Dataset:
    """A dataset of the pair, of which nothing is left out but what nobody is served."""
    served = {name for name, _ in pair.columns} | set(dataset.key)
    unseen = [
        column.name for column in columns_of(connection, pair.legacy) if column.name not in served
    ]
    exclude = tuple(dict.fromkeys([*dataset.exclude, *unseen]))
    return replace(dataset, exclude=exclude, settle=None, window=None)
