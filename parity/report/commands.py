"""Commands as they are shown to be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from parity.model.result import RunResult
from parity.model.verdict import Phase
from parity.report.words import visible

__all__ = ["quoted", "waive_command"]

_QUOTABLE = re.compile(r"[\w .:,/@%+=-]+", re.ASCII)
_BARE = re.compile(r"[\w.:,/@%+=-]+", re.ASCII)


def quoted(word: str) -> str:
    """A word of a command, in quotes where a shell needs them."""
    if _BARE.fullmatch(word):
        return word
    whole = f'"{word}"' if _QUOTABLE.fullmatch(word) else shlex.quote(word)
    return visible(whole, most=None)


def waive_command(result: RunResult, nights: Sequence[RunResult] | None, config: str) -> str:
    """The command that accepts an incident of a night, up to its id.

    Empty outside of a migration, where nothing is waived. The session is named where the night is
    not the newest of `nights`, the config where it is not the usual one.
    """
    if result.phase not in set(Phase):
        return ""
    parts = ["parity waive"]
    if config:
        parts.append(f"--config {quoted(config)}")
    if any(night.session > result.session for night in nights or ()):
        parts.append(f"--session {result.session.isoformat()}")
    return " ".join(parts)
