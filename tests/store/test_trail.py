"""The audit trail: one chain, only ever added to."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import text

from parity.database import Database
from parity.model.trail import TrailKind, chain_hash
from parity.model.verdict import Phase, Side
from parity.store import Store
from parity.store import store as store_module

ADD = "SELECT parity.append_trail('toy', 'step', 'me', '{}')"


@pytest.fixture
def store(database: Database) -> Store:
    store = Store(database.engine_as("parity_harness"))
    store.migrate()
    return store


def test_each_row_holds_the_hash_of_the_one_before(store: Store) -> None:
    content = {"why": "schön\nund 'gut'", "n": 1.5}
    assert store.append_trail("toy", TrailKind.STEP, "anna", content) == 1
    assert store.append_trail("toy", TrailKind.PHASE, "ben", {"to": "validation"}) == 2
    assert store.append_trail("other", TrailKind.STEP, "ben", {}) == 1
    first, second = store.trail("toy")
    assert (first.previous, second.previous) == ("", first.hash)
    assert first.content == content
    # Written out by hand: seven lines, the last of which is the content as it was stored.
    said = json.dumps(content, ensure_ascii=False, sort_keys=True)
    at = first.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = f"\ntoy\n1\n{at}\nstep\nanna\n{said}"
    assert first.hash == hashlib.sha256(lines.encode()).hexdigest()
    assert [chain_hash(entry) for entry in (first, second)] == [first.hash, second.hash]
    assert chain_hash(replace(second, by="carl")) != second.hash


def test_phase_and_primary_are_what_the_trail_says_last(store: Store) -> None:
    assert (store.phase("toy"), store.primary("toy")) == (Phase.PARALLEL_RUN, Side.LEGACY)
    store.append_trail("toy", TrailKind.PHASE, "me", {"to": "validation"})
    store.append_trail("toy", TrailKind.SWITCH, "me", {"to": "candidate"})
    store.append_trail("other", TrailKind.PHASE, "me", {"to": "cleanup"})
    assert (store.phase("toy"), store.primary("toy")) == (Phase.VALIDATION, Side.CANDIDATE)


@pytest.mark.parametrize("statement", ["UPDATE {} SET by = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_nothing_is_taken_back(store: Store, database: Database, statement: str) -> None:
    store.append_trail("toy", TrailKind.STEP, "me", {})
    with (
        database.connect_as("parity_harness") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only ever added to"),
    ):
        connection.execute(statement.format("parity.trail"))
    assert len(store.trail("toy")) == 1


def test_the_switch_adds_a_row_and_can_do_nothing_else(store: Store, database: Database) -> None:
    with database.connect_as("parity_switch") as connection:
        connection.execute(ADD)
    assert [entry.by for entry in store.trail("toy")] == ["me"]
    dated = ADD.replace(")", ", '2099-01-01'::timestamptz)")
    with (
        database.connect_as("parity_switch") as connection,
        pytest.raises(psycopg.errors.UndefinedFunction),
    ):
        connection.execute(dated)
    for role, statement in (
        ("parity_switch", "INSERT INTO parity.copied_row (migration) VALUES ('toy')"),
        ("parity_switch", "INSERT INTO parity.trail (migration) VALUES ('toy')"),
        ("legacy_writer", ADD),
        ("prefect_writer", ADD),
    ):
        with (
            database.connect_as(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


@pytest.mark.parametrize("place", range(3))
def test_what_the_hash_joins_by_lines_is_one_line(
    store: Store, database: Database, place: int
) -> None:
    values = ["toy", "step", "me"]
    values[place] += "\n"
    with (
        database.connect_as("parity_harness") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="one line each"),
    ):
        connection.execute("SELECT parity.append_trail(%s, %s, %s, '{}')", values)


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_rows_added_at_once_make_one_chain(store: Store, database: Database, level: str) -> None:
    """Whatever the database has as its default: who waited sees what was added meanwhile."""
    name = psycopg.conninfo.conninfo_to_dict(database.admin_url)["dbname"]
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = {}").format(
                sql.Identifier(str(name)), sql.Literal(level)
            )
        )
    store = Store(database.engine_as("parity_harness"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.append_trail("toy", TrailKind.STEP, "me", {}), range(40)))
    trail = store.trail("toy")
    assert [entry.number for entry in trail] == list(range(1, 41))
    assert all(chain_hash(entry) == entry.hash for entry in trail)
    assert [entry.previous for entry in trail[1:]] == [entry.hash for entry in trail[:-1]]


def test_the_phases_of_an_earlier_version_keep_their_moments(
    store: Store, database: Database
) -> None:
    engine = database.engine_as("parity_harness")
    config = Config()
    config.set_main_option(
        "script_location", str(Path(store_module.__file__).parent / "migrations")
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0007")
        connection.execute(
            text(
                'INSERT INTO parity.phase_change (migration, phase, "by", why, at) '
                "VALUES ('toy', 'validation', 'anna', 'so', '2005-03-01T20:00:00Z')"
            )
        )
        command.upgrade(config, "head")
    [entry] = store.trail("toy")
    assert (entry.kind, entry.by, entry.at) == (
        "phase",
        "anna",
        datetime(2005, 3, 1, 20, tzinfo=UTC),
    )
    assert chain_hash(entry) == entry.hash
    with database.connect_as("parity_harness") as connection, pytest.raises(psycopg.Error):
        connection.execute(ADD.replace(")", ", now())"))
