"""All targets at once, each in a thread, none waited for longer than a limit."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Iterator, Sequence

from parity.alerts.message import Message
from parity.alerts.targets import Target

__all__ = ["deliver"]

SECONDS = 30.0


def deliver(
    messages: Sequence[tuple[Target, Message]], seconds: float = SECONDS
) -> Iterator[tuple[Target, str]]:
    """Sends; yields each target as it ends, with why the message was not taken (empty: it was).

    A server that takes a connection and then says nothing, or a byte at a time, keeps nobody from
    ending: after `seconds` its target counts as not told, and its thread is left to itself.
    """
    ended: queue.SimpleQueue[tuple[Target, str]] = queue.SimpleQueue()
    waiting = {target.name: target for target, _ in messages}
    for target, message in messages:
        # Prefect's blocks find their server in the context.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run,
            args=(_send, target, message, ended),
            name=f"alert-{target.name}",
            daemon=True,
        ).start()
    deadline = time.monotonic() + seconds
    while waiting:
        try:
            target, reason = ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        del waiting[target.name]
        yield target, reason
    for target in waiting.values():
        yield target, f"did not answer within {seconds:g} s"


def _send(target: Target, message: Message, ended: queue.SimpleQueue[tuple[Target, str]]) -> None:
    try:
        reason = target.send(message)
    except Exception as error:  # noqa: BLE001
        # A fault of a plug-in is a message that was not taken; its text may quote the address.
        reason = f"could not be told ({type(error).__name__})"
    ended.put((target, reason))
