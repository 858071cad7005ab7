"""The exchange's sessions, kept in a file: to make the calendar takes a flow's process two seconds.

The file lies in the folder of the Prefect server's state, where there is one. What cannot be read,
is of another version of the library or does not reach far enough is made anew.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from prefect_flows.server_settings import home

__all__ = ["Spans", "read", "write"]

# Opening and closing of each session in order, as seconds since 1970.
Spans = list[tuple[int, int]]


def read(name: str, *, until: date) -> Spans | None:
    """Return what is kept under that name and version of the library.

    Args:
        name: Of the calendar, with what else decides about it.
        until: The last session must be no earlier.

    Returns:
        None where nothing fitting is kept.
    """
    try:
        kept = json.loads(_path(name).read_text("utf-8"))
        if kept["version"] != version("exchange_calendars"):
            return None
        spans = [(int(opened), int(closed)) for opened, closed in kept["sessions"]]
        reaches = datetime.fromtimestamp(spans[-1][1], UTC).date() >= until
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return spans if reaches else None


def write(name: str, spans: Spans) -> None:
    """Keep sessions for later processes; where that cannot be, they make them themselves."""
    path = _path(name)
    if not path.parent.is_dir():
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    text = json.dumps({"version": version("exchange_calendars"), "sessions": spans})
    with suppress(OSError):
        partial.write_text(text, "utf-8")
        partial.replace(path)


def _path(name: str) -> Path:
    return home(os.environ) / f"sessions-{name}.json"
