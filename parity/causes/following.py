"""The incidents of the bars that an indicator follows from."""

from __future__ import annotations

from parity.causes.context import Context
from parity.causes.evidence import day_text
from parity.model.result import Incident

__all__ = ["bar_incidents", "since_restated"]

_LONGEST = 14  # days without a session


def bar_incidents(context: Context, symbol: str | None, first: str, last: str) -> list[Incident]:
    """The incidents of a symbol's bars on days from `first` to `last`, the weightiest first.

    Args:
        context: of the indicators.
        symbol: whose bars; None where the dataset names none.
        first: ISO date.
        last: ISO date.
    """
    mine = [
        one
        for one in context.input_incidents()
        if (symbol is None or symbol in one.scope.symbols)
        and (one.scope.first is None or one.scope.first <= last)
        and (one.scope.last is None or one.scope.last >= first)
    ]
    return sorted(mine, key=lambda one: (not one.proved, -one.rows, one.id))


def since_restated(context: Context, incidents: list[Incident], last: int) -> str:
    """The day from which bars were restated: an ex-date that is known, or the next session.

    Args:
        context: of the indicators.
        incidents: of the bars.
        last: the last day (since 1970) of a row computed from the bars as they were before.
    """
    for one in incidents:
        known = one.evidence.get("ex_date")
        if isinstance(known, str) and known > (day_text(last) or ""):
            return known
    following = last + 1
    if context.calendar is not None:
        sessions = context.calendar.sessions(last + 1, last + _LONGEST)
        following = int(sessions[0]) if len(sessions) else following
    return day_text(following) or ""
