"""Each role writes its own schema and is refused everywhere else."""

from __future__ import annotations

import psycopg
import pytest

from parity.database import Database, provision
from parity.database.provision import SCHEMA_OWNERS
from parity.database.quarantined import Quarantined

OWNERS = {schema: role.value for schema, role in SCHEMA_OWNERS.items()}


@pytest.mark.parametrize("schema", OWNERS)
def test_the_owner_of_a_schema_makes_and_fills_a_table(database: Database, schema: str) -> None:
    with database.connect_as(OWNERS[schema]) as connection:
        connection.execute(f"CREATE TABLE {schema}.t (a int)")
        connection.execute(f"INSERT INTO {schema}.t VALUES (1)")
        row = connection.execute(f"SELECT a FROM {schema}.t").fetchone()
    assert row == (1,)


STRANGERS = [
    (schema, role)
    for schema, owner in OWNERS.items()
    for role in sorted(OWNERS.values())
    if role != owner
]


@pytest.mark.parametrize(("schema", "role"), STRANGERS)
def test_a_role_is_refused_in_the_schemas_of_others(
    database: Database, schema: str, role: str
) -> None:
    with database.connect_as(OWNERS[schema]) as connection:
        connection.execute(f"CREATE TABLE {schema}.t (a int)")
    for statement in (
        f"INSERT INTO {schema}.t VALUES (1)",
        f"UPDATE {schema}.t SET a = 2",
        f"DELETE FROM {schema}.t",
        f"TRUNCATE {schema}.t",
        f"DROP TABLE {schema}.t",
        f"CREATE TABLE {schema}.mine (a int)",
    ):
        with (
            database.connect_as(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


@pytest.mark.parametrize("schema", ["legacy", "prefect"])
def test_the_harness_reads_tables_that_are_made_later(database: Database, schema: str) -> None:
    with database.connect_as(OWNERS[schema]) as connection:
        connection.execute(f"CREATE TABLE {schema}.t AS SELECT 7 AS a")
    with database.connect_as("parity_harness") as connection:
        row = connection.execute(f"SELECT a FROM {schema}.t").fetchone()
    assert row == (7,)


def test_the_writers_do_not_read_each_other(database: Database) -> None:
    with database.connect_as("legacy_writer") as connection:
        connection.execute("CREATE TABLE legacy.t (a int)")
    with (
        database.connect_as("prefect_writer") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM legacy.t")


def test_setting_up_again_changes_nothing(database: Database) -> None:
    provision(database.admin_url, login=True)
    provision(database.admin_url, login=True)
    with database.connect_as("legacy_writer") as connection:
        connection.execute("CREATE TABLE legacy.t (a int)")


def test_a_role_taken_on_at_connection_has_its_grants_only(database: Database) -> None:
    """A team's own server: one login, `SET ROLE` through the URL's options."""
    own = Database(database.admin_url)
    with own.connect_as("legacy_writer") as connection:
        connection.execute("CREATE TABLE legacy.t (a int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE prefect.t (a int)")


def test_a_schema_in_quarantine_is_not_made_anew_and_nobody_gets_rights_on_it(
    database: Database,
) -> None:
    with database.connect_as("legacy_writer") as connection:
        connection.execute("CREATE TABLE legacy.t AS SELECT 7 AS a")
    held = Quarantined(schema="legacy_quarantined_20050304", of="legacy")
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(f"ALTER SCHEMA legacy RENAME TO {held.schema}".encode())
        connection.execute(f"COMMENT ON SCHEMA {held.schema} IS '{held.to_comment()}'".encode())
        connection.execute(f"REVOKE ALL ON SCHEMA {held.schema} FROM parity_switch".encode())
    rights = (
        "SELECT array_agg((nspname, nspacl::text, nspowner) ORDER BY 1) FROM pg_namespace "
        "WHERE nspname ~ '^legacy'"
    )
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        before = connection.execute(rights).fetchone()
        provision(database.admin_url, login=True)
        assert connection.execute(rights).fetchone() == before
        # Nor when something else has made an empty one: the way back drops that.
        connection.execute("CREATE SCHEMA legacy")
        provision(database.admin_url, login=True)
        row = connection.execute(
            "SELECT nspacl FROM pg_namespace WHERE nspname = 'legacy'"
        ).fetchone()
        assert row == (None,)
    for role in ("prefect_writer", "parity_switch"):
        with (
            database.connect_as(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"SELECT * FROM {held.schema}.t".encode())
    with database.connect_as("parity_harness") as connection:
        assert connection.execute(f"SELECT a FROM {held.schema}.t".encode()).fetchone() == (7,)
