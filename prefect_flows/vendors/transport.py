"""One HTTP answer: how long it may take, and what its status means. For both vendors.

Both ask through curl: its time limit covers name look-up, connection, headers and body together,
and ends the transfer where it stands. The limits of urllib3 and httpx hold for each read, so that
a vendor that sends a byte now and then would hold a task for ever.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from curl_cffi.requests.exceptions import RequestException
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from prefect_flows.errors import LastingError, PassingError
from prefect_flows.permit import Permit

__all__ = ["FETCH_SECONDS", "Deadline", "broken", "check_status"]

FETCH_SECONDS = 120.0

_PASSING = {408, 425, 429}
_FROM_CURL = re.compile(r"curl: \(\d+\) (.*?)\.? See https://", re.DOTALL)


class Deadline:
    """The end of a fetch, however many requests it takes.

    Args:
        symbol: For the message.
        seconds: From now on.
        clock: Tells the time in seconds; grows steadily.
    """

    def __init__(
        self, symbol: str, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._symbol = symbol
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def wait_for(self, permit: Permit) -> None:
        """Wait for a permit; the wait is ours, not the vendor's, and does not count."""
        started = self._clock()
        permit()
        self._end += self._clock() - started

    def limit(self, seconds: float) -> float:
        """Return how long the next request may take: at most `seconds`.

        Raises:
            PassingError: No time is left.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise PassingError(self._symbol, f"timed out: not complete after {self._seconds:g} s")
        return min(seconds, left)


def check_status(
    symbol: str, status: int, *, retry_after: str | None = None, said: str = ""
) -> None:
    """Pass a 200 and nothing else.

    Args:
        symbol: Ticker that was asked for.
        status: HTTP status.
        retry_after: The header of that name; None where there is none.
        said: The vendor's own words; may be empty.

    Raises:
        PassingError: 408, 425, 429 or 5xx; with what Retry-After asks for.
        LastingError: Any other status.
    """
    if status == 200:
        return
    reason = f"HTTP {status} {' '.join(said.split())[:160]}".strip()
    if status not in _PASSING and status < 500:
        raise LastingError(symbol, f"refused: {reason}")
    wait = None if retry_after is None else _seconds(retry_after)
    raise PassingError(symbol, reason if wait is None else f"{reason}, asks for {wait:.0f} s", wait)


def broken(symbol: str, error: RequestException) -> PassingError:
    """Return what to raise for a transfer that failed: one line, without where to read more."""
    text = str(error)
    found = _FROM_CURL.search(text)
    cause = " ".join((found.group(1) if found else text).split())
    return PassingError(symbol, f"{type(error).__name__}: {cause}"[:200])


def _seconds(retry_after: str) -> float | None:
    try:
        return float(Retry().parse_retry_after(retry_after))  # seconds and HTTP date
    except InvalidHeader:
        return None
