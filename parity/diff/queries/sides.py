"""One side of a dataset as a FROM item, with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from psycopg import sql

from parity.diff.columns import Column, Compared, Family
from parity.diff.queries.part import TRUE, Part, conjoin, join, name
from parity.model.suite import Dataset
from parity.model.verdict import Side

__all__ = ["Reader"]


@dataclass(frozen=True, slots=True)
class Reader:
    """One side of a dataset as a FROM item.

    `as_collated`: key columns that sort by their own collation, so that their index can be used;
    both sides have the same one, under which equal means equal bytes.
    """

    dataset: Dataset
    side: Side
    as_of: datetime
    key: tuple[Compared, ...]
    columns: tuple[Compared, ...]
    time: Column | None
    zone: tzinfo
    as_collated: frozenset[str] = frozenset()

    def value(self, pair: Compared) -> sql.Composed:
        """The column in the form in which it compares, read from the bare table."""
        column = pair.column(self.side)
        bare = name(column.name)
        if pair.family is Family.DOUBLE and column.base != "float8":
            return sql.SQL("{}::float8").format(bare)
        other = pair.candidate if self.side is Side.LEGACY else pair.legacy
        # Integers of any two widths compare as they are, and keep the use of their index.
        if pair.family is Family.NUMERIC and column.base != "numeric" == other.base:
            return sql.SQL("{}::numeric").format(bare)
        if pair.family is Family.CLOCK and column.base != other.base and column.base == "date":
            return sql.SQL("{}::timestamp").format(bare)
        if pair.family is Family.INSTANT and column.base != "timestamptz":
            # A date means its midnight.
            zone = sql.Literal(self.dataset.timezone)
            return sql.SQL("({}::timestamp AT TIME ZONE {})").format(bare, zone)
        if pair.family is Family.TEXT:
            if pair.name in self.as_collated:
                return sql.SQL("{}::text").format(bare)
            return sql.SQL('{}::text COLLATE "C"').format(bare)
        return sql.SQL("{}").format(bare)

    def moment(self) -> sql.Composed:
        """The time column as a date or an instant."""
        assert self.time is not None
        bare = name(self.time.name)
        if self.time.base == "timestamp":
            zone = sql.Literal(self.dataset.timezone or "UTC")
            return sql.SQL("({} AT TIME ZONE {})").format(bare, zone)
        return sql.SQL("{}").format(bare)

    def midnight(self, day: date) -> date | datetime:
        """The first moment of a session's day, in the exchange's zone, for the time column."""
        assert self.time is not None
        return day if self.time.base == "date" else datetime.combine(day, time.min, self.zone)

    def relation(self) -> sql.Identifier:
        """The bare table or view."""
        relation = self.dataset.relation(self.side)
        return name(relation.schema, relation.table)

    def _or_missing(self, operator: str, moment: Any) -> Part:
        """A test of the time column; a missing time must not hide a row."""
        assert self.time is not None
        text = "{c} " + operator + " {p}"
        if not self.time.not_null:
            text = "(" + text + " OR {c} IS NULL)"
        place = sql.Placeholder()
        return Part(sql.SQL(text).format(c=self.moment(), p=place), (moment,))

    def filters(self) -> Part:
        """`where` and `since`."""
        rename = dict(self.dataset.rename)
        tests: list[Part] = []
        for column, wanted in self.dataset.where:
            bare = name(column if self.side is Side.LEGACY else rename.get(column, column))
            marks = join([sql.Placeholder()] * len(wanted), ", ")
            tests.append(Part(sql.SQL("{} IN ({})").format(bare, marks), tuple(wanted)))
        if self.dataset.since is not None and self.time is not None:
            tests.append(self._or_missing(">=", self.midnight(self.dataset.since)))
        return conjoin(tests)

    @property
    def settled_until(self) -> date | datetime | None:
        """The newest moment that is settled; None where everything is."""
        if self.dataset.settle is None or self.time is None:
            return None
        moment = self.as_of - self.dataset.settle
        return moment.astimezone(self.zone).date() if self.time.base == "date" else moment

    def settled(self) -> Part:
        """The test that a row is old enough to be compared."""
        until = self.settled_until
        return TRUE if until is None else self._or_missing("<=", until)

    def since(self, day: date) -> Part:
        """The test that a row's time is on a day or later."""
        text = sql.SQL("{} >= {}").format(self.moment(), sql.Placeholder())
        return Part(text, (self.midnight(day),))

    def rows(self, *tests: Part) -> Part:
        """SELECT of the key and compared columns in the form in which they compare.

        The columns are named k0, k1 … for the key and c0, c1 … after it.
        """
        items: list[sql.Composable] = []
        for letter, pairs in (("k", self.key), ("c", self.columns)):
            for place, pair in enumerate(pairs):
                alias = name(f"{letter}{place}")
                items.append(sql.SQL("{} AS {}").format(self.value(pair), alias))
        wanted = conjoin([self.filters(), self.settled(), *tests])
        text = sql.SQL("SELECT {} FROM {} WHERE {}").format(
            join(items, ", "), self.relation(), wanted.text
        )
        return Part(text, wanted.values)

    def names(self, prefix: str) -> list[sql.Composable]:
        """The names that `rows` gives its columns."""
        out: list[sql.Composable] = []
        out += [name(prefix, f"k{place}") for place in range(len(self.key))]
        out += [name(prefix, f"c{place}") for place in range(len(self.columns))]
        return out

    def count(self) -> Part:
        """The number of settled rows."""
        wanted = conjoin([self.filters(), self.settled()])
        text = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(self.relation(), wanted.text)
        return Part(text, wanted.values)

    def newest(self, day: date | None, leads: tuple[sql.Composable, Sequence[str], str] | None
               ) -> Part | None:  # fmt: skip
        """Unsettled rows, and settled rows of a session's day; None without a time column.

        Args:
            day: the session.
            leads: a key column, all values that it has (as text) and its type, where an index
                over that column and then the time finds a value's newest rows at once.
        """
        if self.time is None:
            return None
        settled, until = self.settled(), self.settled_until
        of_day: Part = Part(sql.SQL("{}").format(sql.SQL("FALSE")))
        bounds = [] if until is None else [until]
        if day is not None:
            first, last = self.midnight(day), self.midnight(day + timedelta(days=1))
            test = sql.SQL("({c} >= {p} AND {c} < {p})").format(
                c=self.moment(), p=sql.Placeholder()
            )
            of_day = Part(test, (first, last))
            bounds.append(first)
        if not bounds:
            return None
        tests = [self.filters()]
        # A moment and a date are never bounds of one column.
        after = min(bounds)
        tests.append(Part(sql.SQL("{} >= {}").format(self.moment(), sql.Placeholder()), (after,)))
        head: sql.Composable = sql.SQL("")
        head_values: tuple[Any, ...] = ()
        if leads is not None:
            column, values, kind = leads
            head = sql.SQL("unnest({}::text[]::{}[]) s(v), LATERAL ").format(
                sql.Placeholder(),
                sql.SQL(kind),
            )
            head_values = (list(values),)
            tests.append(Part(sql.SQL("{} = s.v").format(column)))
        wanted = conjoin(tests)
        text = sql.SQL(
            "SELECT COALESCE(sum(u), 0)::bigint, COALESCE(sum(d), 0)::bigint FROM {head} "
            "(SELECT count(*) FILTER (WHERE NOT ({s})) u, count(*) FILTER (WHERE {s} AND {d}) d "
            "FROM {t} WHERE {w}) n"
        ).format(head=head, s=settled.text, d=of_day.text, t=self.relation(), w=wanted.text)
        values = settled.values * 2 + of_day.values + wanted.values
        return Part(text, head_values + values)
