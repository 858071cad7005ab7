"""The segments (symbol × month) that a dataset's history consists of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from parity.diff import queries
from parity.diff.comparison import Comparison
from parity.diff.layout import leads_of, ordered
from parity.diff.pieces import Leads
from parity.model.verdict import Side

__all__ = ["History", "history_of", "why_no_window"]


@dataclass(frozen=True, slots=True)
class History:
    """The symbols of both sides in the order of their index, and how many months each spans."""

    leads: Leads
    months: dict[str, int]

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols."""
        return self.leads.values


def why_no_window(comparison: Comparison) -> str | None:
    """Why a part of a dataset's history cannot be compared alone; None where it can."""
    dataset, key = comparison.dataset, comparison.plan.key
    places = ordered(comparison)
    names = [key[place].name for place in places]
    if names[:2] != [dataset.symbol, dataset.time]:
        return f"no index on both sides begins with ({dataset.symbol}, {dataset.time})"
    for side in Side:
        if comparison.index_over(side, places[:2]) is None:
            return f"{side.value} has no index that begins with ({dataset.symbol}, {dataset.time})"
    symbol, time = key[places[0]], key[places[1]]
    if not {symbol.legacy.base, symbol.candidate.base} <= {"text", "varchar"}:
        return f"{dataset.symbol} is no text"
    kinds = {time.legacy.base, time.candidate.base}
    if kinds not in ({"date"}, {"timestamptz"}):
        return f"{dataset.time} is not a date or a timestamptz on both sides"
    return None


def history_of(comparison: Comparison) -> History | None:
    """The symbols of both sides; None where there are too many for a window to pay.

    Raises:
        psycopg.Error: the database refused or failed.
    """
    places = ordered(comparison)
    comparison.connection.execute(queries.ALONG_INDEXES)
    leads = leads_of(comparison, places[0])
    if leads is None:
        return None
    spans: dict[str, list[date]] = {}
    for side in Side:
        part = queries.spans(comparison.readers[side], leads.place, leads.values, leads.kind)
        for symbol, first, last in comparison.ask(part):
            # Moments that Python cannot hold come as text: they are in no month.
            found = [moment for moment in (first, last) if isinstance(moment, date)]
            spans.setdefault(symbol, []).extend(found)
    # What is asked next may need other ways of reading.
    comparison.connection.execute(queries.AS_PLANNED)
    return History(leads, {symbol: _months(spans.get(symbol, [])) for symbol in leads.values})


def _months(moments: list[date]) -> int:
    if not moments:
        return 0
    first, last = min(moments), max(moments)
    return (last.year - first.year) * 12 + last.month - first.month + 1
