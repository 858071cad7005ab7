"""What commands write for CI: files, standard output, exit codes; what docs/ci.md says to type."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree

import psycopg
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from parity.cli.outputs import Outputs
from parity.cli.telling import tell, write_json
from parity.database import Database
from parity.model.verdict import Verdict
from parity.report.machines.schema import schema_text
from tests.conftest import Inside
from tests.nightly.toy import CONFIG, ROWS, script
from tests.report.build import good_night

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_second_opinion")]

Parity = Callable[..., "CompletedProcess[str]"]
DOCS = Path(__file__).parents[2] / "docs"
SESSION = ("--session", "2024-02-29")
LINK = "https://reports.example.org/parity"
RESULT = Draft202012Validator(json.loads(schema_text("result")), format_checker=FormatChecker())
CHECKLIST = Draft202012Validator(
    json.loads(schema_text("checklist")), format_checker=FormatChecker()
)


@pytest.fixture
def parity(database: Database, tmp_path: Path, inside: Inside) -> Parity:
    """Runs `parity …` in the folder of a small migration whose candidate differs in a row."""
    changed = script("prefect", [("A", 7.0), *ROWS[1:]])
    (tmp_path / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    (tmp_path / "new.py").write_text(changed, encoding="utf-8")
    alerts = f"alerts:\n  link: {LINK}\n"
    (tmp_path / "parity.yaml").write_text(CONFIG + alerts, encoding="utf-8")

    def run(*arguments: str, **variables: str) -> CompletedProcess[str]:
        own = {"PARITY_DATABASE_URL": database.admin_url, "COLUMNS": "80"}
        return inside(*arguments, folder=tmp_path, **{**own, **variables})

    return run


def valid(text: str) -> Any:
    found = json.loads(text)
    RESULT.validate(found)
    return found


def test_a_night_is_told_to_ci_in_files_and_again_by_report(parity: Parity, tmp_path: Path) -> None:
    files = ("--json", "r.json", "--junit", "r.xml", "--summary", "r.md")
    ended = parity("nightly", *SESSION, *files)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "✕ Fail" in ended.stdout
    assert valid((tmp_path / "r.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    root = ElementTree.fromstring((tmp_path / "r.xml").read_bytes())
    failure = root.findtext("testsuite[@name='toy/prices']/testcase/failure")
    assert failure is not None
    assert "parity waive " in failure
    (job,) = root.iterfind(".//testcase[@name='job legacy old']")
    assert float(job.attrib["time"]) > 0
    page = f"{LINK}/parallel_run/2024-02-29/index.html"
    assert [one.get("value") for one in root.iterfind(".//property[@name='report']")] == [page]
    first = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert first.startswith("## ✕ Fail: ")
    assert f"[report](<{page}>)" in first
    assert "Gate from " in first

    again = parity("report", "--junit", "again.xml", "--summary", "r.md")
    assert (again.returncode, again.stderr) == (1, "")
    assert (tmp_path / "again.xml").read_bytes() == (tmp_path / "r.xml").read_bytes()
    # Two steps of a job fill the same file.
    assert (tmp_path / "r.md").read_text(encoding="utf-8") == f"{first}\n{first}"

    alone = parity("report", "--summary", "-")
    assert (alone.returncode, alone.stderr, alone.stdout) == (1, "", first)

    since = parity("compare", *SESSION, "--since", "last", "--json", "-")
    assert valid(since.stdout)["since"][0]["persisting"] == 1
    gate = parity("checklist", "--json", "-")
    CHECKLIST.validate(json.loads(gate.stdout))


@pytest.mark.parametrize("option", ["--json", "--junit", "--summary"])
def test_a_night_that_cannot_write_a_file_is_stored_and_published_and_ends_with_2(
    parity: Parity, tmp_path: Path, option: str
) -> None:
    (tmp_path / "new.py").write_text(script("prefect", ROWS), encoding="utf-8")
    other = "--junit" if option == "--summary" else "--summary"
    ended = parity("nightly", *SESSION, option, "no/such/folder/x", other, "there")
    assert ended.returncode == 2
    assert ended.stderr == (
        f"parity: {option} no/such/folder/x: No such file or directory; the verdict is pass and "
        "the run is stored: parity report --session 2024-02-29 writes again\n"
    )
    assert "✓ Pass" in ended.stdout
    assert (tmp_path / "there").read_bytes()
    assert (tmp_path / "reports" / "parallel_run" / "2024-02-29" / "index.html").is_file()
    assert not (tmp_path / "no").exists()
    assert parity("report").returncode == 0


DIFF = ("diff", "old.prices", "new.prices", "--key", "symbol", "--key", "day")


@pytest.fixture
def tables(database: Database) -> None:
    """Two small tables, as docs/ci.md names them, that are equal."""
    with psycopg.connect(database.admin_url) as connection:
        for schema in ("old", "new"):
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(
                f"CREATE TABLE {schema}.prices AS "
                "SELECT 'A' AS symbol, date '2024-02-29' AS day, 1.5 AS price"
            )


@pytest.mark.usefixtures("tables")
def test_two_tables_are_told_to_ci_as_well(
    parity: Parity, database: Database, tmp_path: Path
) -> None:
    ended = parity(*DIFF, "--junit", "d.xml", "--summary", "d.md", "--json", "d.json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert valid((tmp_path / "d.json").read_text(encoding="utf-8"))["phase"] == "ad_hoc"
    assert ElementTree.fromstring((tmp_path / "d.xml").read_bytes()).get("failures") == "0"
    assert (tmp_path / "d.md").read_text(encoding="utf-8").startswith("## ✓ Pass: 1 dataset, 1 row")

    with psycopg.connect(database.admin_url) as connection:
        connection.execute("UPDATE new.prices SET price = 9")
    fails = parity(*DIFF, "--junit", "-")
    assert (fails.returncode, fails.stderr) == (1, "")
    cases = ElementTree.fromstring(fails.stdout.encode()).iter("testcase")
    red = [case.get("name") for case in cases if case.find("failure") is not None]
    assert red == ["verdict", "rows agree"]
    assert "parity waive" not in fails.stdout  # nothing is ever waived outside of a migration

    wrong = parity(*DIFF, "--junit", "no/d.xml")
    assert (wrong.returncode, wrong.stderr) == (
        2, "parity: --junit no/d.xml: No such file or directory; the verdict is fail\n",
    )  # fmt: skip


@pytest.mark.usefixtures("tables")
def test_a_file_that_is_replaced_is_the_old_one_or_the_new_one(
    parity: Parity, tmp_path: Path
) -> None:
    (tmp_path / "kept.xml").write_text("old", encoding="utf-8")
    (tmp_path / "d.xml").symlink_to("kept.xml")
    (tmp_path / "r.xml").mkdir()
    ended = parity(*DIFF, "--junit", "d.xml")
    assert ended.returncode == 0
    assert (tmp_path / "d.xml").is_symlink()  # what it leads to is replaced, not the link
    assert ElementTree.parse(tmp_path / "kept.xml").getroot().tag == "testsuites"

    refused = parity(*DIFF, "--junit", "r.xml")
    assert refused.returncode == 2
    assert refused.stderr.startswith("parity: --junit r.xml: Is a directory")
    full = parity(*DIFF, "--junit", "/dev/full")
    assert full.returncode == 2
    assert full.stderr.startswith("parity: --junit /dev/full: No space left on device")
    assert Path("/dev/full").is_char_device()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("option", ["--json", "--junit", "--summary"])
def test_a_pipe_is_written_to(parity: Parity, option: str) -> None:
    """As `>(cat)` is `/dev/fd/63`, which leads to a name that no folder has."""
    reading, writing = os.pipe()
    try:
        ended = parity(*DIFF, option, f"/dev/fd/{writing}")
        assert (ended.returncode, ended.stderr) == (0, "")
        begins = {"--json": b"{\n", "--junit": b"<?xml", "--summary": "## ✓ Pass".encode()}
        assert os.read(reading, 1 << 16).startswith(begins[option])
    finally:
        os.close(reading)
        os.close(writing)


def test_half_of_a_surrogate_pair_is_written_as_its_escape(tmp_path: Path) -> None:
    """A log may hold one; JSON can say it, UTF-8 cannot."""
    reason = "prices: \ud800"
    night = replace(good_night(), verdict=Verdict.FAIL, reasons=(reason,))
    path = tmp_path / "r.json"
    for key in ("", "since"):
        tell(night, Outputs(json=str(path)), beside={key: []} if key else None)
        assert json.loads(path.read_text(encoding="utf-8"))["reasons"] == [reason]
    write_json(str(path), json.dumps([reason], ensure_ascii=False))
    assert json.loads(path.read_text(encoding="utf-8")) == [reason]


def test_two_at_once_are_refused_before_anything_is_done(parity: Parity, tmp_path: Path) -> None:
    both = "both go to standard output"
    for arguments, says in (
        (("--json", "-", "--junit", "-"), f"--json and --junit {both}"),
        (("--junit", "-", "--summary", "-"), f"--junit and --summary {both}"),
        (("--json", "x", "--summary", "x"), "--json and --summary both go to x"),
    ):
        for command in (("nightly", *SESSION), ("compare", *SESSION), ("report",), DIFF):
            ended = parity(*command, *arguments)
            assert (ended.returncode, ended.stdout) == (2, "")
            assert ended.stderr == f"parity: {says}; part them\n"
    assert not (tmp_path / "reports").exists()


def test_the_schemas_are_printed(inside: Inside, tmp_path: Path) -> None:
    for name in ("result", "checklist"):
        ended = inside("schema", name, folder=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == schema_text(name)
        Draft202012Validator.check_schema(json.loads(ended.stdout))


def test_the_help_says_that_a_summary_is_added(inside: Inside, tmp_path: Path) -> None:
    for command in ("nightly", "compare", "report", "diff"):
        words = " ".join(inside(command, "--help", folder=tmp_path).stdout.split())
        assert "Add a Markdown summary to the end of that file, which is not emptied" in words
        assert "--junit PATH|-" in words


@pytest.mark.usefixtures("tables")
def test_the_commands_in_the_docs_do_what_they_say(parity: Parity, tmp_path: Path) -> None:
    text = (DOCS / "ci.md").read_text(encoding="utf-8")
    lines = re.findall(
        r"^ *(?:- )?(parity (?:nightly|compare|report|diff) .+)$", text, re.MULTILINE
    )
    assert len(lines) == 4
    assert parity("nightly", *SESSION).returncode == 1
    summary = tmp_path / "summary.md"
    for line in lines:
        typed = [word.replace("$GITHUB_STEP_SUMMARY", str(summary)) for word in shlex.split(line)]
        session = SESSION if typed[1] == "compare" else ()
        ended = parity(*typed[1:], *session)
        assert ended.returncode == (1 if typed[1] == "compare" else 0), ended.stderr
        xml = tmp_path / typed[typed.index("--junit") + 1]
        assert ElementTree.parse(xml).getroot().tag == "testsuites"
        xml.unlink()
    assert summary.read_text(encoding="utf-8").startswith("## ✕ Fail")
    valid((tmp_path / "parity.json").read_text(encoding="utf-8"))
    assert (tmp_path / "prices.md").is_file()
