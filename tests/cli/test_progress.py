"""The progress of a long compare, on a real terminal and in a pipe, by a clock that is ours."""

from __future__ import annotations

import os
import pty
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parity.cli.progress import Progress, time_left

TOTAL = 10_000_000
MARK = b"<here>"


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, kind: str = "xterm") -> Iterator[tuple[int, int]]:
    """A pseudo terminal of 80 columns: its end to read, and its end that a program writes to."""
    for name, value in {"TERM": kind, "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    reading, writing = pty.openpty()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def written(ends: tuple[int, int]) -> str:
    """What has come since the last time: all up to a mark, as terminals deliver when they like."""
    reading, writing = ends
    os.write(writing, MARK)
    found = b""
    while not found.endswith(MARK):
        found += os.read(reading, 1 << 16)
    return found.removesuffix(MARK).decode()


def test_a_terminal_gets_a_bar_after_a_second_that_goes_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with (
        terminal(monkeypatch) as ends,
        os.fdopen(os.dup(ends[1]), "w") as stream,
    ):
        assert stream.isatty()
        with Progress(stream, clock) as progress:
            progress(0, TOTAL, "indicators")
            clock.now += 0.9
            progress(1_000_000, TOTAL, "indicators")
            assert written(ends) == ""
            clock.now += 0.6
            progress(3_200_000, TOTAL, "indicators")
            shown = written(ends)
            for words in ("indicators", "32%", "2.1 M rows/s", "3 s left"):
                assert words in shown
            clock.now += 0.01  # too soon to draw again
            progress(3_300_000, TOTAL, "indicators")
            assert written(ends) == ""
        # Carriage return, then the line is erased and the cursor shown again.
        assert written(ends).endswith("\x1b[2K")


def test_the_bar_is_no_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with (
        terminal(monkeypatch) as ends,
        os.fdopen(os.dup(ends[1]), "w") as stream,
        Progress(stream, clock) as progress,
    ):
        progress(0, TOTAL, "a" * 60 + " [bold] → b.t")
        clock.now += 2
        progress(5, TOTAL, "a" * 60 + " [bold] → b.t")
        shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written(ends))
        assert shown
        assert all(len(line) <= 80 for line in re.split(r"[\r\n]+", shown))


def test_a_short_compare_shows_nothing_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with (
        terminal(monkeypatch) as ends,
        os.fdopen(os.dup(ends[1]), "w") as stream,
        Progress(stream, clock) as progress,
    ):
        for done in (0, 50, 100):
            progress(done, 100, "prices")
            clock.now += 0.3
        assert written(ends) == ""


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with (
        terminal(monkeypatch, kind="dumb") as ends,
        os.fdopen(os.dup(ends[1]), "w") as stream,
        Progress(stream, clock) as progress,
    ):
        for done in range(0, 40, 2):
            progress(done, 100, "prices")
            clock.now += 1
        shown = written(ends)
        assert "\x1b" not in shown
        assert shown.startswith("prices: ")


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def test_a_pipe_gets_one_plain_line_every_ten_seconds(clock: Clock) -> None:
    with pipe() as ends, os.fdopen(os.dup(ends[1]), "w") as stream:
        with Progress(stream, clock) as progress:
            for second in range(26):
                progress(second * 100_000, TOTAL, "indicators")
                clock.now += 1
        assert written(ends).splitlines() == [
            "indicators: 1,000,000 of 10,000,000 rows, 100.0 k rows/s, 1 min 30 s left",
            "indicators: 2,000,000 of 10,000,000 rows, 100.0 k rows/s, 1 min 20 s left",
        ]


def test_a_pipe_sees_nothing_of_short_compares(clock: Clock) -> None:
    with (
        pipe() as ends,
        os.fdopen(os.dup(ends[1]), "w") as stream,
        Progress(stream, clock) as progress,
    ):
        for label in ("a", "b", "c"):  # each begins anew
            for done in range(10):
                progress(done, 10, label)
                clock.now += 0.9
        assert written(ends) == ""


def test_what_was_done_before_does_not_count_as_speed(clock: Clock, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream, Progress(stream, clock) as progress:
        progress(9_000_000, TOTAL, "bars")  # found finished in a journal
        clock.now += 20
        progress(9_500_000, TOTAL, "bars")
    assert log.read_text() == "bars: 9,500,000 of 10,000,000 rows, 25.0 k rows/s, 20 s left\n"


def test_estimates_that_are_too_low_do_not_count_below_zero(clock: Clock, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream, Progress(stream, clock) as progress:
        progress(0, 10, "bars")
        clock.now += 10
        progress(20.4, 10.0, "bars")
        clock.now += 10
        progress(0, 10, "bars")
    assert log.read_text().splitlines() == [
        "bars: 20 of 20 rows, 2 rows/s, 0 s left",
        "bars: 0 of 10 rows",
    ]


@pytest.mark.parametrize(
    ("rows", "rate", "text"),
    [
        (100, 0, ""),
        (0, 5, "0 s left"),
        (59, 1, "59 s left"),
        (60, 1, "1 min 0 s left"),
        (3599, 1, "59 min 59 s left"),
        (3900, 1, "1 h 5 min left"),
        (360_000, 1, "100 h 0 min left"),
    ],
)
def test_time_left_in_words(rows: float, rate: float, text: str) -> None:
    assert time_left(rows, rate) == text
