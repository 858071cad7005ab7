"""Finds what is wrong, keeps it in the ledger, sends what is untold.

Whoever comes by does all of it: the night, `parity alerts`, the flow that watches. One at a time,
so two that come at once tell once. A process that is killed between sending and noting it makes the
next one send again; nothing stays unsent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from parity.alerts import Block, Message, Target, deliver, message_of, targets_of
from parity.model.alert import Alert, Changes, Part
from parity.model.errors import ParityError
from parity.model.suite import Suite
from parity.nightly.alerting.changes import changes_of
from parity.nightly.harness import Harness
from parity.store import Store

__all__ = ["Told", "alert", "alert_after_night", "try_targets"]

Also = Callable[[Sequence[Alert]], Changes]
Pending = tuple[Alert, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How telling went.

    `sent` counts the messages that arrived, `untold` the alerts that somebody still has to get.
    `problems` are lines about targets, by the names of their variables. `open` are the alerts
    that last.
    """

    sent: int = 0
    untold: int = 0
    problems: tuple[str, ...] = ()
    open: tuple[Alert, ...] = ()


def alert(
    harness: Harness,
    now: datetime,
    environ: Mapping[str, str],
    *,
    block: Block | None = None,
    also: Also | None = None,
) -> Told:
    """Tells what is new and what is over, and what could not be told before.

    Args:
        harness: whose nights; nothing happens where its suite names no target.
        now: decides which night is late.
        environ: holds the targets' addresses.
        block: finds Prefect's blocks; None where there is no Prefect.
        also: what else begins and ends, given the alerts in the ledger.

    Raises:
        StoreError: the ledger cannot be read or written, or another process does not let go of it.
    """
    suite, store = harness.suite, harness.store
    if not suite.alerts.to:
        return Told()
    with store.one_teller(suite.migration):
        known = store.alerts(suite.migration)
        store.change_alerts(suite.migration, changes_of(harness, known, now))
        if also is not None:
            store.change_alerts(suite.migration, also(known))
        targets = targets_of(suite.alerts.to, environ, block)
        sent, problems = _tell(store, suite.migration, targets)
        left = store.alerts(suite.migration)
    return Told(
        sent=sent,
        untold=sum(one.part() is not None for one in left),
        problems=tuple(problems),
        open=tuple(one for one in left if one.open),
    )


def _tell(store: Store, migration: str, targets: Sequence[Target]) -> tuple[int, list[str]]:
    """Sends every target what it has not got yet; what all of them have is told."""
    pending = _pending(store, migration)
    lacking = {
        target.name: [(one, part) for one, part in pending if not one.has(target.name, part)]
        for target in targets
    }
    problems = [f"{target.name}: {target.missing}" for target in targets if target.missing]
    messages = [
        (target, message_of([one for one, _ in lacking[target.name]], target.name))
        for target in targets
        if lacking[target.name] and not target.missing
    ]
    sent = 0
    for target, reason in deliver(messages):
        if reason:
            problems.append(f"{target.name}: {reason}")
            continue
        sent += 1
        # At once: whatever comes next may be killed.
        store.alerts_reached([(one.id, part) for one, part in lacking[target.name]], target.name)
    store.alerts_told(
        [
            (one.id, part)
            for one, part in _pending(store, migration)
            if all(one.has(target.name, part) for target in targets)
        ]
    )
    return sent, problems


def _pending(store: Store, migration: str) -> list[Pending]:
    return [(one, part) for one in store.alerts(migration) if (part := one.part()) is not None]


def alert_after_night(
    harness: Harness,
    now: datetime,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    *,
    block: Block | None = None,
) -> None:
    """The same at the end of a night, whose result it never changes; problems become lines."""
    try:
        told = alert(harness, now, environ, block=block)
    except ParityError as error:
        say(f"alerts: {error}")
    except Exception as error:  # noqa: BLE001
        # The night is stored and published, whatever becomes of telling. The text of an error
        # from elsewhere may hold an address.
        say(f"alerts: {type(error).__name__}; parity alerts tries again")
    else:
        for problem in told.problems:
            say(f"alerts: {problem}")


def try_targets(
    suite: Suite, environ: Mapping[str, str], *, block: Block | None = None
) -> tuple[tuple[str, str], ...]:
    """Sends everybody a test message; returns each target's name and why it was not taken."""
    message = Message(
        title=f"{suite.migration}: a test",
        body="parity can reach you. Nothing is wrong, and nothing needs to be done.",
        good=True,
    )
    targets = targets_of(suite.alerts.to, environ, block)
    ended = {target.name: why for target, why in deliver([(one, message) for one in targets])}
    return tuple((target.name, ended[target.name]) for target in targets)
