"""Starts one command and says what the operating system counted of it. Run as a script.

Why a process between: Linux passes the peak of memory on. A command that a harness of 400 MB
starts itself begins with a peak of 400 MB, whatever it needs. This one holds about 10 MB.

It writes the command's process id, or `error` and a number; and at the end the exit code, CPU
seconds and the peak of resident memory in bytes. Standard error is the command's log.
"""

import os
import signal
import sys
from contextlib import suppress

# ru_maxrss is in kilobytes, but for macOS.
UNIT = 1 if sys.platform == "darwin" else 1024
# Python ignores these, and what a process ignores its children ignore too.
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)


def say(*words: object) -> None:
    """One line for the harness, if there still is one."""
    with suppress(OSError):
        os.write(1, (" ".join(map(str, words)) + "\n").encode())


def launch(command: list[str]) -> None:
    """Runs the command as leader of a session of its own, and waits."""
    try:
        pid = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)],
            setsid=True,
            setsigdef=IGNORED,
        )
    except OSError as error:
        say("error", error.errno)
        return
    say(pid)
    _, status, usage = os.wait4(pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    say(os.waitstatus_to_exitcode(status), f"{seconds:.6f}", usage.ru_maxrss * UNIT)


if __name__ == "__main__":
    launch(sys.argv[1:])
