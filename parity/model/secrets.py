"""Text that may leave the house holds no secret."""

from __future__ import annotations

import re

__all__ = ["without_secrets"]

_LOGIN = re.compile(r"(?<=://)[^/\s@]*(?:@|(?=…))")  # …: it may have been cut within a login
_SECRET = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key)[\w-]*)(\s*[=:]\s*)"
    r"(?:bearer\s+)?(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
)
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


def without_secrets(text: str) -> str:
    """The text with logins of addresses, and values that are named as a secret, starred out.

    What a job wrote last, or why a flow failed, may quote the address of a database or a key. Do
    this before a text is cut: half a login is not known as one any more.
    """
    text = _LOGIN.sub(lambda found: "***@" if found[0].endswith("@") else "***", text)
    text = _SECRET.sub(r"\1\2***", text)
    return _BEARER.sub("Bearer ***", text)
