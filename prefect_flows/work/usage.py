"""What a run has cost, from the operating system. Linux and macOS."""

from __future__ import annotations

import resource
import sys

from prefect_flows.work.outcome import Usage

__all__ = ["usage"]

# ru_maxrss is in kibibytes on Linux, in bytes on macOS.
_UNIT = 1 if sys.platform == "darwin" else 1024


def usage() -> Usage:
    """Return this process's cost so far, with that of the children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Usage(
        cpu_seconds=sum(part.ru_utime + part.ru_stime for part in spent),
        peak_memory=max(part.ru_maxrss for part in spent) * _UNIT,
    )
