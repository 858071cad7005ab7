"""What differs, for a terminal: columns with their largest deltas, and the first rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parity.model.result import ColumnResult, DatasetResult, Discrepancy, RowState
from parity.report.screen import Screen, plain_table
from parity.report.words import ABSENT, delta_of, delta_text, ratio_text, value_text, visible

__all__ = ["render_differing"]

COLUMNS_SHOWN = 8  # of one row
LONGEST, CONTEXT = 60, 15  # characters of a value that are shown; of them before the difference


def render_differing(
    dataset: DatasetResult, rows: Sequence[Discrepancy], zone: tzinfo, *, width: int = 80
) -> Screen:
    """The columns that differ and the given rows; empty where nothing differs.

    Instants are in `zone`, with their offset.
    """
    return Screen(lambda: list(_parts(dataset, rows, zone)), width)


def _parts(
    dataset: DatasetResult, rows: Sequence[Discrepancy], zone: tzinfo
) -> Iterator[RenderableType]:
    differing = [column for column in dataset.columns if column.mismatched]
    if differing:
        yield from (Text(""), Text("Columns that differ", "bold"), _columns(differing))
    if rows:
        shown, whole = len(rows), dataset.rows.discrepancies
        title = f"the first {shown:,} of {whole:,}" if shown < whole else f"all {whole:,}"
        yield from (Text(""), Text(f"Rows that differ, {title}", "bold"))
        yield _rows(dataset.key, rows, zone)


def _columns(columns: Sequence[ColumnResult]) -> Table:
    table = plain_table(
        ("column", False), ("rows", True), ("largest delta", True), ("relative", True),
        ("tolerance", False),
    )  # fmt: skip
    for column in columns:
        delta = column.max_abs_delta
        table.add_row(
            Text(visible(column.name)),
            f"{column.mismatched:,}",
            ABSENT if delta is None else delta_text(delta).lstrip("+"),
            ratio_text(column.max_rel_delta),
            Text(visible(column.tolerance)),
        )
    return table


def _rows(key: tuple[str, ...], rows: Sequence[Discrepancy], zone: tzinfo) -> Table:
    names = ", ".join(map(visible, key))
    table = plain_table(
        (names, False), ("column", False), ("legacy → candidate", False), ("delta", True)
    )
    for row in rows:
        label = ", ".join(_shown(value, zone) for value in row.key)
        for name, values, delta in _lines(row, zone):
            table.add_row(Text(label), Text(name), Text(values), Text(delta))
            label = ""
    return table


def _lines(row: Discrepancy, zone: tzinfo) -> Iterator[tuple[str, str, str]]:
    """For each column that differs its name, both values and their delta."""
    if row.state is not RowState.MISMATCHED or row.legacy is None or row.candidate is None:
        yield "", _state(row), ""
        return
    for name in row.columns[:COLUMNS_SHOWN]:
        legacy, candidate = row.legacy[name], row.candidate[name]
        delta = _delta(legacy, candidate)
        yield visible(name), _pair(_shown(legacy, zone), _shown(candidate, zone)), delta
    rest = len(row.columns) - COLUMNS_SHOWN
    if rest > 0:
        yield f"and {rest:,} more", "", ""


def _state(row: Discrepancy) -> str:
    side = row.side.value if row.side else "both"
    return {
        RowState.DUPLICATE_KEY: f"key occurs more than once; this is a row of {side}",
        RowState.NULL_KEY: f"NULL in the key, in {side}",
    }.get(row.state, f"only in {side}")


def _shown(value: object, zone: tzinfo) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        # Without a space, so that a line breaks between values and not inside of one.
        return value.astimezone(zone).isoformat().replace("+00:00", "Z")
    return value_text(value)


def _pair(legacy: str, candidate: str) -> str:
    """Both texts; of long ones the part around the first character that differs."""
    start = 0
    if max(len(legacy), len(candidate)) > LONGEST:
        pairs = zip(legacy, candidate, strict=False)
        alike = min(len(legacy), len(candidate))
        start = max(0, next((n for n, (a, b) in enumerate(pairs) if a != b), alike) - CONTEXT)
    return f"{_cut(legacy, start)} → {_cut(candidate, start)}"


def _cut(text: str, start: int) -> str:
    end = start + LONGEST
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def _delta(legacy: object, candidate: object) -> str:
    found = delta_of(legacy, candidate)
    if found is None and type(legacy) is date and type(candidate) is date:
        found = candidate - legacy
    if isinstance(found, timedelta):
        return delta_text(found)
    return "" if found is None else delta_text(found)
