"""One message of all that a target has to get: several at once are one message, not many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parity.model.alert import Alert, Part, TroubleKind

__all__ = ["Message", "message_of"]

_MOST = 10  # troubles in a message; the others are counted
_ORDER = {kind: place for place, kind in enumerate(TroubleKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text. `good` when it only says that something is over."""

    title: str
    body: str
    good: bool = False


def message_of(alerts: Sequence[Alert], target: str) -> Message:
    """What a target has to get of these alerts, each with a part to tell: the gravest first."""
    parts = sorted(alerts, key=_gravity)
    first, rest = parts[0], parts[1:]
    more = f" (and {len(rest)} more)" if rest else ""
    sections = ["\n".join(_section(alert, target, titled=bool(rest))) for alert in parts[:_MOST]]
    if left := parts[_MOST:]:
        sections.append(f"And {len(left)} more: parity alerts lists them.")
    return Message(
        title=f"{_title(first)}{more}",
        body="\n\n".join(sections) or _title(first),  # Apprise takes none that is empty
        good=all(alert.part() is Part.RECOVERY for alert in parts),
    )


def _gravity(alert: Alert) -> tuple[bool, int, int]:
    return alert.part() is Part.RECOVERY, _ORDER[alert.trouble.kind], alert.id


def _title(alert: Alert) -> str:
    if alert.part() is Part.RECOVERY:
        return (alert.recovery or "").partition("\n")[0]
    return alert.trouble.title


def _section(alert: Alert, target: str, *, titled: bool) -> Iterator[str]:
    if titled:
        yield _title(alert)
    if alert.part() is Part.TROUBLE:
        yield alert.trouble.body
        if alert.trouble.link:
            yield alert.trouble.link
        return
    if text := (alert.recovery or "").partition("\n")[2]:
        yield text
    if not alert.has(target, Part.TROUBLE):
        yield f"What was wrong, and could not be told before: {alert.trouble.title}"
        yield alert.trouble.body
