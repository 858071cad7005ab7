"""What rules may ask beside the discrepancies. All of it is of the night's one snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Protocol

from parity.causes.frame import Bools, Ints, Rows
from parity.model.result import Incident
from parity.model.suite import Dataset
from parity.model.verdict import Side

__all__ = ["DAY", "Calendar", "Context", "Extent", "Revision", "Series"]

DAY = 86_400_000_000  # microseconds


class Calendar(Protocol):
    """The exchange's sessions. Days are days since 1970, moments microseconds since 1970 (UTC)."""

    def sessions(self, first: int, last: int) -> Ints:
        """The days of the sessions from `first` to `last`, both included."""
        ...

    def is_session(self, days: Ints) -> Bools:
        """Which days are sessions."""
        ...

    def hours(self, days: Ints) -> tuple[Ints, Ints]:
        """Opening and close of each session (of a day that is none: NO_TIME)."""
        ...


@dataclass(frozen=True, slots=True)
class Extent:
    """All of one side's rows: of each series (by code) how many, and its first and last time.

    A series without any row has count 0 and NO_TIME.
    """

    count: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Series:
    """Another dataset with the same fields and series, e.g. the other vendor's bars."""

    name: str
    rows: Mapping[Side, Rows]


@dataclass(frozen=True, slots=True)
class Revision:
    """What a side said of a row on an earlier night. `row` is the place in the Differences."""

    row: int
    session: date
    values: Mapping[str, Any]  # field name: number, text or None


class Context(Protocol):
    """What a rule may ask for. Everything is read when first asked for, and kept.

    Reads cover the series of the discrepancies, with all their history unless said otherwise.
    """

    @property
    def dataset(self) -> Dataset:
        """Whose discrepancies they are."""
        ...

    @property
    def session(self) -> date | None:
        """The night's session."""
        ...

    @property
    def zone(self) -> tzinfo:
        """The exchange's time zone."""
        ...

    @property
    def dated(self) -> bool:
        """True where the time column is a date, not an instant."""
        ...

    @property
    def calendar(self) -> Calendar | None:
        """The exchange's sessions; None where none is known (two tables compared ad hoc)."""
        ...

    def days(self, time: Ints) -> Ints:
        """The exchange's calendar day (days since 1970) of each time; of a date the date."""
        ...

    def own(self, side: Side) -> Rows | None:
        """The dataset's rows of a side; None where there are too many to read."""
        ...

    def extent(self, side: Side) -> Extent:
        """How far each series of the discrepancies reaches on a side."""
        ...

    def days_with_rows(self, side: Side) -> Ints:
        """All days on which the side has any row of any series, sorted."""
        ...

    def others(self) -> Sequence[Series]:
        """The other datasets of the same relation and fields."""
        ...

    def inputs(self) -> Mapping[Side, Rows] | None:
        """The bars that the indicators are computed from, with `input_fields`; else None."""
        ...

    def input_places(self) -> Mapping[str, int]:
        """The place of open, high, low, close and volume in the inputs' values."""
        ...

    def input_incidents(self) -> Sequence[Incident]:
        """The incidents found in those bars, of the same night."""
        ...

    def revisions(self, side: Side, rows: Ints) -> Sequence[Revision]:
        """What the side said of these rows on earlier nights, the newest first."""
        ...
