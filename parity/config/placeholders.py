"""Which `{placeholders}` a job's command and env may hold."""

from __future__ import annotations

import re

from parity.config.findings import short, suggest

__all__ = ["NAMES", "ROLES", "check_command", "check_env"]

NAMES = ("python", "session", "as_of")
ROLES = ("legacy_writer", "prefect_writer", "parity_switch", "parity_harness", "prefect_api")
_URL = "database_url"

# Braces around anything but a name, such as JSON, are not ours.
_PLACEHOLDER = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(?::([^{}]*))?\}")


def check_command(text: str) -> str:
    """The text, when every placeholder may stand in a command.

    Raises:
        ValueError: an unknown one, or a database URL.
    """
    return _check(text, url_allowed=False)


def check_env(text: str) -> str:
    """The text, when every placeholder may stand in an env value.

    Raises:
        ValueError: an unknown one, or an unknown role.
    """
    return _check(text, url_allowed=True)


def _check(text: str, *, url_allowed: bool) -> str:
    for match in _PLACEHOLDER.finditer(text):
        placeholder, name, role = match[0], match[1], match[2]
        if name == _URL:
            if not url_allowed:
                raise ValueError(
                    f"{short(placeholder)} is not allowed in a command, which every user of the "
                    "machine can see; put it under env"
                )
            _check_url(placeholder, role)
        elif name not in NAMES or placeholder != f"{{{name}}}":
            raise ValueError(f"unknown placeholder {short(placeholder)}{_hint(name, url_allowed)}")
    return text


def _check_url(placeholder: str, role: str | None) -> None:
    if role in ROLES and placeholder == f"{{{_URL}:{role}}}":
        return
    near = suggest(role, ROLES) if role else None
    hint = f"did you mean {{{_URL}:{near}}}? " if near else ""
    raise ValueError(
        f"{short(placeholder)} names no role; {hint}write {{{_URL}:ROLE}} with one of "
        f"{', '.join(ROLES)}"
    )


def _hint(name: str, url_allowed: bool) -> str:
    near = suggest(name, (*NAMES, _URL) if url_allowed else NAMES)
    if near:
        return f"; did you mean {{{near}{':ROLE' if near == _URL else ''}}}?"
    known = [f"{{{known}}}" for known in NAMES] + ([f"{{{_URL}:ROLE}}"] if url_allowed else [])
    return f"; there are {', '.join(known)}"
