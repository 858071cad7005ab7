"""Pauses the scripts' lines in cron, or lets them run again.

Each line of `crontab` does nothing while the file is there. Nights of parity run the scripts all
the same: after a cutover they are the shadow that a rollback goes back to.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

FILE = "legacy-paused"


def main() -> int:
    """Makes the file, or removes it; safe to run again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["pause", "resume"])
    what = parser.parse_args().what
    file = Path(os.environ.get("PARITY_STATE") or ".parity") / FILE
    try:
        if what == "pause":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        print(f"pause_cron.py: {file}: {error.strerror}", file=sys.stderr)
        return 2
    print(f"{'paused: ' + str(file) if what == 'pause' else 'the lines run again'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
