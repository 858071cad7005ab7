"""Runs a script or module as Python would, and notes how long it waited for the vendor.

`python -m benchmarks.flows_timed SCRIPT …` or `… -m MODULE …`. Both sides ask Yahoo through
curl_cffi, so its `Session.request` is timed. At the end a JSON object goes to the file that
VENDOR_TIMES names: the number of `requests`, `summed` seconds in all of them, and `covered`
seconds, in which at least one was under way (they differ where threads ask at the same time).
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import time
from pathlib import Path
from typing import Any

from curl_cffi.requests import Session


class Times:
    """Intervals as they begin and end, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self.requests = 0
        self.summed = 0.0
        self.covered = 0.0

    def begin(self) -> float:
        """One more is under way."""
        now = time.perf_counter()
        with self._lock:
            self.requests += 1
            if self._under_way == 0:
                self._since = now
            self._under_way += 1
        return now

    def end(self, began: float) -> None:
        """One that began then has ended."""
        now = time.perf_counter()
        with self._lock:
            self.summed += now - began
            self._under_way -= 1
            if self._under_way == 0:
                self.covered += now - self._since


def main() -> None:
    """Run it; its own end is this process's."""
    times, target = Times(), Path(os.environ["VENDOR_TIMES"])
    request = Session.request

    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        began = times.begin()
        try:
            return request(self, *args, **kwargs)
        finally:
            times.end(began)

    setattr(Session, "request", timed)  # noqa: B010  # a method of a class is meant
    try:
        _run(sys.argv[1:])
    finally:
        found = {"requests": times.requests, "summed": times.summed, "covered": times.covered}
        target.write_text(json.dumps(found), encoding="ascii")


def _run(command: list[str]) -> None:
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = command
    # As for `python SCRIPT`: its own folder comes first.
    sys.path.insert(0, str(Path(command[0]).parent))
    runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
