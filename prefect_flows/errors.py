"""What can go wrong in a flow.

FlowError
├── SettingsError    an environment variable or argument is missing or wrong; the message names it
├── ServerError      no Prefect server could be found or started
├── LimitError       a vendor's limit gave no slot in time
└── VendorError      a vendor's answer could not be used
    ├── PassingError   may succeed when asked again (time-out, 429, 5xx, unreadable answer)
    └── LastingError   the same request will fail again (unknown symbol, refused key)
"""

from __future__ import annotations


class FlowError(Exception):
    """Root of this package's exceptions."""


class SettingsError(FlowError):
    """An environment variable or argument is missing or wrong."""


class ServerError(FlowError):
    """No Prefect server could be found or started."""


class LimitError(FlowError):
    """A vendor's limit gave no slot in time, or does not exist."""


class VendorError(FlowError):
    """A vendor's answer could not be used.

    Args:
        symbol: The ticker that was asked for; empty where the answer does not tell.
        reason: What was wrong with it, in one line.
    """

    # The arguments stay in `args` as they were given: a task in another process sends its
    # exception home by pickle, which makes it anew from them.

    def __init__(self, symbol: str, reason: str, *more: object) -> None:
        super().__init__(symbol, reason, *more)
        self.symbol = symbol
        self.reason = " ".join(reason.split())  # a vendor's own words may have several lines

    def __str__(self) -> str:
        return f"{self.symbol}: {self.reason}" if self.symbol else self.reason


class PassingError(VendorError):
    """May succeed when asked again.

    Args:
        symbol: As for every VendorError.
        reason: As for every VendorError.
        retry_after: Seconds that the vendor asks to wait, however many; None where it does not.
    """

    def __init__(self, symbol: str, reason: str, retry_after: float | None = None) -> None:
        super().__init__(symbol, reason, retry_after)
        self.retry_after = retry_after


class LastingError(VendorError):
    """The same request will fail again."""
