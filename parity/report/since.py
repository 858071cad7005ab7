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
            grid.add_row(Text(visible(one.dataset)), *_numbers(one))
        parts += [Text(""), grid]
    for one in since:
        parts += bullets(visible(one.dataset), _lines(one))
    return parts


def _numbers(one: Since) -> list[str]:
    """Rows that are not stored may be new or gone, and what looks new or gone may be neither."""
    if one.cut:
        return ["?", "?", f"≥ {one.persisting:,}", f"≥ {one.changed:,}"]
    return [f"{number:,}" for number in (one.new, one.gone, one.persisting, one.changed)]


def _summary(since: Sequence[Since]) -> str:
    if all(one.reason for one in since):
        return "nothing can be held against it"
    known = [one for one in since if not one.cut]
    new, gone = sum(one.new for one in known), sum(one.gone for one in known)
    changed = sum(one.changed for one in known)
    persisting = sum(one.persisting for one in known)
    text = f"{new:,} new, {gone:,} gone, {persisting:,} persisting ({changed:,} changed)"
    missing = sum(bool(one.reason) for one in since)
    if missing:
        text += f"; {count(missing, 'dataset')} cannot be held against it"
    cut = sum(one.cut for one in since)
    if not cut:
        return text
    unknown = f"what is new or gone is not known of {count(cut, 'dataset')}"
    return unknown if cut + missing == len(since) else f"{text}; {unknown}"


def _lines(one: Since) -> list[str]:
    if one.reason:
        return [visible(one.reason)]
    if one.cut:
        return [
            "the database has only the first rows of one of the runs (discrepancy_limit), and a "
            "file of all of them is missing: what is new or gone is not known; of the stored rows "
            f"{one.persisting:,} persist, {one.changed:,} of them changed"
        ]
    return [
        f"{what}: {_keys(keys, whole)}"
        for what, keys, whole in (("new", one.new_keys, one.new), ("gone", one.gone_keys, one.gone))
        if keys
    ]


def _keys(keys: Sequence[tuple[Any, ...]], whole: int) -> str:
    shown = "; ".join(" ".join(map(value_text, key)) for key in keys)
    rest = whole - len(keys)
    return f"{shown}; and {rest:,} more" if rest > 0 else shown
