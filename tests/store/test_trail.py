"""The audit trail: one chain, only ever added to."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC

import psycopg
import pytest

from parity.database import Database
from parity.model.trail import TrailKind, chain_hash
from parity.model.verdict import Phase, Side
from parity.store import Store

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
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    at = first.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = f"\ntoy\n1\n{at}\nstep\nanna\n{text}"
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


def test_rows_added_at_once_make_one_chain(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.append_trail("toy", TrailKind.STEP, "me", {}), range(40)))
    trail = store.trail("toy")
    assert [entry.number for entry in trail] == list(range(1, 41))
    assert all(chain_hash(entry) == entry.hash for entry in trail)
    assert [entry.previous for entry in trail[1:]] == [entry.hash for entry in trail[:-1]]
