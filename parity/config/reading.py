"""YAML text -> plain values, with the line of every one of them.

The scalars follow YAML 1.2, where PyYAML follows 1.1: `no` and `20:00` are text (not false and
1200), `1e-9` is a number (not text). Numbers with a point or exponent become `Decimal` straight
from their text, so 0.0001 is exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from parity.config.findings import Finding, Loc, short

__all__ = ["Document", "UnreadableError", "read"]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": (re.compile(r"(?:~|null|Null|NULL|)"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)"), list("tTfF")),
    # No leading zeros or plus: every such number prints as it was written ("007" stays text).
    "int": (re.compile(r"(?:0|-?[1-9][0-9]*)"), list("-0123456789")),
    "float": (
        re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"),
        list("-+.0123456789"),
    ),
    "timestamp": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), list("0123456789")),
    "merge": (re.compile(r"<<"), ["<"]),
}
_DEEPEST = 20
_MOST_VALUES = 50_000  # aliases of aliases grow without bound
_LARGEST_EXPONENT = 400


class _Loader(yaml.SafeLoader):
    """Composes nodes only; nothing is ever constructed from a tag."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  YAML 1.1's; ours are added below


for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern.pattern})$"), _first)


class UnreadableError(Exception):
    """The text is not a YAML mapping at all; there is one problem and nothing to go on with."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.finding = Finding((), message, line)
        super().__init__(message)


@dataclass(slots=True)
class Document:
    """The file's values; `broken` are the places whose value could not be read (None there)."""

    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    broken: set[Loc] = field(default_factory=set)

    def line(self, loc: Loc) -> int | None:
        """The 1-based line of a place, or of the nearest place around it that is in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc)


def read(text: str, needs: str = "version, migration and datasets") -> Document:
    """Read one YAML document whose top level is a mapping; `needs` is what it cannot be without.

    Raises:
        UnreadableError: no YAML, an empty file, another top level, or a file out of all proportion.
    """
    root = _compose(text)
    if root is None:
        raise UnreadableError(f"the file is empty; it needs at least {needs}")
    if not isinstance(root, yaml.MappingNode):
        raise UnreadableError("the top level must be a mapping, with lines such as `version: 1`", 1)
    reader = _Reader()
    reader.document.value = reader.value(root, ())
    return reader.document


def _compose(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        if "'\\t'" in problem:
            problem += " (indent with spaces, not tabs)"
        where = f" (column {mark.column + 1})" if mark else ""
        line = mark.line + 1 if mark else None
        raise UnreadableError(f"not valid YAML: {problem}{where}", line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableError(
            "not valid YAML: a character that YAML does not allow", line
        ) from error
    except RecursionError as error:
        raise UnreadableError("nested too deeply") from error
    except (ValueError, OverflowError) as error:  # PyYAML lets chr() raise, for "\UFFFFFFFF"
        raise UnreadableError("not valid YAML: an escape such as \\U names no character") from error
    return node


class _Reader:
    """Walks the nodes; collects what is wrong instead of stopping."""

    def __init__(self) -> None:
        self.document = Document()
        self._count = 0

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise UnreadableError(f"more than {_MOST_VALUES} values; is this a parity.yaml?")
        if len(loc) > _DEEPEST:  # also ends an alias that contains itself
            return self._broken(loc, f"nested more than {_DEEPEST} deep")
        # A key has set its line already: the line of the key, not of a value further down.
        self.document.lines.setdefault(loc, _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, loc)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            return self._broken(loc, f"the YAML tag {short(node.tag)} is not used here; remove it")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, loc)

    def _mapping(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged.append(value)
            elif not isinstance(key, yaml.ScalarNode) or not _valid(key.value):
                self._note(loc, "a key must be plain text", _line(key))
            elif key.value in result:
                first = self.document.lines[(*loc, key.value)]
                message = f"given twice (first on line {first}); keep one"
                self._note((*loc, key.value), message, _line(key))
            else:
                self.document.lines[(*loc, key.value)] = _line(key)
                result[key.value] = self.value(value, (*loc, key.value))
        for key, value in self._inherited(merged, loc):
            if key.value not in result:
                self.document.lines[(*loc, key.value)] = _line(key)
                result[key.value] = self.value(value, (*loc, key.value))
        return result

    def _inherited(
        self, merged: list[yaml.Node], loc: Loc
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Pairs of the mappings behind `<<`; a key given in place or earlier wins."""
        for node in merged:
            several = isinstance(node, yaml.SequenceNode)
            for parent in node.value if several else [node]:
                if not isinstance(parent, yaml.MappingNode):
                    self._note((*loc, "<<"), "must name a mapping, as in `<<: *name`", _line(node))
                    continue
                for key, value in parent.value:
                    if key.tag == _TAG + "merge":
                        self._note((*loc, "<<"), "cannot be used inside another `<<`", _line(key))
                    elif isinstance(key, yaml.ScalarNode) and _valid(key.value):
                        yield key, value

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> Any:
        text, kind = node.value, node.tag.removeprefix(_TAG)
        if not _valid(text):
            return self._broken(loc, "holds a character that no database text can hold")
        if kind in ("str", "merge"):
            return text
        if kind not in _SCALARS or not _SCALARS[kind][0].fullmatch(text):
            return self._broken(loc, f"the YAML tag {short(node.tag)} is not used here; remove it")
        if kind == "null":
            return self._broken(loc, "is empty; give it a value, or remove it")
        if kind == "bool":
            return text.lower() == "true"
        return self._date(text, loc) if kind == "timestamp" else self._number(text, kind, loc)

    def _date(self, text: str, loc: Loc) -> Any:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return self._broken(loc, f"{text} is not a date of the calendar")

    def _number(self, text: str, kind: str, loc: Loc) -> Any:
        try:
            number = Decimal(text)
        except InvalidOperation:  # an exponent beyond what Decimal can hold
            number = Decimal("NaN")
        if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
            return self._broken(loc, f"the number {short(text)} is out of range")
        return int(number) if kind == "int" else number

    def _note(self, loc: Loc, message: str, line: int | None = None) -> None:
        self.document.findings.append(Finding(loc, message, line))

    def _broken(self, loc: Loc, message: str) -> Any:
        """Note it; None stands for the value."""
        self.document.broken.add(loc)
        self._note(loc, message)
        return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _valid(text: str) -> bool:
    """No NUL and no lone surrogate: PostgreSQL and UTF-8 have neither."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
