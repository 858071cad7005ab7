"""A night that is not stored by its deadline. Nights that stay away in a row are one trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from parity.alerts import short
from parity.exchange import Exchange
from parity.model.alert import Alert, Changes, Trouble, TroubleKind
from parity.model.result import RunResult
from parity.model.suite import Suite
from parity.nightly.alerting.saying import of_night, page_of
from parity.report.headline import headline
from parity.report.view import word_of
from parity.report.words import day

__all__ = ["late_changes"]

LATE = "late:"
BACK = timedelta(days=21)  # no exchange is closed for longer


def late_changes(
    suite: Suite,
    exchange: Exchange,
    nights: Sequence[RunResult],
    open_ones: Mapping[str, Alert],
    now: datetime,
) -> Changes:
    """What the clock changes.

    Args:
        suite: has the deadline; without one nothing is late.
        exchange: whose sessions.
        nights: all that are stored, newest first.
        open_ones: the open alerts by identity.
        now: the moment.
    """
    late = [identity for identity in open_ones if identity.startswith(LATE)]
    if suite.alerts.deadline is None:
        return Changes(closed=dict.fromkeys(late))
    stored = {night.session: night for night in nights}
    session = _due(suite, exchange, now)
    newest = nights[0] if nights else None
    # A later night that is stored shows that nights run; one that was left out is in the index.
    if session is not None and (newest is None or newest.session < session):
        return Changes(opened=() if late else (_is_late(suite, session, newest),))
    return Changes(closed={identity: _is_there(suite, identity, stored) for identity in late})


def _due(suite: Suite, exchange: Exchange, now: datetime) -> date | None:
    """The newest session whose deadline has passed."""
    deadline = suite.alerts.deadline
    assert deadline is not None
    # At an hour at which the night may not even have begun the morning after is meant.
    days = timedelta(days=1 if deadline <= suite.at else 0)
    today = now.astimezone(exchange.zone).date()
    sessions = exchange.between(today - BACK, today)
    due = [one for one in sessions if exchange.night(one + days, deadline) <= now]
    return due[-1] if due else None


def _is_late(suite: Suite, session: date, newest: RunResult | None) -> Trouble:
    deadline = suite.alerts.deadline
    known = (
        f"The newest night there is: {newest.session} ({word_of(newest.verdict)})."
        if newest
        else "No night has been stored yet."
    )
    lines = (
        f"Nothing is stored for {day(session)}, due by {deadline:%H:%M} exchange time. {known}",
        "See whether what starts the night, cron or a Prefect worker, is alive; then",
        f"parity nightly --session {session}",
    )
    return Trouble(
        identity=f"{LATE}{session}",
        kind=TroubleKind.LATE,
        title=f"{suite.migration} {session}: the night is late",
        body="\n".join(lines),
        session=session,
    )


def _is_there(suite: Suite, identity: str, stored: Mapping[date, RunResult]) -> str:
    session = date.fromisoformat(identity.removeprefix(LATE))
    night = stored.get(session)
    if night is None:
        return (
            f"{suite.migration}: nights are on time again\n"
            f"That of {session} was never stored: parity nightly --session {session}"
        )
    lines = (f"{of_night(suite, night)}: the late night is there", short(headline(night)))
    return "\n".join((*lines, page_of(suite, night)))
