"""On what it was measured: machine, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

__all__ = ["machine", "versions"]

PEERS = ("reladiff", "datacompy", "pandas", "polars", "adbc-driver-postgresql")


def machine() -> dict[str, str]:
    """Processor, cores that this process may use, memory, kernel."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions(postgresql: str, peers: Path | None) -> dict[str, str]:
    """Of everything that is measured."""
    found = {
        "PostgreSQL": postgresql,
        "Python": platform.python_version(),
        "parity": version("migration-parity"),
        "psycopg": version("psycopg"),
    }
    if peers is not None:
        asked = (
            "import sys; from importlib.metadata import version\n"
            "for name in sys.argv[1:]: print(name, version(name))"
        )
        told = subprocess.run(
            [peers, "-c", asked, *PEERS], check=True, capture_output=True, text=True
        ).stdout
        found |= dict(line.split() for line in told.splitlines())
    return found
