"""Copies whole schemas from one database to another, as pg_dump and psql do it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psycopg

from parity.database.tools import first_error, installed_tools, pattern, public, secret
from parity.model.errors import DatabaseError

__all__ = ["copy_schemas"]


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
    dump += [f"--schema={pattern(name)}" for name in schemas]
    load = [str(folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
    with tempfile.TemporaryFile() as refusals, tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            [*dump, "--dbname", public(source)],
            stdout=subprocess.PIPE, stderr=complaints, env=secret(source),
        ) as reader:  # fmt: skip
            try:
                writer = subprocess.run(
                    [*load, "--file", "-", "--dbname", public(target)],
                    stdin=reader.stdout, stdout=subprocess.DEVNULL, stderr=refusals,
                    env=secret(target), check=False,
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
    raise DatabaseError(
        f"schema {', '.join(schemas)} cannot be {what} for the second run of the jobs: "
        f"{first_error(said)}; "
        "a schema that it needs can be copied with it: --with-schema NAME"
    )


def _tools(url: str) -> Path:
    """The folder of the oldest pg_dump and psql that know the server's version.

    The oldest, since a newer pg_dump writes settings that an older server does not know.
    """
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
    fitting = sorted(
        (version, folder)
        for version, folder in installed_tools()
        if version >= server and (folder / "psql").exists()
    )
    if not fitting:
        raise DatabaseError(
            f"the server is PostgreSQL {server}: parity noise needs pg_dump and psql of that "
            "version or newer on the PATH"
        )
    return fitting[0][1]
