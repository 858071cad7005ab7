"""Real receivers on loopback: a webhook and a mail server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler

SECRET = "hook-5ecret"  # a part of each webhook's address


class Webhook:
    """Keeps what it is sent; answers with `status`, after `gate` is open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Semaphore(0)  # released for every request that has arrived

    @property
    def address(self) -> str:
        """As Apprise writes it."""
        return f"json://127.0.0.1:{self.port}/{SECRET}"

    @property
    def titles(self) -> list[str]:
        """Of all messages that it took."""
        return [str(one["title"]) for one in self.got]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.asked.release()
            receiver.gate.wait(60)
            if receiver.status == 200:
                receiver.got.append(body)
            try:
                self.send_response(receiver.status)
                self.end_headers()
            except OSError:
                pass  # whoever asked was killed

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Webhook(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.gate.set()
            server.shutdown()
            thread.join()


class Mailbox(MailHandler):
    """Keeps the messages of a mail server."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.got: list[EmailMessage] = []

    @property
    def address(self) -> str:
        """As Apprise writes it."""
        return f"mailto://127.0.0.1:{self.port}?from=parity@example.org&to=team@example.org"

    def prepare_message(self, _session: Any, envelope: Any) -> EmailMessage:
        """Parsed by the standard library's rules of today."""
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def handle_message(self, message: Any) -> None:
        """One more."""
        self.got.append(message)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that listens."""
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
