"""A row as SQL that shows both sides: to be read, copied and run by a person.

Here values are written into the text, which nothing else in this package does: there is nobody
to bind them for a person with a terminal. What the report shows it never runs.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from parity.model.result import DatasetResult, Origin
from parity.report.words import EXCHANGE_ZONE

__all__ = ["BothSides", "both_sides", "key_tests", "literal"]

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BothSides:
    """The statement for any row of a dataset, but for the tests of its key.

    `heads` are the statement of legacy and of candidate up to these tests; `keys` the names that
    the tests are about, quoted.
    """

    heads: tuple[str, str]
    keys: tuple[tuple[str, ...], tuple[str, ...]]

    def statement(self, tests: Sequence[str]) -> str:
        """The whole statement for a row whose key passes these `tests`, see `key_tests`."""
        return "\nUNION ALL\n".join(self._halves(tests)) + ";\n"

    def _halves(self, tests: Sequence[str]) -> Iterator[str]:
        for head, names in zip(self.heads, self.keys, strict=True):
            wanted = (f"{name} {test}" for name, test in zip(names, tests, strict=True))
            yield head + " AND ".join(wanted)


def both_sides(dataset: DatasetResult) -> BothSides | None:
    """The statement for a dataset's rows; None where it is not known what they were read from."""
    origin = dataset.origin
    if origin is None or not dataset.key:
        return None
    renames: tuple[dict[str, str], ...] = ({}, dict(origin.rename))
    heads = [
        _head(dataset, origin, side, relation, rename)
        for side, relation, rename in zip(
            ("legacy", "candidate"), (origin.legacy, origin.candidate), renames, strict=True
        )
    ]
    keys = [tuple(_name(rename.get(name, name)) for name in dataset.key) for rename in renames]
    return BothSides(heads=(heads[0], heads[1]), keys=(keys[0], keys[1]))


def _head(
    dataset: DatasetResult,
    origin: Origin,
    side: str,
    relation: tuple[str, str],
    rename: dict[str, str],
) -> str:
    # Columns of two types need not go into one column of a result: their texts do.
    texts = {name for name, *_ in dataset.schema.type_changes}
    names = dict.fromkeys([*dataset.key, *(column.name for column in dataset.columns)])
    wanted = ", ".join(
        [f"'{side}' AS side", *(_item(name, rename, name in texts) for name in names)]
    )
    filters = "".join(
        f"{_name(rename.get(name, name))} IN ({', '.join(map(_text, values))}) AND "
        for name, values in origin.where
        if name not in dataset.key
    )
    return f"SELECT {wanted}\nFROM {'.'.join(map(_name, relation))}\nWHERE {filters}"


def _item(name: str, rename: dict[str, str], as_text: bool) -> str:
    own = _name(rename.get(name, name))
    if as_text:
        return f"{own}::text AS {_name(name)}"
    return own if name not in rename else f"{own} AS {_name(name)}"


def key_tests(key: Sequence[Any], timezone: str | None = None) -> tuple[str, ...] | None:
    """What each column of the key must pass: `= 'AAPL'`, `IS NULL`.

    None where a value has no literal. `timezone` is that of bare timestamps.
    """
    tests = []
    for value in key:
        if value is None:
            tests.append("IS NULL")
            continue
        written = literal(value, timezone)
        if written is None:
            return None
        tests.append(f"= {written}")
    return tuple(tests)


def literal(value: object, timezone: str | None = None) -> str | None:
    """The value as PostgreSQL writes it, in the type of the column that it stands beside.

    An instant is in `timezone`, without it in exchange time, with its offset: a timestamptz takes
    it as the instant, a bare timestamp or a date as what the clock showed. None where a value has
    no form that its column surely reads (arrays, JSON).
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, str | UUID):
        return _text(str(value))
    if isinstance(value, datetime):
        return _moment(value, timezone)
    if isinstance(value, date | time):
        return _text(value.isoformat())
    if isinstance(value, timedelta):
        return f"'{value.days} days {value.seconds}.{value.microseconds:06d} seconds'"
    if isinstance(value, bytes):
        return f"E'\\\\x{value.hex()}'"
    return None


def _number(value: float | Decimal) -> str:
    if math.isnan(value):
        return "'NaN'"
    if math.isinf(value):
        return "'Infinity'" if value > 0 else "'-Infinity'"
    return repr(value) if isinstance(value, float) else str(value)


def _moment(value: datetime, timezone: str | None) -> str:
    if value.tzinfo is not None:
        try:
            value = value.astimezone(ZoneInfo(timezone) if timezone else EXCHANGE_ZONE)
        except OverflowError:  # the first or last hours that Python knows
            pass
    return f"'{value.isoformat(sep=' ')}'"


def _text(text: str) -> str:
    """Quoted; whatever a terminal would not show, or obey, is written as an escape."""
    plain = text.replace("'", "''")
    if "\\" not in text and not any(map(_unseen, text)):
        return f"'{plain}'"
    escaped = plain.replace("\\", "\\\\")
    return f"E'{''.join(map(_escape, escaped))}'"


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _escape(character: str) -> str:
    if not _unseen(character):
        return character
    point = ord(character)
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
