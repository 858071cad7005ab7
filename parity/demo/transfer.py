"""The faults that lie in the sending of an answer: late, never, a byte at a time, cut short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from parity.demo.faults import Fault, FaultKind

__all__ = ["UNANSWERED", "Transfer"]

UNANSWERED = frozenset({FaultKind.DROP, FaultKind.HANG})
_NOWHERE = 503
_TICK_SECONDS = 0.01


class Transfer:
    """Sends an answer as a fault wants it.

    `closing` cuts every wait short when the server stops; `drop` closes a request's connection.
    """

    def __init__(self, closing: asyncio.Event, drop: Callable[[Request], None]) -> None:
        self._closing = closing
        self._drop = drop

    async def send(self, request: Request, response: Response, fault: Fault) -> Response:
        """Return what is to be sent; of an unanswered request nothing arrives."""
        if fault.kind is FaultKind.DELAY:
            await self._wait(fault.seconds)
        elif fault.kind is FaultKind.HANG:
            await self._closing.wait()
            return Response(status_code=_NOWHERE)
        elif fault.kind is FaultKind.DROP:
            self._drop(request)
            return Response(status_code=_NOWHERE)
        elif fault.kind is FaultKind.DRIP:
            return _streamed(response, self._drip(bytes(response.body), fault.seconds))
        elif fault.kind is FaultKind.RESET:
            return _streamed(response, self._half(request, bytes(response.body)))
        return response

    async def _drip(self, body: bytes, seconds: float) -> AsyncIterator[bytes]:
        for place in range(len(body)):
            yield body[place : place + 1]
            await self._wait(seconds)

    async def _half(self, request: Request, body: bytes) -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        self._drop(request)
        await asyncio.sleep(_TICK_SECONDS)  # until the server has noticed

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


def _streamed(response: Response, body: AsyncIterator[bytes]) -> Response:
    """The answer with its own headers (the length of the whole body too) and another body."""
    return StreamingResponse(body, response.status_code, dict(response.headers))
