"""One exception tree.

    ParityError                 one clear line; the command ends with exit code 2
    ├── ConfigError             parity.yaml is wrong: every problem at once, each with its path
    ├── DatabaseError           a server, schema, role or table is not there or refuses
    ├── ComparisonError         a dataset could not be compared (never a difference, never a pass)
    ├── StoreError              the harness's own state cannot be read or written
    └── UsageError              an argument of a command or function is wrong

A failed job is not an exception: it is data (`JobOutcome`) and makes its side undecided.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ComparisonError",
    "ConfigError",
    "ConfigProblem",
    "DatabaseError",
    "ParityError",
    "StoreError",
    "UsageError",
]


class ParityError(Exception):
    """Something the user can mend; its text is one line that says what, where and how."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One problem in a config file: `path` as `datasets[0].key`, `line` 1-based where known."""

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.path}: {self.message}"


class ConfigError(ParityError):
    """A config file has problems; all of them are in `problems`."""

    def __init__(self, file: str, problems: tuple[ConfigProblem, ...]) -> None:
        self.file = file
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{file}: {count}\n{lines}")


class DatabaseError(ParityError):
    """A server, schema, role or table is missing or refuses."""


class ComparisonError(ParityError):
    """A dataset could not be compared; the message names dataset, side and column."""


class StoreError(ParityError):
    """The harness's own state cannot be read or written."""


class UsageError(ParityError):
    """An argument is wrong."""
