"""Faults that the replay server injects, and the log of what it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parity.model.errors import UsageError

__all__ = ["Fault", "FaultBook", "FaultKind", "RequestLog", "Vendor"]


class Vendor(StrEnum):
    """The two vendors that are replayed."""

    YAHOO = "yahoo"
    POLYGON = "polygon"


class FaultKind(StrEnum):
    """What goes wrong with an answer.

    `status`: an HTTP error instead of data. `delay`: the right answer, `seconds` late.
    `drop`: the connection is closed without a byte. `malformed`: status 200 and JSON that ends
    too early. `truncated_page`: the older half of the bars only (Polygon: with the counts of the
    whole page and no `next_url`). `nulls`: the last bar has no close.
    """

    STATUS = "status"
    DELAY = "delay"
    DROP = "drop"
    MALFORMED = "malformed"
    TRUNCATED_PAGE = "truncated_page"
    NULLS = "nulls"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the price answers of one vendor (never in the cookie or the crumb).

    `symbol` None means any. `times` is how many answers it spoils, None means all of them:
    yfinance's first request for a symbol is a look-up of its time zone, and counts. `page` is the
    Polygon page it waits for, from 1; None means any. `status` belongs to kind `status`,
    `seconds` to kind `delay`.

    Raises:
        UsageError: `times` or `page` below 1, `status` no HTTP error, or `seconds` negative.
    """

    kind: FaultKind
    vendor: Vendor
    symbol: str | None = None
    times: int | None = None
    page: int | None = None
    status: int = 500
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise UsageError(f"a fault needs times >= 1 or None, not {self.times}")
        if self.page is not None and self.page < 1:
            raise UsageError(f"a fault needs page >= 1 or None, not {self.page}")
        if not 400 <= self.status <= 599:
            raise UsageError(f"a fault needs a status of 400 to 599, not {self.status}")
        if self.seconds < 0:
            raise UsageError(f"a fault needs seconds >= 0, not {self.seconds}")

    def hits(self, vendor: Vendor, symbol: str, page: int) -> bool:
        """Tell whether the fault is meant for this request."""
        return self.vendor == vendor and self.symbol in (None, symbol) and self.page in (None, page)


@dataclass(frozen=True, slots=True)
class RequestLog:
    """One request as it was answered; it holds no key, no cookie and no crumb.

    `host` is what the client asked for (`query2.finance.yahoo.com` through the proxy). `symbol` is
    None for cookie, crumb and unknown paths. `status` is None when the connection was dropped.
    """

    vendor: Vendor | None
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    symbol: str | None
    status: int | None
    fault: FaultKind | None
    as_of: datetime


class FaultBook:
    """The faults still to be injected; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Add a fault; faults added earlier are injected first."""
        with self._lock:
            self._faults.append((fault, fault.times))

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def take(self, vendor: Vendor, symbol: str, page: int = 1) -> Fault | None:
        """Return the first fault that hits this request, using up one of its times."""
        with self._lock:
            for position, (fault, left) in enumerate(self._faults):
                if fault.hits(vendor, symbol, page):
                    self._use(position, fault, left)
                    return fault
        return None

    def _use(self, position: int, fault: Fault, left: int | None) -> None:
        if left == 1:
            del self._faults[position]
        elif left is not None:
            self._faults[position] = (fault, left - 1)
