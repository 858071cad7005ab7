"""HTML from elements: every text is escaped where the page is written, whatever it holds.

Built on the standard library's element tree, as Jinja is the report's alone.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from xml.etree.ElementTree import Element, tostring

__all__ = ["LONGEST", "document", "element", "readable"]

LONGEST = 80  # characters of a value that are shown

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def readable(text: str, most: int = LONGEST) -> str:
    """The text with what is not seen or moves its neighbours written out, and cut to `most`."""
    shown = text if len(text) <= most else f"{text[:most]}…"
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNPRINTABLE
        else character
        for character in shown
    )


def element(tag: str, *children: Element | str, **attributes: str) -> Element:
    """An element with texts and elements in it; `class_` is the attribute `class`."""
    made = Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made


def document(title: str, style: str, *body: Element) -> bytes:
    """A page that loads nothing, runs nothing, and allows no style but its own."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", **{"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
    page = element("html", head, element("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{tostring(page, encoding='unicode', method='html')}\n".encode()
