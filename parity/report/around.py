"""What is known around a night's incidents: other nights, one another, legacy's own noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parity.model.life import Life, Resolved, State, lives, resolved
from parity.model.noise import Noise
from parity.model.result import DatasetResult, Incident, RunResult
from parity.model.waiver import Waiver
from parity.report.incidentview import Link, Trend
from parity.report.story import named
from parity.report.words import count, some_of, visible

__all__ = ["Around", "around", "changes", "first_seen", "life_text", "seen_text", "trend_of"]

_NIGHTS = 12  # of a trend
_HIGH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the views of incidents are made with.

    Attributes:
        session: the night's.
        lives: by dataset and id.
        links: to each incident of the night, by id; `followed` to those that it explains.
        waivers: those of the night, by id.
        docs: where the page finds docs/causes.md; empty where it does not.
        waive: the command that accepts an incident, up to its id; empty where nothing is ever
            waived.
    """

    session: str = ""
    lives: Mapping[tuple[str, str], Life] = field(default_factory=dict)
    resolved: tuple[Resolved, ...] = ()
    noise: tuple[Noise, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)
    followed: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    docs: str = ""
    waive: str = ""

    def noise_of(self, dataset: str) -> tuple[Noise, ...]:
        """That of one dataset."""
        return tuple(one for one in self.noise if one.dataset == dataset)


def around(
    result: RunResult,
    nights: Sequence[RunResult] | None = None,
    noise: Sequence[Noise] = (),
    docs: str = "",
    waive: str = "",
) -> Around:
    """What is around a night's incidents; without `nights` nothing is said of their lives."""
    links = {
        incident.id: Link(text=_linked(dataset, incident), href=f"#incident-{visible(incident.id)}")
        for dataset in result.datasets
        for incident in dataset.incidents
    }
    followed: dict[str, list[Link]] = {}
    for dataset in result.datasets:
        for incident in dataset.incidents:
            if incident.explained_by:
                rows = count(incident.rows, "row")
                text = f"{rows} of {visible(dataset.name)}{_of(incident)}"
                link = Link(text=text, href=links[incident.id].href)
                followed.setdefault(incident.explained_by, []).append(link)
    return Around(
        session=result.session.isoformat(),
        lives=lives(result, nights) if nights is not None else {},
        resolved=resolved(result, nights) if nights is not None else (),
        noise=tuple(noise),
        links=links,
        followed={ident: tuple(found) for ident, found in followed.items()},
        waivers={use.waiver.id: use.waiver for use in result.waivers},
        docs=docs,
        waive=waive,
    )


def _linked(dataset: DatasetResult, incident: Incident) -> str:
    where = f"{visible(dataset.name)}: " if dataset.name else ""
    return f"{where}{named(incident.cause, incident.evidence)}{_of(incident)}"


def _of(incident: Incident) -> str:
    symbols = incident.scope.symbols
    return f" ({some_of(symbols)})" if symbols else ""


def life_text(life: Life) -> str:
    """`new`, `persisting since 2005-02-25 (2 nights)` and so on."""
    nights = f"since {life.since.isoformat()} ({count(len(life.rows), 'night')})"
    if life.state is State.NEW:
        return "new"
    if life.state is State.CAME_BACK:
        return f"came back, first seen {life.first.isoformat()}"
    if life.state is State.PERSISTING:
        return f"persisting {nights}"
    return f"{life.state.value} {life.rows[-2]:,} → {life.rows[-1]:,}, {nights}"


def seen_text(life: Life) -> str:
    """What its life does not say: that it was there before a break."""
    if life.state in (State.NEW, State.CAME_BACK) or life.since == life.first:
        return ""
    return f"seen before, first {life.first.isoformat()}"


def first_seen(result: RunResult, known: Around) -> str:
    """Since when what no waiver accepts has been seen: `first seen 2005-02-28 (4 nights)`.

    Empty where no other night is known. Of several incidents the one that was seen first counts.
    """
    found = [
        known.lives[dataset.name, incident.id]
        for dataset in result.datasets
        for incident in dataset.incidents
        if incident.waiver is None and (dataset.name, incident.id) in known.lives
    ]
    if not found:
        return ""
    life = min(found, key=lambda one: (one.first, one.since, -len(one.rows)))
    if life.state is State.NEW:
        return "first seen this night"
    first, nights = f"first seen {life.first.isoformat()}", count(len(life.rows), "night")
    if life.state is State.CAME_BACK:
        return f"{first}, back this night"
    since = "" if life.since == life.first else f" since {life.since.isoformat()}"
    return f"{first} ({nights}{since})"


def trend_of(life: Life) -> Trend | None:
    """Its rows on the last nights; None where only one has it."""
    rows = life.rows[-_NIGHTS:]
    if len(rows) < 2:
        return None
    most = max(*rows, 1)
    before = "… → " if len(life.rows) > _NIGHTS else ""
    steps = f"{before}{' → '.join(f'{number:,}' for number in rows)} rows"
    even = f"{count(rows[0], 'row')} on each of {count(len(life.rows), 'night')}"
    return Trend(
        says=even if len(set(life.rows)) == 1 else steps,
        bars=tuple(max(1, number * _HIGH // most) for number in rows),
    )


def changes(known: Around) -> str:
    """`1 incident new, 2 resolved`; empty where nothing is known or nothing changed."""
    counted = [
        (sum(life.state is state for life in known.lives.values()), state.value)
        for state in State
        if state is not State.PERSISTING
    ]
    parts = [(number, what) for number, what in counted if number]
    if known.resolved:
        parts.append((len(known.resolved), "resolved"))
    if not parts:
        return ""
    first, *rest = parts
    said = [f"{count(first[0], 'incident')} {first[1]}", *(f"{n:,} {what}" for n, what in rest)]
    return ", ".join(said)
