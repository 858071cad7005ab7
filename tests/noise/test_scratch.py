"""The scratch database: what it has of the main one, and that it goes."""

from __future__ import annotations

from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from parity.database import Database
from parity.database.access import own_server
from parity.model.errors import DatabaseError
from parity.noise import Scratch, scratch_copy
from parity.noise.scratch import scratch_name
from tests.noise.conftest import left_behind

MAIN = Database("postgresql://u:p%40w@h/main")


def test_its_name_is_recognisable_and_short_enough_for_the_database() -> None:
    name = scratch_name(MAIN, "Market data (née " + "x" * 80)
    assert name.startswith("parity_noise_market_data_n_e_xxx")
    assert len(name.encode()) <= 63
    assert name == scratch_name(MAIN, "Market data (née " + "x" * 80)
    others = {scratch_name(MAIN, "a"), scratch_name(MAIN, "b")}
    others.add(scratch_name(Database("postgresql://u@h/staging"), "a"))
    assert len(others) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://me:p%2Fw@h1:5432,h2:5433/d?sslmode=require",
         "postgresql://me:p%2Fw@h1:5432,h2:5433/parity_noise_x?sslmode=require"),
        ("postgresql://h", "postgresql://h/parity_noise_x"),
        ("postgresql:///?dbname=d&host=/tmp", "postgresql:///parity_noise_x?host=/tmp"),
    ],
)  # fmt: skip
def test_a_login_of_the_teams_own_gets_another_database(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: str
) -> None:
    monkeypatch.setenv("PARITY_DATABASE_URL_LEGACY_WRITER", given)
    assert Scratch(MAIN, "parity_noise_x").url_as("legacy_writer") == expected
    wanted = {**conninfo_to_dict(given), "dbname": "parity_noise_x"}
    assert conninfo_to_dict(expected) == wanted


def test_a_role_that_is_taken_on_is_so_in_the_scratch_database_too() -> None:
    parts = conninfo_to_dict(Scratch(MAIN, "parity_noise_x").url_as("legacy_writer"))
    assert parts == {
        "user": "u", "password": "p@w", "host": "h", "dbname": "parity_noise_x",
        "options": "-c role=legacy_writer",
    }  # fmt: skip


@pytest.mark.slow
def test_everything_of_a_schema_is_there(database: Database) -> None:
    with database.connect_as("legacy_writer") as connection:
        connection.execute(
            "CREATE TYPE legacy.mood AS ENUM ('up', 'down');"
            'CREATE TABLE legacy."Odd ""name" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, '
            "mood legacy.mood, twice int GENERATED ALWAYS AS (2 * amount) STORED, "
            "amount int CHECK (amount > 0));"
            'INSERT INTO legacy."Odd ""name" (mood, amount) VALUES (\'up\', 3), (NULL, 4);'
            'CREATE VIEW legacy.seen AS SELECT id, twice FROM legacy."Odd ""name"'
        )
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        main = connection.info.dbname
        connection.execute(f"ALTER DATABASE {main} SET timezone = 'America/New_York'")
        connection.execute(
            f'ALTER ROLE legacy_writer IN DATABASE {main} SET search_path = legacy, "a b"'
        )
    with scratch_copy(database, "toy", ["legacy", "not there"]) as scratch:
        with psycopg.connect(scratch.url_as("legacy_writer"), autocommit=True) as writer:
            assert writer.execute("SELECT * FROM legacy.seen").fetchall() == [(1, 6), (2, 8)]
            added = writer.execute(
                'INSERT INTO legacy."Odd ""name" (amount) VALUES (5) RETURNING id, twice'
            ).fetchone()
            assert added == (3, 10)
            with pytest.raises(psycopg.errors.CheckViolation):
                writer.execute('INSERT INTO legacy."Odd ""name" (amount) VALUES (0)')
            assert writer.execute("SHOW timezone").fetchone() == ("America/New_York",)
            assert writer.execute("SHOW search_path").fetchone() == ('legacy, "a b"',)
            writer.execute("CREATE TABLE legacy.later AS SELECT 7 AS a")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute("CREATE TABLE prefect.t (a int)")
        with psycopg.connect(scratch.url_as("parity_harness")) as reader:
            assert reader.execute("SELECT a FROM legacy.later").fetchall() == [(7,)]
            assert len(reader.execute("SELECT * FROM legacy.seen").fetchall()) == 3
    assert left_behind(database) == []
    with psycopg.connect(database.admin_url) as connection:
        assert connection.execute("SELECT count(*) FROM legacy.seen").fetchone() == (2,)


@pytest.mark.slow
def test_one_left_by_a_killed_process_is_replaced(database: Database) -> None:
    name = scratch_name(database, "toy")
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    stale = psycopg.connect(Scratch(database, name).admin_url)  # somebody is still in it
    stale.execute("CREATE SCHEMA legacy")
    with scratch_copy(database, "toy", ["legacy"]):
        assert left_behind(database) == [name]
    assert left_behind(database) == []
    stale.close()


@pytest.mark.slow
def test_it_goes_whatever_happens(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_copy(database, "toy", ["legacy"]):
        raise KeyboardInterrupt
    assert left_behind(database) == []


@pytest.mark.slow
def test_a_schema_that_needs_another_one_says_so(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(
            "CREATE SCHEMA ref; CREATE TABLE ref.symbols (symbol text PRIMARY KEY);"
            "CREATE VIEW legacy.symbols AS SELECT * FROM ref.symbols"
        )
    with pytest.raises(DatabaseError) as raised, scratch_copy(database, "toy", ["legacy"]):
        pass
    assert str(raised.value) == (
        'schema legacy cannot be made for the second run of the jobs: relation "ref.symbols" does '
        "not exist; a schema that it needs can be copied with it: --with-schema NAME"
    )
    assert left_behind(database) == []
    with (
        scratch_copy(database, "toy", ["legacy", "ref"]) as scratch,
        psycopg.connect(scratch.admin_url) as connection,
    ):
        assert connection.execute("SELECT * FROM legacy.symbols").fetchall() == []


@pytest.mark.slow
def test_a_login_on_a_teams_own_server_needs_createdb(database: Database) -> None:
    parts = conninfo_to_dict(database.admin_url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE lodger LOGIN PASSWORD 'odd p@ss'")
        connection.execute(f"GRANT CONNECT, CREATE ON DATABASE {parts['dbname']} TO lodger")
        for role in ("legacy_writer", "prefect_writer", "parity_switch", "parity_harness"):
            connection.execute(f"GRANT {role} TO lodger")
        connection.execute("GRANT prefect_api TO lodger") if _has(connection) else None
    login = f"lodger:{quote('odd p@ss')}"
    own = own_server(f"postgresql://{login}@/{parts['dbname']}?host={parts['host']}")
    with own.connect_as("legacy_writer") as connection:
        connection.execute("CREATE TABLE legacy.t AS SELECT 1 AS a")
    with pytest.raises(DatabaseError) as raised, scratch_copy(own, "toy", ["legacy"]):
        pass
    assert str(raised.value).endswith(
        "cannot be created: permission denied to create database; "
        "let an administrator run: ALTER ROLE lodger CREATEDB"
    )
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE lodger CREATEDB")
    with scratch_copy(own, "toy", ["legacy"]) as scratch:
        with psycopg.connect(scratch.url_as("legacy_writer")) as connection:
            connection.execute("INSERT INTO legacy.t VALUES (2)")
            assert connection.execute("SELECT current_user").fetchone() == ("legacy_writer",)
        with psycopg.connect(scratch.url_as("parity_harness")) as connection:
            assert connection.execute("SELECT a FROM legacy.t").fetchall() == [(1,), (2,)]
    assert left_behind(database) == []
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY lodger")
        connection.execute("DROP ROLE lodger")


def _has(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'prefect_api'").fetchone()
    return row is not None
