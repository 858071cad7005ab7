"""Prefect's schedules: what a switch asks of them is remembered until Prefect has done it.

A rollback works with Prefect down, so nothing here stops it. `ask` writes into the trail what is
wanted; `settle` does what is asked and not done, as soon as the API answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from parity.model.errors import UsageError
from parity.model.trail import TrailEntry, TrailKind
from parity.model.verdict import Side
from parity.monitoring.prefect_api import NoAnswerError
from parity.monitoring.schedules import Deployments, NoDeploymentError
from parity.nightly.harness import Harness

__all__ = ["Wanted", "ask", "asked", "settle"]

Wanted = Literal["paused", "running"]
Say = Callable[[str], None]

VARIABLE = "PREFECT_API_URL"
HARNESS = "parity"  # who did what nobody asked for at that moment
# Flows run for the side that consumers read; on legacy they would write what nobody checks.
_FOR: dict[str, Side] = {"paused": Side.LEGACY, "running": Side.CANDIDATE}


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of one try: why Prefect did not answer, and what it does not know."""

    unanswered: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """In one line; empty where all is done."""
        if self.unanswered:
            return self.unanswered
        return f"Prefect knows no deployment {', '.join(self.unknown)}" if self.unknown else ""


def ask(harness: Harness, operation: str, wanted: Wanted, by: str) -> None:
    """Remembers what a switch wants of the schedules; asking again for the same adds nothing.

    Args:
        harness: its config names the deployments; what was resumed before is paused too, as the
            config may have changed since.
        operation: id of the switch in the trail.
        wanted: `paused` after a rollback, `running` after a cutover.
        by: who switched.

    Raises:
        UsageError: `wanted` is something else.
        StoreError: the trail cannot be read or written.
    """
    if wanted not in _FOR:
        raise UsageError(f"schedules are paused or running, not {wanted!r}")
    rows = _rows(harness)
    before = rows[-1].content if rows else {}
    if (before.get("operation"), before.get("wanted")) == (operation, wanted):
        return
    names = _all_names(harness, before) if wanted == "paused" else list(_configured(harness))
    if names:
        _add(harness, by, operation=operation, wanted=wanted, names=names, state="asked")


def asked(harness: Harness) -> tuple[str, tuple[str, ...]] | None:
    """What is asked and not done: `paused` or `running`, and of which deployments.

    None where nothing is. What was asked for a side that is not primary any more does not count,
    whenever it was written: a cutover and a rollback may end at the same moment.

    Raises:
        StoreError: the trail cannot be read.
    """
    last = _last_for(harness, _primary(harness))
    if not last or last.get("state") == "done":
        return None
    names = _all_names(harness, last)  # of the config as it is: it may be mended
    return str(last["wanted"]), tuple(names)


def settle(harness: Harness, environ: Mapping[str, str], say: Say) -> bool:
    """Does what is asked of the schedules and not done; safe to run again at any time.

    What Prefect does not do stays asked: the next `nightly` or `status` tries again. Nothing of
    Prefect's is an error here.

    Args:
        harness: whose trail.
        environ: has PREFECT_API_URL, and the login for it.
        say: is told what was done, or why it was not and what to do by hand.

    Returns:
        True where nothing is left to do.

    Raises:
        StoreError: the trail cannot be read or written.
    """
    left = asked(harness)
    if left is None:
        return True
    wanted, names = left
    verb = "pause" if wanted == "paused" else "resume"
    url = environ.get(VARIABLE, "").strip()
    if not url:
        say(f"{VARIABLE} is not set, so Prefect was not asked to {verb} its schedules.")
        _by_hand(names, verb, say)
        return False
    tried = _try(url, environ, names, paused=wanted == "paused", known=_configured(harness))
    last = _last_for(harness, _FOR[wanted])
    if _FOR[wanted] is not _primary(harness):
        return _turned(harness, environ, say, last, names)
    if not tried.note:
        _add(harness, HARNESS, **{**last, "names": list(names), "state": "done", "note": ""})
        say(f"Prefect's schedules are {wanted}: {', '.join(names)}.")
        return True
    say(f"Prefect's schedules are not {wanted} yet: {tried.note}.")
    _by_hand(tried.unknown or names, verb, say)
    # What takes a person is on record, once; what only takes patience is not.
    if tried.unknown and last.get("note") != tried.note:
        _add(harness, HARNESS, **{**last, "state": "failed", "note": tried.note})
    return False


def _turned(
    harness: Harness,
    environ: Mapping[str, str],
    say: Say,
    last: Mapping[str, object],
    names: Sequence[str],
) -> bool:
    """Somebody has switched while Prefect was asked: what it did is to be undone."""
    primary = _primary(harness)
    (wanted,) = (one for one, side in _FOR.items() if side is primary)
    say(f"Consumers read {primary} meanwhile, so the schedules shall be {wanted}.")
    _add(harness, HARNESS, **{**last, "wanted": wanted, "names": list(names), "state": "asked",
                              "note": ""})  # fmt: skip
    return settle(harness, environ, say)


def _try(
    url: str,
    environ: Mapping[str, str],
    names: Sequence[str],
    *,
    paused: bool,
    known: Sequence[str],
) -> _Tried:
    unknown: list[str] = []
    shown = "Prefect's API"
    try:
        with Deployments(url, environ) as deployments:
            shown = f"Prefect's API at {deployments.url}"
            for name in names:
                try:
                    deployments.set_paused(name, paused=paused)
                except NoDeploymentError:
                    if name in known:  # else neither the config nor Prefect has it any more
                        unknown.append(name)
    except NoAnswerError as error:
        return _Tried(f"{shown} does not answer ({error})", tuple(unknown))
    return _Tried(unknown=tuple(unknown))


def _by_hand(names: Sequence[str], verb: str, say: Say) -> None:
    say(f"It is remembered: parity status tries again. By hand, to {verb} each of its schedules:")
    for name in names:
        say(f"  prefect deployment schedule ls '{name}'")
        say(f"  prefect deployment schedule {verb} '{name}' ID")


def _configured(harness: Harness) -> tuple[str, ...]:
    return harness.suite.plan.switching.schedules


def _all_names(harness: Harness, content: Mapping[str, object]) -> list[str]:
    return list(dict.fromkeys([*_configured(harness), *_names(content)]))


def _names(content: Mapping[str, object]) -> list[str]:
    names = content.get("names")
    return [str(name) for name in names] if isinstance(names, list) else []


def _primary(harness: Harness) -> Side:
    return harness.store.primary(harness.suite.migration)


def _last_for(harness: Harness, side: Side) -> Mapping[str, object]:
    """The newest row about what is wanted while a side is primary; empty where there is none."""
    rows = [row.content for row in _rows(harness)]
    fitting = [content for content in rows if _FOR.get(str(content.get("wanted"))) is side]
    return fitting[-1] if fitting else {}


def _rows(harness: Harness) -> tuple[TrailEntry, ...]:
    return harness.store.trail(harness.suite.migration, TrailKind.SCHEDULES)


def _add(harness: Harness, by: str, **content: object) -> None:
    content.setdefault("note", "")
    harness.store.append_trail(harness.suite.migration, TrailKind.SCHEDULES, by, content)
