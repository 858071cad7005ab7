"""What has changed since an earlier run, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from parity.model.since import Since
from parity.report.screen import Screen, bullets, plain_table
from parity.report.words import count, value_text, visible

__all__ = ["render_since"]


def render_since(since: Sequence[Since], run_id: str, width: int = 80) -> Screen:
    """New, gone and persisting discrepancies of each dataset, with a few keys of the first two."""
    return Screen(lambda: _since(since, run_id), width)


def _since(since: Sequence[Since], run_id: str) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"Since run {visible(run_id)}: {_summary(since)}", "bold")]
    compared = [one for one in since if not one.reason]
    if compared:
        grid = plain_table(
            ("dataset", False), ("new", True), ("gone", True), ("persisting", True),
            ("changed", True),
        )  # fmt: skip
        for one in compared:
            numbers = (one.new, one.gone, one.persisting, one.changed)
            grid.add_row(Text(visible(one.dataset)), *(f"{number:,}" for number in numbers))
        parts += [Text(""), grid]
    for one in since:
        parts += bullets(visible(one.dataset), _lines(one))
    return parts


def _summary(since: Sequence[Since]) -> str:
    if all(one.reason for one in since):
        return "nothing can be held against it"
    new, gone = sum(one.new for one in since), sum(one.gone for one in since)
    changed = sum(one.changed for one in since)
    persisting = sum(one.persisting for one in since)
    text = f"{new:,} new, {gone:,} gone, {persisting:,} persisting ({changed:,} changed)"
    missing = sum(bool(one.reason) for one in since)
    if missing:
        text += f"; {count(missing, 'dataset')} cannot be held against it"
    return f"{text}; only of what was stored" if any(one.cut for one in since) else text


def _lines(one: Since) -> list[str]:
    if one.reason:
        return [visible(one.reason)]
    lines = [
        f"{what}: {_keys(keys, whole)}"
        for what, keys, whole in (("new", one.new_keys, one.new), ("gone", one.gone_keys, one.gone))
        if keys
    ]
    if one.cut:
        lines.append(
            "not all rows of both runs were stored: these figures are of the first ones by key"
        )
    return lines


def _keys(keys: Sequence[tuple[Any, ...]], whole: int) -> str:
    shown = "; ".join(" ".join(map(value_text, key)) for key in keys)
    rest = whole - len(keys)
    return f"{shown}; and {rest:,} more" if rest > 0 else shown
