"""How a comparison is cut up: along the keys' indexes in pieces, or whole tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from parity.diff import queries
from parity.diff.columns import Family
from parity.diff.comparison import Comparison
from parity.diff.pieces import Bound, Leads, Piece, Shape, Slice
from parity.diff.scope import Scope
from parity.model.verdict import Side

__all__ = ["Layout", "Way", "keys_at_random", "layout_of", "leads_of", "ordered"]

SMALL = 100_000  # rows: cutting up less costs more than it spares
SLICE = 250_000  # rows of one query
PIECE = 50_000  # rows of one merge join; bounds the memory that its differing rows may take
LEADS = 50_000  # values of a key column that are worth a piece each
ROWS_A_LEAD = 200
SAMPLE = 500  # pages
CORRELATED = 0.3  # below that, rows of one key lie all over the table


class Way(StrEnum):
    """How both sides are joined."""

    PIECES = "pieces"  # merge joins along the keys' indexes
    WHOLE = "whole"  # the planner's choice over whole tables
    IRREGULAR = "irregular"  # as whole, after NULL and doubled keys have been taken out


@dataclass(frozen=True, slots=True)
class Layout:
    """What is asked of the database, in which pieces. Plain values, so that it can be kept."""

    way: Way
    slices: tuple[Slice, ...] = ()
    leads: Leads | None = None
    places: tuple[int, ...] = ()  # of the key columns, in the order of an index over both sides
    rows: float = 0.0
    notes: tuple[str, ...] = ()
    windowed: bool = False  # only a part of history is compared


def layout_of(comparison: Comparison, scope: Scope | None = None) -> Layout:
    """The fastest right way to compare a dataset, or the part of it that `scope` says.

    Raises:
        psycopg.Error: the database refused or failed.
    """
    comparison.connection.execute(queries.AS_PLANNED)
    notes = _notes(comparison)
    if comparison.ambiguous and any(
        comparison.ask(queries.doubled(comparison.readers[side])) for side in Side
    ):
        return Layout(Way.IRREGULAR, notes=notes, rows=comparison.rows)
    rows = comparison.rows
    if rows < SMALL and scope is None:
        return Layout(Way.WHOLE, rows=rows, notes=notes)
    reason = _hindrance(comparison, scattered=scope is None)
    cut = None if reason else _cut(comparison, scope)
    if cut is not None:
        reason = _planned_otherwise(comparison, cut)
    if cut is None or reason:
        hint = (reason,) if reason else ()
        return Layout(Way.WHOLE, rows=rows, places=_indexed(comparison), notes=(*notes, *hint))
    return Layout(
        Way.PIECES,
        slices=cut.slices,
        leads=cut.leads,
        places=tuple(ordered(comparison)),
        rows=sum(part.rows for part in cut.slices),
        notes=notes,
        windowed=scope is not None,
    )


def _notes(comparison: Comparison) -> tuple[str, ...]:
    if not comparison.ambiguous:
        return comparison.plan.notes
    key = ", ".join(pair.name for pair in comparison.plan.key)
    return (
        *comparison.plan.notes,
        f"No unique index over NOT NULL columns proves the key ({key}) on both sides: "
        "it was checked row by row, which is slower.",
    )


def _places(comparison: Comparison) -> list[int]:
    """The key columns that are not fixed, in the order of an index where there is one."""
    gone = queries.fixed(comparison.readers[Side.LEGACY])
    return [place for place, pair in enumerate(comparison.plan.key) if pair.name not in gone]


def ordered(comparison: Comparison) -> list[int]:
    """The places of the key columns in the order of an index that both sides have."""
    places = _places(comparison)
    names = {comparison.plan.key[place].legacy.name: place for place in places}
    for columns, _ in comparison.indexes[Side.LEGACY]:
        ordered = [names[column] for column in columns if column in names]
        if len(ordered) == len(places) and all(
            comparison.index_over(side, ordered) for side in Side
        ):
            return ordered
    return places


def _indexed(comparison: Comparison) -> tuple[int, ...]:
    """The key columns in the order of an index that both sides have; empty where there is none."""
    places = ordered(comparison)
    if not places or any(comparison.index_over(side, places) is None for side in Side):
        return ()
    return tuple(places)


def _hindrance(comparison: Comparison, *, scattered: bool) -> str:
    """Why the sides cannot be read along their keys' indexes; empty where they can.

    `scattered`: also whether that would be slow, which does not matter for a small part.
    """
    places = ordered(comparison)
    if not places:
        return "Every key column is fixed by `where`: the sides were compared as whole tables."
    key = ", ".join(comparison.plan.key[place].name for place in places)
    for side in Side:
        relation = comparison.dataset.relation(side)
        size = comparison.sizes[side]
        if size.table and comparison.index_over(side, places) is None:
            return (
                f"{side.value} {relation} has no index that begins with ({key}): it was compared "
                f"as a whole, which is slower. CREATE INDEX ON {relation} ({key}) mends that."
            )
        column = comparison.plan.key[places[0]].column(side).name
        apart = abs(size.correlation.get(column, 1.0)) < CORRELATED
        if scattered and apart and size.heap > size.buffers:
            return (
                f"{side.value} {relation} is larger than shared_buffers and not stored in the "
                f"order of its key: it was compared as a whole. CLUSTER would make it faster."
            )
    return ""


@dataclass(frozen=True, slots=True)
class _Cut:
    slices: tuple[Slice, ...]
    leads: Leads | None


def _cut(comparison: Comparison, scope: Scope | None) -> _Cut | None:
    places, rows = ordered(comparison), comparison.rows
    if scope is not None:
        return _Cut(tuple(_scoped(places, scope, rows)), scope.leads)
    leads = leads_of(comparison, places[0])
    if leads is None:
        return _by_ranges(comparison, places[0], rows)
    return _Cut(tuple(_by_leads(comparison, places, leads, rows)), leads)


def leads_of(comparison: Comparison, place: int) -> Leads | None:
    """All values of the leading column on both sides; None where there are too many."""
    most = int(min(LEADS, max(comparison.rows / ROWS_A_LEAD, 100)))
    found: dict[str, None] = {}
    for side in Side:
        columns = comparison.index_over(side, [place])
        name = comparison.plan.key[place].column(side).name
        filtered = columns is not None and columns[0] != name
        part = queries.leads(comparison.readers[side], place, most, filtered=filtered)
        values = [value for (value,) in comparison.ask(part)]
        if len(values) > most:
            return None
        # Sorted like the first side's; the few that only the other has come last.
        found |= dict.fromkeys(values)
    kind = comparison.types[place]
    values = list(found)
    if comparison.plan.key[place].family is not Family.TEXT:
        # What prints differently may be one value, and two pieces of it would count it twice.
        values = [value for (value,) in comparison.ask(queries.one_of_each(values, kind))]
    return Leads(place, kind, tuple(values))


def keys_at_random(comparison: Comparison, places: Sequence[int]) -> list[tuple[str, ...]]:
    """Keys spread over the larger table; empty where neither side is a table."""
    sides = [side for side in Side if comparison.sizes[side].table]
    if not sides:
        return []
    side = max(sides, key=lambda one: comparison.sizes[one].rows)
    pages = max(comparison.sizes[side].heap / 8192, 1.0)
    percent = min(100.0, 100.0 * SAMPLE / pages)
    return comparison.ask(queries.keys_at_random(comparison.readers[side], places, percent))


def _by_leads(
    comparison: Comparison, places: Sequence[int], leads: Leads, rows: float
) -> Iterator[Slice]:
    """A piece for each value, several where one value has many rows."""
    sample = keys_at_random(comparison, places[:2])
    each = rows / max(len(sample), 1)
    seen = Counter(key[0] for key in sample)
    usual = rows / max(len(leads.values), 1)
    pieces: list[tuple[Shape, Piece]] = []
    for value in leads.values:
        found = seen.get(value, 0) * each
        if found <= 2 * PIECE or len(places) < 2:
            pieces.append(((Bound(places[0], "="),), Piece((value,), found or usual)))
            continue
        cuts = _quantiles([key[1] for key in sample if key[0] == value], each)
        pieces += _along(places, value, cuts, found)
    yield from _slices(pieces)


def _along(
    places: Sequence[int], value: str, cuts: Sequence[str], rows: float
) -> list[tuple[Shape, Piece]]:
    """The pieces of one value of the leading column, cut along the next one."""
    equal, start, end = Bound(places[0], "="), Bound(places[1], ">="), Bound(places[1], "<")
    share = rows / (len(cuts) + 1)
    if not cuts:
        return [((equal,), Piece((value,), rows))]
    return [
        ((equal, end), Piece((value, cuts[0]), share)),
        *(((equal, start, end), Piece((value, low, high), share)) for low, high in pairwise(cuts)),
        ((equal, start), Piece((value, cuts[-1]), share)),
    ]


def _by_ranges(comparison: Comparison, place: int, rows: float) -> _Cut | None:
    """Pieces between values of the leading column."""
    sample = keys_at_random(comparison, [place])
    cuts = _quantiles([key[0] for key in sample], rows / max(len(sample), 1))
    if not cuts:
        return None
    start, end = Bound(place, ">="), Bound(place, "<")
    share = rows / (len(cuts) + 1)
    pieces: list[tuple[Shape, Piece]] = [((end,), Piece((cuts[0],), share))]
    pieces += [((start, end), Piece((low, high), share)) for low, high in pairwise(cuts)]
    pieces.append(((start,), Piece((cuts[-1],), share)))
    return _Cut(tuple(_slices(pieces)), None)


def _quantiles(values: Sequence[str], each: float) -> list[str]:
    """Values in their order, about one for every PIECE rows; `each` stands for so many rows."""
    step = max(1, round(PIECE / each))
    return list(dict.fromkeys(values[step::step]))


def _scoped(places: Sequence[int], scope: Scope, rows: float) -> Iterator[Slice]:
    """The pieces of a night's window."""
    leads = scope.leads
    usual = rows / max(len(leads.values), 1)
    equal = Bound(places[0], "=")
    order = {value: number for number, value in enumerate(leads.values)}
    whole = sorted((value for value in scope.whole if value in order), key=order.__getitem__)
    yield from _slices([((equal,), Piece((value,), usual)) for value in whole])
    start, end = Bound(places[1], ">="), Bound(places[1], "<")
    by_shape: dict[Shape, list[tuple[Shape, Piece]]] = {}
    for stretch in scope.stretches:
        if stretch.symbol not in order:
            continue
        shape: Shape = (equal,)
        values: tuple[str, ...] = (stretch.symbol,)
        for bound, moment in ((start, stretch.start), (end, stretch.end)):
            if moment is not None:
                shape, values = (*shape, bound), (*values, moment)
        piece = (shape, Piece(values, usual / 100))
        by_shape.setdefault(shape, []).append(piece)
    for pieces in by_shape.values():
        yield from _slices(pieces)


def _slices(pieces: Sequence[tuple[Shape, Piece]]) -> Iterator[Slice]:
    """Neighbours of one shape together, up to the rows of one query."""
    for shape, group in groupby(pieces, key=lambda pair: pair[0]):
        taken: list[Piece] = []
        rows = 0.0
        for _, piece in group:
            taken.append(piece)
            rows += piece.rows
            if rows >= SLICE:
                yield Slice(shape, tuple(taken))
                taken, rows = [], 0.0
        if taken:
            yield Slice(shape, tuple(taken))


def _planned_otherwise(comparison: Comparison, cut: _Cut) -> str:
    """Why pieces would not be read along indexes after all; empty where they are."""
    if not cut.slices:
        return ""
    comparison.connection.execute(queries.ALONG_INDEXES)
    longest = max(cut.slices, key=lambda one: len(one.shape))
    part = queries.piecewise(
        comparison.readers[Side.LEGACY],
        comparison.readers[Side.CANDIDATE],
        longest.shape,
        [piece.values for piece in longest.pieces[:1]],
        comparison.types,
    )
    scanned = sorted(_scanned(comparison.plan_of(part)))
    if not scanned:
        return ""
    return (
        f"PostgreSQL reads {', '.join(scanned)} without an index on the key: it was compared as a "
        "whole, which is slower. Compare the collations and types of the key's columns."
    )


def _scanned(plan: dict[str, object]) -> set[str]:
    """The relations that a plan reads from end to end."""
    found: set[str] = set()
    if plan["Node Type"] in ("Seq Scan", "Foreign Scan"):
        found.add(str(plan.get("Relation Name", "a foreign table")))
    for child in plan.get("Plans", []):  # type: ignore[attr-defined]
        found |= _scanned(child)
    return found
