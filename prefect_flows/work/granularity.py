"""How much one task does. Pure.

`symbol`: one symbol. `stages`: one symbol in three tasks (fetch, validate, store). `batch:N`: N
symbols, stored together. The same rows come out of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prefect_flows.errors import SettingsError

__all__ = ["Granularity", "Kind"]

LARGEST_BATCH = 1000
_BATCH = re.compile(r"batch:([1-9][0-9]{0,3})")


class Kind(StrEnum):
    """What a task holds."""

    SYMBOL = "symbol"
    STAGES = "stages"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Granularity:
    """A kind of task, and how many symbols it takes."""

    kind: Kind
    size: int = 1

    @classmethod
    def parse(cls, text: str, *, name: str = "granularity") -> Granularity:
        """Read `symbol`, `stages` or `batch:N`.

        Args:
            text: As given.
            name: Of the argument or variable it stood in, for the message.

        Raises:
            SettingsError: It is none of them, or N is not from 1 to 1000.
        """
        if text in (Kind.SYMBOL, Kind.STAGES):
            return cls(Kind(text))
        match = _BATCH.fullmatch(text)
        if match is None or int(match[1]) > LARGEST_BATCH:
            raise SettingsError(
                f"{name} is {text!r}; write symbol, stages or batch:N with N from 1 to "
                f"{LARGEST_BATCH}, such as batch:50"
            )
        return cls(Kind.BATCH, int(match[1]))

    def portions(self, symbols: Sequence[str]) -> list[tuple[str, ...]]:
        """Cut a list of symbols into those that go together, in order."""
        return [
            tuple(symbols[start : start + self.size]) for start in range(0, len(symbols), self.size)
        ]

    def __str__(self) -> str:
        return f"batch:{self.size}" if self.kind is Kind.BATCH else self.kind.value
