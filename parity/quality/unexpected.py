"""The rows that an expectation did not expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity.quality.suites import is_presence

__all__ = ["UnexpectedRow", "unexpected_rows"]


@dataclass(frozen=True, slots=True)
class UnexpectedRow:
    """A row by its key, and what was wrong in it by column; a marker says all by itself."""

    key: tuple[object, ...]
    values: tuple[tuple[str, object], ...]


def unexpected_rows(
    result: Mapping[str, Any], key: tuple[str, ...], most: int
) -> tuple[UnexpectedRow, ...]:
    """The first rows that a result names; none where it was not asked to name any."""
    found = list(result.get("partial_unexpected_index_list") or ())[:most]
    return tuple(
        UnexpectedRow(
            tuple(row[name] for name in key),
            tuple(
                (name, value)
                for name, value in row.items()
                if name not in key and not is_presence(name)
            ),
        )
        for row in found
    )
