"""Values that Python cannot hold as it reads them by default.

PostgreSQL has `infinity`, years before 1 and after 9999, and the time 24:00. As text they equal
themselves and nothing else, which is all that a comparison asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.datetime import DateLoader, TimeLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.json import set_json_loads

__all__ = ["JSON_NULL", "register"]

# JSON's null as a whole document. Not None, which is NULL, nor a text or list, which JSON has too.
JSON_NULL = ("null",)


def _or_text(load: Callable[[Any], Any], data: Any) -> Any:
    try:
        return load(data)
    except psycopg.DataError:
        return bytes(data).decode()


class _Date(DateLoader):
    def load(self, data: Any) -> Any:
        return _or_text(super().load, data)


class _Timestamp(TimestampLoader):
    def load(self, data: Any) -> Any:
        return _or_text(super().load, data)


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        return _or_text(super().load, data)


class _Time(TimeLoader):
    def load(self, data: Any) -> Any:
        return _or_text(super().load, data)


def _integer(text: str) -> int | Decimal:
    """Python reads no more than 4300 digits as an int."""
    return int(text) if len(text) < 4000 else Decimal(text)


def _json(data: str | bytes) -> Any:
    """Numbers in jsonb as PostgreSQL has them; as doubles, two that differ could be equal."""
    value = json.loads(data, parse_float=Decimal, parse_int=_integer)
    return JSON_NULL if value is None else value


def register(connection: psycopg.Connection) -> None:
    """Makes the connection read such values as text."""
    connection.adapters.register_loader("date", _Date)
    connection.adapters.register_loader("timestamp", _Timestamp)
    connection.adapters.register_loader("timestamptz", _Timestamptz)
    connection.adapters.register_loader("time", _Time)
    set_json_loads(_json, connection)
