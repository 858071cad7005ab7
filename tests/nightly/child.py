"""Comparisons in small slices, in processes of their own that can be killed.

They are forked from a process that has imported this module: what takes seconds is done once.
"""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import parity.opinion.equality  # noqa: F401  # brings datacompy, as a second opinion does
from parity.diff import layout
from parity.diff.journal import DatasetJournal
from parity.exchange import Exchange
from parity.nightly import Night, examine, open_harness, taking
from parity.report.publish import render_json

__all__ = ["compare"]

Exchange("XNYS")  # makes the calendar, which is then kept


def compare(
    folder: Path, environ: dict[str, str], session: date, kill_after: int | None = None
) -> tuple[int, dict[str, Any], list[str]]:
    """Exit code, result.json, and what was finished and said, of one comparison.

    Args:
        folder: holds parity.yaml.
        environ: variables besides this process's.
        session: the session.
        kill_after: ends it like a power cut once so many slices are finished.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    (folder / "said").write_text("", encoding="utf-8")
    (folder / "found.json").write_text("{}", encoding="utf-8")
    process = context.Process(target=_compare, args=(folder, environ, session, kill_after))
    process.start()
    process.join(120)
    code = process.exitcode
    said = (folder / "said").read_text(encoding="utf-8").splitlines()
    assert code in (0, -signal.SIGKILL), (code, said)
    return code, json.loads((folder / "found.json").read_text(encoding="utf-8")), said


def _compare(folder: Path, environ: dict[str, str], session: date, kill_after: int | None) -> None:
    os.environ.update(environ)
    # Importing Great Expectations takes most of the time, and a writer is waited for in vain.
    vars(examine)["check"] = lambda *_: ()
    vars(taking)["PATIENCE"] = 1.0
    layout.SMALL, layout.SLICE, layout.PIECE = 0, 200, 50
    finish, finished = DatasetJournal.finish, []

    def say(line: str) -> None:
        with (folder / "said").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def counted(self: DatasetJournal, task: Any, outcome: Any) -> None:
        finish(self, task, outcome)
        finished.append(task.name)
        say(f"finished {task.name}")
        if len(finished) == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    DatasetJournal.finish = counted  # type: ignore[method-assign]
    harness = open_harness(folder / "parity.yaml", os.environ)
    night = Night.of(harness, session, None, datetime.now(UTC))
    result = night.compare(say=lambda line: say(f"said {line}"))
    (folder / "found.json").write_text(render_json(result), encoding="utf-8")
