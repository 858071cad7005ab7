"""Values of rows as JSON and back: decimals, NaN, instants and dates keep their type."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any
from uuid import UUID

__all__ = ["column_texts", "decode", "dumps", "encode", "text"]


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
        return "datetime", _moment(value)
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


def _moment(value: datetime) -> str:
    """ISO text; of an instant in UTC, whatever zone the connection happened to read it in."""
    if value.tzinfo is None:
        return value.isoformat()
    try:
        return value.astimezone(UTC).isoformat()
    except OverflowError:  # the first or last hours that Python knows
        return value.isoformat()


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


def text(value: Any) -> str:
    """`dumps(encode(value))`, much faster for the values that rows are made of."""
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else dumps(encode(value))


def column_texts(values: Sequence[Any], *, decimal: bool = False) -> list[str]:
    """`text` of each value; with `decimal`, they are decimals written as text already."""
    if decimal:
        return ["null" if v is None else f'{{"$":"decimal","v":"{v}"}}' for v in values]
    kinds = set(map(type, values))
    if kinds == {float}:
        return [f'{{"$":"float","v":"{value!r}"}}' for value in values]
    if len(kinds) == 1:
        return list(map(_WRITERS.get(kinds.pop(), text), values))
    return list(map(text, values))


def _int(value: int) -> str:
    return str(value) if abs(value) < 2**53 else f'{{"$":"int","v":"{value}"}}'


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: _int,
    str: encode_basestring_ascii,
    float: lambda value: f'{{"$":"float","v":"{value!r}"}}',
    Decimal: lambda value: f'{{"$":"decimal","v":"{value}"}}',
    date: lambda value: f'{{"$":"date","v":"{value.isoformat()}"}}',
    datetime: lambda value: f'{{"$":"datetime","v":"{_moment(value)}"}}',
}
