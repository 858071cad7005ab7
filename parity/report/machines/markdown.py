"""Text in GitHub's Markdown: nothing that a value holds becomes markup, a link or a mention."""

from __future__ import annotations

import re

from parity.report.machines.lines import clipped

__all__ = ["cell", "code", "linked", "plain"]

_MARKUP = re.compile(r"[\\`*_\[\]|~#]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}  # $: GitHub sets formulas
_ENTITY = re.compile("[&<>$]")
# What GitHub and GitLab link or replace in a finished text: a mention, an issue, an address, an
# emoji. An unseen character that breaks no line parts each.
_REFERENCE = re.compile(
    r"(?<=[@%~])(?=\w)|(?<=[#!&$])(?=\d)|(?<=GH-)(?=\d)|(?<=:)(?=//)|(?<=www)(?=[.])"
    r"|(?<=:)(?=[\w+-]*[a-z_][\w+-]*:)|(?<![0-9]:)(?<=:)(?=\d+:)",
    re.IGNORECASE,
)
_APART = "\u2060"
# What would begin a list, a rule or a command of GitLab at the beginning of a line.
_BEGINS = re.compile(r"[-+=/]|(\d{1,9})[.)](?=\s|$)")
_WEB = re.compile(r"https?://[^\s/?#]+[^\s]*")
_UNSAFE = re.compile(r"[^A-Za-z0-9:/?#@!$&'*+,;=%~._-]")


def plain(text: str, most: int) -> str:
    """The text, of at most so many characters, as one reads it; fit to begin a line."""
    parted = _REFERENCE.sub(_APART, clipped(text, most).strip())
    begins = _BEGINS.match(parted)
    marked = _MARKUP.sub(r"\\\g<0>", parted)
    if begins:
        number = begins[1] or ""
        marked = f"{number}\\{marked[len(number) :]}"
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], marked)


def cell(text: str, most: int) -> str:
    """The same for a cell of a table, which is never empty."""
    return plain(text, most) or " "


def code(text: str) -> str:
    """The text in a monospaced font, to the letter."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or text != text.strip(" ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def linked(text: str, address: str) -> str:
    """A link; nothing where the address is none of the web."""
    if not _WEB.fullmatch(address):
        return ""
    quoted = _UNSAFE.sub(lambda found: _percent(found[0]), address)
    return f"[{plain(text, 200)}](<{quoted}>)"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
