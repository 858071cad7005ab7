"""`python -m benchmarks.pages`: what the page of a night costs where very much differs."""

from __future__ import annotations

import argparse
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
from playwright.sync_api import Browser, sync_playwright

from benchmarks.machine import machine, versions
from benchmarks.page_nights import Case, cases
from parity.database import Database, EmbeddedServer, Role, provision
from parity.database.spool import Spool
from parity.model.result import Discrepancy, RunResult
from parity.report.beside import Beside
from parity.report.publish import write_night
from parity.store import Store

__all__ = ["main"]

T = TypeVar("T")
MOST_BYTES, MOST_OPEN, MOST_WRITE = 3_000_000, 2.0, 20.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Tells when a frame has been drawn after the number of rows has changed, in ms since navigation.
ANSWERED = """() => new Promise((told) => {
  const status = document.querySelector(".tools output");
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => told(performance.now()))))
    .observe(status, { childList: true, characterData: true, subtree: true });
})"""


@dataclass(slots=True)
class _Measured:
    """Seconds of each round, and bytes."""

    save: float = 0.0
    write: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    keystroke: list[float] = field(default_factory=list)
    page: int = 0
    files: dict[str, int] = field(default_factory=dict)
    lines: int = 0

    @property
    def met(self) -> bool:
        slowest = (max(self.opened), max(self.answered), max(self.write))
        return self.page < MOST_BYTES and all(
            found < most
            for found, most in zip(slowest, (MOST_OPEN, MOST_OPEN, MOST_WRITE), strict=True)
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; 1 when a goal was missed."""
    options = _parser().parse_args(arguments)
    met = True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parity-pages-")))
        server = EmbeddedServer(folder / "pg").start()
        stack.callback(server.stop)
        database = Database(server.url(user="postgres", database="postgres"), server)
        provision(database.admin_url, login=True)
        store = Store(database.engine_as(Role.PARITY_HARNESS))
        store.migrate()
        browser = _browser(stack)
        for name, value in _about(database, browser).items():
            print(f"{name}: {value}")
        for case in cases(options.scale):
            if options.only and case.name not in options.only:
                continue
            measured = _measure(case, store, browser, folder, options.rounds)
            _tell(case, measured)
            met = met and measured.met
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest memory of this process: {peak:,.0f} MB")
    print(
        f"goals: page below {MOST_BYTES / 1e6:.0f} MB, open and answering below {MOST_OPEN:.0f} s, "
        f"written below {MOST_WRITE:.0f} s: {'met' if met else 'NOT MET'}"
    )
    return 0 if met else 1


def _browser(stack: ExitStack) -> Browser:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(f"benchmarks.pages: none of {', '.join(BROWSERS)} is installed")
    playwright = stack.enter_context(sync_playwright())
    browser = playwright.chromium.launch(
        executable_path=found, args=["--no-sandbox", "--disable-gpu"]
    )
    stack.callback(browser.close)
    return browser


def _about(database: Database, browser: Browser) -> dict[str, str]:
    with psycopg.connect(database.admin_url) as connection:
        version = str(connection.info.parameter_status("server_version"))
    return {**machine(), **versions(version, None), "Chromium": browser.version}


def _measure(case: Case, store: Store, browser: Browser, folder: Path, rounds: int) -> _Measured:
    measured = _Measured()
    evidence, published = folder / "evidence", folder / case.name
    with Spool() as spool:
        spool.extend(case.discrepancies())
        measured.save, result = _timed(
            partial(store.save, case.result(), {"bars": spool}, config="", limit=case.limit,
                    evidence=evidence)
        )  # fmt: skip
    for _ in range(rounds):
        used = time.process_time()
        seconds, _ = _timed(partial(_write, store, result, published, evidence))
        measured.write.append(seconds)
        measured.cpu.append(time.process_time() - used)
        for found, one in zip(
            (measured.opened, measured.answered, measured.keystroke),
            _open(browser, published / "index.html"),
            strict=True,
        ):
            found.append(one)
    measured.page = (published / "index.html").stat().st_size
    for path in sorted(published.glob("discrepancies-*")):
        measured.files[path.name] = path.stat().st_size
        if path.suffix == ".csv":
            with path.open("rb") as file:
                measured.lines = sum(1 for _ in file) - 1
    shutil.rmtree(published)
    return measured


def _write(store: Store, result: RunResult, folder: Path, evidence: Path) -> None:
    def rows(dataset: str) -> Iterator[Discrepancy]:
        return store.discrepancies(result, dataset)

    write_night(result, rows, folder, beside=Beside(evidence=evidence))


def _open(browser: Browser, path: Path) -> tuple[float, float, float]:
    """Seconds from navigation to load, and to the first answer of the filter; of a keystroke."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    opened = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    field_ = page.locator(".tools input[type=search]").first
    field_.focus()
    page.evaluate(f"() => {{ window.answer = ({ANSWERED})(); }}")  # not waited for
    pressed = page.evaluate("performance.now()")
    page.keyboard.press("s")
    answered = page.evaluate("window.answer")
    context.close()
    return opened / 1000, answered / 1000, (answered - pressed) / 1000


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    found = work()
    return time.monotonic() - began, found


def _tell(case: Case, measured: _Measured) -> None:
    print(f"\n{case.name}: {case.rows:,} rows differ; {case.says}")
    print(f"  stored once, with its Parquet file: {measured.save:.1f} s")
    print(f"  page, CSV and result.json written: {_seconds(measured.write)}")
    print(f"  of this CPU time of this process: {_seconds(measured.cpu)}")
    sizes = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in measured.files.items())
    print(f"  page {measured.page / 1e6:.2f} MB; {sizes}")
    print(f"  the CSV file has {measured.lines:,} of {case.rows:,} rows")
    print(f"  from navigation to load: {_seconds(measured.opened)}")
    print(f"  from navigation to the first answer of the filter: {_seconds(measured.answered)}")
    print(f"  of this from the key to the answer: {_seconds(measured.keystroke)}")


def _seconds(values: Sequence[float]) -> str:
    return f"median {statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3, metavar="N", help="how often each is written (3)")
    add("--scale", type=float, default=1.0, metavar="X", help="share of the rows (1)")
    add("--only", action="append", metavar="NAME", help="usual, all, incidents or wide")
    return parser


if __name__ == "__main__":
    # A measurement that is told to end stops its server, as one that is interrupted does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
