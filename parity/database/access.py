"""Connections: one database, and a URL or engine for each role."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parity.database import queries
from parity.database.embedded import EmbeddedServer
from parity.database.provision import Role, create_database, provision
from parity.model.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Database", "connect_database", "own_server"]

DATABASE = "parity"
PREFECT_DATABASE = "prefect_api"


@dataclass(frozen=True, slots=True)
class Database:
    """One database and how each role reaches it.

    `embedded`: the roles log in themselves over the server's socket. Otherwise the connecting
    role takes on each role at connection, so its grants hold without passwords of its own;
    `PARITY_DATABASE_URL_<ROLE>` overrides that with a login of the team's.
    """

    admin_url: str
    embedded: EmbeddedServer | None = None

    def url_as(self, role: str, *, database: str | None = None) -> str:
        """The libpq URI for a role. It may hold a password: never put it on a command line."""
        override = os.environ.get(f"PARITY_DATABASE_URL_{role.upper()}")
        if override:
            return override
        parts = dict(conninfo_to_dict(self.admin_url))
        if self.embedded is not None:
            parts["user"] = role
        else:
            parts["options"] = f"{parts.get('options') or ''} -c role={role}".strip()
        if database is not None:
            parts["dbname"] = database
        return _uri(parts)

    def engine_as(self, role: str) -> Engine:
        """A SQLAlchemy engine without a pool: connections end with their use."""
        from sqlalchemy import create_engine  # takes longer than a small comparison
        from sqlalchemy.pool import NullPool

        url = self.url_as(role)
        return create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
        )

    def connect_as(self, role: str, *, autocommit: bool = False) -> psycopg.Connection:
        """A psycopg connection for a role.

        Raises:
            DatabaseError: the server does not answer or refuses the role.
        """
        try:
            return psycopg.connect(self.url_as(role), autocommit=autocommit)
        except psycopg.Error as error:
            raise DatabaseError(
                f"role {role} cannot connect: {_first_line(error, self.admin_url)}"
            ) from None

    def set_up(self) -> None:
        """Creates roles, schemas and grants where missing; safe to run again."""
        provision(self.admin_url, login=self.embedded is not None)

    def prefect_url(self) -> str:
        """The libpq URI of the Prefect server's own database, which is made where missing."""
        create_database(self.admin_url, PREFECT_DATABASE, Role.PREFECT_API)
        return self.url_as(Role.PREFECT_API, database=PREFECT_DATABASE)


def connect_database(state: Path, environ: Mapping[str, str]) -> Database:
    """The team's server where `PARITY_DATABASE_URL` names one, else the embedded one, started.

    Raises:
        DatabaseError: the URL is no libpq URI, or the server does not answer.
    """
    given = environ.get("PARITY_DATABASE_URL", "").strip()
    return own_server(given) if given else _embedded(state)


def own_server(url: str) -> Database:
    """A database on the team's own server.

    Raises:
        DatabaseError: the URL is no libpq URI, or the server does not answer.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise DatabaseError(
            "PARITY_DATABASE_URL is no libpq URI; write postgresql://USER@HOST:PORT/DATABASE"
        ) from None
    if "://" not in url:
        raise DatabaseError(
            "PARITY_DATABASE_URL must be a URI: postgresql://USER@HOST:PORT/DATABASE"
        )
    if "@" in str(parts.get("host", "")):
        raise DatabaseError("PARITY_DATABASE_URL: write an @ in its user or password as %40")
    try:
        timeout = parts.get("connect_timeout", 10)
        psycopg.connect(make_conninfo(url, connect_timeout=timeout)).close()
    except psycopg.Error as error:
        raise DatabaseError(
            f"the server of PARITY_DATABASE_URL does not answer: {_first_line(error, url)}"
        ) from None
    return Database(url)


def _embedded(state: Path) -> Database:
    server = EmbeddedServer(state / "pg").start()
    admin = server.url(user="postgres", database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        if not connection.execute(queries.DATABASE_EXISTS, [DATABASE]).fetchone():
            try:
                connection.execute(queries.create_database(DATABASE, "postgres"))
            except psycopg.errors.DuplicateDatabase:
                pass  # another process was faster
    return Database(server.url(user="postgres", database=DATABASE), server)


def _uri(parts: Mapping[str, object]) -> str:
    """A libpq URI; host and port stand in its query, where lists and socket folders may too."""
    left = {
        name: quote(str(value), safe="/,") for name, value in parts.items() if value is not None
    }
    user, password = left.pop("user", ""), left.pop("password", None)
    login = user + (f":{password}" if password is not None else "") + ("@" if user else "")
    query = "&".join(f"{name}={value}" for name, value in left.items() if name != "dbname")
    return f"postgresql://{login}/{left.get('dbname', '')}" + (f"?{query}" if query else "")


def _first_line(error: psycopg.Error, url: str) -> str:
    """The error's first line without the password, should the driver ever repeat it."""
    text = (str(error).splitlines() or [type(error).__name__])[0]
    password = conninfo_to_dict(url).get("password")
    return text.replace(str(password), "***") if password else text
