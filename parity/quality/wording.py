"""Great Expectations' own words for a result, by the renderers of its data docs, as plain values.

Its page itself is of no use here: it loads styles and scripts from elsewhere, hides things until
a script runs, and does not escape all it shows. So its renderers' values are taken and its
templates are not: whatever the values hold, they are text until `parity.quality.docs` escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parity.quality.suites import plain

__all__ = ["Part", "Wording", "wording"]

_PARAMETER = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; `value` when it is a column or a number put into it."""

    text: str
    value: bool = False


@dataclass(frozen=True, slots=True)
class Wording:
    """How the data docs put a result.

    Attributes:
        sentences: what is expected, and of a failure what was found.
        observed: the cell `Observed Value`.
        header: of the table of unexpected values.
        values: its rows; empty where nothing was unexpected.
    """

    sentences: tuple[tuple[Part, ...], ...]
    observed: str
    header: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


def wording(entry: Any) -> Wording:
    """The words for one validation result of Great Expectations."""
    # At the top of the module it would be imported without any check, which takes seconds.
    from great_expectations.render.renderer.content_block import (
        validation_results_table_content_block as tables_of,
    )

    renderer: Any = tables_of.ValidationResultsTableContentBlockRenderer
    table = renderer.render([entry], include_column_name=True).to_json_dict()
    _status, said, observed = table["table"][0]
    blocks = list(_blocks(said))
    tables = [block for block in blocks if block["content_block_type"] == "table"]
    return Wording(
        sentences=tuple(
            _sentence(block["string_template"])
            for block in blocks
            if block["content_block_type"] == "string_template"
        ),
        observed=_text(observed),
        header=tuple(_text(cell) for one in tables for cell in one.get("header_row", ())),
        values=tuple(tuple(map(_text, row)) for one in tables for row in one["table"]),
    )


def _blocks(cell: Any) -> Iterator[Mapping[str, Any]]:
    """The blocks of a cell, one below the other; what would be folded away is not asked for."""
    if isinstance(cell, list):
        for part in cell:
            yield from _blocks(part)
    elif isinstance(cell, dict):
        yield cell


def _sentence(template: Mapping[str, Any]) -> tuple[Part, ...]:
    """A template with its parameters in their places."""
    text, known = str(template["template"]).strip(), template.get("params") or {}
    parts: list[Part] = []
    end = 0
    for found in _PARAMETER.finditer(text):
        name = found[1] or found[2]
        if name in known:
            parts += [Part(text[end : found.start()]), Part(_text(known[name]), value=True)]
            end = found.end()
    parts.append(Part(text[end:]))
    return tuple(part for part in parts if part.text)


def _text(value: Any) -> str:
    """A cell or parameter as text; of a pair, both values."""
    if isinstance(value, dict) and "string_template" in value:
        return "".join(part.text for part in _sentence(value["string_template"]))
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return plain(str(value))
