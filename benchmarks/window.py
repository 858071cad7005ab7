"""The nightly comparison of a long history, of which little was written since the last run."""

from __future__ import annotations

import sys

from benchmarks.datasets import Case

__all__ = ["READY", "command"]

READY = True


def command(case: Case, url: str) -> list[str]:
    """The command that compares what either side wrote after `datasets.LAST_RUN`.

    Both sides hold `case.name` in the schemas legacy and candidate, with an indexed column
    `written`; everything older is known to be equal. The command's last line of output is JSON
    with the number of differing rows: `{"differing": 123}`. The server's URL is in its
    environment.

    Args:
        case: the data set.
        url: the server's libpq URI.
    """
    assert url
    return [sys.executable, "-m", "benchmarks.nightly_window", case.name]
