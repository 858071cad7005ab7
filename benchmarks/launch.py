"""Starts a command and writes what it cost: FILE COMMAND…, run by `python -I -S`.

The kernel counts the memory of whoever starts a process as that process's own until it is
replaced by the command, so the one who starts it must be small: this file imports next to nothing.
"""

import os
import sys
import time


def main() -> int:
    """Writes exit code, wall, CPU (seconds) and the largest memory (kB) with spaces between."""
    file, *command = sys.argv[1:]
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    with open(file, "w") as out:  # noqa: PTH123
        print(code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss, file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
