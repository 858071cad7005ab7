"""A night in a few words, for alerts and chats."""

from __future__ import annotations

from parity.report.machines.lines import clipped
from parity.report.view import NightView

__all__ = ["short_text"]

MOST = 280


def short_text(view: NightView, link: str = "", *, most: int = MOST) -> str:
    """Verdict, day and phase, worry or not, streak, link: a line each, `most` characters in all.

    What has no room is left out, from the end; the verdict is cut, the link never.

    Args:
        view: the night.
        link: where its page can be opened; empty: nowhere.
        most: at least 60.
    """
    last = f"\n{link}" if link and len(link) + 40 < most else ""
    room = most - len(last)
    lines = [clipped(view.headline, room)]
    for line in (f"{view.weekday}, phase {view.phase}", view.answer, _gate(view)):
        told = clipped(line, len(line) + most)
        if told and sum(map(len, lines)) + len(lines) + len(told) <= room:
            lines.append(told)
    return "\n".join(lines) + last


def _gate(view: NightView) -> str:
    if view.gate is None:
        return ""
    return f"Gate: {view.gate.streak}" if view.gate.streak else view.gate.says
