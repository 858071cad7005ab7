"""Sending to one address by Apprise: mail, Slack, Teams, webhooks and a hundred others.

Apprise logs addresses, hosts and receivers; here its log is kept from the program's, and read only
for why a message was not taken.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from parity.alerts.message import Message

__all__ = ["by_apprise", "quiet", "why_not"]

# urllib3 writes paths of webhooks, which are secrets, at level DEBUG.
_LOGGERS = ("apprise", "urllib3.connectionpool", "requests", "gntp", "paho")
_STATUS = re.compile(r"\berror=([0-9]{3})\b")


def by_apprise(address: str, message: Message) -> str:
    """Sends; returns why it was not taken, empty when it was. The reason names no address."""
    with quiet() as said:
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

        asset = AppriseAsset(app_id="parity", app_desc="parity", app_url="", async_mode=False)
        sender = Apprise(asset=asset)
        if not sender.add(address):
            return "is no address that Apprise knows (mailto://, slack://, msteams://, json:// ...)"
        for service in sender:
            # Mail would come as HTML without a place to break its lines.
            service.notify_format = NotifyFormat.TEXT
        taken = sender.notify(
            title=message.title,
            body=message.body,
            notify_type=NotifyType.SUCCESS if message.good else NotifyType.FAILURE,
            body_format=NotifyFormat.TEXT,
        )
    return "" if taken else why_not(said)


def why_not(said: list[str]) -> str:
    """Why a message was not taken, by what Apprise has logged; without addresses."""
    for line in reversed(said):
        if found := _STATUS.search(line):
            return f"was refused with HTTP status {found.group(1)}"
        if "onnection error" in line:
            return "could not be reached"
    return "was not taken"


class _Keep(logging.Filter):
    """Keeps what one thread logs, and lets nothing of it through."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self.said.append(record.getMessage())
        return False


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keeps what this thread sends out of the program's log; yields its warnings."""
    keep = _Keep()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(keep)
    try:
        yield keep.said
    finally:
        for logger in loggers:
            logger.removeFilter(keep)
