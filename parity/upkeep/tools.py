"""pg_dump and pg_restore of the server's own version."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parity.database.tools import first_error, installed_tools, secret
from parity.model.errors import DatabaseError

__all__ = ["find_tools", "run_tool"]


def find_tools(server: int) -> Path:
    """The folder of pg_dump and pg_restore of a server's major version.

    Of that one and no other: an older pg_dump refuses, and what a newer one writes an older
    server may not read.

    Raises:
        DatabaseError: there are none.
    """
    seen = set()
    for version, folder in installed_tools():
        if version == server and (folder / "pg_restore").exists():
            return folder
        seen.add(version)
    others = ", ".join(map(str, sorted(seen)))
    raise DatabaseError(
        f"the server is PostgreSQL {server}: a backup needs pg_dump and pg_restore of that version "
        f"on the PATH (found: {others or 'none'})"
    )


def run_tool(command: Sequence[str], url: str, what: str) -> None:
    """Runs one of them; it ends with this process's interruption.

    Args:
        command: path and arguments, without passwords.
        url: the database, whose password goes into the environment.
        what: what cannot be done if it fails, for the message.

    Raises:
        DatabaseError: it failed; the message has what it said first.
    """
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            env=secret(url), check=False,
        )  # fmt: skip
        if ended.returncode:
            reason = first_error(said) or f"exit code {ended.returncode}"
            raise DatabaseError(f"{what}: {reason}")
