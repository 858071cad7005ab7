"""`parity diff` as a user meets it: any two relations, exit codes, streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parity.cli.main import main
from parity.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_second_opinion")]

URL = "PARITY_DATABASE_URL"
TABLES = """
CREATE SCHEMA old; CREATE SCHEMA new;
CREATE TABLE old.prices (
    symbol text, day date, price float8, volume bigint, at timestamptz, PRIMARY KEY (symbol, day)
);
INSERT INTO old.prices VALUES
    ('A', '2024-02-28', 1.0, 10, '2024-02-28 21:00Z'), ('A', '2024-02-29', 2.0, 20, NULL),
    ('B', '2024-02-29', 100.0, 30, '2024-02-29 21:00:00.5Z');
CREATE TABLE new.prices (LIKE old.prices INCLUDING ALL);
INSERT INTO new.prices SELECT * FROM old.prices;
"""
PRICES = ("old.prices", "new.prices", "--key", "symbol", "--key", "day")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def rows(self) -> dict[str, int]:
        """The row counts that are not zero."""
        counts: dict[str, int] = self.json["datasets"][0]["rows"]
        return {name: number for name, number in counts.items() if number}


class Parity:
    """Runs `parity …` in this process."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, streams: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch = monkeypatch
        self._streams = streams

    def __call__(self, *arguments: str) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["parity", *arguments])
        self._streams.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *self._streams.readouterr())

    def sql(self, text: str) -> None:
        with psycopg.connect(os.environ[URL]) as connection:
            connection.execute(text)


@pytest.fixture
def parity(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Parity]:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)  # there is no parity.yaml
    monkeypatch.setenv(URL, database.admin_url)
    run = Parity(monkeypatch, capsys)
    run.sql(TABLES)
    yield run
    signal.signal(signal.SIGTERM, before)


def test_equal_tables_pass_with_exit_0(parity: Parity) -> None:
    ended = parity("diff", *PRICES)
    assert (ended.code, ended.err) == (0, "")
    assert "Pass: 1 dataset, 3 rows compared" in ended.out
    assert "datacompy compared 3 rows fetched separately and agrees" in ended.out
    assert "Rows that differ" not in ended.out


def test_the_json_is_alone_on_standard_output_and_holds_the_contract(parity: Parity) -> None:
    ended = parity("diff", *PRICES, "--json", "-")
    assert (ended.code, ended.err) == (0, "")
    found = ended.json
    assert list(found) == [
        "schema_version", "run_id", "migration", "phase", "primary", "session", "as_of", "verdict",
        "reasons", "datasets", "selftest", "second_opinion", "waivers",
    ]  # fmt: skip
    assert (found["run_id"], found["migration"], found["phase"]) == ("", "diff", "ad_hoc")
    assert found["as_of"].startswith(found["session"])
    assert found["selftest"] == {
        "seed": "", "injected": 0, "detected": 0, "attributed": 0, "wrong": 0,
    }  # fmt: skip
    assert found["second_opinion"] == {"rows": 3, "disagreements": 0}
    assert ended.rows == {"legacy": 3, "candidate": 3, "matched": 3}


def test_differences_end_with_1_and_are_shown_in_80_columns(parity: Parity, tmp_path: Path) -> None:
    parity.sql(
        "UPDATE new.prices SET price = 101.5, at = at + interval '1 s' WHERE symbol = 'B';"
        "DELETE FROM new.prices WHERE day = '2024-02-28';"
        "INSERT INTO new.prices VALUES ('C', '2024-02-29', 1, NULL, NULL)"
    )
    ended = parity("diff", *PRICES, "--json", "out.json")
    assert (ended.code, ended.err) == (1, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    words = " ".join(ended.out.split())
    assert "3 rows in old.prices → new.prices unexplained" in words
    assert "price 1 1.500 1.48 % exact" in words
    assert "Rows that differ, all 3" in words
    assert "A, 2024-02-28 only in legacy" in words
    assert "B, 2024-02-29 price 100.0 → 101.5 +1.500" in words
    assert "2024-02-29T21:00:00.500000Z → +0:00:01 2024-02-29T21:00:01.500000Z" in words
    assert "C, 2024-02-29 only in candidate" in words
    stored = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    (dataset,) = stored["datasets"]
    assert dataset["rows"]["mismatched"] == 1
    deltas = {column["name"]: column["max_abs_delta"] for column in dataset["columns"]}
    assert deltas["price"] == 1.5
    assert stored["second_opinion"] == {"rows": 4, "disagreements": 0}


def test_as_many_rows_are_printed_as_wanted(parity: Parity) -> None:
    parity.sql("UPDATE new.prices SET volume = volume + 1")
    one = parity("diff", *PRICES, "--limit", "1").out
    assert "Rows that differ, the first 1 of 3" in one
    assert "10 → 11" in one
    assert "20 → 21" not in one
    assert "Rows that differ" not in parity("diff", *PRICES, "--limit", "0").out


@pytest.mark.parametrize(
    ("changes", "options", "code"),
    [
        ("price = price + 0.01", ["--tolerance", "price:abs=0.011"], 0),
        ("price = price + 0.01", ["--tolerance", "price:abs=0.009"], 1),
        ("price = price * 1.01", ["--tolerance", "default:rel=0.01"], 0),
        ("price = price * 1.01", ["--tolerance", "default:rel=0.01", "--tolerance",
                                  "price:exact"], 1),
        ("price = 0", ["--exclude", "price"], 0),
        ("price = 0 WHERE symbol = 'A'", ["--where", "symbol=B"], 0),
        ("price = 0 WHERE symbol = 'A'", ["--where", "symbol=B", "--where", "symbol=A"], 1),
        ("price = 0 WHERE volume = 10", ["--where", "volume=20"], 0),
    ],
)  # fmt: skip
def test_options(parity: Parity, changes: str, options: list[str], code: int) -> None:
    parity.sql(f"UPDATE new.prices SET {changes}")
    assert parity("diff", *PRICES, *options).code == code


def test_times_may_differ_by_a_duration(parity: Parity) -> None:
    parity.sql("UPDATE new.prices SET at = at + interval '900 ms'")
    assert parity("diff", *PRICES, "--tolerance", "at:abs=1s").code == 0
    assert parity("diff", *PRICES, "--tolerance", "at:abs=500ms").code == 1


def test_a_renamed_column_and_a_bare_timestamp(parity: Parity) -> None:
    parity.sql(
        "ALTER TABLE new.prices RENAME at TO seen_at;"
        "ALTER TABLE new.prices ALTER seen_at TYPE timestamp"
        " USING seen_at AT TIME ZONE 'Asia/Tokyo'"
    )
    renamed = (*PRICES, "--rename", "at=seen_at")
    refused = parity("diff", *renamed)
    assert (refused.code, refused.out) == (2, "")
    assert "bare timestamp" in refused.err
    assert "--timezone" in refused.err
    found = parity("diff", *renamed, "--timezone", "Asia/Tokyo", "--json", "-")
    assert (found.code, found.json["reasons"]) == (0, [])
    assert parity("diff", *renamed, "--timezone", "America/New_York").code == 1


def test_names_that_are_hard_to_quote(parity: Parity) -> None:
    parity.sql(
        'CREATE SCHEMA "my.schema";'
        'CREATE TABLE "my.schema"."T ""1"" 100%" ('
        '"Schlüssel %s" int PRIMARY KEY, "a:b,c=d" numeric, "a.b ""q""" text, "%" date);'
        """INSERT INTO "my.schema"."T ""1"" 100%" VALUES (1, 1.00, 'x', '2024-02-29');"""
        'CREATE TABLE "my.schema".größe (LIKE "my.schema"."T ""1"" 100%" INCLUDING ALL);'
        """INSERT INTO "my.schema".größe VALUES (1, 1.01, 'y', '2024-02-29')"""
    )
    relations = ('"my.schema"."T ""1"" 100%"', '"my.schema".größe', "--key", "Schlüssel %s")
    shown = parity("diff", *relations)
    assert shown.code == 1
    assert "a:b,c=d" in shown.out
    found = parity(
        "diff", *relations, "--tolerance", "a:b,c=d:abs=0.01", "--where", "%=2024-02-29",
        "--exclude", '"a.b ""q"""', "--json", "-",
    )  # fmt: skip
    assert (found.code, found.err) == (0, "")
    assert found.json["datasets"][0]["name"] == 'my.schema.T "1" 100% → my.schema.größe'
    assert [column["name"] for column in found.json["datasets"][0]["columns"]] == ["a:b,c=d", "%"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("TRUNCATE old.prices, new.prices", "no rows on either side"),
        ("TRUNCATE old.prices", "no rows on the legacy side"),
        ("TRUNCATE new.prices", "no rows on the candidate side"),
    ],
)
def test_what_has_no_rows_is_undecided(parity: Parity, change: str, reason: str) -> None:
    parity.sql(change)
    ended = parity("diff", *PRICES, "--json", "-")
    assert (ended.code, ended.json["verdict"]) == (2, "undecided")
    assert ended.err == f"parity: undecided: old.prices → new.prices: {reason}\n"


def test_doubled_and_null_keys_are_told(parity: Parity) -> None:
    parity.sql(
        "ALTER TABLE new.prices DROP CONSTRAINT prices_pkey;"
        "ALTER TABLE new.prices ALTER day DROP NOT NULL;"
        "INSERT INTO new.prices VALUES ('A', '2024-02-29', 2, 20, NULL), ('A', NULL, 1, 1, NULL)"
    )
    ended = parity("diff", *PRICES)
    words = " ".join(ended.out.split())
    assert ended.code == 1
    assert "key occurs more than once; this is a row of legacy" in words
    assert "A, NULL NULL in the key, in candidate" in words


def test_a_role_needs_no_right_but_to_read_the_two(
    parity: Parity, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = database.admin_url
    name = admin.partition("@/")[2].partition("?")[0]
    parity.sql(
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN;"
        f"GRANT CONNECT ON DATABASE {name} TO reader;"
        "GRANT USAGE ON SCHEMA old, new TO reader; GRANT SELECT ON old.prices TO reader;"
        "CREATE VIEW new.shown AS SELECT * FROM new.prices; GRANT SELECT ON new.shown TO reader"
    )
    monkeypatch.setenv(URL, admin.replace("postgres@", "reader@"))
    seen = parity("diff", "old.prices", "new.shown", "--key", "symbol", "--key", "day")
    hidden = parity("diff", *PRICES)
    monkeypatch.setenv(URL, admin)
    parity.sql("DROP OWNED BY reader; DROP ROLE reader")
    assert (seen.code, seen.err) == (0, "")
    assert (hidden.code, hidden.out) == (2, "")
    assert hidden.err == (
        "parity: candidate new.prices cannot be read: permission denied for table prices\n"
    )


def test_nothing_is_left_in_the_database(parity: Parity, database: Database) -> None:
    count = "SELECT count(*) FROM pg_class"
    with psycopg.connect(database.admin_url) as connection:
        before = connection.execute(count).fetchone()
        parity("diff", *PRICES)
        assert connection.execute(count).fetchone() == before


BAD = [
    (["new.prices", "new.prices", "--key", "symbol"], "new.prices: is the same relation as legacy"),
    (["prices", "new.prices", "--key", "symbol"], "prices: write SCHEMA.TABLE"),
    (["old.prices", "new.prices"], "--key: name the columns that identify a row"),
    (["old.prices"], "Missing argument 'CANDIDATE'. (see parity diff --help)"),
    ([*PRICES, "--kee", "x"], "No such option '--kee'"),
    ([*PRICES, "--key", "day"], "--key day is given twice; keep one"),
    ([*PRICES, "--key", "nope"], "legacy old.prices has no column nope (named with --key)"),
    ([*PRICES, "--exclude", "day"], "--exclude: day is a key column; keys pair the rows"),
    ([*PRICES, "--exclude", "at", "--exclude", "at"], "--exclude at is given twice"),
    ([*PRICES, "--tolerance", "day:abs=1s"], "--tolerance day: is a key column"),
    ([*PRICES, "--tolerance", "nope:abs=1"], "has no column nope (named with --tolerance)"),
    ([*PRICES, "--tolerance", "price=0.1"], "--tolerance price=0.1: write COL:abs=A,rel=R"),
    ([*PRICES, "--tolerance", "default:abs=1", "--tolerance", "default:abs=2"],
     "--tolerance default is given twice"),
    ([*PRICES, "--tolerance", "price:abs=1s"], "column price is double precision, a number"),
    ([*PRICES, "--tolerance", "at:abs=1"], "give abs as a duration such as 1s"),
    ([*PRICES, "--tolerance", "at:abs=1s", "--exclude", "at"], "--tolerance at: is under exclude"),
    ([*PRICES, "--rename", "at"], "--rename at: write LEGACY_COL=CANDIDATE_COL"),
    ([*PRICES, "--rename", "at=at"], "--rename at: is renamed to itself; remove it"),
    ([*PRICES, "--rename", "at=x", "--rename", "at=y"], "--rename at is given twice"),
    ([*PRICES, "--rename", "nope=at"], "has no column nope (named with --rename)"),
    ([*PRICES, "--where", "symbol"], "--where symbol: write COL=VALUE"),
    ([*PRICES, "--where", "nope=1"], "has no column nope (named with --where)"),
    ([*PRICES, "--where", "volume=x"], 'invalid input syntax for type bigint: "x"'),
    ([*PRICES, "--timezone", "Asia/Tokio"], "did you mean Asia/Tokyo?"),
    ([*PRICES, "--limit", "-1"], "--limit"),
    ([*PRICES, "--json", "/no/such/dir/x"], "--json /no/such/dir/x: No such file"),
    (["old.prices", "new.nope", "--key", "symbol"],
     "the candidate side has no table or view new.nope"),
    (["Old.prices", "new.prices", "--key", "symbol"],
     "the legacy side has no table or view Old.prices"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[says[:40] for _, says in BAD])
def test_a_mistake_ends_with_2_and_one_line(
    parity: Parity, arguments: list[str], says: str
) -> None:
    ended = parity("diff", *arguments)
    assert ended.code == 2
    assert ended.err.startswith("parity: ")
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "config" not in ended.err
    assert "datasets." not in ended.err


def test_without_a_database_it_says_how_to_name_one(
    parity: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, " ")
    ended = parity("diff", *PRICES)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("parity: PARITY_DATABASE_URL is not set; name the database there")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody:s3cret@127.0.0.1:1/x", "does not answer"),
        ("mysql://nobody:s3cret@h/x", "is no libpq URI"),
        ("host=/nowhere password=s3cret", "must be a URI"),
    ],
)
def test_a_wrong_database_is_told_without_its_password(
    parity: Parity, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv(URL, url)
    ended = parity("diff", *PRICES)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert says in ended.err
    assert "s3cret" not in ended.err


def test_a_process_of_its_own(parity: Parity) -> None:
    """Streams and exit code of the real thing."""
    parity.sql("UPDATE new.prices SET price = 'NaN' WHERE symbol = 'B'")
    python = [sys.executable, "-c", "from parity.cli import main; main()"]
    ended = subprocess.run(
        [*python, "diff", *PRICES, "--json", "-"],
        capture_output=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, b"")
    assert json.loads(ended.stdout)["datasets"][0]["rows"]["mismatched"] == 1
