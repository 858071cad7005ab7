"""What a run has cost, from the operating system. Linux and macOS."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from prefect_flows.work.outcome import Usage

__all__ = ["usage"]

# ru_maxrss is in kibibytes on Linux, in bytes on macOS.
_UNIT = 1 if sys.platform == "darwin" else 1024
_STATUS = Path("/proc/self/status")


def usage() -> Usage:
    """Return this process's cost so far, with that of the children that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return Usage(
        cpu_seconds=sum(part.ru_utime + part.ru_stime for part in (own, children)),
        peak_memory=max(_own_peak(own.ru_maxrss), children.ru_maxrss * _UNIT),
    )


def _own_peak(maxrss: int) -> int:
    """This process's peak in bytes. On Linux `ru_maxrss` begins with that of whoever started it."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return maxrss * _UNIT
