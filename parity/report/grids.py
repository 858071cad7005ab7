"""Tables of the discrepancy rows that a page shows: pairs that differ, and rows on their own."""

from __future__ import annotations

from typing import Any

from parity.model.result import DatasetResult, Discrepancy, RowState
from parity.report.gridview import Cell, Grid
from parity.report.rows import Sample
from parity.report.story import named
from parity.report.words import (
    decimals_for,
    delta_of,
    delta_text,
    is_number,
    sort_number,
    utc_text,
    value_text,
    visible,
)

__all__ = ["grids"]

_STATES = {
    RowState.LEGACY_ONLY: "only in legacy",
    RowState.CANDIDATE_ONLY: "only in candidate",
    RowState.DUPLICATE_KEY: "duplicate key",
    RowState.NULL_KEY: "NULL key",
}
_SAME = Cell(text="·", kind="same", title="equal within tolerance")


def grids(dataset: DatasetResult, sample: Sample, anchor: str) -> tuple[Grid, ...]:
    """Up to two tables; none when nothing differs. Ids start with `anchor`.

    The rows of an incident stand together, in the order of the incidents.
    """
    owners = _Owners(dataset, sample)
    made = []
    if sample.mismatched:
        rows = owners.together(sample.mismatched)
        made.append(_mismatched(dataset, rows, owners, f"{anchor}-values"))
    if sample.unpaired:
        rows = owners.together(sample.unpaired)
        made.append(_unpaired(dataset, rows, owners, f"{anchor}-unpaired"))
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


def _mismatched(
    dataset: DatasetResult, rows: list[Discrepancy], owners: _Owners, anchor: str
) -> Grid:
    """Only columns in which some shown row differs, in the dataset's order."""
    differing = {name for row in rows for name in row.columns}
    known = [column.name for column in dataset.columns if column.name in differing]
    names = known + sorted(differing - set(known))
    headers = [*_key_headers(dataset, rows), *owners.headers]
    headers += [(visible(name), True) for name in names]
    return Grid(
        id=anchor,
        caption="Rows whose values differ",
        headers=tuple(headers),
        rows=tuple(
            (*_key(row), *owners.cells(row), *(_pair(row, name) for name in names)) for row in rows
        ),
        keys=len(dataset.key),
    )


def _unpaired(
    dataset: DatasetResult, rows: list[Discrepancy], owners: _Owners, anchor: str
) -> Grid:
    held = [row.legacy or row.candidate or {} for row in rows]
    names = [column.name for column in dataset.columns if any(column.name in row for row in held)]
    headers = [*_key_headers(dataset, rows), *owners.headers, ("state", False), ("side", False)]
    headers += [(visible(name), _numeric([row.get(name) for row in held])) for name in names]
    return Grid(
        id=anchor,
        caption="Rows without a partner",
        headers=tuple(headers),
        rows=tuple(
            tuple(
                [*_key(row), *owners.cells(row)]
                + [Cell(text=f"≠ {_STATES[row.state]}", kind="state")]
                + [Cell(text=row.side.value if row.side else "both")]
                + [_plain(values.get(name)) for name in names]
            )
            for row, values in zip(rows, held, strict=True)
        ),
        keys=len(dataset.key),
    )


def _key_headers(dataset: DatasetResult, rows: list[Discrepancy]) -> list[tuple[str, bool]]:
    return [
        (visible(name), _numeric([row.key[place] for row in rows]))
        for place, name in enumerate(dataset.key)
    ]


def _numeric(values: list[Any]) -> bool:
    """True when there is a number and nothing but numbers and NULL."""
    held = [value for value in values if value is not None]
    return bool(held) and all(is_number(value) for value in held)


def _key(row: Discrepancy) -> list[Cell]:
    return [_plain(part) for part in row.key]


def _plain(value: Any) -> Cell:
    return Cell(
        text=value_text(value),
        kind=_kind(value),
        sort=sort_number(value),
        title=utc_text(value),
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return "number" if is_number(value) else "text"


def _pair(row: Discrepancy, name: str) -> Cell:
    """A differing column's legacy value, candidate value and delta; a dot where it is equal."""
    if name not in row.columns:
        return _SAME
    legacy = (row.legacy or {}).get(name)
    candidate = (row.candidate or {}).get(name)
    delta = delta_of(legacy, candidate)
    places = decimals_for(delta)
    return Cell(
        text=delta_text(delta),
        kind="pair",
        sort=sort_number(delta),
        title=_exact(legacy, candidate),
        legacy=value_text(legacy, decimals=places),
        candidate=value_text(candidate, decimals=places),
    )


def _exact(legacy: Any, candidate: Any) -> str:
    """The values in full: floats beyond the places shown, times in UTC."""
    before, after = (utc_text(value) or value_text(value) for value in (legacy, candidate))
    return f"legacy {before}, candidate {after}"
