"""Text that may leave the house: short, on one line, without secrets."""

from __future__ import annotations

import re

__all__ = ["short"]

LONGEST = 300
_LOGIN = re.compile(r"(?<=://)[^/\s@]*@")
_SECRET = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key)[\w-]*)(\s*[=:]\s*)"
    r"(?:bearer\s+)?(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
)
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


def short(text: str, most: int = LONGEST) -> str:
    """The text on one line, at most so long, with logins of addresses and secrets starred out.

    What a job wrote last, or why a flow failed, may quote the address of a database or a key.
    """
    line = " ".join(text.split())
    line = _LOGIN.sub("***@", line)
    line = _SECRET.sub(r"\1\2***", line)
    line = _BEARER.sub("Bearer ***", line)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
