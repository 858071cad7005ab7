"""A running command that the operating system measures: started, awaited, ended as a group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Account", "Measured"]

GRACE = 5.0  # seconds between TERM and KILL
LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the system says of a command that has ended; None where nobody saw its end.

    Attributes:
        exit_code: negative where a signal ended it.
        cpu_seconds: user and system time, with that of the children it waited for.
        peak_memory: bytes of resident memory of its largest process, among the same.
    """

    exit_code: int | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None


class Measured:
    """A command, as leader of a process group of its own, below a launcher that measures it."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, environ: Mapping[str, str], log: BinaryIO
    ) -> None:
        """Starts it.

        Args:
            command: program and arguments; no shell.
            folder: where it runs.
            environ: all of its environment.
            log: takes what it prints.

        Raises:
            OSError: it cannot be started.
        """
        self._launcher = subprocess.Popen(
            # -I, -S: small and quick, and nothing of the command's environment concerns it.
            [sys.executable, "-I", "-S", str(LAUNCHER), *command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # what ends the harness's group does not end the account
        )
        first = self._line()
        if not first or first[0] == "error":
            self._finish()
            raise OSError(*_error(first))
        self.pid = int(first[0])

    def wait(self, seconds: float) -> None:
        """Waits for its end.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        self._launcher.wait(seconds)

    def end(self) -> None:
        """Ends what is left of its process group: TERM, then KILL after a while."""
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            if not self._alive(signal_number):
                return
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline:
                if not self._alive(0):
                    return
                time.sleep(0.02)

    def account(self) -> Account:
        """What it took. Call it once, after `end`."""
        try:
            self._launcher.wait(GRACE)
        except subprocess.TimeoutExpired:  # not even KILL ended the command
            self._launcher.kill()
        words = self._line()
        self._finish()
        if len(words) != 3:
            return Account()
        return Account(
            exit_code=int(words[0]), cpu_seconds=float(words[1]), peak_memory=int(words[2])
        )

    def _alive(self, signal_number: int) -> bool:
        """Sends a signal to the group; False when there is none left. The launcher reaps it."""
        try:
            os.killpg(self.pid, signal_number)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # on macOS a group of zombies says so
        return True

    def _line(self) -> list[str]:
        assert self._launcher.stdout is not None
        return self._launcher.stdout.readline().decode().split()

    def _finish(self) -> None:
        assert self._launcher.stdout is not None
        self._launcher.stdout.close()
        self._launcher.wait()


def _error(words: Sequence[str]) -> tuple[int, str]:
    number = int(words[1]) if len(words) == 2 else 0
    return number, os.strerror(number) if number else "its launcher ended"
