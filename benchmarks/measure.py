"""Runs one thing once and says what it cost; medians and spreads of many."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import Server

__all__ = ["Child", "FailedError", "Sample", "Summary", "run_child", "run_threads"]


LAUNCH = Path(__file__).with_name("launch.py")


class FailedError(Exception):
    """A contender ended with an error; the message is its last line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. Times in seconds, `rss` in MB; `found` is the number of differing rows."""

    wall: float
    server: float
    client: float
    rss: float | None
    found: int | None


@dataclass(frozen=True, slots=True)
class Child:
    """How a process ended, what it said, and what it cost."""

    code: int
    output: str
    error: str
    wall: float
    server: float
    client: float
    rss: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians of some samples, and the spread of their wall and CPU times."""

    rounds: int
    wall: float
    fastest: float
    slowest: float
    server: float
    client: float
    least_cpu: float
    most_cpu: float
    rss: float | None
    found: int | None

    @property
    def cpu(self) -> float:
        """Server and client."""
        return self.server + self.client

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Summary:
        """The medians; the memory is the largest seen, and so is the count should counts vary."""
        walls = [sample.wall for sample in samples]
        cpus = [sample.server + sample.client for sample in samples]
        sizes = [sample.rss for sample in samples if sample.rss is not None]
        counts = [sample.found for sample in samples if sample.found is not None]
        return cls(
            rounds=len(samples),
            wall=statistics.median(walls),
            fastest=min(walls),
            slowest=max(walls),
            server=statistics.median(sample.server for sample in samples),
            client=statistics.median(sample.client for sample in samples),
            least_cpu=min(cpus),
            most_cpu=max(cpus),
            rss=max(sizes) if sizes else None,
            found=max(counts) if counts else None,
        )


def run_child(server: Server, command: Sequence[str], environ: Mapping[str, str]) -> Child:
    """Runs a command to its end and measures it: wall, CPU and memory by wait4."""
    idle, before = server.processes(), server.cpu()
    with tempfile.TemporaryDirectory() as folder:
        output, error, cost = (Path(folder) / name for name in ("output", "error", "cost"))
        with output.open("wb") as out, error.open("wb") as err:
            subprocess.run(
                [sys.executable, "-I", "-S", str(LAUNCH), str(cost), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(environ),
                check=True,
            )
        server.settle(idle)
        code, wall, cpu, memory = cost.read_text(encoding="ascii").split()
        return Child(
            code=int(code),
            output=output.read_text(encoding="utf-8", errors="replace"),
            error=error.read_text(encoding="utf-8", errors="replace"),
            wall=float(wall),
            server=server.cpu() - before,
            client=float(cpu),
            rss=int(memory) / 1024,
        )


def run_threads(server: Server, jobs: Sequence[Callable[[], None]]) -> Sample:
    """Runs functions at the same time in threads of this process, whose CPU is the client's."""
    before, own = server.cpu(), _own_cpu()
    threads = [threading.Thread(target=job) for job in jobs]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, own = time.perf_counter() - started, _own_cpu() - own
    return Sample(wall=wall, server=server.cpu() - before, client=own, rss=None, found=None)


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
