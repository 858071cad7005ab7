"""`python -m benchmarks.flows`: what flows cost beside the scripts they replace. See docs.

Exit code: 0 measured and right, 1 something is not what plain SQL says, 2 an arm failed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.flows_arms import BATCH, GRANULARITIES
from benchmarks.flows_report import FlowsReport
from benchmarks.flows_run import LIFTED, Sizes, measure, open_bed
from benchmarks.machine import machine, versions
from benchmarks.measure import FailedError

__all__ = ["main"]

LIBRARIES = ("prefect", "yfinance", "TA-Lib", "pandas")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints Markdown tables."""
    options = _parser().parse_args(arguments)
    sizes = Sizes(
        symbols=options.symbols or (24 if options.quick else 1000),
        recorded=options.tasks or (200 if options.quick else 5000),
        rounds=options.rounds or (1 if options.quick else 3),
        granularities=tuple(dict.fromkeys([*(options.arm or GRANULARITIES), BATCH])),
        starts=not options.quick,
    )
    with tempfile.TemporaryDirectory(prefix="parity-flows-") as folder:
        try:
            with open_bed(Path(folder), sizes, _say) as bed:
                server = bed.warehouse.server
                about = {
                    "machine": machine(),
                    "versions": versions(server.version(), None)
                    | {name: version(name) for name in LIBRARIES},
                    "settings": server.settings(),
                    "rounds": str(sizes.rounds),
                    "lifted": f"{LIFTED.rate:,.0f} requests a second",
                }
                told = FlowsReport(about, measure(bed, sizes, _say))
        except FailedError as error:
            print(f"benchmarks.flows: {error}", file=sys.stderr)
            return 2
    if options.json:
        rendered = json.dumps(told.json(), indent=2) + "\n"
        Path(options.json).write_text(rendered, encoding="utf-8")
    print(told.markdown())
    return 1 if told.wrong else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flows", description=__doc__)
    add = parser.add_argument
    add("--symbols", type=_number, metavar="N", help="tickers of each run (1000; quick: 24)")
    add("--tasks", type=_number, metavar="N", help="tasks to be recorded (5000; quick: 200)")
    add("--rounds", type=_number, metavar="N", help="how often each runs (3; quick: 1)")
    add("--arm", action="append", choices=GRANULARITIES, help="of flows, with batch:50; repeatable")
    add("--quick", action="store_true", help="small and without start-up: is it right")
    add("--json", metavar="PATH", help="everything measured, every round, as JSON")
    return parser


if __name__ == "__main__":
    # A measurement that is told to end stops its servers, as one that is interrupted does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
