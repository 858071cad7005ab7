"""What the trail says of a phase: changes of files, signatures, decisions. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from parity.model.checklist import Move
from parity.model.phase import Change, Event, SignOff
from parity.model.trail import TrailEntry, TrailKind
from parity.nightly.phase_stays import Span

__all__ = ["KINDS", "changes", "events", "signatures"]

KINDS = (
    TrailKind.PHASE, TrailKind.SWITCH, TrailKind.SIGNATURE, TrailKind.CONFIG, TrailKind.WAIVERS,
    TrailKind.DRILL, TrailKind.OVERRIDE, TrailKind.EVIDENCE,
)  # fmt: skip
_FILES = {TrailKind.CONFIG.value: "parity.yaml", TrailKind.WAIVERS.value: "waivers.yaml"}
_SIDES = {"legacy": "the scripts (legacy)", "candidate": "the flows (candidate)"}
LINES = 400  # of one diff that are shown
_COMPARABLE = 20_000  # lines of two texts that are held against each other


def changes(trail: Sequence[TrailEntry], stays: Sequence[Span]) -> tuple[Change, ...]:
    """How parity.yaml and waivers.yaml changed during some stays, oldest first.

    Args:
        trail: of all kinds, or at least `config` and `waivers`, oldest first.
        stays: those of the phase.
    """
    before: dict[str, TrailEntry] = {}
    found: list[Change] = []
    for entry in trail:
        if entry.kind not in _FILES:
            continue
        if any(stay.has(entry) for stay in stays):
            found.append(_change(entry, before.get(entry.kind)))
        before[entry.kind] = entry
    return tuple(found)


def _change(entry: TrailEntry, before: TrailEntry | None) -> Change:
    file, text = _FILES[entry.kind], _text(entry)
    if before is None and entry.kind == TrailKind.CONFIG:
        return Change(number=entry.number, at=entry.at, by=entry.by, file=file, first=True,
                      added=len(text.splitlines()))  # fmt: skip
    old = _text(before) if before else ""  # no waivers.yaml is the same as an empty one
    lines = _diff(old.splitlines(), text.splitlines())
    return Change(
        number=entry.number,
        at=entry.at,
        by=entry.by,
        file=file,
        diff=tuple(lines[:LINES]),
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
        same=_same(entry, before),
        cut=max(0, len(lines) - LINES),
    )


def _text(entry: TrailEntry) -> str:
    return str(entry.content.get("text") or "")


def _diff(old: list[str], new: list[str]) -> list[str]:
    """The unified diff without the names of files; of very long texts all lines, old then new."""
    if len(old) + len(new) > _COMPARABLE:
        return [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    return list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]


def _same(entry: TrailEntry, before: TrailEntry | None) -> bool:
    """The config's hash is of what it means; that of waivers is of the text."""
    if entry.kind != TrailKind.CONFIG or before is None:
        return False
    return entry.content.get("hash") == before.content.get("hash")


def signatures(
    trail: Sequence[TrailEntry], stays: Sequence[Span], *, texts: Mapping[str, str], config: str
) -> tuple[SignOff, ...]:
    """The signatures of some stays, oldest first.

    A signature holds for its stay and for the config it was given under; one that is followed by
    another config does not hold any more, also where the first config comes back.

    Args:
        trail: at least the kinds `signature` and `config`, oldest first.
        stays: those of the phase.
        texts: what each item says.
        config: the hash of the config in force.
    """
    return tuple(
        _signature(entry, trail, stay, texts, config)
        for entry in trail
        for stay in stays
        if entry.kind == TrailKind.SIGNATURE and stay.has(entry)
    )


def _signature(
    entry: TrailEntry,
    trail: Sequence[TrailEntry],
    stay: Span,
    texts: Mapping[str, str],
    config: str,
) -> SignOff:
    said = entry.content
    other = next(
        (
            later
            for later in trail
            if later.kind == TrailKind.CONFIG
            and later.number > entry.number
            and stay.has(later)
            and later.content.get("hash") != said.get("config")
        ),
        None,
    )
    unnoted = stay.end is None and said.get("config") != config
    item = str(said.get("item", ""))
    return SignOff(
        number=entry.number,
        item=item,
        text=texts.get(item, ""),
        by=entry.by,
        at=entry.at,
        note=str(said.get("note") or ""),
        lapsed="parity.yaml has changed since" if other or unnoted else "",
        lapsed_at=other.at if other else None,
        ended=stay.end is not None,
    )


def events(trail: Sequence[TrailEntry], stays: Sequence[Span]) -> tuple[Event, ...]:
    """Moves of phase and views, drills and overrides of some stays, oldest first."""
    return tuple(
        Event(number=entry.number, at=entry.at, by=entry.by, kind=entry.kind, says=says, bad=bad)
        for entry in trail
        if any(stay.about(entry) for stay in stays) and (told := _TELL.get(entry.kind))
        for says, bad in [told(entry)]
    )


def _phase(entry: TrailEntry) -> tuple[str, bool]:
    move = Move.of(entry)
    way = f"{move.source} → {move.to}".replace("_", " ")
    forced = ", through a closed gate" if move.forced else ""
    return f"{way}{forced}: {move.why}".rstrip(": "), move.forced


def _switch(entry: TrailEntry) -> tuple[str, bool]:
    said = entry.content
    to = _SIDES.get(str(said.get("to")), str(said.get("to")))
    views = said.get("views")
    number = len(views) if isinstance(views, list) else 0
    moved = f" ({number} view{'' if number == 1 else 's'})" if number else ""
    left = said.get("not_moved")
    odd = f"; {len(left)} could not be moved" if isinstance(left, list) and left else ""
    forced = ", through a closed gate" if said.get("forced") else ""
    why = f": {said['why']}" if said.get("why") else ""
    return f"consumers read {to} from now on{moved}{odd}{forced}{why}", bool(forced or odd)


def _drill(entry: TrailEntry) -> tuple[str, bool]:
    said = entry.content
    if said.get("ok") is not True:
        return f"the drill failed: {said.get('why_not') or 'no reason is noted'}", True
    taken = said.get("seconds_to_switch_back")
    known = isinstance(taken, int | float)
    return f"the drill succeeded{f', {taken:.3f} s to switch back' if known else ''}", False


def _override(entry: TrailEntry) -> tuple[str, bool]:
    said = entry.content
    red = said.get("red")
    items = f" (not holding: {', '.join(map(str, red))})" if isinstance(red, list) and red else ""
    return f"{said.get('what') or 'gate'} overridden{items}: {said.get('reason') or ''}", True


_TELL = {
    TrailKind.PHASE.value: _phase,
    TrailKind.SWITCH.value: _switch,
    TrailKind.DRILL.value: _drill,
    TrailKind.OVERRIDE.value: _override,
}
