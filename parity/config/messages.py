"""pydantic's errors -> findings in the words of the file's author."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from parity.config.findings import Finding, Loc, describe, suggest
from parity.config.reading import Document
from parity.config.shape import VERSION, FileShape, Shape

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


def findings(
    error: ValidationError,
    document: Document,
    root: type[Shape] = FileShape,
    missing: Mapping[str, str] = _MISSING,
) -> Iterator[Finding]:
    """One finding per error, but for those that only repeat another one.

    A value that could not be read has its finding already; a key that is missing because it is
    misspelt is reported as misspelt.

    Args:
        error: what pydantic found.
        document: the file.
        root: its shape.
        missing: how to mend that a key is missing, by key.
    """
    details = error.errors(include_url=False)
    meant = {
        (*detail["loc"][:-1], near)
        for detail in details
        if detail["type"] == "extra_forbidden" and (near := _near(root, detail["loc"]))
    }
    for detail in details:
        kind, loc = detail["type"], _place(detail["loc"], document)
        if (kind == "missing" and loc in meant) or (
            loc in document.broken and kind != "extra_forbidden"
        ):
            continue
        if kind == "missing":
            yield Finding(loc, f"is missing; {missing[str(loc[-1])]}")
        elif kind == "extra_forbidden":
            yield Finding(loc, _unknown(root, detail["loc"]))
        else:
            yield Finding(loc, _message(detail))


def _place(loc: Loc, document: Document) -> Loc:
    """Without pydantic's mark for an error in the key of a mapping."""
    return loc[:-1] if loc[-1:] == ("[key]",) and loc not in document.lines else loc


def _message(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_short":
        return "is an empty list; it needs at least one entry"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f">= {context['ge']}" if "ge" in context else f"<= {context['le']}"
        return f"{value} is out of range; give a number {bound}"
    return f"must be {_EXPECTED[kind]}, not {describe(value)}"


def _unknown(root: type[Shape], loc: Loc) -> str:
    near = _near(root, loc)
    if near:
        return f"unknown key; did you mean {near}?"
    return f"unknown key; there are {', '.join(_keys(root, loc[:-1]))}"


def _near(root: type[Shape], loc: Loc) -> str | None:
    return suggest(str(loc[-1]), _keys(root, loc[:-1]))


def _keys(root: type[Shape], loc: Loc) -> list[str]:
    """The keys that a mapping at a place may have."""
    kind: Any = root
    for part in loc:
        kind = _bare(_fields(kind)[str(part)] if _is_shape(kind) else get_args(kind)[-1])
    return list(_fields(kind))


def _fields(shape: type[BaseModel]) -> dict[str, Any]:
    """The kinds of its values, by key."""
    fields = shape.model_fields.items()
    return {field.alias or name: field.annotation for name, field in fields}


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _bare(kind: Any) -> Any:
    """A kind without its validators, and without None as another choice."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    return kind
