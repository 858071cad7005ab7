"""What consumers read, and since when: for the index of nights and for `parity status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from parity.model.verdict import Phase, Side
from parity.report.nights import NightRow
from parity.report.words import EXCHANGE_ZONE, utc_text, visible

__all__ = ["CALLED", "ServingView", "SwitchRow", "moment_text", "switches_before"]

CALLED = {Side.LEGACY: "the scripts (legacy)", Side.CANDIDATE: "the flows (candidate)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRow:
    """One time that consumers were moved.

    Attributes:
        at, by: when and by whom.
        to: the side that they read from then on.
        after: the newest session that had been compared by then; None: none had.
        forced: the gate was closed.
        taken_back: the cutover itself took its switch back.
    """

    at: datetime
    by: str
    to: Side
    after: date | None = None
    forced: bool = False
    taken_back: bool = False

    @property
    def told(self) -> str:
        """`cut over 2005-02-24 by anna`, `rolled back 2005-02-25 by ben`."""
        return f"{self.what} {self.day} by {self.who}"

    @property
    def what(self) -> str:
        """`cut over`, `rolled back` or `cutover taken back`."""
        back = "cutover taken back" if self.taken_back else "rolled back"
        return "cut over" if self.to is Side.CANDIDATE else back

    @property
    def day(self) -> str:
        """The day in exchange time."""
        return self.at.astimezone(EXCHANGE_ZONE).date().isoformat()

    @property
    def utc(self) -> str:
        """The moment in UTC."""
        return utc_text(self.at)

    @property
    def who(self) -> str:
        """By whom, and whether through a closed gate."""
        forced = ", through a closed gate" if self.forced and self.to is Side.CANDIDATE else ""
        return f"{visible(self.by)}{forced}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingView:
    """The phase in force, who is primary, and all switches so far, the oldest first."""

    phase: str
    primary: Side
    switches: tuple[SwitchRow, ...] = ()

    @property
    def told(self) -> str:
        """`Phase cutover; primary: the flows (candidate), cut over 2005-02-24 by anna`."""
        last = self.switches[-1] if self.switches else None
        since = f", {last.told}" if last else ""
        primary = CALLED[self.primary]
        return f"Phase {visible(self.phase.replace('_', ' '))}; primary: {primary}{since}"


def moment_text(moment: datetime) -> str:
    """`2026-11-28 10:49 New York`."""
    return f"{moment.astimezone(EXCHANGE_ZONE):%Y-%m-%d %H:%M} New York"


def _below(nights: list[NightRow], switch: SwitchRow) -> NightRow | None:
    """The night below a switch; of two nights of a session the one of the phase that it ended."""
    first = next((one for one in nights if switch.after and one.session <= switch.after), None)
    left = Phase.VALIDATION if switch.to is Side.CANDIDATE else Phase.CUTOVER
    same = (one for one in nights if first and one.session == first.session)
    return next((one for one in same if one.phase == left), first)


def switches_before(
    serving: ServingView | None, nights: list[NightRow]
) -> dict[str, list[SwitchRow]]:
    """Which switches stand above which night, the newest first, by the night's `run_id`.

    Args:
        serving: with the switches; None: nothing is known of them.
        nights: as they are shown, the newest first.

    Returns:
        For a night what happened between it and the one above it; under "" what was before all.
    """
    found: dict[str, list[SwitchRow]] = {}
    for switch in reversed(serving.switches if serving else ()):
        after = switch.after
        below = _below(nights, switch) if after else None
        found.setdefault(below.run_id if below else "", []).append(switch)
    return found
