"""The checklist of the phase in force, from what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from parity.database import Role
from parity.gates.facts import Facts
from parity.gates.flows import Told, succeeded
from parity.gates.gate import earliest, gate, next_phase
from parity.gates.queries import COMPARED_BEFORE, CONFIGS
from parity.gates.sessions import needed_of, streak_of
from parity.gates.streaks import without_pending
from parity.model.checklist import Checklist
from parity.model.errors import ParityError
from parity.model.monitoring import Monitored
from parity.model.result import RunResult
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Side
from parity.nightly.harness import Harness
from parity.nightly.monitoring import monitor
from parity.report.nights import night_link

__all__ = ["checklist", "facts_of"]

GRACE = timedelta(hours=12)  # for a night without a deadline
_KINDS = (
    TrailKind.PHASE, TrailKind.SWITCH, TrailKind.SIGNATURE, TrailKind.CONFIG, TrailKind.DRILL,
)  # fmt: skip
_DAY = timedelta(days=1)


def checklist(
    harness: Harness,
    *,
    now: datetime,
    environ: Mapping[str, str],
    prefect_api: str | None = None,
) -> Checklist:
    """What must hold to leave the phase in force, and what does not.

    Args:
        harness: whose migration.
        now: the moment of asking. Nights that are stored count, whatever their session.
        environ: may hold the login for Prefect's API.
        prefect_api: its address; None: the tables alone tell how flows have run.

    Raises:
        StoreError: schema `parity` cannot be read.
        UsageError: the exchange's calendar does not reach to `now`.
    """
    facts = facts_of(harness, now)
    streak = streak_of(facts)
    flows = Told()
    if facts.phase is Phase.VALIDATION:
        flows = _Flows(harness, now, environ, prefect_api).told(
            streak.last(needed_of(facts)), facts.gates.success_rate
        )
    items = gate(facts, streak, flows)
    wait = max((item.sessions for item in items), default=0)
    return Checklist(
        migration=harness.suite.migration,
        phase=facts.phase,
        to=next_phase(facts.phase),
        items=items,
        earliest=earliest(items, facts.today, _to_come(harness, facts, wait)),
        at=now,
    )


def facts_of(harness: Harness, now: datetime) -> Facts:
    """All that the gate of the phase in force is judged by, but for how flows have run.

    Raises:
        StoreError: schema `parity` cannot be read.
        UsageError: the exchange's calendar does not reach to `now`.
    """
    suite, exchange = harness.suite, harness.exchange
    nights = harness.store.nights(suite.migration)
    trail = harness.store.trail(suite.migration, *_KINDS)
    phases = _of_kind(trail, TrailKind.PHASE)
    phase = Phase(phases[-1].content["to"]) if phases else Phase.PARALLEL_RUN
    return Facts(
        phase=phase,
        began=phases[-1] if phases else None,
        config=suite.config_hash,
        gates=suite.plan.gates,
        manual=suite.plan.checklist,
        datasets=tuple(dataset.name for dataset in suite.datasets),
        views=tuple(served.view for served in suite.plan.served),
        limits={job.name: job.timeout for job in suite.jobs if job.side is Side.CANDIDATE},
        sessions=_due(harness, nights, now),
        nights=nights,
        earlier=_of_earlier_stays(harness, phase, trail),
        configs=_configs(harness),
        trail=trail,
        now=now,
        day=lambda moment: moment.astimezone(exchange.zone).date(),
        link=night_link,
    )


def _of_kind(trail: Sequence[TrailEntry], kind: TrailKind) -> list[TrailEntry]:
    return [entry for entry in trail if entry.kind == kind.value]


def _due(harness: Harness, nights: Sequence[RunResult], now: datetime) -> tuple[date, ...]:
    """The sessions that count or should, from the first with a night on."""
    due = harness.exchange.latest(now, harness.suite.at)
    stored = {night.session for night in nights}
    sessions = harness.exchange.between(min([due, *stored]), max([due, *stored]))
    return without_pending(sessions, stored, lambda session: _limit(harness, session), now)


def _limit(harness: Harness, session: date) -> datetime:
    """Until when a session's night may come before it is missing."""
    at, deadline = harness.suite.at, harness.suite.alerts.deadline
    if deadline is None:
        return harness.exchange.night(session, at) + GRACE
    # At an hour at which the night may not even have begun the morning after is meant.
    return harness.exchange.night(session + (_DAY if deadline <= at else timedelta(0)), deadline)


def _of_earlier_stays(
    harness: Harness, phase: Phase, trail: Sequence[TrailEntry]
) -> frozenset[date]:
    """Sessions that were compared before this stay in the phase; none where it is the first.

    The candidate is primary since the last switch, also where the phase was entered again later;
    what was compared before that switch was written while it was not.
    """
    entries = _of_kind(trail, TrailKind.PHASE)
    visits = [Phase.PARALLEL_RUN.value, *(str(entry.content.get("to")) for entry in entries)]
    switches = _of_kind(trail, TrailKind.SWITCH)
    if phase is Phase.CUTOVER and switches:
        start = switches[-1]
    elif visits.count(phase.value) < 2:
        return frozenset()
    else:
        start = entries[-1]
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        rows = connection.execute(COMPARED_BEFORE, [harness.suite.migration, start.at]).fetchall()
    return frozenset(session for (session,) in rows)


def _configs(harness: Harness) -> dict[str, str]:
    """The hash of the config of each run."""
    with harness.database.connect_as(Role.PARITY_HARNESS, autocommit=True) as connection:
        return dict(connection.execute(CONFIGS, [harness.suite.migration]).fetchall())


def _to_come(harness: Harness, facts: Facts, number: int) -> tuple[date, ...]:
    """The next sessions that may still count, at most `number`."""
    exchange = harness.exchange
    last = facts.sessions[-1] if facts.sessions else facts.today - _DAY
    # No exchange is closed for half of all days.
    later = exchange.between(last + _DAY, last + timedelta(days=2 * number + 14))
    return later[:number]


class _Flows:
    """Asks how the candidate's jobs and flows have run."""

    def __init__(
        self, harness: Harness, now: datetime, environ: Mapping[str, str], prefect_api: str | None
    ) -> None:
        self._harness, self._now = harness, now
        self._environ, self._prefect_api = environ, prefect_api

    def told(self, nights: Sequence[RunResult], least: float) -> Told:
        """What is known of the runs on the sessions of some nights, the oldest first."""
        if not nights:
            return Told()
        last = nights[-1].session
        try:
            found = self._ask(len(nights), last)
            if unread := self._unread(found):
                return Told(unknown=unread)
            good = len(nights)
            if succeeded(found, least):
                good = self._good(len(nights), last, least)
        except ParityError as error:
            return Told(unknown=" ".join(str(error).split()))
        return Told(found=found, good=good)

    def _good(self, number: int, last: date, least: float) -> int:
        """On how many of the newest sessions, less than `number`, all have succeeded."""
        good, bad = 0, number
        while bad - good > 1:
            middle = (good + bad) // 2
            if succeeded(self._ask(middle, last), least):
                bad = middle
            else:
                good = middle
        return good

    def _ask(self, sessions: int, last: date) -> Monitored:
        return monitor(
            self._harness, sessions, now=self._now, until=last,
            prefect_api=self._prefect_api, environ=self._environ,
        )  # fmt: skip

    def _unread(self, found: Monitored) -> str:
        """Why the flows' own table tells nothing, where it should and Prefect does not."""
        table = self._harness.suite.flows.runs
        if table is None or found.prefect_asked:
            return ""
        start = f"{table} (flows.runs) "
        return next((note for note in found.notes if note.startswith(start)), "")
