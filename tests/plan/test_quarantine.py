"""The clean-up: into quarantine, back, dropped; nothing is lost, and nothing is deleted unseen."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from parity.cli.quarantine import ALL
from parity.database import Database
from parity.database.access import own_server
from parity.database.quarantined import Quarantined, quarantine_name, quarantined
from parity.model.errors import DatabaseError, ParityError, UsageError
from parity.model.plan import Served
from parity.model.suite import Relation
from parity.model.trail import TrailKind
from parity.model.verdict import Verdict
from parity.nightly import Harness
from parity.nightly.quarantined import refuse_quarantined
from parity.nightly.upkeep.dumping import Dumping
from parity.plan import mentions, quarantine
from parity.plan.quarantine import drop, plan_cleanup, restore
from parity.plan.quarantine import quarantine as put
from parity.plan.quarantining import moving
from parity.plan.quarantining.archive import folder_of, newest
from parity.plan.quarantining.screen import render_cleanup
from parity.plan.quarantining.standing import legacy_schemas
from parity.touched import install
from parity.upkeep import backing
from parity.upkeep.shelf import Shelf
from tests.conftest import Inside
from tests.plan import toy_quarantine as toy
from tests.plan.toy_quarantine import NEW, NOW
from tests.report import build

Execute = Callable[..., list[tuple[object, ...]]]
[COMMAND] = ALL
LATER = NOW + timedelta(days=30)  # the first day on which it may be dropped
UNTIL = date(2005, 4, 2)


@pytest.fixture
def harness(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    return toy.prepare(database.admin_url, tmp_path)


@pytest.fixture
def execute(database: Database) -> Execute:
    def run_one(statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(database.admin_url) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    return run_one


@pytest.fixture
def kept(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """In quarantine, with an archive that is not really dumped: that takes two seconds."""
    monkeypatch.setattr(
        "parity.plan.quarantining.archive.dump_and_try", _without_tools
    )  # fmt: skip
    _put(harness)
    return harness


def _without_tools(wanted: Dumping, shelf: Shelf, name: str) -> dict[str, Any]:
    """What the dump of the schemas stands in for, with rows and digests as they are."""
    shelf.part(name).write_bytes(b"a dump")
    with psycopg.connect(wanted.url) as connection:
        more = wanted.about(connection)
    tally = backing.look_at(wanted.url, wanted.schemas)
    content = {
        "schemas": list(wanted.schemas),
        "sha256": sha256(b"a dump").hexdigest(),
        "tables": [
            {"schema": schema, "table": table, "rows": one.rows, "digest": str(one)}
            for (schema, table), one in tally.items()
        ],
        **more,
    }
    shelf.put(name, content)
    return content


def _put(harness: Harness, name: str | None = "toy") -> quarantine.Done:
    return put(harness, name, by="anna", now=NOW, folder=None, say=lambda _: None)


def _steps(harness: Harness) -> list[str]:
    return [one.content["step"] for one in harness.store.trail("toy", TrailKind.CLEANUP)]


def _show(harness: Harness) -> quarantine.Cleanup:
    config = harness.suite.root / "parity.yaml"
    return plan_cleanup(harness, config, by="anna", now=NOW, folder=None, environ={})


@pytest.mark.slow
def test_into_quarantine_back_again_and_dropped_at_the_end(
    harness: Harness, database: Database, execute: Execute, tmp_path: Path
) -> None:
    execute("COMMENT ON SCHEMA legacy IS 'the old scripts'' own'")
    grants = execute("SELECT nspacl::text FROM pg_namespace WHERE nspname = 'legacy'")
    done = _put(harness)
    archive = tmp_path / ".parity" / "archive" / "toy-legacy-final"
    assert done == quarantine.Done(
        migration="toy", step="renamed", changed=True, schemas={"legacy": NEW}, until=UNTIL,
        archive=str(archive), rows=102,
    )  # fmt: skip
    [said] = execute("SELECT obj_description(%s::regnamespace)", NEW)
    assert {"parity": "quarantine", "of": "legacy", "until": "2005-04-02"}.items() <= json.loads(
        str(said[0])
    ).items()
    [entry] = harness.store.trail("toy", TrailKind.CLEANUP)
    expected = {"step": "renamed", "schema": "legacy", "renamed_to": NEW, "until": "2005-04-02",
                "archive": str(archive)}  # fmt: skip
    assert (entry.by, expected.items() <= entry.content.items()) == ("anna", True)
    assert execute("SELECT nspacl::text FROM pg_namespace WHERE nspname = %s", NEW) == grants
    assert toy.check(database.admin_url, tmp_path) == "quarantine"  # opens the harness: no new one
    again = _put(harness)
    assert (again.changed, again.schemas, again.until) == (False, {"legacy": NEW}, UNTIL)

    assert restore(harness, by="ben", now=NOW).schemas == {"legacy": "legacy"}
    assert execute("SELECT obj_description('legacy'::regnamespace)") == [("the old scripts' own",)]
    assert toy.check(database.admin_url, tmp_path) == "in use"
    with database.connect_as("legacy_writer") as connection:  # the jobs go on
        connection.execute("INSERT INTO legacy.load_runs (job) VALUES ('old')")
    execute("DELETE FROM legacy.load_runs WHERE id = 3")

    dump = archive / "toy-20050304T010203Z.dump"
    written = dump.stat().st_mtime_ns
    lines: list[str] = []
    put(harness, "toy", by="anna", now=NOW, folder=None, say=lines.append)
    assert lines == ["kept toy-20050304T010203Z.dump, which holds the same rows"]
    assert dump.stat().st_mtime_ns == written
    with pytest.raises(ParityError, match=r"lasts until 2005-04-02 \(1 more day\); nothing is"):
        drop(harness, "toy", by="anna", now=LATER - timedelta(days=1), folder=None)
    gone = drop(harness, "toy", by="anna", now=LATER, folder=None)
    assert (gone.schemas, gone.rows) == ({"legacy": None}, 102)
    assert toy.check(database.admin_url, tmp_path) == "dropped"
    assert _steps(harness) == ["renamed", "restored", "renamed", "dropped"]
    assert drop(harness, "toy", by="anna", now=LATER, folder=None).changed is False
    with pytest.raises(ParityError, match="dropped after its quarantine; nothing is left to"):
        refuse_quarantined(harness)
    assert execute(toy.SCRATCH) == [(0,)]


@pytest.mark.slow
def test_a_schema_with_all_sorts_of_things_is_archived_and_dropped(
    harness: Harness, database: Database, execute: Execute
) -> None:
    """Views on views, foreign keys, types, functions, partitions, and the triggers of a log."""
    execute(
        "SET ROLE legacy_writer; CREATE TYPE legacy.state AS ENUM ('a');"
        "CREATE TYPE legacy.span AS RANGE (subtype = date); CREATE DOMAIN legacy.money AS numeric;"
        "CREATE SEQUENCE legacy.numbers;"
        "CREATE FUNCTION legacy.one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"
        'CREATE TABLE legacy."odd ""r" (id int PRIMARY KEY DEFAULT legacy.one(), s legacy.state);'
        'CREATE TABLE legacy.part (r int REFERENCES legacy."odd ""r", m legacy.money)'
        " PARTITION BY LIST (r); CREATE TABLE legacy.part_1 PARTITION OF legacy.part DEFAULT;"
        'INSERT INTO legacy."odd ""r" VALUES (1, \'a\'); INSERT INTO legacy.part VALUES (1, 2);'
        "CREATE VIEW legacy.a AS SELECT * FROM legacy.prices;"
        "CREATE MATERIALIZED VIEW legacy.b AS SELECT * FROM legacy.a;"
        "CREATE VIEW legacy.c AS SELECT * FROM legacy.b"
    )
    assert install(database.admin_url, Relation("legacy", "prices"), "symbol", "day")
    assert _put(harness).rows == 104
    drop(harness, "toy", by="anna", now=LATER, folder=None)
    assert execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'legacy%%'") == []


def test_what_is_written_after_the_dump_is_dumped_anew(
    harness: Harness, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps = 0

    def dump(wanted: Dumping, shelf: Shelf, name: str) -> dict[str, Any]:
        nonlocal dumps
        dumps += 1
        content = _without_tools(wanted, shelf, name)
        if dumps == 1:
            execute("UPDATE legacy.prices SET price = price + 1 WHERE day = '2005-01-02'")
        return content

    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", dump)
    _put(harness)
    assert dumps == 2
    found = newest(folder_of(harness, None), ["legacy"])
    assert found is not None
    assert len(list(found.path.parent.glob("*.dump"))) == 1
    monkeypatch.setattr(moving, "DUMPS", 1)
    restore(harness, by="anna", now=NOW)
    execute("DELETE FROM legacy.load_runs")
    dumps = 0
    with pytest.raises(ParityError, match="being written all the time, so no archive of it"):
        _put(harness)
    assert execute("SELECT count(*) FROM legacy.prices") == [(100,)]


REFUSED = [
    ("CREATE SCHEMA reports; CREATE VIEW reports.daily AS SELECT * FROM legacy.prices",
     "view reports.daily depends on legacy.prices"),
    ("SET ROLE parity_switch; CREATE VIEW market.old AS SELECT * FROM legacy.prices",
     "view market.old depends on legacy.prices"),
    ("ALTER TABLE legacy.load_runs ADD UNIQUE (id); CREATE SCHEMA o; "
     "CREATE TABLE o.t (id bigint REFERENCES legacy.load_runs (id))",
     "foreign key of o.t depends on legacy.load_runs"),
    ("CREATE SCHEMA o; CREATE FUNCTION o.f() RETURNS bigint LANGUAGE sql "
     "BEGIN ATOMIC SELECT count(*) FROM legacy.prices; END",
     "function o.f() depends on legacy.prices"),
    ("CREATE SCHEMA o; CREATE FUNCTION o.g(legacy.prices) RETURNS int LANGUAGE sql RETURN 1",
     "function o.g(legacy.prices) depends on legacy.prices"),
    ("CREATE SCHEMA o; CREATE TABLE o.heir () INHERITS (legacy.prices)",
     "table o.heir depends on legacy.prices"),
    ("CREATE PUBLICATION p FOR TABLE legacy.prices",
     "publication relation legacy.prices in publication p depends on legacy.prices"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_depends_on_it_is_named_and_keeps_it(
    harness: Harness, execute: Execute, monkeypatch: pytest.MonkeyPatch, statement: str, told: str
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    execute(statement)
    assert _show(harness).obstacles == (told,)
    with pytest.raises(DatabaseError) as raised:
        _put(harness)
    assert str(raised.value) == f"{told}: drop or change it first; nothing has changed"
    assert execute("SELECT count(*) FROM legacy.prices") == [(100,)]
    assert _steps(harness) == ["watched"]


def test_what_a_drill_has_left_is_dropped_and_its_own_things_are_in_nobodys_way(
    harness: Harness, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    execute(
        "SET ROLE parity_switch; CREATE VIEW market_drill.prices AS SELECT * FROM legacy.prices;"
        "SET ROLE legacy_writer; CREATE VIEW legacy.v AS SELECT * FROM legacy.prices;"
        "CREATE STATISTICS legacy.s ON symbol, day FROM legacy.prices;"
        "CREATE DOMAIN legacy.d AS int CHECK (VALUE > 0)"
    )
    assert _show(harness).obstacles == ()
    _put(harness)
    assert execute("SELECT 1 FROM pg_views WHERE schemaname = 'market_drill'") == []


def test_not_before_the_last_phase_and_not_while_legacy_is_served(
    harness: Harness, execute: Execute
) -> None:
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", {"to": "cutover"})
    harness.store.append_trail("toy", TrailKind.SWITCH, "anna", {"to": "legacy"})
    execute("SET ROLE parity_switch; CREATE OR REPLACE VIEW market.prices AS TABLE legacy.prices")
    with pytest.raises(ParityError) as raised:
        _put(harness)
    assert str(raised.value) == (
        "no clean-up yet: migration toy is in phase cutover; cleanup is the phase after cutover: "
        "parity phase advance; legacy is primary, as the trail says; cut over first: parity "
        "cutover; the views of schema market read legacy, as the catalog says"
    )
    execute("SET ROLE parity_switch; DROP VIEW market.prices")
    assert (
        "the views of schema market are not there, as the catalog says" in _show(harness).obstacles
    )
    for name in (None, "other"):
        with pytest.raises(UsageError, match="--migration toy"):
            _put(harness, name)
    with pytest.raises(ParityError, match="schema legacy of migration toy is not in quarantine"):
        restore(harness, by="anna", now=NOW)
    with harness.alone(), pytest.raises(ParityError, match="another night"):
        _put(harness)


def test_a_schema_that_is_shared_is_never_renamed(harness: Harness) -> None:
    dataset = replace(harness.suite.datasets[0], legacy=Relation("prefect", "old"))
    with pytest.raises(UsageError, match="schema prefect holds more than the old tables"):
        legacy_schemas(replace(harness.suite, datasets=(dataset,)))
    served = Served(view="v", legacy=Relation("public", "v"), candidate=Relation("prefect", "v"))
    planned = replace(harness.suite, plan=replace(harness.suite.plan, served=(served,)))
    with pytest.raises(UsageError, match="schema public holds more than the old tables"):
        legacy_schemas(planned)
    assert legacy_schemas(harness.suite) == ("legacy",)


def test_a_writer_is_waited_for_and_named_when_it_does_not_end(
    harness: Harness, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    with psycopg.connect(database.admin_url, application_name="cron job") as writer:
        writer.execute("UPDATE legacy.prices SET price = 1")
        [session] = _show(harness).readers.sessions
        assert (session.application, session.user, session.tables) == (
            "cron job", "postgres", "legacy.prices"
        )  # fmt: skip
        with pytest.raises(DatabaseError) as raised:
            _put(harness)
        assert "schema legacy was in use at each of 2 tries by session " in str(raised.value)
        assert "(cron job, postgres) since " in str(raised.value)
        writer.rollback()
    with psycopg.connect(database.admin_url) as reader:  # nobody who reads is in the way
        reader.execute("SELECT * FROM legacy.prices")
        _put(harness)
        assert reader.execute(f"SELECT count(*) FROM {NEW}.prices".encode()).fetchone() == (100,)


def test_the_way_back_takes_the_place_of_an_empty_schema_only(
    kept: Harness, execute: Execute
) -> None:
    execute("CREATE SCHEMA legacy; CREATE TABLE legacy.new_one (a int)")
    with pytest.raises(DatabaseError) as raised:
        restore(kept, by="anna", now=NOW)
    assert "a new schema legacy has been made meanwhile, and it holds table legacy.new_one" in str(
        raised.value
    )
    execute("DROP TABLE legacy.new_one")
    restore(kept, by="anna", now=NOW)
    assert execute("SELECT count(*) FROM legacy.prices") == [(100,)]
    refuse_quarantined(kept)


def test_an_archive_in_a_folder_of_its_own_is_found_again(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    done = put(harness, "toy", by="anna", now=NOW, folder=tmp_path / "big", say=lambda _: None)
    assert done.archive == str(tmp_path / "big" / "toy-legacy-final")
    assert _show(harness).folder == Path(done.archive)
    (tmp_path / "big").rename(tmp_path / "moved")
    with pytest.raises(ParityError, match="not as it was written; name its folder"):
        drop(harness, "toy", by="anna", now=LATER, folder=None)
    drop(harness, "toy", by="anna", now=LATER, folder=tmp_path / "moved")
    assert _show(harness).to_json()["state"] == "dropped"


def test_a_night_says_in_one_line_why_there_is_nothing_to_compare(
    kept: Harness, execute: Execute
) -> None:
    told = (
        f"schema legacy of migration toy is in quarantine as {NEW} until 2005-04-02; nothing is "
        "left to compare (parity cleanup --undo --execute brings it back)"
    )
    with pytest.raises(ParityError) as raised:
        refuse_quarantined(kept)
    assert str(raised.value) == told
    execute(f"COMMENT ON SCHEMA {NEW} IS 'somebody wrote over it'")
    with pytest.raises(ParityError, match=f"is in quarantine as {NEW}; nothing is"):
        refuse_quarantined(kept)
    # The trail still knows how long.
    with pytest.raises(ParityError, match="lasts until 2005-04-02"):
        drop(kept, "toy", by="anna", now=NOW, folder=None)


def test_nothing_is_dropped_that_the_archive_does_not_hold(kept: Harness, execute: Execute) -> None:
    archive = folder_of(kept, None)
    beside = next(archive.glob("*.dump"))
    execute(f"INSERT INTO {NEW}.load_runs (job) VALUES ('late')")
    with pytest.raises(DatabaseError, match=r"legacy.load_runs: other rows than in the archive"):
        drop(kept, "toy", by="anna", now=LATER, folder=None)
    execute(f"DELETE FROM {NEW}.load_runs WHERE job = 'late'")
    execute(f"CREATE VIEW {NEW}.late AS SELECT 1 AS a")
    with pytest.raises(DatabaseError, match=rf"view {NEW}.late depends on schema {NEW}, which was"):
        drop(kept, "toy", by="anna", now=LATER, folder=None)
    execute(f"DROP VIEW {NEW}.late; CREATE VIEW public.v AS SELECT * FROM {NEW}.prices")
    with pytest.raises(DatabaseError, match=r"view v depends on table .*drop or change it first"):
        drop(kept, "toy", by="anna", now=LATER, folder=None)
    execute("DROP VIEW public.v")
    beside.write_bytes(b"a damp")
    with pytest.raises(ParityError, match="is not there, or not as it was written"):
        drop(kept, "toy", by="anna", now=LATER, folder=None)
    assert execute(f"SELECT count(*) FROM {NEW}.prices") == [(100,)]
    beside.write_bytes(b"a dump")
    drop(kept, "toy", by="anna", now=LATER, folder=None)
    assert _steps(kept) == ["renamed", "dropped"]


def test_scans_and_writes_are_counted_from_the_first_look_and_anew_in_quarantine(
    harness: Harness, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)

    def used(schema: str) -> None:
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            connection.execute(f"SELECT count(*) FROM {schema}.prices".encode())
            connection.execute(f"INSERT INTO {schema}.load_runs (job) VALUES ('x')".encode())
            connection.execute("SELECT pg_stat_force_next_flush()")
            connection.execute("SELECT 1")

    used("legacy")
    first = {one.name: one for one in _show(harness).readers.tables}
    assert [(one.scans, one.writes) for one in first.values()] == [(0, 0), (0, 0)]
    used("legacy")
    again = {one.name: one for one in _show(harness).readers.tables}
    assert (again["prices"].scans, again["prices"].writes) == (1, 0)
    assert (again["load_runs"].scans, again["load_runs"].writes) == (0, 1)
    assert again["prices"].last is not None
    assert _steps(harness) == ["watched"]
    _put(harness)
    assert _show(harness).standing.name == "quarantine"
    used(NEW)
    after = {one.name: one for one in _show(harness).readers.tables}
    assert (after["prices"].schema, after["prices"].scans) == (NEW, 1)
    assert _steps(harness) == ["watched", "renamed", "watched"]
    execute("SELECT pg_stat_reset()")
    assert _show(harness).readers.reset


@pytest.fixture
def team(harness: Harness, database: Database) -> Iterator[Database]:
    """The same database through a login that is no superuser."""
    parts = conninfo_to_dict(database.admin_url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE cleanup_team LOGIN")
        connection.execute(f"GRANT CONNECT ON DATABASE {parts['dbname']} TO cleanup_team")
        for role in ("legacy_writer", "prefect_writer", "parity_switch", "parity_harness"):
            connection.execute(f"GRANT {role} TO cleanup_team")
        try:
            yield own_server(f"postgresql://cleanup_team@/{parts['dbname']}?host={parts['host']}")
        finally:
            connection.execute("DROP OWNED BY cleanup_team; DROP ROLE cleanup_team")


def test_a_login_on_a_teams_own_server_is_told_what_it_lacks(
    harness: Harness, team: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    theirs = replace(harness, database=team)
    name = conninfo_to_dict(team.admin_url)["dbname"]
    with pytest.raises(DatabaseError) as raised:
        _put(theirs)
    assert str(raised.value) == (
        f"schema legacy cannot be renamed: permission denied for database {name}; it needs GRANT "
        "legacy_writer TO cleanup_team; GRANT parity_harness TO cleanup_team; GRANT CREATE ON "
        f"DATABASE {name} TO cleanup_team"
    )
    execute(f"GRANT CREATE ON DATABASE {name} TO cleanup_team")
    _put(theirs)
    restore(theirs, by="anna", now=NOW)
    _put(theirs)
    drop(theirs, "toy", by="anna", now=LATER, folder=None)
    assert _steps(harness) == ["renamed", "restored", "renamed", "dropped"]


def test_what_is_left_to_delete_is_listed_with_its_line(harness: Harness, tmp_path: Path) -> None:
    files = {
        "scripts/common.py": "",
        "scripts/crontab": "# old.py\n\n0 20 * * * python /opt/x/scripts/old.py --all\n5 * * * * "
        "fold.py\n",
        "a/tests/bad.yaml": "legacy: legacy.prices\n",
        "docs/old.md": "How it was\nRun `old.py`; legacy.prices has the rows.\nlegacy.price\n",
        "Makefile": "run:\n\tpython scripts/old.py\n",
        "code.py": "old.py",
        ".git/notes.md": "old.py",
        ".github/ci.yml": "run: old.py",
        ".parity/notes.md": "old.py",
        "reports/a.md": "old.py",
        "env/pyvenv.cfg": "",
        "env/x.md": "old.py",
        "bin/crontab": "#!/bin/sh\necho '0 1 * * * old.py'\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bin" / "crontab").chmod(0o755)
    suite = harness.suite
    found = mentions.mentions_of(
        suite, tmp_path / "parity.yaml", ["legacy.prices"], {"PATH": f"{tmp_path / 'bin'}:/bin"}
    )
    assert found.scripts == ("scripts/old.py",)
    assert found.beside == ("scripts/common.py", "scripts/crontab")
    assert [(one.place, one.text[:9]) for one in found.cron] == [
        ("bin/crontab:2", "echo '0 1"),
        ("scripts/crontab:1", "# old.py"),
        ("scripts/crontab:3", "0 20 * * "),
        ("crontab -l:1", "0 1 * * *"),
    ]
    assert [(one.place, one.text) for one in found.config] == [
        ("parity.yaml:4", "flows.load_runs.legacy: legacy.load_runs"),
        ("parity.yaml:6", "jobs[0]: old"),
        ("parity.yaml:11", "datasets[0].legacy: legacy.prices"),
    ]
    places = [one.place for one in found.docs]
    assert places == ["Makefile:2", ".github/ci.yml:1", "docs/old.md:2", "a/tests/bad.yaml:1"]
    assert [one.place for one in found.docs if one.of_tests] == ["a/tests/bad.yaml:1"]


def test_the_plan_says_no_first_and_never_how_to_do_what_is_refused(
    harness: Harness, execute: Execute
) -> None:
    execute("CREATE SCHEMA reports; CREATE VIEW reports.daily AS SELECT * FROM legacy.prices")
    lines = str(render_cleanup(_show(harness))).splitlines()
    assert lines[0] == "No: view reports.daily depends on legacy.prices"
    assert "To do it" not in "\n".join(lines)
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", {"to": "cutover"})
    lines = str(render_cleanup(_show(harness))).splitlines()
    assert lines[0].startswith("No: migration toy is in phase cutover;")
    assert "(and 1 more reason)" in " ".join(lines[:2])


def test_a_plan_of_the_way_back_or_of_the_end_says_what_is_in_its_way(
    kept: Harness, execute: Execute
) -> None:
    def plan(what: quarantine.What, now: datetime) -> list[str]:
        config = kept.suite.root / "parity.yaml"
        found = plan_cleanup(
            kept, config, by="anna", now=now, folder=None, environ={}, what=what
        )  # fmt: skip
        return str(render_cleanup(found)).splitlines()

    lines = plan("drop", LATER)
    assert lines[0] == "Yes: schema legacy may be dropped"
    assert lines[-1] == "To do it: parity cleanup --drop --execute --migration toy"
    [dump] = folder_of(kept, None).glob("*.dump")
    dump.unlink()
    lines = plan("drop", LATER)
    assert (lines[0][:3], any("To do it" in line for line in lines)) == ("No:", False)
    assert plan("undo", NOW)[0] == "Yes: schema legacy may come back"
    execute("CREATE SCHEMA legacy; CREATE TABLE legacy.mine (i int)")
    assert plan("undo", NOW)[0].startswith("No: a new schema legacy has been made meanwhile, and")


def test_nothing_is_left_to_leave_in_the_last_phase(
    harness: Harness, inside: Inside, tmp_path: Path
) -> None:
    asked = inside("checklist", folder=tmp_path)
    assert (asked.returncode, asked.stdout.splitlines()) == (
        0, ["Nothing to leave: cleanup is the last phase", "reports/checklist.html"],
    )  # fmt: skip
    shown = inside("phase", "show", folder=tmp_path)
    assert (shown.returncode, shown.stdout.splitlines()[:3:2]) == (
        0,
        ["Phase cleanup, primary candidate", "Nothing to leave: cleanup is the last phase"],
    )


def test_how_often_parity_itself_has_compared_is_said(harness: Harness) -> None:
    assert _show(harness).readers.compared == 0
    harness.store.save(
        build.run(Verdict.PASS, build.equal("prices", 1), migration="toy"), {}, config=""
    )
    found = _show(harness)
    assert found.readers.compared == 1
    assert found.to_json()["readers"]["compared_by_parity"] == 1
    words = " ".join(str(render_cleanup(found)).split())
    assert "parity has compared these tables 1 time since then" in words


def test_the_names_of_a_quarantine_fit_and_are_not_taken() -> None:
    day = date(2005, 3, 4)
    assert quarantine_name("legacy", day, frozenset()) == "legacy_quarantined_20050304"
    taken = frozenset({"legacy_quarantined_20050304", "legacy_quarantined_20050304_2"})
    assert quarantine_name("legacy", day, taken) == "legacy_quarantined_20050304_3"
    long = quarantine_name("ä" * 31, day, frozenset())
    assert (len(long.encode()), long[-21:]) == (63, "_quarantined_20050304")


def test_what_somebody_has_written_as_a_comment_harms_nothing(
    database: Database, execute: Execute
) -> None:
    execute(
        'CREATE SCHEMA a; COMMENT ON SCHEMA a IS \'{"parity": "quarantine", "of": 3}\';'
        "CREATE SCHEMA b; COMMENT ON SCHEMA b IS '[1';"
        "CREATE SCHEMA prefect_quarantined_20050304"  # by its name, but prefect is there
    )
    with psycopg.connect(database.admin_url) as connection:
        assert quarantined(connection) == ()
        one = Quarantined(schema="b", of="x", until=UNTIL, migration="toy", comment="it's")
        connection.execute("SET ROLE NONE")
        connection.execute(
            psycopg.sql.SQL("COMMENT ON SCHEMA b IS {}").format(
                psycopg.sql.Literal(one.to_comment())
            )
        )
        assert quarantined(connection) == (one,)


@pytest.mark.slow
def test_the_command_as_it_is_typed(harness: Harness, inside: Inside, tmp_path: Path) -> None:
    def cleanup(*arguments: str) -> tuple[int, str, str]:
        done = inside("cleanup", *arguments, folder=tmp_path)
        assert "-" in arguments or all(len(line) <= 80 for line in done.stdout.splitlines())
        return done.returncode, done.stdout, done.stderr

    code, out, _ = cleanup("--by", "anna")
    assert (code, out.splitlines()[:2]) == (
        0,
        [
            "Yes: schema legacy may be put into quarantine",
            "Clean-up of migration toy, phase cleanup",
        ],
    )
    for what in ("undo", "drop"):
        code, out, _ = cleanup(f"--{what}")
        assert (code, out.splitlines()[0], "To do it" in out) == (
            1,
            f"No: schema legacy is not in quarantine: there is nothing to {what}",
            False,
        )
    code, out, _ = cleanup()
    for said in ("Schema legacy is in use.", "git rm scripts/old.py", "parity.yaml:6",
                 "To do it: parity cleanup --execute --migration toy"):  # fmt: skip
        assert said in out
    code, _, err = cleanup("--execute")
    assert (code, err) == (2, "parity: say whose old schema it is, so that it is the one you mean: "
                           "--migration toy\n")  # fmt: skip
    code, out, err = cleanup("--execute", "--migration", "toy", "--json", "-")
    done = json.loads(out)
    assert (code, done["step"], done["rows"]) == (0, "renamed", 102)
    assert err.splitlines() == ["dumped legacy", "restored 102 rows, all the same"]
    new = done["schemas"][0]["now"]
    today = datetime.now(UTC).astimezone(harness.exchange.zone).date()
    assert new in {f"legacy_quarantined_{today - timedelta(days=n):%Y%m%d}" for n in (0, 1)}
    code, out, _ = cleanup()
    assert (code, "The way back: parity cleanup --undo --execute" in out) == (0, True)
    assert out.startswith("Done: schema legacy is in quarantine already\n")
    code, out, _ = cleanup("--undo")
    assert (code, out.splitlines()[0], out.splitlines()[-1]) == (
        0, "Yes: schema legacy may come back", "To do it: parity cleanup --undo --execute",
    )  # fmt: skip
    code, out, _ = cleanup("--drop")
    assert (code, out.startswith("No: the quarantine lasts until"), "To do it" in out) == (
        1, True, False,
    )  # fmt: skip
    assert json.loads(cleanup("--json", "-")[1])["state"] == "quarantine"
    code, _, err = cleanup("--drop", "--execute", "--migration", "toy")
    assert (code, "the quarantine lasts until" in err) == (2, True)
    code, out, _ = cleanup("--undo", "--execute")
    assert (code, out.splitlines()[0]) == (0, "Schema legacy is back.")
    assert cleanup("--undo", "--drop")[0] == 2


def test_readers_in_quarantine_and_a_switch_meanwhile_wait_for_nobody_long(
    harness: Harness, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch that is going on has moved the views before they are looked at."""
    from parity.switch.queries import ONE_SWITCH

    monkeypatch.setattr("parity.plan.quarantining.archive.dump_and_try", _without_tools)
    refused: list[str] = []

    def clean_up() -> None:
        try:
            _put(harness)
        except DatabaseError as error:
            refused.append(str(error))

    with psycopg.connect(database.admin_url) as switch:
        switch.execute(ONE_SWITCH, ["market"])
        thread = threading.Thread(target=clean_up)
        thread.start()
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with psycopg.connect(database.admin_url, autocommit=True) as looking:
            while thread.is_alive() and not looking.execute(waiting).fetchone():
                pass
        switch.execute("CREATE OR REPLACE VIEW market.prices AS SELECT * FROM legacy.prices")
        switch.commit()
        thread.join()
    assert refused == [
        "view market.prices depends on legacy.prices: drop or change it first; nothing has changed"
    ]


def test_the_commands_in_the_documentation_are_commands() -> None:
    text = Path("docs/cleanup.md").read_text(encoding="utf-8")
    lines = re.findall(r"^parity cleanup.*$", text, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        COMMAND.make_context("cleanup", shlex.split(line)[2:])
