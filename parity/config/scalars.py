"""Numbers, durations, names and zones: one reading and one message for file and command line.

Each function takes what was written and returns the value, or raises a ValueError whose text
says what is wrong and how to mend it. No pydantic here: it would cost `parity diff` its start.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from parity.config.findings import describe, short, suggest

__all__ = [
    "allowance",
    "duration",
    "formula",
    "identifier",
    "is_duration",
    "known",
    "number",
    "seconds",
    "split_relation",
    "timezone",
]

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9][0-9]{0,7})(ms|[smhd])")
_LONGEST = dt.timedelta(days=366)
_IDENTIFIER_BYTES = 63  # PostgreSQL cuts longer names silently
_SMALLEST, _LARGEST = Decimal("1e-30"), Decimal("1e30")
_FORMULAS = (
    *("sma_N", "ema_N", "rsi_N", "macd_line", "macd_signal", "macd_histogram", "bb_upper"),
    *("bb_middle", "bb_lower", "bb_position", "bb_width", "volatility_N", "price_change_Nd"),
    *("avg_volume_N", "current_volume"),
)
_FORMULA = re.compile("|".join(_FORMULAS).replace("N", "[1-9][0-9]{0,3}"))


def number(value: Any) -> Decimal:
    """A tolerance: 0, or a number that a numeric and a double can both hold."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a number such as 0.0001 or 1e-9, not {describe(value)}")
    found = Decimal(value)
    if found < 0:
        raise ValueError(f"{short(str(value).lower())} is negative; give a number >= 0")
    if found and not _SMALLEST <= found <= _LARGEST:
        raise ValueError(
            f"{short(str(value).lower())} is no useful tolerance; for equality write exact"
        )
    return found


def duration(value: Any) -> dt.timedelta:
    """A whole number with a unit: 500ms, 90s, 10m, 2h or 1d; up to a year."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        raise ValueError(f"{short(str(value))} has no unit; write {short(str(value))}s for seconds")
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"must be a duration such as 90s, 10m, 2h or 1d, not {describe(value)}")
    found = dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
    if found > _LONGEST:
        raise ValueError(f"{value} is longer than a year")
    return found


def seconds(value: Any, most: int) -> float:
    """A number of seconds from 0 to `most`, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a number of seconds such as 5, not {describe(value)}")
    if not 0 <= value <= most:
        text = short(str(value).lower())
        bound = f"<= {most}" if value > 0 else ">= 0"
        raise ValueError(f"{text} is out of range; give a number {bound}")
    return float(value)


def is_duration(value: Any) -> bool:
    """True for text that `duration` reads, be it too long or not."""
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def allowance(value: Any) -> Decimal | dt.timedelta:
    """An `abs`: a number, or a duration for dates and times."""
    if not isinstance(value, str):
        return number(value)
    if is_duration(value):
        return duration(value)
    raise ValueError(
        "must be a number such as 0.0001, or for dates and times a duration such as 1s, "
        f"not {describe(value)}"
    )


def identifier(value: str) -> str:
    """A name of the database, as it is there: case-sensitive, unquoted."""
    if not value or value != value.strip() or not value.isprintable():
        raise ValueError(f"{short(value)!r} is not a name in the database")
    if len(value.encode()) > _IDENTIFIER_BYTES:
        raise ValueError(
            f"{short(value)!r} is longer than the {_IDENTIFIER_BYTES} bytes that PostgreSQL keeps"
        )
    return value


def formula(value: str) -> str:
    """What a column of indicators holds: a name as `rsi_14`, its windows from 1 to 9999."""
    if _FORMULA.fullmatch(value):
        return value
    near = suggest(re.sub(r"[0-9]+", "N", value), _FORMULAS)
    number = " with N from 1 to 9999" if near is None or "N" in near else ""
    hint = f"did you mean {near}{number}?" if near else f"there are {', '.join(_FORMULAS)}{number}"
    raise ValueError(f"{short(value)!r} is not a formula; {hint}")


def split_relation(value: Any) -> Any:
    """`schema.table` as a mapping; any other value as it is.

    Raises:
        ValueError: text that is not two names with one dot between.
    """
    if not isinstance(value, str):
        return value
    parts = value.split(".")
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{short(value)!r} is not schema.table, such as legacy.market_data")
    return {"schema": parts[0], "table": parts[1]}


def timezone(value: str) -> str:
    """The name of a time zone."""
    return known(value, _timezones(), "time zone, such as America/New_York")


def known(value: str, names: list[str] | set[str], what: str) -> str:
    """The value, when it is one of the names; else the nearest one is in the message."""
    if value in names:
        return value
    near = suggest(value, names)
    raise ValueError(f"{short(value)!r} is not a {what}{f'; did you mean {near}?' if near else ''}")


@cache
def _timezones() -> set[str]:
    return available_timezones()
