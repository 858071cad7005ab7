"""How large the differences of each column are, against what is tolerated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.model.result import ColumnResult, DatasetResult
from parity.report.pictures.bins import Bins, bins_of
from parity.report.pictures.kept import Kept
from parity.report.pictures.view import Bar, DeltaPicture
from parity.report.words import count, visible

if TYPE_CHECKING:
    import numpy as np

__all__ = ["COLUMNS", "HEIGHT", "WIDTH", "Limit", "delta_pictures", "limit_of", "ratios_of"]

COLUMNS = 6  # those that differ in most rows
WIDTH, HEIGHT = 320, 110  # of the drawing
_ALIKE = 0.01  # of what a ratio is away from 1: so near to one another they are one ratio
_LEAST = 2.0  # one row among millions must still be seen


@dataclass(frozen=True, slots=True)
class Limit:
    """What is tolerated: |delta| <= max(abs, rel * max(|legacy|, |candidate|))."""

    abs: float = 0.0
    rel: float = 0.0


def limit_of(text: str) -> Limit:
    """What a column's tolerance says; `exact` where it is no tolerance of numbers."""
    limit = {"abs": 0.0, "rel": 0.0}
    for part in text.partition(" because ")[0].split(" or "):
        relative = part.endswith(" %")
        try:
            value = float(part.removeprefix("±").removesuffix(" %"))
        except ValueError:
            continue
        limit["rel" if relative else "abs"] = value / 100 if relative else value
    return Limit(**limit)


def delta_pictures(kept: Kept, dataset: DatasetResult) -> tuple[tuple[DeltaPicture, ...], int]:
    """The pictures of the columns that differ in most rows, and how many more columns differ."""
    ordered = sorted(
        (one for one in dataset.columns if one.mismatched and ("delta", one.name) in kept.names),
        key=lambda one: -one.mismatched,
    )
    pictures = [_tried(kept, column) for column in ordered[:COLUMNS]]
    return tuple(one for one in pictures if one is not None), max(0, len(ordered) - COLUMNS)


def _tried(kept: Kept, column: ColumnResult) -> DeltaPicture | None:
    """The picture; where a value cannot be drawn, one that says so: the others are drawn."""
    from pyarrow import ArrowException  # not at the top: slow to import

    try:
        return _picture(kept, column)
    except (ArrowException, ArithmeticError, LookupError, OSError, ValueError) as error:
        says = f"Not drawn: {type(error).__name__}"
        limit = visible(column.tolerance.partition(" because ")[0])
        name = visible(column.name)
        return DeltaPicture(
            column=name, label=f"differences of {name}: {says.lower()}", unit="|Δ|", bars=(),
            line=None, limit=limit, low="", high="", most="", says=says,
        )  # fmt: skip


def _picture(kept: Kept, column: ColumnResult) -> DeltaPicture | None:
    import numpy as np

    limit = limit_of(column.tolerance)
    delta, measured = _sizes(kept, column, limit)
    finite = np.isfinite(delta)
    # A delta of many times a tiny tolerance may be more than a double can say: it counts too.
    sizes = np.minimum(measured[finite & (measured > 0)], np.finfo(np.float64).max)
    if not sizes.size:
        return None
    line = 1.0 if limit.rel else limit.abs or None
    bins = bins_of(sizes, line)
    beside = int((_differs(kept, column) & ~finite).sum())
    return DeltaPicture(
        column=visible(column.name),
        label=_label(column, bins, line),
        unit="|Δ| in multiples of the tolerance" if limit.rel else "|Δ|",
        bars=tuple(_bars(bins, line)),
        line=None if line is None else _x(line, bins.edges),
        limit=visible(column.tolerance.partition(" because ")[0]),
        low=_edge(bins.edges[0]),
        high=_edge(bins.edges[-1]),
        most=f"{max(bins.counts):,}",
        says=f"{count(beside, 'row')} without a number on one side" if beside > 0 else "",
        ratio="" if beside > 0 else _ratio(kept, column),
    )


def ratios_of(pictures: Sequence[DeltaPicture]) -> tuple[str, ...]:
    """What candidate is to legacy in sentences, where each column has one ratio; else empty."""
    columns: dict[str, list[str]] = {}
    for one in pictures:
        columns.setdefault(one.ratio, []).append(one.column)
    if "" in columns:
        return ()
    return tuple(
        f"Candidate is {ratio} times legacy wherever it differs: {', '.join(names)}"
        for ratio, names in columns.items()
    )


def _ratio(kept: Kept, column: ColumnResult) -> str:
    """The one ratio of all rows that differ in the column; empty where there are several."""
    import numpy as np

    roles = ("legacy", "candidate")
    if any((role, column.name) not in kept.names for role in roles):
        return ""
    table = kept.table(kept.names[role, column.name] for role in roles)
    differs = _differs(kept, column)
    legacy, candidate = (kept.numbers(table, role, column.name)[differs] for role in roles)
    with np.errstate(all="ignore"):
        ratios = candidate / legacy
        one = float(np.median(ratios)) if ratios.size else math.nan
        alike = np.abs(ratios - one) <= _ALIKE * abs(one - 1)
    return f"{one:.4g}" if math.isfinite(one) and bool(alike.all()) else ""


def _differs(kept: Kept, column: ColumnResult) -> np.ndarray[Any, Any]:
    """For each row whether the column is among those that differ."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    [named] = kept.table([kept.names["columns", ""]]).columns
    found = named.combine_chunks()
    mine = pc.equal(pc.list_flatten(found).cast(pa.string()), column.name)
    differs = np.zeros(len(found), dtype=bool)
    differs[pc.list_parent_indices(found).filter(mine).to_numpy()] = True
    return differs


def _sizes(
    kept: Kept, column: ColumnResult, limit: Limit
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Deltas (NaN where there is none), and how large each is, by the tolerance if it is relative.

    A delta of two zeros, whose tolerance is none, is no difference.
    """
    import numpy as np

    roles = ("delta", "legacy", "candidate") if limit.rel else ("delta",)
    table = kept.table(kept.names[role, column.name] for role in roles)
    delta = kept.numbers(table, "delta", column.name)
    if not limit.rel:
        return delta, np.abs(delta)
    sides = [np.abs(kept.numbers(table, side, column.name)) for side in ("legacy", "candidate")]
    allowed = np.maximum(limit.abs, limit.rel * np.maximum(*sides))
    with np.errstate(divide="ignore", invalid="ignore"):
        return delta, np.where(delta == 0, 0.0, np.abs(delta) / allowed)


def _x(size: float, edges: Sequence[float]) -> float:
    """Where a size lies in the drawing, by its magnitude."""
    low, high = (math.log10(max(edge, 1e-323)) for edge in (edges[0], min(edges[-1], 1e308)))
    return round(WIDTH * (math.log10(size) - low) / (high - low), 1)


def _bars(bins: Bins, line: float | None) -> Iterator[Bar]:
    top = max(bins.counts)
    for low, high, number in zip(bins.edges, bins.edges[1:], bins.counts, strict=False):
        if not number:
            continue
        x = _x(low, bins.edges) if low else 0.0
        end = _x(high, bins.edges) if math.isfinite(high) else float(WIDTH)
        height = round(max(_LEAST, HEIGHT * number / top), 1)
        yield Bar(
            x=x,
            width=round(max(1.0, end - x - 1), 1),
            y=round(HEIGHT - height, 1),
            height=height,
            span=f"{_edge(low)} to {_edge(high)}",
            rows=f"{number:,}",
            beyond=line is None or low >= line,
        )


def _edge(size: float) -> str:
    if size >= 1e6 or 0 < size < 1e-4:
        text = f"{size:.0e}" if float(f"{size:.0e}") == size else f"{size:.6g}"
        return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    text = f"{size:,.9f}" if size < 1 else f"{size:,.6f}"
    return text.rstrip("0").rstrip(".")


def _label(column: ColumnResult, bins: Bins, line: float | None) -> str:
    place = bins.counts.index(max(bins.counts))
    span = f"{_edge(bins.edges[place])} to {_edge(bins.edges[place + 1])}"
    against = f"; tolerance {_edge(line)}" if line is not None else ""
    rows = count(sum(bins.counts), "row")
    return f"differences of {visible(column.name)} in {rows}: most often {span}{against}"
