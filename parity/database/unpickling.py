"""Reads pickled rows of values, and nothing else: a file of them must not be able to run code."""

from __future__ import annotations

import io
import pickle
from typing import Any
from zoneinfo import ZoneInfo

from parity.model.errors import StoreError

__all__ = ["load_plain"]

# What psycopg makes of a value. All else in a file was not put there by us.
_ALLOWED = frozenset(
    {
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("uuid", "UUID"),
        ("uuid", "SafeUUID"),
        ("ipaddress", "IPv4Address"),
        ("ipaddress", "IPv4Interface"),
        ("ipaddress", "IPv4Network"),
        ("ipaddress", "IPv6Address"),
        ("ipaddress", "IPv6Interface"),
        ("ipaddress", "IPv6Network"),
        ("psycopg.types.multirange", "Multirange"),
        ("psycopg.types.range", "Range"),
        ("zoneinfo", "ZoneInfo"),
    }
)


def load_plain(payload: bytes) -> Any:
    """The value that was pickled.

    Raises:
        StoreError: it holds something that is no value of a row.
    """
    return _Reader(io.BytesIO(payload)).load()


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _zone_maker
        if (module, name) in _ALLOWED:
            return super().find_class(module, name)
        raise StoreError(f"a spool of discrepancies holds {module}.{name}, which is no value")


def _zone_maker(owner: Any, name: str) -> Any:
    """Zones are pickled as a call of `ZoneInfo._unpickle`; no other attribute is handed out."""
    if owner is ZoneInfo and name == "_unpickle":
        return ZoneInfo._unpickle  # type: ignore[attr-defined]
    raise StoreError(f"a spool of discrepancies holds {owner!r}.{name}, which is no value")
