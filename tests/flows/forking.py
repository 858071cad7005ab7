"""Runs `python -m prefect_flows …` in processes that find Prefect imported already.

Importing Prefect and what the flows need takes three seconds. One process does it once, with the
variables that a flow's process has before it imports Prefect, and forks for each command: that is a
process of its own with its own environment, output and exit code, which ends as any other. The
project's own modules each command imports itself: some read variables when they are imported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from prefect_flows.server_settings import flow_environment

__all__ = ["Commands"]

REPOSITORY = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
# Not TA-Lib: it imports Polars, whose thread a fork would be without and wait for at its end.
LIBRARIES = (
    "pandas", "polygon", "prefect.artifacts", "prefect.client.orchestration",
    "prefect.concurrency.sync", "prefect.deployments.runner", "prefect.events.actions",
    "prefect.task_runners", "prefect.workers.process", "psycopg", "sqlalchemy", "yfinance",
)  # fmt: skip


class Commands:
    """A process that forks one for each command. Used in a `with` block.

    Args:
        environ: what commands have in common; it names the Prefect server's home.
        api_url: of that server.
    """

    def __init__(self, environ: Mapping[str, str], api_url: str) -> None:
        self._environ = {**environ, **flow_environment(environ, api_url=api_url)}

    def __enter__(self) -> Self:
        self._outputs = TemporaryDirectory(prefix="parity-commands-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.forking"],
            cwd=REPOSITORY,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._outputs.cleanup()

    def run(
        self, *arguments: str, environ: Mapping[str, str], folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, in the project's folder or another.

        Args:
            arguments: after `python -m prefect_flows`.
            environ: the whole environment that it finds.
            folder: where it stands.
        """
        assert self._process.stdin
        assert self._process.stdout
        out, err = (Path(self._outputs.name) / name for name in ("out", "err"))
        asked = {
            "arguments": arguments, "environ": dict(environ), "folder": str(folder or REPOSITORY),
            "out": str(out), "err": str(err),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _become(asked: dict[str, Any]) -> None:
    """Makes this process look as if the command had been started so."""
    for descriptor, name in ((0, os.devnull), (1, asked["out"]), (2, asked["err"])):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(str(name), flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(str(asked["folder"]))
    sys.argv = ["prefect_flows", *asked["arguments"]]


def main() -> int:
    """Forks for each line on standard input; in what was forked, returns its exit code."""
    for line in sys.stdin:
        asked = json.loads(line)
        if (child := os.fork()) == 0:
            _become(asked)
            from prefect_flows.__main__ import main as command

            return command(asked["arguments"])
        print(_ended(child), flush=True)
    return 0


def _ended(child: int) -> int:
    """Waits for a command, and kills it after two minutes; returns its exit code."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(PATIENCE_SECONDS)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    import gc
    from importlib import import_module

    for module in LIBRARIES:
        import_module(module)
    gc.freeze()  # a child that collects would copy all that is there
    sys.exit(main())
