"""Where in the file something is, and what is wrong there."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

__all__ = ["Finding", "Loc", "describe", "render", "short", "suggest"]

Loc = tuple[str | int, ...]
"""Keys and list indexes from the top of the file, as pydantic's `loc`."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at `loc`; `line` only where it is not the line of `loc` itself."""

    loc: Loc
    message: str
    line: int | None = None


def render(loc: Loc) -> str:
    """The path as the user reads it: `datasets[0].where["odd key"]`; `(file)` for the whole."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(short(part))}]"
    return text or "(file)"


def short(text: str) -> str:
    """The text, cut where it is too long for a message."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def describe(value: Any) -> str:
    """What a value of the file is, in plain words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {short(str(value).lower())}"
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    if isinstance(value, str):
        return f"the text {short(value)!r}"
    return "a list" if isinstance(value, list) else "a mapping"


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, ignoring case; None where nothing is near."""
    by_lower = {name.lower(): name for name in sorted(known)}
    near = difflib.get_close_matches(word[:_LONGEST].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None
