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

    Instead of an answer. `status`: an HTTP error, with `retry_after` where that is given. `body`:
    status 200 and `body` as it is. `malformed`: status 200 and JSON that ends too early.

    With its transfer. `delay`: the right answer, `seconds` late. `hang`: no byte, and no end.
    `drip`: the right answer, a byte every `seconds`. `drop`: the connection is closed without a
    byte. `reset`: it is closed in the middle of the body.

    With its bars. `truncated_page`: the older half of them only (Polygon: with the counts of the
    whole page and no `next_url`). `nulls`: a bar has no close. `null_bar`: a bar has nothing but
    its time. `zeros`: a bar's prices and volume are zero; which bar, tells `place`.
    `out_of_order`: the two bars in the middle change places. `duplicate`: the bar in the middle
    comes twice (the counts say so). `clock_skew`: all times are `seconds` late, or early.
    """

    STATUS = "status"
    BODY = "body"
    MALFORMED = "malformed"
    DELAY = "delay"
    HANG = "hang"
    DRIP = "drip"
    DROP = "drop"
    RESET = "reset"
    TRUNCATED_PAGE = "truncated_page"
    NULLS = "nulls"
    NULL_BAR = "null_bar"
    ZEROS = "zeros"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE = "duplicate"
    CLOCK_SKEW = "clock_skew"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the price answers of one vendor (never in the cookie or the crumb).

    `symbol` None means any. `times` is how many answers it spoils, None means all of them:
    yfinance's first request for a symbol may be a look-up of its time zone, and counts. `page` is
    the Polygon page it waits for, from 1; None means any. While a fault with `page_size` waits,
    pages hold no more bars than that, whatever their limit: so that there is a second one.

    `status` and `retry_after` (the header as it is sent) belong to kind `status`, `body` to kind
    `body`, `seconds` to `delay`, `drip` and `clock_skew`, `place` to `nulls`, `null_bar` and
    `zeros`: the bar's number from 0, or from the newest, which is -1.

    Raises:
        UsageError: `times`, `page` or `page_size` below 1, `status` no HTTP error, or `seconds`
            negative where no clock is skewed.
    """

    kind: FaultKind
    vendor: Vendor
    symbol: str | None = None
    times: int | None = None
    page: int | None = None
    page_size: int | None = None
    status: int = 500
    retry_after: str | None = None
    body: str | bytes = "{}"
    seconds: float = 1.0
    place: int = -1

    def __post_init__(self) -> None:
        for name in ("times", "page", "page_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"a fault needs {name} >= 1 or None, not {value}")
        if not 400 <= self.status <= 599:
            raise UsageError(f"a fault needs a status of 400 to 599, not {self.status}")
        if self.seconds < 0 and self.kind is not FaultKind.CLOCK_SKEW:
            raise UsageError(f"a fault needs seconds >= 0, not {self.seconds}")

    def hits(self, vendor: Vendor, symbol: str, page: int) -> bool:
        """Tell whether the fault is meant for this request."""
        return self.vendor == vendor and self.symbol in (None, symbol) and self.page in (None, page)


@dataclass(frozen=True, slots=True)
class RequestLog:
    """One request as it was answered; it holds no key, no cookie and no crumb.

    `host` is what the client asked for (`query2.finance.yahoo.com` through the proxy). `symbol` is
    None for cookie, crumb and unknown paths. `status` is None where nothing was answered.
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

    def page_size(self, vendor: Vendor, symbol: str) -> int | None:
        """Return how many bars a page may hold while the faults that wait want it short."""
        with self._lock:
            sizes = [
                fault.page_size
                for fault, _ in self._faults
                if fault.page_size is not None and fault.hits(vendor, symbol, fault.page or 1)
            ]
        return min(sizes, default=None)

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
