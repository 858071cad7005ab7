"""The compared columns of a dataset, as rules see them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parity.model.suite import Tolerance
from parity.model.verdict import Side

__all__ = ["Field", "Role", "role_of"]

_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
_WHOLE = {"smallint": 2.0**15, "integer": 2.0**31, "bigint": 2.0**63}


class Role(StrEnum):
    """What a column of bars holds."""

    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"
    OTHER = "other"

    @property
    def price(self) -> bool:
        """True for the four prices."""
        return self in (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE)


_ROLES = {
    "open": Role.OPEN,
    "o": Role.OPEN,
    "high": Role.HIGH,
    "h": Role.HIGH,
    "low": Role.LOW,
    "l": Role.LOW,
    "close": Role.CLOSE,
    "c": Role.CLOSE,
    "adj_close": Role.CLOSE,
    "volume": Role.VOLUME,
    "v": Role.VOLUME,
    "vol": Role.VOLUME,
}


def role_of(name: str) -> Role:
    """The role of a column of bars, by its usual names."""
    plain = name.lower()
    plain = plain.removesuffix("_price")
    return _ROLES.get(plain, Role.OTHER)


@dataclass(frozen=True, slots=True)
class Field:
    """A pair of compared columns, named by the legacy side.

    `number` fields are in the matrices of `Values`; the others only compare. `types` are as the
    catalogue prints them, e.g. `numeric(15,4)`.
    """

    name: str
    number: bool
    tolerance: Tolerance
    types: Mapping[Side, str]
    role: Role = Role.OTHER

    def decimals(self, side: Side) -> int | None:
        """The decimals that the stored type keeps; None where it does not say (floats)."""
        found = _NUMERIC.fullmatch(self.types[side])
        if found:
            return int(found.group(2))
        return 0 if self.types[side] in _WHOLE else None

    def limit(self, side: Side) -> float | None:
        """Values of this size or larger do not fit the stored type; None where any does."""
        found = _NUMERIC.fullmatch(self.types[side])
        if found:
            return 10.0 ** (int(found.group(1)) - int(found.group(2)))
        return _WHOLE.get(self.types[side])

    def unit(self, side: Side) -> float:
        """One unit in the last decimal that the stored type keeps; 0 where it does not say."""
        decimals = self.decimals(side)
        return 0.0 if decimals is None else 10.0**-decimals
