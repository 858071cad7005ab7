"""The structure of a page as text: landmarks, headings, cards, tables and links, in order."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["outline"]

_LANDMARKS = frozenset({"header", "main", "nav", "section", "article", "footer"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_TEXTS = _HEADINGS | {"summary", "a", "th"}
_VOID = frozenset({"meta", "link", "wbr", "br", "input", "img", "hr"})
_UNSEEN = frozenset({"head", "script", "style", "figure", "svg"})


class _Outline(HTMLParser):
    """Collects lines as it reads; what is only for the eye is no part of a name."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names  # texts of elements by their id, of an earlier reading
        self.texts: dict[str, str] = {}
        self.lines: list[str] = []
        self.open: list[tuple[str, dict[str, str]]] = []
        self.heads: list[str] = []
        self.written: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        given = {name: value or "" for name, value in attrs}
        if tag in _LANDMARKS and not self._hidden():
            ident = given.get("aria-labelledby", "")
            self._line(f"{tag} {given.get('aria-label') or self.names.get(ident, '')}")
        self.open.append((tag, given))
        if tag in _TEXTS:
            self.written.append([])
        if tag == "thead":
            self.heads = []

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        _, given = self.open.pop()
        text = " ".join("".join(self.written.pop()).split()) if tag in _TEXTS else ""
        if self._hidden():
            return
        if "id" in given and tag in _HEADINGS:
            self.texts[given["id"]] = text
        if tag in _HEADINGS:
            self._line(f"{tag} {text}")
        elif tag == "summary":
            self._line(f"details {text}")
        elif tag == "a" and given.get("class") != "skip":
            self._line(f"link {given.get('aria-label') or text}")
        elif tag == "th" and any(name == "thead" for name, _ in self.open):
            self.heads.append(text)
        elif tag == "thead":
            self._line(f"table {' | '.join(self.heads)}")

    def handle_data(self, data: str) -> None:
        if self.written and not self._hidden():
            for texts in self.written:
                texts.append(data)

    def _hidden(self) -> bool:
        return any(tag in _UNSEEN or given.get("aria-hidden") == "true" for tag, given in self.open)

    def _line(self, text: str) -> None:
        depth = sum(name in _LANDMARKS for name, _ in self.open)
        self.lines.append(f"{'  ' * depth}{text.strip()}")


def outline(page: str) -> str:
    """One line each, indented by the landmarks around it. What stands in a figure is left out."""
    names: dict[str, str] = {}
    for _ in range(2):  # a landmark is named by a heading that comes after it
        reader = _Outline(names)
        reader.feed(page)
        names = reader.texts
    return "\n".join(reader.lines) + "\n"
