"""`python -m benchmarks.diff`: what a comparison costs, and what others cost. See docs."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.datasets import cases
from benchmarks.machine import machine, versions
from benchmarks.run import measure
from benchmarks.server import Server
from benchmarks.venv import peers_python

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints a Markdown table; 1 when one of our own counts is not the truth."""
    options = _parser().parse_args(arguments)
    chosen = cases(quick=options.quick)
    if options.only:
        chosen = tuple(case for case in chosen if case.name in options.only)
    if not chosen:
        names = ", ".join(case.name for case in cases(quick=options.quick))
        print(f"benchmarks.diff: --only names no data set; there are {names}", file=sys.stderr)
        return 2
    rounds = options.rounds or (1 if options.quick else 5)
    with ExitStack() as stack:
        folder: Path = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="parity-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        peers = peers_python(folder / "peers", _say) if options.peers else None
        server = Server(folder / "pg")
        stack.callback(server.stop)
        results = measure(
            server,
            chosen,
            rounds=rounds,
            peers=peers,
            everything=options.all,
            keep=options.data is not None,
            say=_say,
        )
        about = {
            "machine": machine(),
            "versions": versions(server.version(), peers),
            "settings": server.settings(),
            "rounds": str(rounds),
        }
    return _publish(options, report.Report(about, results))


def _publish(options: argparse.Namespace, told: report.Report) -> int:
    text = told.markdown()
    if options.json:
        rendered = json.dumps(told.json(), indent=2) + "\n"
        if options.json == "-":
            sys.stdout.write(rendered)
        else:
            Path(options.json).write_text(rendered, encoding="utf-8")
    if options.json != "-":
        print(text)
    if options.into:
        report.put_into(options.into, text)
    return 0 if told.right else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _rounds(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diff", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="100,000 rows at most; in well under a minute")
    add("--only", action="append", metavar="NAME", help="this data set; may be repeated")
    add("--rounds", type=_rounds, metavar="N", help="how often each runs (5; with --quick 1)")
    add("--peers", action="store_true", help="install reladiff and datacompy and run them too")
    add("--all", action="store_true", help="datacompy at 10 million rows too: 5 GB of memory")
    add("--data", type=Path, metavar="FOLDER", help="keep server and data sets there")
    add("--json", metavar="PATH|-", help="everything measured, every round, as JSON")
    add("--into", type=Path, metavar="FILE", help="put the tables into this Markdown file")
    return parser


if __name__ == "__main__":
    # A measurement that is told to end stops its server, as one that is interrupted does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
