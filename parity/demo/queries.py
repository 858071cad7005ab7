"""The hotfix of the demo's flows that goes wrong, and how it is undone."""

from __future__ import annotations

__all__ = ["BREAK", "MEND"]

_ROWS = (
    "WHERE symbol = 'MSFT' AND data_source = 'yahoo' "
    "AND timestamp >= timestamptz '2005-02-01 00:00 America/New_York'"
)
BREAK = f"UPDATE prefect.market_data SET volume = volume * 100 {_ROWS}"  # noqa: S608
MEND = f"UPDATE prefect.market_data SET volume = volume / 100 {_ROWS}"  # noqa: S608
