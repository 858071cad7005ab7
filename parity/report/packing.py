"""What the script of a page adds to a table of rows, as compact JSON.

A column is a list with a value for each row, or `{"v": values, "i": a place among them for each
row}` where many are alike, or null: nothing to add. A value is null (the table has it), 0 (NULL),
a text, or a list: legacy and candidate (equal within tolerance), and after these the delta where
they differ, and its number for sorting where the delta does not say it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from parity.report.gridview import Cell

__all__ = ["NULL", "packed", "packed_pair"]

NULL = 0


def packed(values: Sequence[Any]) -> Any:
    """A column, in the shorter of its forms."""
    if all(value is None for value in values):
        return None
    texts = [json.dumps(value) for value in values]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if sum(map(len, places)) + 4 * len(texts) >= sum(map(len, texts)):
        return list(values)
    return {"v": [json.loads(text) for text in places], "i": [places[text] for text in texts]}


def packed_pair(cell: Cell) -> list[str]:
    """A differing column's cell, without its title: that is as long as all else together."""
    parts = [cell.legacy, cell.candidate, cell.text]
    return [*parts, cell.sort] if cell.sort else parts
