"""Tables of the discrepancy rows that a page shows: pairs that differ, and rows on their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.report.escaping import harmless
from parity.report.gridview import Cell, Grid
from parity.report.packing import NULL, packed, packed_pair
from parity.report.rows import INCIDENTS, Sample
from parity.report.sql import both_sides, key_tests
from parity.report.story import named
from parity.report.words import (
    count,
    decimals_for,
    delta_of,
    delta_text,
    is_number,
    sort_number,
    utc_text,
    value_text,
    visible,
)

__all__ = ["OPEN", "grids"]

OPEN = 24  # columns that a table has at first; the others come when they are asked for
_STATEMENT = 2_000  # characters of a key as SQL; a longer one has no button
_AROUND = 60  # characters before the place where two long texts part
_STATES = {
    RowState.LEGACY_ONLY: "only in legacy",
    RowState.CANDIDATE_ONLY: "only in candidate",
    RowState.DUPLICATE_KEY: "duplicate key",
    RowState.NULL_KEY: "NULL key",
}
_SAME = Cell(text="·", kind="same")


def grids(dataset: DatasetResult, sample: Sample, anchor: str) -> tuple[Grid, ...]:
    """Up to two tables; none when nothing differs. Ids start with `anchor`.

    The rows of an incident stand together, in the order of the incidents.
    """
    owners = _Owners(dataset, sample)
    made = []
    if sample.mismatched:
        made.append(_mismatched(dataset, sample, owners, f"{anchor}-values"))
    if sample.unpaired:
        made.append(_unpaired(dataset, sample, owners, f"{anchor}-unpaired"))
    return tuple(made)


class _Owners:
    """The incidents of the rows shown, as cells; none where no row belongs to a known one."""

    def __init__(self, dataset: DatasetResult, sample: Sample) -> None:
        known = {row.incident for row in (*sample.mismatched, *sample.unpaired)}
        incidents = [one for one in dataset.incidents if one.id in known]
        self._names = {one.id: named(one.cause, one.evidence) for one in incidents}
        self._order = {one.id: place for place, one in enumerate(incidents)}
        self._met: set[str] = set()

    @property
    def headers(self) -> list[tuple[str, bool]]:
        return [("incident", False)] if self._names else []

    def together(self, rows: list[Discrepancy]) -> list[Discrepancy]:
        """The rows by incident; those of one in their order."""
        return sorted(rows, key=lambda row: self._order.get(row.incident, len(self._order)))

    def cells(self, row: Discrepancy) -> list[Cell]:
        """Its incident; the first row of each is what links to its rows lead to."""
        if not self._names:
            return []
        name = self._names.get(row.incident)
        if name is None:
            return [Cell(text="")]
        ident = visible(row.incident)
        first = row.incident not in self._met
        self._met.add(row.incident)
        return [
            Cell(
                text=name, kind="incident", title=ident, href=f"#incident-{ident}",
                id=f"rows-{ident}" if first else "",
            )
        ]  # fmt: skip


def _mismatched(dataset: DatasetResult, sample: Sample, owners: _Owners, anchor: str) -> Grid:
    """Columns in which some shown row differs, in the dataset's order; the others on demand."""
    rows = owners.together(sample.mismatched)
    differing = Counter(name for row in rows for name in row.columns)
    names = _names(dataset, differing)
    shown = _most(names, differing)
    pairs = {name: [_pair(row, name) for row in rows] for name in names}
    headers = [*_key_headers(dataset, rows), *owners.headers]
    fixed = len(headers)
    headers += [(visible(name), True) for name in shown]
    return Grid(
        id=anchor,
        caption=_caption("Rows whose values differ", dataset, sample),
        headers=tuple(headers),
        rows=tuple(
            (*_key(row), *owners.cells(row), *(pairs[name][place] or _SAME for name in shown))
            for place, row in enumerate(rows)
        ),
        keys=len(dataset.key),
        fixed=fixed,
        note=_note(len(shown), len(differing), len(names)),
        more={
            "names": [visible(name) for name in names],
            "shown": [names.index(name) for name in shown],
            "differ": [names.index(name) for name in names if differing[name]],
            "numeric": [int(_numeric(_held(rows, name))) for name in names],
            "columns": [
                packed([
                    _equal(row, name) if cell is None else
                    None if name in shown else packed_pair(cell)
                    for row, cell in zip(rows, pairs[name], strict=True)
                ])
                for name in names
            ],
        },
        sql=_sql(dataset, rows),
    )  # fmt: skip


def _caption(what: str, dataset: DatasetResult, sample: Sample) -> str:
    if not sample.cut:
        return what
    each = " of each incident" if 1 < len(dataset.incidents) <= INCIDENTS else ""
    return f"{what}: the newest and the oldest{each}"


def _unpaired(dataset: DatasetResult, sample: Sample, owners: _Owners, anchor: str) -> Grid:
    rows = owners.together(sample.unpaired)
    held = [row.legacy or row.candidate or {} for row in rows]
    names = [column.name for column in dataset.columns if any(column.name in row for row in held)]
    filled = Counter(name for name in names for row in held if row.get(name) is not None)
    shown = _most(names, Counter(dict.fromkeys(names, 1)) + filled)
    numeric = {name: _numeric([row.get(name) for row in held]) for name in names}
    headers = [*_key_headers(dataset, rows), *owners.headers, ("state", False), ("side", False)]
    fixed = len(headers)
    headers += [(visible(name), numeric[name]) for name in shown]
    return Grid(
        id=anchor,
        caption=_caption("Rows without a partner", dataset, sample),
        headers=tuple(headers),
        rows=tuple(
            tuple(
                [*_key(row), *owners.cells(row)]
                + [Cell(text=f"≠ {_STATES[row.state]}", kind="state")]
                + [Cell(text=row.side.value if row.side else "both")]
                + [_plain(values.get(name)) for name in shown]
            )
            for row, values in zip(rows, held, strict=True)
        ),
        keys=len(dataset.key),
        fixed=fixed,
        note="" if len(shown) == len(names) else f"{len(shown)} of {count(len(names), 'column')}",
        more={
            "names": [visible(name) for name in names],
            "shown": [names.index(name) for name in shown],
            "differ": [],
            "numeric": [int(numeric[name]) for name in names],
            "columns": [
                None if name in shown else packed([_one(row.get(name)) for row in held])
                for name in names
            ],
        },
        sql=_sql(dataset, rows),
    )


def _names(dataset: DatasetResult, differing: Counter[str]) -> list[str]:
    known = [column.name for column in dataset.columns]
    return known + sorted(set(differing) - set(known))


def _most(names: Sequence[str], weights: Counter[str]) -> list[str]:
    """The weightiest `OPEN` of the names that have any weight, in their own order."""
    wanted = sorted((name for name in names if weights[name]), key=lambda name: -weights[name])
    chosen = set(wanted[:OPEN])
    return [name for name in names if name in chosen]


def _note(shown: int, differing: int, names: int) -> str:
    """Which columns are shown; empty where that is all of them."""
    if shown < differing:
        return (
            f"{shown} of {count(names, 'column')}: those that differ in most of these rows, "
            f"of {differing} that do"
        )
    if shown < names:
        rest = names - shown
        others = f"the other {rest} are" if rest > 1 else "the other one is"
        return f"{shown} of {count(names, 'column')}: {others} equal in all of these rows"
    return ""


def _sql(dataset: DatasetResult, rows: Sequence[Discrepancy]) -> dict[str, Any] | None:
    """What the script puts together to a row's statement, as `BothSides.statement` does."""
    both = both_sides(dataset)
    if both is None or dataset.origin is None:
        return None
    found = (key_tests(row.key, dataset.origin.timezone) for row in rows)
    tests = [
        list(one) if one is not None and sum(map(len, one)) <= _STATEMENT else None for one in found
    ]
    return {"heads": both.heads, "keys": both.keys, "rows": tests}


def _key_headers(dataset: DatasetResult, rows: list[Discrepancy]) -> list[tuple[str, bool]]:
    return [
        (visible(name), _numeric([row.key[place] for row in rows]))
        for place, name in enumerate(dataset.key)
    ]


def _held(rows: Sequence[Discrepancy], name: str) -> list[Any]:
    return [side.get(name) for row in rows for side in (row.legacy, row.candidate) if side]


def _numeric(values: list[Any]) -> bool:
    """True when there is a number and nothing but numbers and NULL."""
    held = [value for value in values if value is not None]
    return bool(held) and all(is_number(value) for value in held)


def _key(row: Discrepancy) -> list[Cell]:
    return [_plain(part) for part in row.key]


def _plain(value: Any) -> Cell:
    text = value_text(value)
    return Cell(
        text=text,
        kind=_kind(value),
        sort=_unsaid(sort_number(value), text),
        title=utc_text(value),
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return "number" if is_number(value) else "text"


def _one(value: Any) -> Any:
    return NULL if value is None else harmless(value_text(value))


def _equal(row: Discrepancy, name: str) -> Any:
    """The value of both sides where they are equal; both where tolerance makes them so."""
    legacy, candidate = ((side or {}).get(name) for side in (row.legacy, row.candidate))
    one, other = _one(legacy), _one(candidate)
    return one if one == other else ["NULL" if one == NULL else one, other or "NULL"]


def _pair(row: Discrepancy, name: str) -> Cell | None:
    """A differing column's legacy value, candidate value and delta; None where it is equal."""
    if name not in row.columns:
        return None
    legacy = (row.legacy or {}).get(name)
    candidate = (row.candidate or {}).get(name)
    delta = delta_of(legacy, candidate)
    places = decimals_for(delta)
    before, after = (value_text(one, decimals=places) for one in (legacy, candidate))
    if before == after and isinstance(legacy, str) and isinstance(candidate, str):
        before, after = _parted(legacy, candidate)
    text = delta_text(delta)
    return Cell(
        text=text,
        kind="pair",
        sort=_unsaid(sort_number(delta), text),
        title=_exact(legacy, candidate, (before, after)),
        legacy=before,
        candidate=after,
    )


def _parted(legacy: str, candidate: str) -> tuple[str, str]:
    """Two long texts from a little before the place where they part."""
    alike = takewhile(lambda both: both[0] == both[1], zip(legacy, candidate, strict=False))
    start = max(0, sum(1 for _ in alike) - _AROUND)
    one, other = (f"… {value_text(text[start:])}" for text in (legacy, candidate))
    return one, other


def _unsaid(sort: str | None, text: str) -> str | None:
    """What a cell sorts by, where the script does not read the same from its text."""
    if sort is None:
        return None
    try:
        return None if float(text.replace(",", "")) == float(sort) else sort
    except ValueError:
        return sort


def _exact(legacy: Any, candidate: Any, shown: tuple[str, str]) -> str:
    """The values in full where they are not: floats beyond the places shown, times in UTC."""
    if isinstance(legacy, str) and isinstance(candidate, str):
        return ""
    before, after = (utc_text(value) or value_text(value) for value in (legacy, candidate))
    return "" if (before, after) == shown else f"legacy {before}, candidate {after}"
