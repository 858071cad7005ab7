"""Values that Python cannot hold as it reads them by default.

PostgreSQL has `infinity`, years before 1 and after 9999, and the time 24:00. As text they equal
themselves and nothing else, which is all that a comparison asks.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.abc import AdaptContext
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

__all__ = ["JSON_NULL", "register"]

# JSON's null as a whole document. Not None, which is NULL, nor a text or list, which JSON has too.
JSON_NULL = ("null",)


class _OrText(Loader):
    """As psycopg reads the type, in C where it can; as text what it refuses."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, Format.TEXT)
        assert usual is not None
        self._usual = usual(oid, context)

    def load(self, data: Any) -> Any:
        try:
            return self._usual.load(data)
        except psycopg.DataError:
            return bytes(data).decode()


def _integer(text: str) -> int | Decimal:
    """Python reads no more than 4300 digits as an int."""
    return int(text) if len(text) < 4000 else Decimal(text)


def _json(data: str | bytes) -> Any:
    """Numbers in jsonb as PostgreSQL has them; as doubles, two that differ could be equal."""
    value = json.loads(data, parse_float=Decimal, parse_int=_integer)
    return JSON_NULL if value is None else value


def register(connection: psycopg.Connection) -> None:
    """Makes the connection read such values as text."""
    for kind in ("date", "time", "timestamp", "timestamptz"):
        connection.adapters.register_loader(kind, _OrText)
    set_json_loads(_json, connection)
