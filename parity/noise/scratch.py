"""The scratch database: the legacy side as it was before its jobs ran, for a second run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parity.database import Database, provision
from parity.database.complaint import first_line
from parity.database.scratch import bring_extensions, create_like_main, drop_scratch
from parity.model.errors import DatabaseError
from parity.noise import queries
from parity.noise.dump import copy_schemas

__all__ = ["Scratch", "scratch_copy", "scratch_name"]

_LOGIN = re.compile(r"^(\w+://(?:[^@/]*@)?[^/?]*)(?:/[^?]*)?(?:\?(.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scratch:
    """A database beside the main one, with the same roles and grants."""

    main: Database
    name: str

    @property
    def admin_url(self) -> str:
        """The connection string of the role that made it."""
        return make_conninfo(self.main.admin_url, dbname=self.name)

    def url_as(self, role: str) -> str:
        """The libpq URI for a role, as the main database's but for the database's name."""
        url = self.main.url_as(role, database=self.name)
        return url if conninfo_to_dict(url).get("dbname") == self.name else _in(self.name, url)


def scratch_name(database: Database, migration: str) -> str:
    """Recognisable, and another one for each migration and main database of a server."""
    main = conninfo_to_dict(database.admin_url).get("dbname") or ""
    digest = hashlib.sha256(f"{main}\0{migration}".encode()).hexdigest()[:8]
    plain = re.sub(r"[^a-z0-9_]+", "_", migration.lower())[:38]
    return f"parity_noise_{plain}_{digest}"  # at most 63 bytes


@contextmanager
def scratch_copy(database: Database, migration: str, schemas: Sequence[str]) -> Iterator[Scratch]:
    """Makes the scratch database with a copy of some schemas, and drops it at the end.

    One that was left behind by a killed process is dropped first; hold the migration's lock.

    Args:
        database: the main database.
        migration: whose name the scratch database has.
        schemas: what is copied, as it is now. One that is not there is left out.

    Raises:
        DatabaseError: the connecting role may not create databases, or the copy fails.
    """
    scratch = Scratch(database, scratch_name(database, migration))
    _drop(scratch)
    try:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            _create(admin, scratch)
            _fill(admin, scratch, schemas)
        yield scratch
    except BaseException:
        with suppress(DatabaseError):  # what went wrong first is what is told
            _drop(scratch)
        raise
    _drop(scratch)


def _create(admin: psycopg.Connection, scratch: Scratch) -> None:
    try:
        create_like_main(admin, scratch.name)
    except psycopg.Error as error:
        hint = ""
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            hint = f"; let an administrator run: ALTER ROLE {admin.info.user} CREATEDB"
        raise DatabaseError(
            f"the scratch database {scratch.name}, in which the jobs run a second time, cannot be "
            f"created: {first_line(error)}{hint}"
        ) from None
    for role, name, value in admin.execute(queries.SETTINGS).fetchall():
        # What the role may not set, such as an administrator's log settings, jobs do not see.
        with suppress(psycopg.Error), psycopg.connect(scratch.admin_url) as other:
            other.execute(queries.SET, [name, value])
            other.execute(queries.keep_setting(scratch.name, role, name))


def _fill(admin: psycopg.Connection, scratch: Scratch, schemas: Sequence[str]) -> None:
    there = {row[0] for row in admin.execute(queries.SCHEMAS, [list(schemas)])}
    try:
        with psycopg.connect(scratch.admin_url, autocommit=True) as other:
            other.execute(queries.LOG_STUB)
            bring_extensions(admin, other, schemas)
    except psycopg.Error as error:
        raise DatabaseError(
            f"the scratch database {scratch.name} cannot be set up: {first_line(error)}"
        ) from None
    wanted = [name for name in schemas if name in there]
    if wanted:
        copy_schemas(scratch.main.admin_url, scratch.admin_url, wanted)
    provision(scratch.admin_url, login=scratch.main.embedded is not None)


def _drop(scratch: Scratch) -> None:
    try:
        with psycopg.connect(scratch.main.admin_url, autocommit=True) as admin:
            drop_scratch(admin, scratch.name)
    except psycopg.Error as error:
        raise DatabaseError(
            f"the scratch database {scratch.name} cannot be dropped: {first_line(error)}; "
            "drop it by hand"
        ) from None


def _in(name: str, url: str) -> str:
    """A team's own login, with another database."""
    match = _LOGIN.match(url)
    if match is None:
        return make_conninfo(url, dbname=name)
    kept = [part for part in (match[2] or "").split("&") if part and not part.startswith("dbname=")]
    return f"{match[1]}/{quote(name)}" + (f"?{'&'.join(kept)}" if kept else "")
