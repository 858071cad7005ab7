"""Types of columns for the property test: their values, and a value as one of a type."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.diff.oracle import FLOATS, NUMBERS, TIMES

# Types of a column as they are declared, and by the name that the oracle knows.
DECLARED = {
    "bpchar": "char(6)", "varchar": "varchar(20)", "price": "public.price",
    "mood": "public.mood", "_text": "text[]", "_int4": "int4[]", "_float8": "float8[]",
    "_numeric": "numeric[]",
}  # fmt: skip
KNOWN = {"price": "numeric", "mood": "enum"}
TYPES_SQL = (
    "CREATE TYPE public.mood AS ENUM ('b', 'a', 'c'); CREATE DOMAIN public.price AS numeric; "
)

ALIKE = [
    "int2", "int4", "int8", "numeric", "price", "float4", "float8", "text", "varchar", "bpchar",
    "date", "timestamp", "timestamptz", "bool", "uuid", "bytea", "interval", "time", "mood",
]  # fmt: skip
MIXED = [
    ("int2", "int8"), ("int8", "int4"), ("int4", "numeric"), ("numeric", "int8"),
    ("int8", "float8"), ("int4", "float4"), ("numeric", "float8"), ("float4", "numeric"),
    ("float4", "float8"), ("price", "numeric"), ("int2", "price"), ("text", "varchar"),
    ("bpchar", "text"), ("varchar", "bpchar"), ("mood", "text"), ("date", "timestamp"),
    ("timestamp", "date"), ("date", "timestamptz"), ("timestamptz", "date"),
    ("timestamp", "timestamptz"),
]  # fmt: skip
KEYS = [*((kind, kind) for kind in ALIKE), *MIXED]
COLUMNS = [
    *KEYS,
    *((kind, kind) for kind in ("jsonb", "json", "_text", "_int4", "_float8", "_numeric")),
]

D = Decimal
LIMITS = {"int2": 15, "int4": 31, "int8": 63}
SMALL = [0, 1, -1, 2, 100, 101, 99]
DECIMALS = [
    *map(D, SMALL), D("1.0001"), D("1.01"), D("0.1"), D("100.0"), D("NaN"), D("Infinity"),
    D("-Infinity"), D("1e20"), D("123456789012345678901234567890.123456789"), D("1e-30"),
]  # fmt: skip
DOUBLES = [
    *map(float, SMALL), -0.0, 0.1, 1.01, 1.0 + 1e-10, float("nan"), float("inf"), -float("inf"),
    5e-324, 1e-323, 1.7e308, -1.7e308, 1e-300, 2.0**53, 2.0**63,
]  # fmt: skip
CLOCKS = [
    datetime.fromisoformat(text)
    for text in (
        "2024-03-10T02:30", "2024-03-10T03:30", "2024-11-03T01:30", "2024-11-03",
        "2024-02-29T23:59:59.999999", "1970-01-01", "1850-06-01", "9998-12-30", "0002-01-02",
    )
]  # fmt: skip
# Around the hours that New York skips and repeats.
INSTANTS = [
    datetime.fromisoformat(text + "+00:00")
    for text in ("2024-03-10T07:30", "2024-11-03T05:30", "2024-11-03T06:30", "2024-11-03T04:00")
]
INFINITE = ["infinity", "-infinity"]
TEXTS = ["a", "A", "b", "ä", "", " ", "a ", " a", "\u00e9", "e\u0301", "c", "NULL", "1", '"\\,{}']

VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{
        kind: st.one_of(
            st.sampled_from([*SMALL, 2**bits - 1, -(2**bits), 2**bits - 2]),
            st.integers(-(2**bits), 2**bits - 1),
        )
        for kind, bits in LIMITS.items()
    },
    "numeric": st.one_of(
        st.sampled_from(DECIMALS), st.decimals("-1e6", "1e6", places=4, allow_nan=False)
    ),
    "float8": st.one_of(st.sampled_from(DOUBLES), st.floats()),
    "float4": st.one_of(
        st.sampled_from(DOUBLES).filter(lambda x: x == 0 or not 0 < abs(x) < 1e-44),
        st.floats(width=32),
    ),
    "text": st.one_of(
        st.sampled_from(TEXTS),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3),
    ),
    "date": st.sampled_from([*(clock.date() for clock in CLOCKS), *INFINITE]),
    "timestamp": st.sampled_from([*CLOCKS, *INFINITE]),
    "timestamptz": st.sampled_from(
        [*(clock.replace(tzinfo=UTC) for clock in CLOCKS), *INSTANTS, *INFINITE]
    ),
    "bool": st.booleans(),
    "uuid": st.sampled_from([UUID(int=number) for number in (0, 1, 2**127)]),
    "bytea": st.sampled_from([b"", b"\0", b"a", b"\xff"]),
    "interval": st.sampled_from(["1 mon", "30 days", "720:00:00", "-00:00:01", "00:00:00"]),
    "time": st.sampled_from([time(0), time(9, 30), time(9, 30, 0, 1), "24:00:00"]),
    "mood": st.sampled_from(["a", "b", "c"]),
    "jsonb": st.sampled_from(
        ['{"a": 1, "b": [true, null]}', '{"b": [true, null], "a": 1.0}', '{"a": true}', "1",
         '{"a": 1}', "true", "0.1", "0.10000000000000000000001", '"1"', "null", "[]", "{}"]
    ),
    "json": st.sampled_from(['{"a": 1}', '{"a":1}', "null"]),
    "_text": st.sampled_from(['{a,b}', '{b,a}', '{}', '{NULL}', '{"NULL"}', '{""}', '{"a,b"}']),
    "_int4": st.lists(st.one_of(st.none(), st.sampled_from([0, 1])), max_size=2),
    "_float8": st.lists(st.one_of(st.none(), st.sampled_from(DOUBLES)), max_size=2),
    "_numeric": st.lists(
        st.one_of(st.none(), st.sampled_from([D("1.0"), D("1.00"), D("NaN"), D(2)])), max_size=2
    ),
}  # fmt: skip
VALUES |= {
    "varchar": VALUES["text"], "bpchar": VALUES["text"].filter(lambda text: len(text) <= 6),
    "price": VALUES["numeric"],
}  # fmt: skip


class _Unfit:
    """Stands for a value that a type cannot hold."""


UNFIT = _Unfit()
SIMPLE: dict[str, Any] = {
    **dict.fromkeys([*NUMBERS, "price"], 1),
    **dict.fromkeys(TIMES, date(2024, 2, 29)),
    **dict.fromkeys(["text", "varchar", "bpchar", "mood"], "a"),
}


def as_one_of(kind: str, value: Any) -> Any:
    """A value as one of a type."""
    if value is None:
        return None
    if kind in LIMITS:
        return _integer(value, LIMITS[kind])
    if kind in FLOATS:
        return _float(value, kind)
    if kind in ("numeric", "price"):
        return Decimal(value)
    if kind in TIMES and not isinstance(value, str):
        return _moment(value, kind)
    if kind == "bpchar" and len(value) > 6:
        return UNFIT
    if kind == "mood" and value not in ("a", "b", "c"):
        return UNFIT
    return value


def _integer(value: Any, bits: int) -> Any:
    number = Decimal(value)
    if not number.is_finite():
        return UNFIT
    return int(number) if -(2**bits) <= int(number) < 2**bits else UNFIT


def _float(value: Any, kind: str) -> Any:
    number = float(value)
    if kind == "float8":
        return number
    try:
        narrow: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return UNFIT
    return narrow


def _moment(value: date, kind: str) -> date:
    if kind == "date":
        return value.date() if isinstance(value, datetime) else value
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if kind == "timestamp":
        return value.replace(tzinfo=None)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
