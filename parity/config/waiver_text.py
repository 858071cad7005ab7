"""Waivers as the YAML of waivers.yaml, and where in a file more of them belong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml

from parity.config.shape import VERSION
from parity.model.waiver import Waiver

__all__ = ["HEAD", "appended", "entry_text"]

HEAD = f"version: {VERSION}\nwaivers:\n"
_INDENT = 2
_WIDTH = 78
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# Words that this or another reader of YAML takes for something else than text.
_TAKEN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def entry_text(waiver: Waiver, note: str = "", indent: int = _INDENT) -> str:
    """The entry of a waiver as lines that go below `waivers:`; reading it gives that waiver.

    Args:
        waiver: what is written.
        note: a comment behind max_rows.
        indent: of the entry's dash.
    """
    lines = list(_lines(waiver, note, indent + 2))
    return f"{' ' * indent}- {lines[0].lstrip()}\n" + "".join(f"{line}\n" for line in lines[1:])


def appended(text: str, waivers: Sequence[Waiver]) -> Iterator[str]:
    """The text of a file with more entries: in each place where they may belong, likeliest first.

    Nothing of the text goes but the brackets of a list that is empty. The text is YAML.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next((value for key, value in pairs if key.value == "waivers"), None)
    if found is None:
        yield _inserted(text, len(text), "waivers:\n" + _entries(waivers, _INDENT))
    elif isinstance(found, yaml.SequenceNode) and found.value:
        indent = found.start_mark.column
        for place in (_end(found.value[-1]), found.end_mark.index, len(text)):
            yield _inserted(text, place, _entries(waivers, indent))
    elif isinstance(found, yaml.SequenceNode):
        start, end = found.start_mark.index, found.end_mark.index
        before = text[:start].rstrip(" ")
        rest = text[end:]
        yield _inserted(before + rest, len(before), _entries(waivers, _INDENT))


def _entries(waivers: Sequence[Waiver], indent: int) -> str:
    return "".join(entry_text(waiver, indent=indent) for waiver in waivers)


def _end(node: yaml.Node) -> int:
    """Where the last thing of a node ends; the node's own mark is where the next one begins."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    index: int = node.end_mark.index
    return index


def _inserted(text: str, place: int, lines: str) -> str:
    """The text with more lines, from the next beginning of a line on."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if place and text[place - 1] != "\n":
        end = text.find("\n", place)
        text += newline if end < 0 else ""
        place = end + 1 if end >= 0 else len(text)
    return text[:place] + lines.replace("\n", newline) + text[place:]


def _lines(waiver: Waiver, note: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    yield f"{pad}id: {_scalar(waiver.id)}"
    yield f"{pad}dataset: {_scalar(waiver.dataset)}"
    yield f"{pad}cause: {_scalar(waiver.cause)}"
    for key, names in (("symbols", waiver.symbols), ("columns", waiver.columns)):
        if names:
            yield from _listed(key, names, pad)
    if waiver.first is not None:
        yield f"{pad}from: {waiver.first.isoformat()}"
    if waiver.last is not None:
        yield f"{pad}to: {waiver.last.isoformat()}"
    yield from _worded("owner", waiver.owner, pad)
    yield from _worded("reason", waiver.reason, pad)
    yield f"{pad}expires: {waiver.expires.isoformat()}"
    yield f"{pad}max_rows: {waiver.max_rows}" + (f"  # {note}" if note else "")


def _listed(key: str, names: Sequence[str], pad: str) -> Iterator[str]:
    """`symbols: [AAPL, IBM]`, on several lines where one is too short for them."""
    line = f"{pad}{key}: ["
    for place, name in enumerate(names):
        word = _scalar(name) + ("," if place + 1 < len(names) else "]")
        if len(line) + len(word) + 1 > _WIDTH and not line.endswith("["):
            yield line.rstrip()
            line = f"{pad}  "
        line += word + " "
    yield line.rstrip()


def _worded(key: str, text: str, pad: str) -> Iterator[str]:
    """Text in double quotes, on several lines where one is too short; a fold reads as a blank."""
    line = f"{pad}{key}: "
    if _plain(text):
        yield line + text
        return
    for place, word in enumerate(_words(_quoted(text))):
        if place and len(line) + len(word) + 1 > _WIDTH:
            yield line
            line = f"{pad}  {word}"
        else:
            line += f" {word}" if place else word
    yield line


def _words(text: str) -> list[str]:
    """Between them is one blank each; blanks that a fold would swallow stay inside a word."""
    return re.split(r"(?<=[^ \t]) (?=[^ \t])", text)


def _scalar(text: str) -> str:
    return text if _plain(text) else _quoted(text)


def _plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and text.lower() not in _TAKEN


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"
