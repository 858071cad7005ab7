"""What is printed in a terminal: never wider than asked, plain where the terminal is."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

__all__ = ["NameTable", "Screen", "bullets", "plain_table"]

_NAME_LEAST = 12  # columns that a name is cut to at most

_ASCII = str.maketrans(
    {"✓": "+", "✕": "x", "…": "~", "—": "-", "→": ">", "±": "~", "Δ": "d", "·": ".", "×": "x"}
)


@dataclass(frozen=True)
class Screen:
    """Something to print: `console.print(screen)`, or `str(screen)` for plain text.

    Never wider than `width` columns nor than the terminal; no colour where the console has
    none; plain ASCII where its encoding has no more.
    """

    parts: Callable[[], Sequence[RenderableType]]
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.update(width=min(self.width, options.max_width))
        ascii_only = narrow.ascii_only
        for part in self.parts():
            for segment in console.render(part, narrow):
                yield _to_ascii(segment) if ascii_only else segment

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, min(self.width, options.max_width))

    def __str__(self) -> str:
        console = Console(
            file=io.StringIO(), width=self.width, color_system=None, force_terminal=False,
            legacy_windows=False, _environ={},
        )  # fmt: skip
        with console.capture() as capture:
            console.print(self)
        return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _to_ascii(segment: Segment) -> Segment:
    text = segment.text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    return segment._replace(text=text)


def plain_table(*columns: tuple[str, bool]) -> Table:
    """A table without lines; each column is a name and whether it holds numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, numeric in columns:
        made.add_column(name, justify="right" if numeric else "left", overflow="fold")
    return made


def bullets(title: str, lines: Sequence[str]) -> list[RenderableType]:
    """A title with lines below it; nothing where there is no line."""
    if not lines:
        return []
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("  -"[-2:], Text(line))
    return [Text(""), Text(title, "bold"), grid]


class NameTable:
    """A table whose first column holds names: no word in it is broken where there is room.

    The names are shown in full as long as the headers of the other columns can be put on several
    lines; else they end in an ellipsis. Where not even that fits, words are broken.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._fit(console, options)
        yield self._table

    def _fit(self, console: Console, options: ConsoleOptions) -> None:
        names, *others = [_span(console, options, column) for column in self._table.columns]
        gaps = sum(self._table.padding[1:4:2]) * len(others)
        left = options.max_width - gaps - sum(least for least, _ in others)
        if left < min(names[1], _NAME_LEAST):
            return
        first, *rest = self._table.columns
        first.no_wrap, first.overflow = True, "ellipsis"
        first.width = min(names[1], left)
        left -= first.width
        for column, (least, most) in zip(rest, others, strict=True):
            more = min(most - least, left)
            column.width, left = least + more, left - more


def _span(console: Console, options: ConsoleOptions, column: Column) -> tuple[int, int]:
    """How narrow a column can be with no cell and no word of its header broken, and how wide."""
    header = Measurement.get(console, options, column.header)
    cells = max((Measurement.get(console, options, one).maximum for one in column.cells), default=0)
    return max(header.minimum, cells), max(header.maximum, cells)
