"""Hand-made reports of phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from parity.model.checklist import Checklist, Item, Move
from parity.model.lifetime import Lifetime
from parity.model.monitoring import Figures, Monitored, RunKind, States
from parity.model.phase import (
    Change,
    Event,
    PhaseReport,
    PhaseSession,
    Row,
    SignOff,
    Stay,
)
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from tests.report.build import NEW_YORK

HOLIDAY = date(2005, 2, 21)  # Presidents' Day
P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.UNDECIDED
GOOD, SKIPPED = "", "no night is stored"


def at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    """A moment in New York."""
    return datetime(year, month, day, hour, 30, tzinfo=NEW_YORK)


def weekdays(first: date, number: int) -> list[date]:
    """So many sessions from a day on; of the holidays only Presidents' Day is known."""
    found: list[date] = []
    while len(found) < number:
        if first.weekday() < 5 and first != HOLIDAY:
            found.append(first)
        first += timedelta(days=1)
    return found


def sessions(
    first: date,
    verdicts: list[Verdict | None],
    told: Mapping[Verdict, str] | None = None,
    *,
    stay: int = 0,
) -> tuple[PhaseSession, ...]:
    """A session for each verdict, of which only a pass counts; each night has a page."""
    return tuple(
        PhaseSession(
            day=day, verdict=verdict, stay=stay,
            fault=GOOD if verdict is P else SKIPPED if verdict is None else "the night failed",
            told=(told or {}).get(verdict, "") if verdict else "",
            link=f"{day.isoformat()}/index.html" if verdict else "",
        )
        for day, verdict in zip(weekdays(first, len(verdicts)), verdicts, strict=True)
    )  # fmt: skip


def life(ident: str, cause: str = "split_adjustment", **values: Any) -> Lifetime:
    """An incident in the Yahoo bars of AAPL that three nights saw and the fourth did not."""
    fields: dict[str, Any] = {
        "dataset": "yahoo_bars", "id": ident, "cause": cause, "proved": True,
        "symbols": ("AAPL",), "first": date(2005, 2, 22), "last": date(2005, 2, 24), "nights": 3,
        "rows": 300, "gone": date(2005, 2, 25), "phases": frozenset({"validation"}),
        "opened": "validation", "link": "2005-02-22/index.html",
    }  # fmt: skip
    return Lifetime(**(fields | values))


def figures(
    name: str, kind: RunKind, ok: int, failed: int = 0, median: float | None = 1.0, **values: Any
) -> Figures:
    """How one has run; the slowest run took twice the median."""
    fields: dict[str, Any] = {
        "name": name, "kind": kind, "side": Side.LEGACY if kind is RunKind.SCRIPT else
        Side.CANDIDATE, "beside": name if kind is RunKind.SCRIPT else None,
        "states": States(ok=ok, failed=failed), "sessions": ok + failed, "median_seconds": median,
        "slowest_seconds": None if median is None else 2 * median,
    }  # fmt: skip
    return Figures(**(fields | values))


def ran(*lines: Figures, first: date, number: int) -> Monitored:
    """Figures over some sessions."""
    return Monitored(
        migration="cron-to-prefect", sessions=tuple(weekdays(first, number)), lines=lines,
        notes=("Prefect's API was not asked",),
    )  # fmt: skip


def use(state: WaiverState = WaiverState.USED, rows: int = 12, **values: Any) -> WaiverUse:
    """A waiver of anna's for rounding."""
    fields: dict[str, Any] = {
        "id": "yahoo-rounding", "dataset": "yahoo_bars", "cause": "rounding", "owner": "anna",
        "reason": "nobody reads the last two places", "expires": date(2005, 3, 31), "max_rows": 12,
    }  # fmt: skip
    return WaiverUse(waiver=Waiver(**(fields | values)), state=state, rows=rows)


def move(source: str, to: str, when: datetime, **values: Any) -> Move:
    """A change of the phase by ben."""
    fields: dict[str, Any] = {"by": "ben", "why": "the gate is open"}
    return Move(at=when, source=source, to=to, **(fields | values))


def report(**values: Any) -> PhaseReport:
    """Validation, of which nothing is known yet."""
    fields: dict[str, Any] = {
        "migration": "cron-to-prefect", "phase": Phase.VALIDATION, "in_force": True,
        "stays": (Stay(entered=move("parallel_run", "validation", at(2005, 2, 16))),),
        "phases": (Phase.PARALLEL_RUN, Phase.VALIDATION),
    }  # fmt: skip
    return PhaseReport(**(fields | values))


def gate(*items: Item, earliest: date | None = None) -> Checklist:
    """The gate from validation to cutover."""
    return Checklist(
        migration="cron-to-prefect", phase=Phase.VALIDATION, to=Phase.CUTOVER, items=items,
        earliest=earliest,
    )  # fmt: skip


def failed_week() -> PhaseReport:
    """Ten sessions from the 16th, of which a week went wrong; the last three passed."""
    found = sessions(
        date(2005, 2, 16), [P, P, F, F, F, U, None, P, P, P],
        {F: "300 rows differ in AAPL", U: "legacy job load-yahoo failed"},
    )  # fmt: skip
    first, last = found[0].day, found[-1].day
    open_one = life(
        "2", "unexplained", proved=False, symbols=("IBM", "KO", "MSFT"), dataset="indicators",
        first=date(2005, 3, 1), last=date(2005, 3, 1), nights=1, rows=4, gone=None,
        link="2005-03-01/index.html",
    )  # fmt: skip
    lines = (
        figures("load_yahoo", RunKind.SCRIPT, 9, 1, 3.2),
        figures("yahoo_flow", RunKind.JOB, 10, 0, 41.5, beside="load_yahoo"),
        figures("yahoo_market_data", RunKind.FLOW, 10, 0, 41.6, beside="load_yahoo"),
        figures("calculate", RunKind.SCRIPT, 9, 1, 10.0),
        figures("daily_indicators", RunKind.FLOW, 9, 0, 8.0, beside="calculate"),
    )
    items = (
        Item(id="sessions-passed", title="4 sessions in a row passed", ok=False, evidence="3 of 4",
             missing="1 more session to pass", sessions=1, runs=("a", "b", "c")),
        Item(id="coverage", title="All is covered", ok=True, evidence="all"),
        Item(id="drill", title="A drill", ok=False, evidence="there was no drill",
             missing="a drill that succeeds: parity drill"),
        Item(id="trained", title="The team is trained", ok=False, evidence="not signed",
             missing="a signature: parity sign trained --note TEXT", manual=True),
    )  # fmt: skip
    return report(
        stays=(
            Stay(
                first=first, last=last, entered=move("parallel_run", "validation", at(2005, 2, 16)),
                flows=ran(*lines, first=first, number=10),
            ),
        ),
        sessions=found,
        open_days=tuple(session.day for session in found),
        row=Row(now=3, needed=4, longest=3, first=date(2005, 2, 28), last=last),
        incidents=(
            life("1"),
            life("3", "upstream", follows=True, dataset="indicators", symbols=("AAPL",)),
            open_one,
            life("4", "rounding", waiver="yahoo-rounding", gone=None, rows=12),
        ),
        waivers=(use(),),
        signatures=(
            SignOff(
                number=9, item="trained", text="The team is trained", by="anna",
                at=at(2005, 2, 23), note="course of 22 February",
                lapsed="parity.yaml has changed since", lapsed_at=at(2005, 2, 24),
            ),
        ),
        changes=(
            Change(number=1, at=at(2005, 2, 16), by="ben", file="parity.yaml", first=True,
                   added=80),
            Change(number=12, at=at(2005, 2, 24), by="anna", file="parity.yaml", added=1,
                   removed=1, diff=("@@ -3,1 +3,1 @@", "-  sessions: 10", "+  sessions: 4")),
        ),
        events=(
            Event(number=2, at=at(2005, 2, 16), by="ben", kind="phase",
                  says="parallel run → validation: the gate is open"),
            Event(number=14, at=at(2005, 2, 25), by="ben", kind="drill",
                  says="the drill failed: the views were locked", bad=True),
        ),
        sealed=8,
        gate=gate(*items, earliest=date(2005, 3, 2)),
        as_of=at(2005, 3, 1, 20),
    )  # fmt: skip


def re_entered() -> PhaseReport:
    """Validation for three sessions, a cutover that was rolled back, validation again."""
    before = sessions(date(2005, 2, 16), [P, P, P])
    again = sessions(date(2005, 2, 25), [P, P], stay=1)
    back = move("cutover", "validation", at(2005, 2, 24, 22), by="carl",
                why="rollback-1: volumes are wrong")  # fmt: skip
    return report(
        stays=(
            Stay(
                first=date(2005, 2, 16), last=date(2005, 2, 18),
                entered=move("parallel_run", "validation", at(2005, 2, 15)),
                left=move("validation", "cutover", at(2005, 2, 18, 22)),
                flows=ran(figures("old", RunKind.SCRIPT, 3), first=date(2005, 2, 16), number=3),
            ),
            Stay(
                first=date(2005, 2, 25), last=date(2005, 2, 28), entered=back,
                flows=ran(
                    figures("old", RunKind.SCRIPT, 2, 0, 2.0),
                    figures("new", RunKind.JOB, 1, 1, 2.0, beside="old"),
                    first=date(2005, 2, 25), number=2,
                ),
            ),
        ),
        sessions=(*before, *again),
        open_days=tuple(weekdays(date(2005, 2, 16), 8)),
        row=Row(now=2, needed=2, longest=3, first=date(2005, 2, 16), last=date(2005, 2, 18)),
        gate=gate(Item(id="sessions-passed", title="", ok=True, evidence="2 of 2")),
        phases=(Phase.PARALLEL_RUN, Phase.VALIDATION, Phase.CUTOVER),
        as_of=at(2005, 2, 28, 20),
    )  # fmt: skip


def forced_cutover() -> PhaseReport:
    """Cutover, entered through a closed gate, left again by a rollback."""
    found = tuple(
        replace(one, fault="" if one.verdict else one.fault)
        for one in sessions(date(2005, 2, 22), [P, F, None])
    )
    return report(
        phase=Phase.CUTOVER,
        in_force=False,
        stays=(
            Stay(
                first=date(2005, 2, 22), last=date(2005, 2, 24),
                entered=move("validation", "cutover", at(2005, 2, 18, 22), by="anna",
                             why="cutover-1: the old server goes", forced=True),
                left=move("cutover", "validation", at(2005, 2, 25), by="carl",
                          why="rollback-1: volumes are wrong"),
                red=("sessions-passed", "drill"),
                unknown="the tables do not answer",
            ),
        ),
        sessions=found,
        open_days=tuple(one.day for one in found),
        row=Row(now=0, needed=20, longest=2, first=date(2005, 2, 22), last=date(2005, 2, 23)),
        incidents=(
            life("1", phases=frozenset({"cutover"}), opened="cutover", first=date(2005, 2, 23),
                 last=date(2005, 2, 23), nights=1, gone=date(2005, 2, 25), returns=1),
        ),
        waivers=(use(WaiverState.EXPIRED), use(WaiverState.OVER_CAP)),
        phases=(Phase.VALIDATION, Phase.CUTOVER),
        as_of=at(2005, 2, 28, 20),
    )  # fmt: skip
