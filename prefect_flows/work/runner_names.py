"""What TASK_RUNNER may say. Imports nothing of Prefect's, so that it can be checked first."""

from __future__ import annotations

import re

from prefect_flows.errors import SettingsError

__all__ = ["DEFAULT", "VARIABLE", "check_runner"]

# As many symbols at a time as vendors and database bear.
DEFAULT = "threads:4"
VARIABLE = "TASK_RUNNER"
_LOCAL = re.compile(r"(threads|processes|dask):([1-9][0-9]?)")
_ADDRESS = re.compile(r"dask:((?:tcp|tls|ws|wss)://[^\s/]+:[0-9]+)")


def check_runner(text: str) -> None:
    """Refuse what names no runner.

    Raises:
        SettingsError: It is none of `threads:N`, `processes:N`, `dask:N` (a cluster of N local
            processes) and `dask:tcp://HOST:PORT` (a scheduler).
    """
    if not (_LOCAL.fullmatch(text) or _ADDRESS.fullmatch(text)):
        raise SettingsError(
            f"{VARIABLE} is {text!r}; write threads:4, processes:2, dask:2, or the address of a "
            "scheduler as dask:tcp://HOST:8786"
        )
