"""`parity waive`: proposes the entry that accepts an incident."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import SessionDate, config_option
from parity.cli.telling import say, shown
from parity.model.errors import UsageError

if TYPE_CHECKING:
    from parity.model.result import Incident, RunResult
    from parity.model.waiver import Waiver
    from parity.nightly import Harness

__all__ = ["ALL"]

DAYS = 30  # how long a waiver holds unless it is said
NO_REASON = "No reason is given yet: say why this difference is accepted"
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")


class Expiry(click.ParamType[Any]):
    """A date as 2005-03-31, or days after the session as 30d."""

    name = "DATE|30d"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | timedelta:
        """The date or the days, or a usage error."""
        if isinstance(value, date | timedelta):
            return value
        days = _DAYS.fullmatch(value)
        if days:
            return timedelta(days=int(days[1]))
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date as 2005-03-31 and no days as 30d", param, ctx)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options say. `max_rows` is about the incident itself, not about its followers."""

    owner: str
    reason: str
    expires: date
    max_rows: int | None


@dataclass(frozen=True, slots=True)
class _Proposed:
    waiver: Waiver
    exact: bool  # whether its cap is exactly what differs now


@click.command(short_help="Propose the entry of waivers.yaml that accepts an incident.")
@config_option
@click.argument("incident")
@click.option("--session", type=SessionDate(), help="Of that night; by default the newest.")
@click.option("--owner", metavar="NAME", help="Who answers for it.  [default: your login]")
@click.option("--reason", metavar="TEXT", help="Why it is accepted.")
@click.option("--expires", type=Expiry(), metavar="DATE|30d", default=timedelta(days=DAYS),
              help="The last session on which it holds, or how many days after this one that is."
              f"  [default: {DAYS}d]")  # fmt: skip
@click.option("--max-rows", type=click.IntRange(min=1), metavar="N",
              help="How many rows it may cover.  [default: exactly those that differ "
              "now]")  # fmt: skip
@click.option("--with-followers", is_flag=True,
              help="Also entries for the incidents that follow from it.")  # fmt: skip
@click.option("--write", is_flag=True, help="Add what is proposed to the file; needs --reason.")
def waive(
    config: Path,
    incident: str,
    session: date | None,
    owner: str | None,
    reason: str | None,
    expires: date | timedelta,
    max_rows: int | None,
    with_followers: bool,
    write: bool,
) -> int:
    """Propose the entry of waivers.yaml that accepts INCIDENT, and no more than that.

    INCIDENT is an id as the report and result.json have it. The rows still differ and are counted;
    they only fail nothing any more, until the waiver expires or covers more rows than it may.

    Exit codes: 0 proposed, added or waived already; 2 could not.
    """
    from parity.config import load_waivers
    from parity.gates.lookup import find_incident, followers_of, use_of
    from parity.nightly import open_harness

    if write and not (reason and reason.strip()):
        raise UsageError("--write needs --reason TEXT: whoever reads the file must learn why")
    harness = open_harness(config, os.environ)
    nights = harness.store.nights(harness.suite.migration)
    night = _night(harness, nights, session)
    path = harness.suite.plan.waivers
    names = [dataset.name for dataset in harness.suite.datasets]
    waivers = load_waivers(path, names)
    chosen = find_incident(night, incident, nights)
    if _is_waived(night, incident, waivers):
        return 0
    asked = _Asked(
        owner=_owner(owner),
        reason=_readable("--reason", reason or "") or NO_REASON,
        expires=night.session + expires if isinstance(expires, timedelta) else expires,
        max_rows=max_rows,
    )
    followers = [
        (dataset, one)
        for dataset, one in followers_of(night, incident)
        if use_of(night, one.id, waivers) is None
    ]
    found = [chosen, *(followers if with_followers else ())]
    proposed = _proposals(found, night, asked, [waiver.id for waiver in waivers])
    click.echo(_text(proposed, night, whole=not path.exists()), nl=False)
    if followers and not with_followers:
        say(f"{_follow(len(followers))}: --with-followers")
    for one in proposed:
        if one.waiver.first and one.waiver.first > night.session:
            say(
                f"{one.waiver.id} is about days after the night's session, {night.session}: from "
                f"{one.waiver.first} on"
            )
    if write:
        from parity.config.waiver_file import add_waivers

        add_waivers(path, [one.waiver for one in proposed], names)
        say(f"added to {shown(path)}; parity compare judges the night again")
    return 0


def _is_waived(night: RunResult, incident: str, waivers: Sequence[Waiver]) -> bool:
    """Says by which waiver of the file an incident is waived already.

    Raises:
        UsageError: one covers it and is over its cap; another one beside it would never hold.
    """
    from parity.gates.lookup import use_of
    from parity.model.waiver import WaiverState

    use = use_of(night, incident, waivers)
    if use is None:
        return False
    by = f"{use.waiver.id} ({use.waiver.owner}, until {use.waiver.expires})"
    if use.state is WaiverState.OVER_CAP:
        raise UsageError(
            f"{by} covers incident {incident}, but is over its cap: {use.rows:,} rows where it may "
            f"cover {use.waiver.max_rows:,}; see why there are more, or raise max_rows there"
        )
    say(f"incident {incident} is waived already by {by}; nothing to add")
    return True


def _night(harness: Harness, nights: Sequence[RunResult], session: date | None) -> RunResult:
    found = next((one for one in nights if session in (None, one.session)), None)
    if found is None:
        raise UsageError(
            f"no night of {session or 'any session'} is stored for migration "
            f"{harness.suite.migration}; run parity nightly first"
        )
    return found


def _owner(given: str | None) -> str:
    try:
        name = getpass.getuser() if given is None else given
    except (KeyError, OSError):  # a container may know no user of that number
        name = ""
    if not name.strip():
        raise UsageError("say who answers for it, such as --owner anna")
    return _readable("--owner", name)


def _readable(option: str, text: str) -> str:
    """The text, as a file of UTF-8 can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{option} holds bytes that are no UTF-8 text") from None
    return text.strip()


def _proposals(
    found: Sequence[tuple[str, Incident]], night: RunResult, asked: _Asked, ids: Sequence[str]
) -> list[_Proposed]:
    from parity.gates import propose

    if asked.expires < night.session:
        raise UsageError(
            f"--expires {asked.expires} is before the session, {night.session}: it would not hold"
        )
    rows = found[0][1].rows
    if asked.max_rows is not None and asked.max_rows < rows:
        raise UsageError(
            f"--max-rows {asked.max_rows} is below the {rows:,} rows that differ now: "
            "over its cap it would waive none of them"
        )
    taken = list(ids)
    proposed: list[_Proposed] = []
    for dataset, incident in found:
        given = None if proposed else asked.max_rows
        waiver = propose(
            dataset, incident, owner=asked.owner, reason=asked.reason, expires=asked.expires,
            max_rows=given or incident.rows, taken=taken,
        )  # fmt: skip
        taken.append(waiver.id)
        proposed.append(_Proposed(waiver, exact=given is None))
    return proposed


def _text(proposed: Sequence[_Proposed], night: RunResult, *, whole: bool) -> str:
    """What can be pasted as it is: below `waivers:`, or as a file where there is none."""
    from parity.config.waiver_text import HEAD, entry_text

    note = f"exactly the rows that differ on {night.session}"
    entries = (entry_text(one.waiver, note if one.exact else "") for one in proposed)
    return (HEAD if whole else "") + "".join(entries)


def _follow(number: int) -> str:
    if number == 1:
        return "1 incident follows from it and needs an entry of its own"
    return f"{number} incidents follow from it and need entries of their own"


ALL = (waive,)
