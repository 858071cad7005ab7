"""The other comparers' virtual environment: never this project's own."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

__all__ = ["peers_python"]

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def peers_python(folder: Path, say: Callable[[str], None]) -> Path:
    """Its interpreter; installed where it is missing or the requirements have changed."""
    python = folder / "bin" / "python"
    stamp = folder / "requirements.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        say(f"installing the other comparers into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        options = ["-qq", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        subprocess.run([python, "-m", "pip", "install", *options], check=True, stdout=sys.stderr)
        stamp.write_text(wanted, encoding="utf-8")
    return python
