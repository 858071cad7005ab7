"""How far a long compare is, on standard error: a bar on a terminal, a line now and then in a log.

Short compares show nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["Progress", "time_left"]

BAR_AFTER = 1.0  # seconds
BAR_EVERY = 0.1
LINE_EVERY = 10.0


class Progress:
    """Call it with rows done, rows in all (both may be estimates) and what they are rows of.

    A context manager: leaving it takes the bar away. Another label begins anew. What is shown is
    only renewed by a call, so call it often; a call that shows nothing costs next to nothing.

    Args:
        stream: standard error unless given. A terminal gets the bar, anything else the lines.
        clock: seconds from any start.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._bar: Bar | None = None
        self._label: str | None = None
        self._begun = self._shown = self._done = 0.0
        self._lines = not self._stream.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self, done: float, total: float, label: str) -> None:
        """Shows it, when it is time to."""
        now = self._clock()
        if label != self._label:
            self.close()
            self._label, self._begun, self._shown, self._done = label, now, now, done
        wait = LINE_EVERY if self._lines else BAR_EVERY if self._bar else BAR_AFTER
        if now - self._shown < wait:
            return
        self._shown = now
        rate = (done - self._done) / (now - self._begun)
        total = max(total, done)
        if self._lines:
            self._line(done, total, rate, label)
        else:
            self._draw(done, total, rate, label)

    def close(self) -> None:
        """Takes the bar away; the next call begins anew."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._label = None

    def _line(self, done: float, total: float, rate: float, label: str) -> None:
        parts = [f"{label}: {done:,.0f} of {total:,.0f} rows", _speed(rate)]
        parts += [time_left(total - done, rate)]
        print(", ".join(part for part in parts if part), file=self._stream, flush=True)

    def _draw(self, done: float, total: float, rate: float, label: str) -> None:
        if self._bar is None:
            self._bar = _bar(self._stream)
            if self._bar is None:  # a terminal that cannot move its cursor
                self._lines = True
                return
            self._bar.add_task(label, total=total, speed="", left="")
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            completed=done,
            total=total,
            speed=_speed(rate),
            left=time_left(total - done, rate),
        )
        self._bar.refresh()


def _bar(stream: TextIO) -> Bar | None:
    # Here: most commands end before there is anything to show.
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(file=stream)
    if console.is_dumb_terminal:
        return None
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,  # results are no part of the bar
        redirect_stderr=False,
    )


def _speed(rate: float) -> str:
    if rate <= 0:
        return ""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.1f}{unit} rows/s"
    return f"{rate:.0f} rows/s"


def time_left(rows: float, rate: float) -> str:
    """`3 s left`, `2 min 10 s left`, `1 h 5 min left`; empty while there is no rate."""
    if rate <= 0:
        return ""
    seconds = max(0, round(rows / rate))
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min left"
    return f"{seconds // 60} min {seconds % 60} s left" if seconds >= 60 else f"{seconds} s left"
