"""The checklist as a page: may we, what is missing, and the evidence for each item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from parity.model.checklist import Checklist, Item
from parity.model.verdict import Verdict
from parity.report.atomic import replace_file
from parity.report.history import phase_link
from parity.report.html import render_page
from parity.report.view import Figure
from parity.report.words import ABSENT, EXCHANGE_ZONE, day, utc_text, visible

__all__ = ["ChecklistView", "ItemView", "checklist_page", "checklist_view", "write_checklist"]

PAGE = "checklist.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item in words; `since` is empty where it holds; `waits` for sessions that count."""

    id: str
    title: str
    ok: bool
    manual: bool
    evidence: str
    link: str
    missing: str
    since: str
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistView:
    """A checklist in words; `answer` says may we, `sentence` how far it is.

    `red` is to be done, `waiting` waits for sessions that count. `report` is the report of its
    phase, empty where there is none.
    """

    migration: str
    phase: str
    to: str
    verdict: Verdict
    answer: str
    sentence: str
    earliest: str
    at: str
    at_iso: str
    at_utc: str
    figures: tuple[Figure, ...]
    red: tuple[ItemView, ...]
    waiting: tuple[ItemView, ...]
    green: tuple[ItemView, ...]
    report: str = ""


def checklist_view(found: Checklist, report: str = "") -> ChecklistView:
    """What page and terminal show."""
    items = tuple(map(_item, found.items))
    return ChecklistView(
        migration=visible(found.migration),
        phase=found.phase.value,
        to=found.to.value if found.to else "",
        verdict=Verdict.PASS if found.open else Verdict.FAIL,
        answer=_answer(found),
        sentence=_sentence(found),
        earliest=_earliest(found),
        at=_moment(found),
        at_iso=found.at.astimezone(UTC).isoformat() if found.at else "",
        at_utc=utc_text(found.at),
        figures=_figures(found),
        red=tuple(item for item in items if not item.ok and not item.waits),
        waiting=tuple(item for item in items if item.waits),
        green=tuple(item for item in items if item.ok),
        report=report,
    )


def checklist_page(found: Checklist, report: str = "") -> str:
    """A checklist as one self-contained HTML page, to lie beside the index of nights."""
    view = checklist_view(found, report)
    return render_page("checklist.html.j2", view.verdict, found=view)


def write_checklist(found: Checklist, reports: Path) -> Path:
    """Publishes `reports/checklist.html`; returns its path."""
    path = reports / PAGE
    # A phase with a night has its report, even where that is yet to be written tonight.
    there = (reports / found.phase.value).is_dir()
    report = phase_link(found.phase.value) if there else ""
    replace_file(path, checklist_page(found, report).encode())
    return path


def _item(item: Item) -> ItemView:
    since = ""
    if item.since is not None:
        since = f"{item.since}: {item.since_why}" if item.since_why else str(item.since)
    return ItemView(
        id=visible(item.id),
        title=visible(item.title),
        ok=item.ok,
        manual=item.manual,
        evidence=visible(item.evidence),
        link=item.link,
        missing=visible(item.missing),
        since="" if item.waits else visible(since),
        waits=item.waits,
    )


def _answer(found: Checklist) -> str:
    if found.to is None:
        return "Done" if found.open else "Not done"
    return "Yes" if found.open else "No"


def _sentence(found: Checklist) -> str:
    """`validation → cutover: 3 of 11 hold, 5 to do, 3 wait`."""
    if not found.items:
        return f"{found.phase.value} is the last phase; it asks for nothing"
    way = f" → {found.to.value}" if found.to else ", the last phase"
    holding = len(found.items) - len(found.red)
    told = f"{found.phase.value}{way}: {holding} of {len(found.items)} hold"
    if not found.waiting:
        return told
    waiting = len(found.waiting)
    return f"{told}, {len(found.to_do)} to do, {waiting} {'waits' if waiting == 1 else 'wait'}"


def _earliest(found: Checklist) -> str:
    if found.open or not found.items:
        return ""
    if found.earliest is None:
        return "not before the calendar ends"
    return f"at the earliest {found.earliest}"


def _moment(found: Checklist) -> str:
    if found.at is None:
        return ""
    at = found.at.astimezone(EXCHANGE_ZONE)
    return f"{day(at.date())}, {at:%H:%M}"


def _figures(found: Checklist) -> tuple[Figure, ...]:
    manual = [item for item in found.items if item.manual]
    automatic = [item for item in found.items if not item.manual]
    shown = [
        _share("automatic items hold", automatic),
        _share("signed by name", manual),
        Figure(
            value=f"{max((item.sessions for item in found.items), default=0):,}",
            label="more sessions at least",
        ),
        Figure(value="now", label="may be left")
        if found.open
        else Figure(value=str(found.earliest or ABSENT), label="opens at the earliest"),
    ]
    return tuple(figure for figure in shown if figure is not None)


def _share(label: str, items: list[Item]) -> Figure | None:
    """How many of some items hold; None where there are none."""
    if not items:
        return None
    holding = sum(item.ok for item in items)
    tone = "good" if holding == len(items) else "bad"
    return Figure(value=f"{holding} of {len(items)}", label=label, tone=tone)
