"""Every kind of edit has its line."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model.trail import TrailKind
from tests.conftest import Inside
from tests.evidence.conftest import FIRST, SECOND, Toy

RUN, NEXT = "toy.2005-02-28.1", "toy.2005-03-01.1"
UNLIKE = "does not say what it said: its hash is of something else"
IN_DATABASE = f"run {RUN} in the database"


@pytest.fixture
def sealed(toy: Toy) -> Toy:
    """Two sealed nights between two decisions: rows 1 to 4."""
    toy.harness.store.append_trail("toy", TrailKind.SIGNATURE, "anna", {"item": "trained"})
    toy.night(FIRST)
    toy.night(SECOND)
    toy.harness.store.append_trail("toy", TrailKind.PHASE, "ben", {"to": "validation"})
    assert toy.found() == []
    return toy


def edited(toy: Toy, table: str, statement: str) -> list[str]:
    """What is found after an edit of a table, which is undone afterwards."""
    toy.execute(f"CREATE TABLE public.kept AS TABLE parity.{table}")
    toy.execute(statement)
    try:
        return toy.found()
    finally:
        toy.execute(
            f"DELETE FROM parity.{table}; INSERT INTO parity.{table} OVERRIDING SYSTEM VALUE "
            "SELECT * FROM public.kept; DROP TABLE public.kept"
        )


def test_every_column_of_the_trail(sealed: Toy) -> None:
    edits: dict[str, tuple[str, list[str]]] = {
        "migration": ("'other'", ["trail row 1: gone"]),
        "number": ("9", ["trail row 1: gone", "trail rows 5 to 8: gone", f"trail row 9: {UNLIKE}"]),
        "at": ("at - interval '1 microsecond'", [f"trail row 1: {UNLIKE}"]),
        "kind": ("'override'", [f"trail row 1: {UNLIKE}"]),
        "by": ("'eve'", [f"trail row 1: {UNLIKE}"]),
        "content": ("replace(content, 'trained', 'drilled')", [f"trail row 1: {UNLIKE}"]),
        "previous": (
            "repeat('0', 64)",
            ["trail row 1: does not follow on nothing, as the first row must",
             f"trail row 1: {UNLIKE}"],
        ),
        "hash": (
            "repeat('0', 64)",
            [f"trail row 1: {UNLIKE}", "trail row 2: does not follow on row 1",
             f"manifest of {RUN}: was made when trail row 1 had another hash: the trail was made "
             "anew"],
        ),
    }  # fmt: skip
    columns = {
        name
        for (name,) in sealed.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'parity' AND table_name = 'trail'"
        )
    }
    assert columns == {*edits, "id"}  # the order of rows is that of their numbers, not of `id`
    for column, (value, expected) in edits.items():
        statement = f'UPDATE parity.trail SET "{column}" = {value} WHERE number = 1'
        found = edited(sealed, "trail", statement)
        if column in ("migration", "number"):
            found = [line for line in found if not line.startswith("manifest of")]
        assert found == expected, column
    assert sealed.found() == []


def test_a_row_in_the_middle_and_the_tail(sealed: Toy) -> None:
    head = sealed.verify().head[1]
    gone = edited(sealed, "trail", "DELETE FROM parity.trail WHERE number = 2")
    assert gone[0] == "trail row 2: gone"
    noted = f"trail: no row has the hash {head} any more: rows were taken off, or all made anew"
    assert sealed.found(head) == []
    sealed.execute("DELETE FROM parity.trail WHERE number = 4")
    assert sealed.found() == []  # what is left is a whole chain
    assert sealed.found(head) == [noted]
    # Of a night's row that is taken off, the stored run remains.
    sealed.execute("DELETE FROM parity.trail WHERE number = 3")
    verification = sealed.verify()
    assert (verification.sealed, verification.waiting) == (1, 1)


def test_a_trail_that_was_made_anew(sealed: Toy) -> None:
    head = sealed.verify().head[1]
    rows = sealed.execute("SELECT kind, content FROM parity.trail ORDER BY number")
    sealed.execute("DELETE FROM parity.trail")
    for kind, content in rows:
        sealed.execute("SELECT parity.append_trail('toy', %s, 'eve', %s)", kind, content)
    assert sealed.found(head)[0].startswith(f"trail: no row has the hash {head} any more")
    # The manifests know the hashes of the rows that were there when they were made.
    assert sealed.found() == [
        f"manifest of {run}: was made when trail row {number} had another hash: the trail was made "
        "anew"
        for run, number in ((RUN, 1), (NEXT, 2))
    ]


def test_a_night_that_was_not_sealed(sealed: Toy) -> None:
    sealed.store(FIRST, close=1.5)
    assert sealed.verify().waiting == 1
    assert sealed.found() == []
    sealed.execute("UPDATE parity.run SET at = '2005-01-01' WHERE run_id = 'toy.2005-02-28.2'")
    assert sealed.found() == [
        "run toy.2005-02-28.2 in the database: was never sealed, though later runs are"
    ]


ROW = f"{IN_DATABASE}: its row or its result is not what was sealed"
ROWS = f"{IN_DATABASE}: its differing rows are not what was sealed"
CHECKS = f"{IN_DATABASE}: its quality checks are not what was sealed"


@pytest.mark.parametrize(
    ("table", "edits", "expected"),
    [
        ("run",
         ["phase = 'cutover'", "session = '2005-03-02'", "as_of = as_of + interval '1 ms'",
          "verdict = 'pass'", "content = 'ab'", "config = 'ab'", "at = at - interval '1 ms'",
          "result = replace(result::text, 'fail', 'pass')::json",
          "result = (result::text || ' ')::json"],
         ROW),
        ("discrepancy",
         ["state = 'legacy_only'", "key = '[\"C\"]'", "legacy = NULL", "candidate = '{}'",
          "columns = '{}'", "incident = 'x'", "ordinal = 7", "dataset = 'other'"],
         f"{ROWS} (2 there, 2 sealed)"),
        ("quality_check",
         ["success = false", "unexpected = 1", "total = 3", "detail = 'x'", "\"column\" = NULL",
          "expectation = 'x'", "side = 'candidate'", "dataset = 'x'", "ordinal = 5"],
         f"{CHECKS} (1 there, 1 sealed)"),
    ],
    ids=["run", "discrepancy", "quality_check"],
)  # fmt: skip
def test_every_column_of_a_stored_run(
    sealed: Toy, table: str, edits: list[str], expected: str
) -> None:
    one = " AND ordinal = 0" if table != "run" else ""
    for edit in edits:
        statement = f"UPDATE parity.{table} SET {edit} WHERE run_id = '{RUN}'{one}"
        assert edited(sealed, table, statement) == [expected], edit
    assert sealed.found() == []


def test_rows_of_the_database_that_are_gone(sealed: Toy) -> None:
    def deleted(table: str) -> list[str]:
        return edited(sealed, table, f"DELETE FROM parity.{table} WHERE run_id = '{RUN}'")

    assert deleted("discrepancy") == [f"{ROWS} (0 there, 2 sealed)"]
    assert deleted("quality_check") == [f"{CHECKS} (0 there, 1 sealed)"]
    assert deleted("run") == [f"{IN_DATABASE}: gone, though no row says so; trail row 2"]


def flip(path: Path) -> None:
    """One bit of one byte."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def test_every_file_of_a_night(sealed: Toy) -> None:
    place = sealed.evidence / RUN
    names = [path.name for path in sorted(place.iterdir())]
    assert len(names) == 8
    for name in names:
        path = place / name
        kept = path.read_bytes()
        size = len(kept)
        changes: dict[Callable[[Path], None], str] = {
            flip: "does not hold what was sealed: its sum is another",
            longer: f"has {size + 1:,} bytes, not {size:,}",
            Path.unlink: "gone",
        }
        if name == "manifest.json":
            changes = dict.fromkeys(changes, "is not the one that trail row 2 names")
            changes[Path.unlink] = "gone; trail row 2 seals it"
        for change, expected in changes.items():
            change(path)
            assert sealed.found() == [f"evidence/{RUN}/{name}: {expected}"]
            path.write_bytes(kept)
    assert sealed.found() == []


def test_what_lies_beside_the_files_of_a_night(sealed: Toy) -> None:
    place = sealed.evidence / RUN
    (place / "notes.txt").write_text("mine")
    assert sealed.found() == [f"evidence/{RUN}/notes.txt: was not there when the run was sealed"]
    (place / "notes.txt").unlink()
    linked(place / "result.json")
    assert sealed.found() == [
        f"evidence/{RUN}/result.json: is a link now",
        f"evidence/{RUN}/elsewhere: was not there when the run was sealed",
    ]
    shutil.rmtree(place)
    assert sealed.found() == [f"evidence/{RUN}/manifest.json: gone; trail row 2 seals it"]
    shutil.rmtree(sealed.evidence)
    assert sealed.found() == [f"{sealed.evidence}: gone, with the evidence of 2 sealed runs"]


def test_a_manifest_with_a_row_of_its_own_is_not_that_of_the_chain(sealed: Toy) -> None:
    path = sealed.evidence / NEXT / "manifest.json"
    said = json.loads(path.read_bytes())
    forged = json.dumps({**said, "previous": "ab", "run_id": RUN}).encode()
    path.write_bytes(forged)
    named = {
        "run_id": NEXT,
        "phase": "parallel_run",
        "manifest": hashlib.sha256(forged).hexdigest(),
    }
    sealed.harness.store.append_trail("toy", TrailKind.EVIDENCE, "eve", named)
    assert sealed.found() == [
        f"manifest of {NEXT}: is of run {RUN}",
        f"manifest of {NEXT}: does not follow on the manifest that was sealed before",
    ]


@pytest.mark.parametrize("content", [b"{}", b"[1]", b'{"files": 1, "missing": []}'])
def test_a_manifest_of_another_kind_could_not_be_told(sealed: Toy, content: bytes) -> None:
    (sealed.evidence / NEXT / "manifest.json").write_bytes(content)
    named = {
        "run_id": NEXT,
        "phase": "parallel_run",
        "manifest": hashlib.sha256(content).hexdigest(),
    }
    sealed.harness.store.append_trail("toy", TrailKind.EVIDENCE, "eve", named)
    verification = sealed.verify()
    assert verification.exit_code == 2
    assert [str(one) for one in verification.findings] == [
        f"manifest of {NEXT}: is none that this version of parity makes"
    ]


def test_nothing_to_verify_is_no_pass(toy: Toy) -> None:
    verification = toy.verify()
    assert verification.exit_code == 2
    assert [str(one) for one in verification.findings] == [
        "trail: has no row: there is nothing to verify"
    ]
    assert toy.verify("0" * 64).exit_code == 1


def test_the_command(sealed: Toy, tmp_path: Path, inside: Inside) -> None:
    head = sealed.verify().head[1]
    done = inside("evidence", "verify", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-3:] == [
        "All is as it was.", "Head of the trail, to be noted elsewhere for --head (row 4):", head,
    ]  # fmt: skip
    assert max(map(len, lines)) <= 80
    flip(sealed.evidence / RUN / "index.html")
    done = inside("evidence", "verify", "--head", head, "--json", "-", folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "schema_version": 1, "migration": "toy", "as_it_was": False,
        "trail": {"rows": 4, "number": 4, "head": head},
        "runs": {"sealed": 2, "pruned": 0, "waiting": 0}, "files": 14,
        "findings": [{
            "where": f"evidence/{RUN}/index.html",
            "what": "does not hold what was sealed: its sum is another", "told": True,
        }],
    }  # fmt: skip
    done = inside("evidence", "verify", folder=tmp_path)
    assert done.returncode == 1
    assert "CHANGED:" in done.stdout
    assert "Not all is as it was." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    done = inside("evidence", "verify", "--head", "abc", folder=tmp_path)
    assert done.returncode == 2
    assert "64 hex digits" in done.stderr
    sealed.execute("DROP TABLE parity.trail")
    done = inside("evidence", "verify", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("parity: schema parity cannot be read")


def test_the_documented_query_finds_the_same(sealed: Toy) -> None:
    text = (Path(__file__).parents[2] / "docs" / "trail.md").read_text(encoding="utf-8")
    [query] = re.findall(r"```sql\n(.+?)```", text, re.DOTALL)
    query = query.replace("'market-data'", "'toy'")
    assert [row[2] for row in sealed.execute(query)] == [True] * 4
    sealed.execute("UPDATE parity.trail SET \"by\" = 'eve' WHERE number = 2")
    assert [row[2] for row in sealed.execute(query)] == [True, False, True, True]
    sealed.execute("DELETE FROM parity.trail WHERE number = 2")
    assert [row[2] for row in sealed.execute(query)] == [True, False, False]


def test_every_kind_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "trail.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) >= set(TrailKind)
