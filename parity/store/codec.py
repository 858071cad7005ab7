"""Values of rows as JSON and back: decimals, NaN, instants and dates keep their type."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ["decode", "dumps", "encode"]


def encode(value: Any) -> Any:
    """A JSON value; what JSON has no type for becomes {"$": type, "v": text}."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        # JSON readers make doubles of large integers.
        return value if abs(value) < 2**53 else {"$": "int", "v": str(value)}
    if isinstance(value, float):
        return {"$": "float", "v": repr(value)}
    tagged = _tagged(value)
    if tagged is not None:
        return {"$": tagged[0], "v": tagged[1]}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"$": "dict", "v": [[encode(k), encode(v)] for k, v in value.items()]}
    return {"$": "text", "v": str(value)}


def _tagged(value: Any) -> tuple[str, Any] | None:
    if isinstance(value, Decimal):
        return "decimal", str(value)
    if isinstance(value, datetime):  # before date: every datetime is one
        return "datetime", value.isoformat()
    if isinstance(value, date):
        return "date", value.isoformat()
    if isinstance(value, time):
        return "time", value.isoformat()
    if isinstance(value, timedelta):
        return "timedelta", [value.days, value.seconds, value.microseconds]
    if isinstance(value, UUID):
        return "uuid", str(value)
    if isinstance(value, bytes):
        return "bytes", base64.b64encode(value).decode("ascii")
    return None


DECODERS: dict[str, Any] = {
    "int": int,
    "float": float,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "uuid": UUID,
    "bytes": base64.b64decode,
    "text": str,
}


def decode(value: Any) -> Any:
    """The value that `encode` was given (tuples come back as lists)."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind, inner = value["$"], value["v"]
    if kind == "dict":
        return {decode(k): decode(v) for k, v in inner}
    return DECODERS[kind](inner)


def dumps(value: Any) -> str:
    """Canonical JSON text of an encoded value, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
