"""Which incidents of a night are shown, in which order, and what is folded under what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from parity.report.incidentview import IncidentsView, IncidentView, Link
from parity.report.told import roots
from parity.report.words import count

__all__ = ["arranged"]

_CARDS = 12  # shown in full
_WAIVED = 6  # the same, of those that are waived
_BRIEFS = 200  # shown as a line, besides those with rows in the page; the others are counted
_FOLDED = 25  # the same, below one card
_OWN = ("agrees from:", "ex date:")  # what may be another in each dataset
_GRAVEST = ("new", "came-back", "grown")


def arranged(found: Sequence[IncidentView]) -> IncidentsView:
    """Not proved first, then new, come back and grown ones, then by rows; the waived ones apart.

    What follows from an incident is folded under it, unless only one of them is waived. What one
    cause did to the same symbols in several datasets is one card.
    """
    tops = sorted(_merged(_folded(found)), key=_gravity)
    live = [one for one in tops if not one.waiver]
    waived = [one for one in tops if one.waiver]
    briefs, left = _cut([*_flat(live[_CARDS:])], _BRIEFS)
    waived_briefs, waived_left = _cut([*_flat(waived[_WAIVED:])], _BRIEFS)
    cards, hidden = _cards(live[:_CARDS])
    accepted, unseen = _cards(waived[:_WAIVED])
    gone = [*left, *waived_left, *hidden, *unseen]
    here = frozenset(one.id for one in found) - {one.id for one in gone}
    told = IncidentsView(
        says=_says(found, tops),
        cards=cards,
        briefs=briefs,
        waived=accepted,
        waived_briefs=waived_briefs,
        left=_left(gone),
        here=here,
    )
    return _leading(told) if gone else told


def _leading(told: IncidentsView) -> IncidentsView:
    """The same with no link to what is not on the page."""

    def kept(links: tuple[Link, ...]) -> tuple[Link, ...]:
        ids = ((link, link.href.removeprefix("#incident-")) for link in links)
        return tuple(link if ident in told.here else replace(link, href="") for link, ident in ids)

    def mended(one: IncidentView) -> IncidentView:
        return replace(
            one,
            follows=kept(one.follows),
            followed=kept(one.followed),
            followers=tuple(map(mended, one.followers)),
            same=tuple(map(mended, one.same)),
        )

    return replace(
        told,
        cards=tuple(map(mended, told.cards)),
        briefs=tuple(map(mended, told.briefs)),
        waived=tuple(map(mended, told.waived)),
        waived_briefs=tuple(map(mended, told.waived_briefs)),
    )


def _folded(found: Sequence[IncidentView]) -> list[IncidentView]:
    """Those that follow from nothing, each with all that follows from it."""
    sides = [[one for one in found if bool(one.waiver) is waived] for waived in (False, True)]
    made: list[IncidentView] = []
    for side in sides:
        top = roots({one.id: one.explained_by for one in side})
        below: dict[str, list[IncidentView]] = {}
        for one in side:
            if top[one.id] != one.id:
                below.setdefault(top[one.id], []).append(one)
        made += [_with(one, below.get(one.id, [])) for one in side if top[one.id] == one.id]
    return made


def _with(top: IncidentView, below: Sequence[IncidentView]) -> IncidentView:
    """An incident with what is folded under it, which is not linked from it as well."""
    here = {f"#incident-{one.id}" for one in below}
    others = tuple(link for link in top.followed if link.href not in here)
    ordered = sorted(below, key=lambda one: -one.rows)
    return replace(top, followers=tuple(ordered), followed=others if below else top.followed)


def _merged(tops: Sequence[IncidentView]) -> list[IncidentView]:
    """What one cause did to the same symbols in several datasets as one, the first one leading."""
    made: dict[tuple[object, ...], list[IncidentView]] = {}
    for one in tops:
        key = _alike(one)
        # Two of one dataset are two scopes, whatever they are called.
        while any(other.dataset == one.dataset for other in made.get(key, ())):
            key = (*key, one.id)
        made.setdefault(key, []).append(one)
    return [_as_one(group) for group in made.values()]


def _alike(one: IncidentView) -> tuple[object, ...]:
    """What those have in common that are shown as one."""
    if not one.proved or not one.all_symbols:
        return (one.id,)
    facts = tuple(line for line in one.more if not line.startswith(_OWN))
    return (one.code or one.name, one.name, one.side, one.all_symbols, one.waiver, facts)


def _as_one(group: Sequence[IncidentView]) -> IncidentView:
    first, *rest = group
    if not rest:
        return first
    below = sorted((one for top in group for one in top.followers), key=lambda one: -one.rows)
    same = tuple(replace(one, followers=()) for one in rest)
    return replace(first, followers=tuple(below), same=same)


def _gravity(one: IncidentView) -> tuple[bool, int, int]:
    states = [of.state for of in (one, *one.same, *one.followers)]
    rank = min((_GRAVEST.index(state) for state in states if state in _GRAVEST), default=3)
    rows = one.all_rows + sum(of.rows for of in one.followers)
    return one.proved, rank, -rows


def _cards(tops: Sequence[IncidentView]) -> tuple[tuple[IncidentView, ...], list[IncidentView]]:
    """The cards, and what is folded under them and not on the page."""
    hidden: list[IncidentView] = []
    cards: list[IncidentView] = []
    for one in tops:
        folded, left = _cut(one.followers, _FOLDED)
        cards.append(replace(one, followers=folded))
        hidden += left
    return tuple(cards), hidden


def _flat(tops: Sequence[IncidentView]) -> Iterable[IncidentView]:
    for one in tops:
        yield replace(one, followers=(), same=())
        yield from one.same
        yield from one.followers


def _cut(
    found: Sequence[IncidentView], most: int
) -> tuple[tuple[IncidentView, ...], list[IncidentView]]:
    """The first ones and all that have rows in the page, whose links lead here; and the rest."""
    shown = [number < most or bool(one.listed) for number, one in enumerate(found)]
    kept = tuple(one for one, there in zip(found, shown, strict=True) if there)
    return kept, [one for one, there in zip(found, shown, strict=True) if not there]


def _says(found: Sequence[IncidentView], tops: Sequence[IncidentView]) -> str:
    """`1 cause, 6 incidents in 5 datasets: 2 new`, or only `3 incidents: 1 not proved`."""
    if not found:
        return ""
    where = len({one.dataset for one in found})
    says = count(len(found), "incident")
    if len(tops) < len(found) and all(one.proved for one in tops):
        says = f"{count(len(tops), 'cause')}, {says} in {count(where, 'dataset')}"
    kinds = (
        (sum(not one.proved and not one.waiver for one in found), "not proved"),
        (sum(one.state == "new" for one in found), "new"),
        (sum(bool(one.waiver) for one in found), "waived"),
    )
    parts = ", ".join(f"{number:,} {what}" for number, what in kinds if number)
    return f"{says}: {parts}" if parts else says


def _left(found: Sequence[IncidentView]) -> str:
    if not found:
        return ""
    rows = count(sum(one.rows for one in found), "row")
    return f"{count(len(found), 'more incident')} ({rows}) only in result.json"
