"""What can go wrong in a flow.

FlowError
├── SettingsError    an environment variable or argument is missing or wrong; the message names it
├── ServerError      no Prefect server could be found or started
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


class VendorError(FlowError):
    """A vendor's answer could not be used.

    Args:
        symbol: The ticker that was asked for; empty where the answer does not tell.
        reason: What was wrong with it, in one line.
    """

    def __init__(self, symbol: str, reason: str) -> None:
        super().__init__(f"{symbol}: {reason}" if symbol else reason)
        self.symbol = symbol
        self.reason = reason


class PassingError(VendorError):
    """May succeed when asked again."""


class LastingError(VendorError):
    """The same request will fail again."""
