"""A piece of SQL with its values, and the quoting that all of it shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

__all__ = ["TRUE", "Part", "conjoin", "join", "key_names", "name", "words"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of SQL and the values bound to it, in order."""

    text: sql.Composed
    values: tuple[Any, ...] = ()


def words(text: str) -> sql.Composed:
    """SQL text of our own, as a part can hold it."""
    return sql.Composed([sql.SQL(text)])


TRUE = Part(words("TRUE"))


def name(*parts: str) -> sql.Identifier:
    """A quoted identifier; psycopg reads a percent sign as a placeholder unless it is doubled."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))


def join(parts: Iterable[sql.Composable], by: str) -> sql.Composed:
    """Parts with `by` between them."""
    return sql.SQL(by).join(parts)


def conjoin(parts: Sequence[Part]) -> Part:
    """All of the tests; of none, TRUE."""
    wanted = [part for part in parts if part is not TRUE]
    if not wanted:
        return TRUE
    values = tuple(value for part in wanted for value in part.values)
    return Part(join([part.text for part in wanted], " AND "), values)


def key_names(prefix: str, size: int) -> list[sql.Composable]:
    """prefix.k0, prefix.k1 …."""
    return [name(prefix, f"k{place}") for place in range(size)]
