"""pydantic's errors -> findings in the words of the file's author."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from parity.config.findings import Finding, Loc, describe, suggest
from parity.config.reading import Document
from parity.config.shape import (
    VERSION,
    DatasetShape,
    FileShape,
    JobShape,
    RelationShape,
    SinceShape,
    ToleranceShape,
    WindowShape,
)

__all__ = ["findings"]

_MISSING = {
    "version": f"add `version: {VERSION}`",
    "migration": "add a short name for this migration, such as market-data",
    "datasets": "add at least one dataset to compare",
    "name": "give it a short name",
    "kind": "say bars, indicators or table",
    "legacy": "name the legacy table, as schema.table",
    "candidate": "name the candidate table, as schema.table",
    "key": "list the columns that identify a row",
    "side": "say legacy or candidate",
    "command": 'list the program and its arguments, as ["{python}", script.py]',
    "schema": "name the schema",
    "table": "name the table",
    "date": "give the first day to compare, such as 2005-02-17",
    "id": "give it a short name to sign it by, such as team-trained",
    "text": "say what is signed",
    "view": "name the view that consumers read in schema market",
}
_EXPECTED = {
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of names to values",
    "int_type": "a whole number",
    "bool_type": "true or false",
}


def findings(error: ValidationError, document: Document) -> Iterator[Finding]:
    """One finding per error, but for those that only repeat another one.

    A value that could not be read has its finding already; a key that is missing because it is
    misspelt is reported as misspelt.
    """
    details = error.errors(include_url=False)
    meant = {
        (*detail["loc"][:-1], near)
        for detail in details
        if detail["type"] == "extra_forbidden" and (near := _near(detail["loc"]))
    }
    for detail in details:
        kind, loc = detail["type"], _place(detail["loc"], document)
        if (kind == "missing" and loc in meant) or (
            loc in document.broken and kind != "extra_forbidden"
        ):
            continue
        yield Finding(loc, _message(detail))


def _place(loc: Loc, document: Document) -> Loc:
    """Without pydantic's mark for an error in the key of a mapping."""
    return loc[:-1] if loc[-1:] == ("[key]",) and loc not in document.lines else loc


def _message(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        name = str(detail["loc"][-1])
        return f"is missing; {_MISSING[name]}"
    if kind == "extra_forbidden":
        return _unknown(detail["loc"])
    if kind == "too_short":
        return "is an empty list; it needs at least one entry"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f">= {context['ge']}" if "ge" in context else f"<= {context['le']}"
        return f"{value} is out of range; give a number {bound}"
    return f"must be {_EXPECTED[kind]}, not {describe(value)}"


def _unknown(loc: Loc) -> str:
    near = _near(loc)
    if near:
        return f"unknown key; did you mean {near}?"
    return f"unknown key; there are {', '.join(_keys(_shape(loc[:-1])))}"


def _near(loc: Loc) -> str | None:
    return suggest(str(loc[-1]), _keys(_shape(loc[:-1])))


def _keys(shape: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in shape.model_fields.items()]


def _shape(loc: Loc) -> type[BaseModel]:
    """The shape that is expected at a place."""
    match loc:
        case ():
            return FileShape
        case ("jobs", int()):
            return JobShape
        case ("datasets", int()):
            return DatasetShape
        case ("datasets", int(), "since"):
            return SinceShape
        case ("datasets", int(), "window"):
            return WindowShape
        case (*_, "legacy" | "candidate") if len(loc) == 3:
            return RelationShape
    return ToleranceShape
