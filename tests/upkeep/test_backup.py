"""Backups: kept only when they restore to the same rows, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parity.database import Database
from parity.database.access import own_server
from parity.model.errors import ComparisonError, DatabaseError, ParityError
from parity.model.operations import Retention
from parity.nightly import Harness
from parity.nightly.upkeep.backup import back_up
from parity.upkeep.backing import compare
from parity.upkeep.contents import Digest
from parity.upkeep.tools import find_tools
from tests.upkeep.conftest import CONFIG, MakeHarness, night

Execute = Callable[..., list[tuple[object, ...]]]
NOW = datetime(2005, 3, 4, 1, 2, 3, tzinfo=UTC)
NAME = "toy-20050304T010203Z.dump"
SCRATCH = "SELECT datname::text FROM pg_database WHERE datname ~ '^parity_backup_'"


@pytest.fixture
def harness(make: MakeHarness, execute: Execute) -> Harness:
    """Rows on both sides, a view for consumers, and one night."""
    execute(
        "SET ROLE legacy_writer; CREATE TABLE legacy.prices (symbol text, day date, price float8, "
        "id int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (symbol, day)); "
        "INSERT INTO legacy.prices SELECT 'A', date '2005-01-01' + i, i / 7.0 "
        "FROM generate_series(1, 100) i"
    )
    execute(
        'SET ROLE prefect_writer; CREATE TABLE prefect."odd ""r" (r text, day date, price float8)'
        ' PARTITION BY LIST (r); CREATE TABLE prefect.part PARTITION OF prefect."odd ""r" '
        "FOR VALUES IN ('A'); INSERT INTO prefect.part VALUES ('A', '2005-01-01', 'NaN')"
    )
    execute("SET ROLE parity_switch; CREATE VIEW market.prices AS SELECT * FROM legacy.prices")
    opened = make()
    night(opened, date(2005, 2, 28))
    return opened


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_a_backup_has_been_restored_and_can_be_by_the_command_in_the_documentation(
    harness: Harness, database: Database, execute: Execute, tmp_path: Path
) -> None:
    said: list[str] = []
    account = back_up(harness, NOW, folder=tmp_path / "b", say=said.append)
    counts = {line.what: (line.number, line.note) for line in account.lines}
    assert counts["rows of schema legacy"] == (100, "1 table")
    assert counts["rows of schema prefect"] == (1, "1 table")
    assert said[0] == "dumped legacy, market, parity, prefect"
    file = tmp_path / "b" / NAME
    assert names(tmp_path / "b") == [NAME, f"{NAME}.json"]
    assert account.path == str(file)
    assert file.stat().st_mode & 0o077 == 0  # it holds everything: for its owner only
    content = json.loads((tmp_path / "b" / f"{NAME}.json").read_bytes())
    assert content["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert {"schema": "legacy", "table": "prices", "rows": 100}.items() <= next(
        table.items() for table in content["tables"] if table["table"] == "prices"
    )
    assert execute(SCRATCH) == []

    text = Path("docs/maintenance.md").read_text(encoding="utf-8")
    command = text.split("<!-- restore -->\n```sh\n")[1].split("```")[0]
    target = f"{conninfo_to_dict(database.admin_url)['dbname']}_restored"
    parts = conninfo_to_dict(database.admin_url)
    with psycopg.connect(database.admin_url) as connection:
        tools = find_tools(connection.info.server_version // 10_000)
    try:
        ran = subprocess.run(
            ["sh", "-e", "-c", command],
            env={
                "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "FILE": str(file),
                "DATABASE": target, "PGHOST": str(parts["host"]), "PGUSER": str(parts["user"]),
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        with psycopg.connect(make_conninfo(database.admin_url, dbname=target)) as connection:
            row = connection.execute("SELECT sum(price), max(id) FROM market.prices").fetchone()
            assert row == (pytest.approx(5050 / 7), 100)
            row = connection.execute("SELECT run_id FROM parity.run").fetchone()
            assert row == ("toy.2005-02-28.1",)
            row = connection.execute(
                "SELECT tableowner::text FROM pg_tables WHERE tablename = 'prices'"
            ).fetchone()
            assert row == ("legacy_writer",)
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{target}"')


@pytest.mark.slow
def test_so_many_are_kept_and_only_our_own_are_deleted(harness: Harness, tmp_path: Path) -> None:
    two = replace(harness, suite=replace(harness.suite, retention=Retention(backups=2)))
    theirs = ["other-20050101T000000Z.dump", "toy-2005.dump", "notes.txt", "x.json"]
    for name in theirs:
        (tmp_path / name).write_text("mine")
    for name in ("toy-20050301T000000Z.dump", "toy-20050302T000000Z.dump"):
        (tmp_path / name).write_text("an older one")
    for name in ("toy-20050301T000000Z.dump.json", "toy-20041231T000000Z.dump.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / ".toy-20050303T000000Z.dump.part").write_text("unfinished")
    account = back_up(two, NOW, folder=tmp_path)
    assert account.lines[-1].number == 1
    kept = ["toy-20050302T000000Z.dump", NAME, f"{NAME}.json"]
    assert set(names(tmp_path)) - {"parity.yaml", "reports", ".parity"} == {*theirs, *kept}


@pytest.mark.slow
def test_a_side_in_schema_public_with_an_extension(
    make: MakeHarness, execute: Execute, tmp_path: Path
) -> None:
    execute(
        "CREATE EXTENSION pg_trgm; CREATE TABLE public.prices (symbol text, seen jsonb);"
        "CREATE INDEX ON public.prices USING gin (symbol gin_trgm_ops);"
        "INSERT INTO public.prices VALUES ('A', '{}'), ('A', '{}')"
    )
    harness = make(CONFIG.replace("legacy: legacy.prices", "legacy: public.prices"))
    account = back_up(harness, NOW, folder=tmp_path / "b")
    counts = {line.what: line.number for line in account.lines}
    assert counts["rows of schema public"] == 2
    assert names(tmp_path / "b") == [NAME, f"{NAME}.json"]


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from parity.nightly import open_harness
from parity.nightly.upkeep.backup import back_up
back_up(open_harness(Path(sys.argv[1]), os.environ), datetime.now(UTC), folder=Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_what_a_killed_one_left_goes_with_the_next(
    harness: Harness, database: Database, execute: Execute, tmp_path: Path
) -> None:
    out = tmp_path / "b"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "parity.yaml", out],
        env=os.environ | {"PYTHONPATH": os.fspath(Path.cwd())},
    )
    while process.poll() is None and not execute(SCRATCH):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = execute(SCRATCH)
    assert len(left) == 1, "it ended before it could be killed"
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE parity_backup_of_somebody")
    try:
        assert [name for name in names(out) if name.endswith(".dump")] == []
        back_up(harness, NOW, folder=out)
        assert execute(SCRATCH) == [("parity_backup_of_somebody",)]
        assert names(out) == [NAME, f"{NAME}.json"]
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE parity_backup_of_somebody")


@pytest.mark.slow
def test_a_dump_that_does_not_restore_is_not_kept(
    harness: Harness, execute: Execute, tmp_path: Path
) -> None:
    execute(
        "CREATE SCHEMA ref; CREATE TABLE ref.symbols (symbol text);"
        "CREATE VIEW market.symbols AS SELECT * FROM ref.symbols"
    )
    out = tmp_path / "b"
    with pytest.raises(DatabaseError) as raised:
        back_up(harness, NOW, folder=out)
    assert str(raised.value).startswith("the backup does not restore: ")
    assert 'relation "ref.symbols" does not exist' in str(raised.value)
    assert names(out) == []
    assert execute(SCRATCH) == []


@contextmanager
def team(database: Database) -> Iterator[Database]:
    """The same database through a login that is no superuser and has a password."""
    parts = conninfo_to_dict(database.admin_url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE backup_team LOGIN PASSWORD 'odd p@ss'")
        connection.execute(f"GRANT CONNECT, CREATE ON DATABASE {parts['dbname']} TO backup_team")
        for role in ("legacy_writer", "prefect_writer", "parity_switch", "parity_harness"):
            connection.execute(f"GRANT {role} TO backup_team")
        try:
            login = f"backup_team:{quote('odd p@ss')}"
            yield own_server(f"postgresql://{login}@/{parts['dbname']}?host={parts['host']}")
        finally:
            connection.execute("DROP OWNED BY backup_team; DROP ROLE backup_team")


@pytest.mark.slow
def test_a_login_on_a_teams_own_server_needs_createdb_and_no_more(
    harness: Harness, database: Database, execute: Execute, tmp_path: Path
) -> None:
    with team(database) as own:
        theirs = replace(harness, database=own)
        with pytest.raises(DatabaseError) as raised:
            back_up(theirs, NOW, folder=tmp_path / "b")
        assert str(raised.value) == (
            "the backup cannot be tried, as the scratch database cannot be created; let an "
            "administrator run: ALTER ROLE backup_team CREATEDB"
        )
        assert names(tmp_path / "b") == []
        execute("ALTER ROLE backup_team CREATEDB")
        account = back_up(theirs, NOW, folder=tmp_path / "b")
        assert account.lines[0].number == 100
        assert execute(SCRATCH) == []


def test_the_tools_are_of_the_servers_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseError) as raised:
        find_tools(9)
    assert str(raised.value).startswith(
        "the server is PostgreSQL 9: a backup needs pg_dump and pg_restore of that version on the "
        "PATH (found: "
    )
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_tools(9) == tmp_path


def test_a_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from parity.upkeep.backing import dump

    # A pg_dump that tells what it was given.
    tool = tmp_path / "pg_dump"
    tool.write_text('#!/bin/sh\necho "error: $* / $PGPASSWORD" >&2\nexit 1\n')
    tool.chmod(0o755)
    url = "postgresql://me:s3cret@h/d?options=-c%20role%3Dx"
    with pytest.raises(DatabaseError) as raised:
        dump(tmp_path, url, ['a "b'], "token", tmp_path / "file")
    said = str(raised.value)
    assert said.endswith(" / s3cret")
    assert "s3cret" not in said.removesuffix("s3cret")
    assert '--schema="a ""b"' in said
    monkeypatch.undo()


def test_any_difference_is_one() -> None:
    one, other = Digest(2, (1, 2)), Digest(2, (1, 3))
    compare({("s", "t"): one}, {("s", "t"): one})
    for dumped, restored, told in (
        ({("s", "t"): one}, {("s", "t"): other}, "table s.t: it holds other values"),
        ({("s", "t"): one}, {("s", "t"): Digest(1, (1, 2))}, "it holds 1 rows where 2 were dumped"),
        ({("s", "t"): one}, {}, "it is not there"),
        ({}, {("s", "t"): one}, "it was not dumped"),
    ):
        with pytest.raises(ComparisonError, match=told):
            compare(dumped, restored)


def test_one_at_a_time(harness: Harness, tmp_path: Path) -> None:
    from parity.upkeep.shelf import Shelf

    with Shelf(tmp_path / "b", "toy").alone(), pytest.raises(ParityError, match="another backup"):
        back_up(harness, NOW + timedelta(days=1), folder=tmp_path / "b")
    (tmp_path / "file").write_text("")
    with pytest.raises(ParityError, match=r"file: (File exists|Not a directory)"):
        back_up(harness, NOW, folder=tmp_path / "file")
    shutil.rmtree(tmp_path / "b")
