"""What charts show, ready to be drawn or read as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "Bar",
    "DatasetPictures",
    "DeltaPicture",
    "HeatCell",
    "HeatMap",
    "HeatRow",
    "IncidentPicture",
    "Moment",
    "TrendPictures",
]

Chart = Mapping[str, object]
"""What `charts.js` draws, as JSON can say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a chart's numbers: a time in exchange time, and a text for each value.

    `utc` is empty for a day; `own` is true within the incident; `gap` where rows before it are
    not listed.
    """

    time: str
    utc: str
    values: tuple[str, ...]
    own: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPicture:
    """Both sides' values around an incident.

    `id` names the chart's place, `label` says what is seen, `note` what is not. `rows` are the
    numbers, those around the beginning and the end of the incident where not all are listed.
    """

    id: str
    label: str
    column: str
    note: str
    rows: tuple[Moment, ...]
    chart: Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """Rows of a symbol that differ in a session: as text, and a shade from 1 to 5; 0: none."""

    text: str
    exact: str
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """A symbol with its sessions, and all of its rows that differ."""

    symbol: str
    whole: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Rows that differ, symbol by session; `says` tells what is in it and what is left out.

    `told` says all of it in sentences where the map shows nothing more; empty where it does.
    """

    sessions: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    says: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Deltas of one size: place and width in the drawing, and how many there are."""

    x: float
    width: float
    y: float
    height: float
    span: str
    rows: str
    beyond: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaPicture:
    """The sizes of a column's deltas against its tolerance.

    `unit` says of what the sizes are; `line` is where the tolerance is drawn, None where there is
    none; `says` counts what is not in the bars; `ratio` is what candidate is to legacy where that
    is the same in every row.
    """

    column: str
    label: str
    unit: str
    bars: tuple[Bar, ...]
    line: float | None
    limit: str
    low: str
    high: str
    most: str
    says: str
    ratio: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPictures:
    """The heat map and the deltas of a dataset; `missing` says why there is neither.

    `ratios` say it in sentences where every column is off by one ratio.
    """

    anchor: str
    name: str
    heat: HeatMap | None = None
    deltas: tuple[DeltaPicture, ...] = ()
    ratios: tuple[str, ...] = ()
    more: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPictures:
    """What changes from night to night; `rows` are the numbers, the newest first.

    `keys` are the style and the name of each line that is drawn; `columns` name the values of a
    row.
    """

    id: str
    label: str
    note: str
    keys: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[Moment, ...]
    chart: Chart
