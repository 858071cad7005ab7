"""A CONNECT proxy for one family of hosts: `*.yahoo.com:443` goes to a local TLS server.

Everything else is refused with 403, so that a script under test cannot reach the network.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

__all__ = ["ConnectProxy"]

_HEAD_LIMIT = 16 * 1024
_CHUNK = 64 * 1024


class ConnectProxy:
    """Answers CONNECT on a bound socket; tunnels allowed hosts to `target_port` on loopback."""

    def __init__(self, *, listener: socket.socket, target_port: int) -> None:
        self._listener = listener
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to accept connections in the running event loop."""
        self._server = await asyncio.start_server(
            self._serve, sock=self._listener, limit=_HEAD_LIMIT
        )

    async def stop(self) -> None:
        """Stop accepting, end every tunnel, and wait until the sockets are closed."""
        if self._server is not None:
            self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # streams run their callback in a task
        self._tunnels.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away or does not speak HTTP: nothing to answer
        except asyncio.CancelledError:
            pass  # stop() ends the tunnel; a callback that ends cancelled is reported as an error
        finally:
            self._tunnels.discard(task)
            await _close(writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or words[0] != "CONNECT":
            writer.write(_reply("405 Method Not Allowed"))
        elif not is_allowed(words[1]):
            writer.write(_reply("403 Forbidden"))
        else:
            await self._tunnel(reader, writer)
        await writer.drain()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, upstream))
                group.create_task(_copy(upstream_reader, writer))
        except* OSError:
            pass  # one end reset the connection, which ends the tunnel
        finally:
            await _close(upstream)


def is_allowed(authority: str) -> bool:
    """Tell whether `host:port` is one of Yahoo's hosts on the HTTPS port."""
    host, _, port = authority.lower().rpartition(":")
    return port == "443" and (host == "yahoo.com" or host.endswith(".yahoo.com"))


def _reply(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    # TLS ends its own stream; passing the end on lets the other side close as well.
    writer.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
