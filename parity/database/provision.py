"""Roles, schemas and grants: who may write where.

Safe to run again: everything is created only where missing, in one transaction. A schema that is
in quarantine, or was dropped after it, is not created anew.
"""

from __future__ import annotations

from enum import StrEnum

import psycopg
from psycopg import sql

from parity.database import queries
from parity.database.quarantined import not_to_be_made
from parity.model.errors import DatabaseError

__all__ = ["DRILL", "ROLES", "SCHEMA_OWNERS", "Role", "provision"]


class Role(StrEnum):
    """Each role writes one schema and no other."""

    LEGACY_WRITER = "legacy_writer"
    PREFECT_WRITER = "prefect_writer"
    PARITY_SWITCH = "parity_switch"
    PARITY_HARNESS = "parity_harness"
    PREFECT_API = "prefect_api"  # owns the database of the Prefect server, nothing here


ROLES = tuple(Role)

DRILL = "market_drill"  # where a cutover is rehearsed; nothing of it is worth keeping

SCHEMA_OWNERS = {
    "legacy": Role.LEGACY_WRITER,
    "prefect": Role.PREFECT_WRITER,
    "market": Role.PARITY_SWITCH,
    DRILL: Role.PARITY_SWITCH,
    "parity": Role.PARITY_HARNESS,
}

# Who reads tables that somebody else writes: the harness compares, the switch's views show.
READERS = {
    "legacy": (Role.PARITY_HARNESS, Role.PARITY_SWITCH),
    "prefect": (Role.PARITY_HARNESS, Role.PARITY_SWITCH),
    "market": (Role.PARITY_HARNESS,),
    DRILL: (Role.PARITY_HARNESS,),
    "parity": (Role.PARITY_SWITCH,),
}


def provision(admin_url: str, *, login: bool) -> None:
    """Creates roles, schemas and grants in the database that `admin_url` names.

    Args:
        admin_url: libpq URI of a role that may create roles and schemas.
        login: True where the roles log in themselves (the embedded server); False where the
            connecting role takes them on with SET ROLE.

    Raises:
        DatabaseError: the connecting role lacks a right; the message says which statement.
    """
    statement: sql.SQL | sql.Composed = sql.SQL("CONNECT")
    try:
        with psycopg.connect(admin_url) as connection, connection.cursor() as cursor:
            cursor.execute(queries.LOCK_PROVISION)
            cursor.execute(queries.EXISTING_ROLES, [[role.value for role in ROLES]])
            taken: dict[str, bool] = dict(cursor.fetchall())
            left_out = not_to_be_made(connection)
            database = connection.info.dbname
            for statement in _statements(taken, left_out, login=login, database=database):
                cursor.execute(statement)
    except psycopg.Error as error:
        raise DatabaseError(
            "the database cannot be set up: "
            f"{statement.as_string(None)[:100]}: {str(error).splitlines()[0]}"
        ) from None


def create_database(admin_url: str, name: str, owner: Role) -> None:
    """Creates a database where it is missing (CREATE DATABASE knows no transaction)."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        if connection.execute(queries.DATABASE_EXISTS, [name]).fetchone():
            return
        try:
            connection.execute(queries.create_database(name, owner.value))
        except psycopg.errors.DuplicateDatabase:
            pass  # somebody else made it at the same moment
        except psycopg.Error as error:
            raise DatabaseError(
                f"database {name} cannot be created: {str(error).splitlines()[0]}"
            ) from None


def _statements(
    taken: dict[str, bool], left_out: frozenset[str], *, login: bool, database: str
) -> list[sql.Composed]:
    out: list[sql.Composed] = []
    for role in ROLES:
        if role.value not in taken:
            out.append(queries.create_role(role.value, login=login))
        if not login and not taken.get(role.value):
            out.append(queries.grant_membership(role.value))
    if login:
        # Ours alone. On a team's server others may live in the same database.
        owners = [role.value for role in SCHEMA_OWNERS.values()]
        out.append(queries.close_database(database, owners))
    for schema, owner in SCHEMA_OWNERS.items():
        if schema in left_out:
            continue
        out.append(queries.create_schema(schema, owner.value))
        for reader in READERS[schema]:
            out.extend(queries.grant_read(schema, owner.value, reader.value))
    return out
