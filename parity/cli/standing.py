"""What `parity status` says of the serving side: who is read, since when, and what is undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.model.errors import ParityError
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Phase, Side

if TYPE_CHECKING:
    from parity.nightly import Harness
    from parity.plan.whereabouts import Whereabouts
    from parity.report.screen import Screen

__all__ = ["Serving", "render_serving", "serving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The serving side.

    Attributes:
        phase: in force.
        primary: the side that consumers read, as the trail says.
        reads: by view, the side that it reads by the catalog; None: neither, or both.
        unknown: why the catalog could not be asked; empty where it was.
        phased, switched, drilled: the newest row of the trail of its kind; None: there is none.
        left: what is begun or asked for and not done, each in one line with its command.
    """

    phase: Phase
    primary: Side
    reads: Mapping[str, Side | None]
    unknown: str
    phased: TrailEntry | None
    switched: TrailEntry | None
    drilled: TrailEntry | None
    left: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """What `parity status --json` has as `serving`."""
        return {
            "phase": self.phase.value,
            "phase_since": _since(self.phased),
            "primary": self.primary.value,
            "views": {name: side.value if side else None for name, side in self.reads.items()},
            "unknown": self.unknown or None,
            "switched": _since(self.switched),
            "drill": None
            if self.drilled is None
            else {**_when(self.drilled), "ok": self.drilled.content.get("ok") is True},
            "left": list(self.left),
        }


def serving(harness: Harness) -> Serving:
    """Looks at the catalog and the trail; what cannot be told is said, and is no error.

    Raises:
        StoreError: the trail cannot be read.
    """
    store, migration = harness.store, harness.suite.migration
    found, unknown = _look(harness)
    trail = store.trail(migration, TrailKind.PHASE, TrailKind.SWITCH, TrailKind.DRILL)
    newest = {entry.kind: entry for entry in trail}
    return Serving(
        phase=store.phase(migration),
        primary=store.primary(migration),
        reads=dict(found.reads) if found else {},
        unknown=unknown,
        phased=newest.get(TrailKind.PHASE.value),
        switched=newest.get(TrailKind.SWITCH.value),
        drilled=newest.get(TrailKind.DRILL.value),
        left=_left(harness, found),
    )


def render_serving(found: Serving) -> Screen:
    """The same in a terminal, a line each."""
    from rich.table import Table
    from rich.text import Text

    from parity.report.screen import Screen

    def parts() -> list[Table]:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for title, line in _lines(found):
            grid.add_row(Text(title, "dim"), Text(line))
        return [grid]

    return Screen(parts, 80)


def _look(harness: Harness) -> tuple[Whereabouts | None, str]:
    from parity.plan.whereabouts import look

    try:
        return look(harness), ""
    except ParityError as error:
        return None, str(error)


def _left(harness: Harness, found: Whereabouts | None) -> tuple[str, ...]:
    from parity.plan.schedules import asked

    left: list[str] = []
    if found is not None:
        left += _moves(harness, found)
    schedules = asked(harness)
    if schedules:
        wanted, names = schedules
        left.append(f"schedules asked to be {wanted}, not done: {', '.join(names)}")
    return tuple(left)


def _moves(harness: Harness, found: Whereabouts) -> list[str]:
    """Moves of the views that have begun and are not at their end."""
    from parity.plan.standing import standing

    if found.open:
        what = "the call-off of a cutover" if found.called_off else "the rollback"
        return [f"{what} is not finished: parity rollback --execute"]
    named = f"--execute --migration {harness.suite.migration}"
    if found.begun:
        return [
            f"a cutover has begun and not switched: parity cutover {named} goes on, "
            "parity rollback --execute calls it off"
        ]
    try:
        half_done = standing(harness).half_done
    except ParityError as error:
        return [str(error)]
    return [f"the cutover is not finished: parity cutover {named}"] if half_done else []


def _lines(found: Serving) -> list[tuple[str, str]]:
    lines = [
        ("Phase", f"{found.phase.value}{_told(found.phased)}"),
        ("Consumers", _consumers(found)),
        ("Last drill", _drill(found.drilled)),
    ]
    return lines + [("Undone", line) for line in found.left]


def _consumers(found: Serving) -> str:
    """Which side they read by the catalog, and since when by the trail, where these agree."""
    from parity.report.serving import CALLED
    from parity.report.words import visible

    if found.unknown:
        return f"cannot be told: {visible(found.unknown)}"
    if not found.reads:
        return "no views yet"
    sides = set(found.reads.values())
    if len(sides) > 1 or None in sides:
        each = (f"{name}: {side or 'neither side'}" for name, side in found.reads.items())
        return f"do not all read one side: {visible(', '.join(each))}"
    (side,) = sides
    assert side is not None
    row = found.switched if side is found.primary else None
    return f"read {CALLED[side]}{_told(row)}"


def _drill(entry: TrailEntry | None) -> str:
    from parity.report.serving import moment_text
    from parity.report.words import visible

    if entry is None:
        return "none yet"
    when = f"{moment_text(entry.at)}, by {visible(entry.by)}"
    if entry.content.get("ok") is True:
        return f"ok, {when}"
    return f"failed, {when}: {visible(str(entry.content.get('why_not') or 'no reason is noted'))}"


def _told(entry: TrailEntry | None) -> str:
    """` since 2026-11-28 10:49 New York, by anna`."""
    from parity.report.serving import moment_text
    from parity.report.words import visible

    return f" since {moment_text(entry.at)}, by {visible(entry.by)}" if entry else ""


def _since(entry: TrailEntry | None) -> dict[str, str] | None:
    return _when(entry) if entry else None


def _when(entry: TrailEntry) -> dict[str, str]:
    return {"at": entry.at.isoformat(), "by": entry.by}
