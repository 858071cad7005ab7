"""A few rows of an incident: what each side has, and what is there once it is undone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from parity.model.result import Incident
from parity.report.incidentview import Examples, Line
from parity.report.words import ABSENT, decimals_for, delta_of, value_text, visible

__all__ = ["examples_of"]

_ROWS = 3
_COLUMNS = 6
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?")
_MIDNIGHT = re.compile(r"(?<=\d)[ T]00:00:00([+-]\d\d:\d\d)?$")
_SIDES = ("legacy", "candidate", "undone")


def examples_of(incident: Incident) -> Examples | None:
    """The rows of its evidence; None where it has none that can be shown."""
    given = incident.evidence.get("examples")
    examples = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    examples = examples[:_ROWS]
    names = _columns(incident, examples)
    if not names:
        return None
    shown = names[:_COLUMNS]
    rows = tuple(line for one in examples for line in _lines(one, shown))
    return Examples(
        columns=tuple(visible(name) for name in shown), rows=rows, more=len(names) - len(shown)
    )


def _columns(incident: Incident, examples: list[dict[str, Any]]) -> list[str]:
    """The columns of any example, those that differ first."""
    there = {str(name): None for one in examples for side in _SIDES for name in _values(one, side)}
    differing = [name for name in incident.columns if name in there]
    return list(dict.fromkeys([*differing, *there]))


def _values(example: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    found = example.get(side)
    return found if isinstance(found, dict) else {}


def _lines(example: Mapping[str, Any], names: list[str]) -> Iterator[Line]:
    # Of a daily bar, the day says it all.
    parts = [_MIDNIGHT.sub("", str(part)) for part in _values(example, "key").values()]
    key = visible(" · ".join(parts)) or ABSENT
    there = [side for side in _SIDES if _values(example, side)]
    for place, side in enumerate(there):
        values = _values(example, side)
        yield Line(
            key=key if not place else "",
            lines=len(there),
            side=side,
            values=tuple(_value(example, values, name) for name in names),
            undone=side == "undone",
        )


def _value(example: Mapping[str, Any], values: Mapping[str, Any], name: str) -> str:
    """A value as the table of rows writes it: so many digits that the difference can be seen."""
    if name not in values:
        return ""
    text = str(values[name])
    if text == "null":
        return value_text(None)
    if not _NUMBER.fullmatch(text):
        return visible(text)
    sides = [_number(_values(example, side).get(name)) for side in ("legacy", "candidate")]
    return value_text(_number(text), decimals=decimals_for(delta_of(*sides) or None))


def _number(text: object) -> int | float | None:
    if not _NUMBER.fullmatch(str(text)):
        return None
    return int(str(text)) if str(text).lstrip("-").isdecimal() else float(str(text))
