"""How each role reaches the database, and what setting it up leaves alone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from parity.database import Database, connect_database
from parity.database.access import own_server
from parity.model.errors import DatabaseError


def test_setting_up_on_a_teams_server_shuts_nobody_out(database: Database) -> None:
    name = conninfo_to_dict(database.admin_url)["dbname"]
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
        connection.execute("DROP ROLE IF EXISTS bi_reader")
        connection.execute("CREATE ROLE bi_reader LOGIN")
    parts = conninfo_to_dict(database.admin_url)
    own_server(database.admin_url).set_up()
    with psycopg.connect(host=parts["host"], dbname=name, user="bi_reader") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_login_that_may_make_nothing_works_where_all_is_made(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS plain_login")
        connection.execute("CREATE ROLE plain_login LOGIN")
        name = conninfo_to_dict(database.admin_url)["dbname"]
        connection.execute(f"GRANT CONNECT, CREATE ON DATABASE {name} TO plain_login")
        for role in ("legacy_writer", "prefect_writer", "parity_switch", "parity_harness",
                     "prefect_api"):  # fmt: skip
            connection.execute(f"GRANT {role} TO plain_login")
    host = conninfo_to_dict(database.admin_url)["host"]
    own = own_server(f"postgresql://plain_login@/{name}?host={host}")
    own.set_up()
    with own.connect_as("parity_harness") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("parity_harness",)


@pytest.mark.parametrize(
    "form", ["{s}?host={h}", "{p}@{h}/{d}", "?user=postgres&dbname={d}&host={h}"]
)
def test_any_form_of_a_libpq_uri_serves(database: Database, form: str) -> None:
    parts = conninfo_to_dict(database.admin_url)
    host, name = str(parts["host"]), str(parts["dbname"])
    text = form.format(s=f"postgres@/{name}", p="postgres", h=quote(host, safe=""), d=name)
    own = own_server(f"postgresql://{text}")
    with own.connect_as("legacy_writer") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("legacy_writer",)
    with own.engine_as("parity_harness").connect() as engine:
        assert engine.exec_driver_sql("SELECT current_user").scalar() == "parity_harness"


def test_a_url_keeps_hosts_ports_and_odd_passwords() -> None:
    given = "postgresql://u:p%40%20w%2B@h1:5432,h2:5433/d?sslmode=require&options=-c%20geqo%3Doff"
    parts = conninfo_to_dict(Database(given).url_as("legacy_writer"))
    assert parts == {
        "user": "u", "password": "p@ w+", "host": "h1,h2", "port": "5432,5433", "dbname": "d",
        "sslmode": "require", "options": "-c geqo=off -c role=legacy_writer",
    }  # fmt: skip


def test_an_unescaped_at_sign_in_a_password_is_told_without_it() -> None:
    with pytest.raises(DatabaseError, match="write an @ in its user or password as %40") as caught:
        own_server("postgresql://u:s3c@ret@127.0.0.1:1/d")
    assert "ret" not in str(caught.value).replace("PARITY", "")


def test_the_embedded_server_starts_stops_and_starts_again(tmp_path: Path) -> None:
    for _ in range(2):
        database = connect_database(tmp_path, {})
        database.set_up()
        with database.connect_as("legacy_writer") as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS legacy.kept (a int)")
        assert database.embedded is not None
        assert database.embedded.running
        database.embedded.stop()
        assert not database.embedded.running
