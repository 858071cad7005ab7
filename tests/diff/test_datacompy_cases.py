"""datacompy's kinds of cases, through the engine and the command, with its own answer beside."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import datacompy
import numpy as np
import pandas as pd
import psycopg
import pytest

from parity.cli.main import main
from parity.cli.specs import parse_tolerance
from parity.database import Database
from parity.model.errors import ComparisonError
from tests.diff.datacompy_cases import CASES, Answer, Case
from tests.diff.toy import dataset, make, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "equality.md"
HEADING = "## Where we differ from datacompy, and why"
VERDICTS = {0: "pass", 1: "fail", 2: "undecided"}

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def fill(connection: psycopg.Connection, case: Case) -> None:
    make(connection, "legacy", case.types[0], case.legacy)
    make(connection, "prefect", case.types[1], case.candidate)


@every_case
def test_the_engine_answers_as_written(connection: psycopg.Connection, case: Case) -> None:
    fill(connection, case)
    allowed = tuple(parse_tolerance(f"{name}:{text}") for name, text in case.tolerance.items())
    wanted = dataset(key=case.key, tolerances=allowed)
    if case.ours.error:
        with pytest.raises(ComparisonError, match=case.ours.error):
            run(connection, wanted)
        return
    diff, _ = run(connection, wanted)
    assert counts(case.ours) == counts(
        Answer(
            matched=diff.rows.matched,
            columns={one.name: one.mismatched for one in diff.columns if one.mismatched},
            legacy_only=diff.rows.legacy_only,
            candidate_only=diff.rows.candidate_only,
            duplicate_key=diff.rows.duplicate_key,
            null_key=diff.rows.null_key,
        )
    )


@every_case
@pytest.mark.slow
def test_the_command_answers_as_written(
    database: Database,
    one_second_opinion: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: Case,
) -> None:
    with psycopg.connect(database.admin_url) as connection:
        fill(connection, case)
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    arguments = ["parity", "diff", "legacy.T", "prefect.T", "--json", "-"]
    arguments += [text for name in case.key for text in ("--key", name)]
    for name, text in case.tolerance.items():
        arguments += ["--tolerance", f"{name}:{text}"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert VERDICTS[ended.value.code] == case.ours.verdict  # type: ignore[index]
    if case.ours.error:
        assert re.search(case.ours.error, told.err)
        assert told.out == ""
        return
    found = json.loads(told.out)
    assert found["verdict"] == case.ours.verdict
    (one,) = found["datasets"]
    answer = {name: one["rows"][name] for name in ROWS}
    columns = {each["name"]: each["mismatched"] for each in one["columns"] if each["mismatched"]}
    assert {**answer, "columns": columns} == counts(case.ours)


@every_case
def test_datacompy_differs_where_the_case_says_why(case: Case) -> None:
    theirs = datacompy_answers(case)
    ours = {**counts(case.ours), "verdict": case.ours.verdict}
    assert (ours == {**counts(theirs), "verdict": theirs.verdict}) is not bool(case.why)


def test_the_document_lists_where_we_differ() -> None:
    listed = re.findall(r"^\| \*\*(.+?)\*\* \|", section(), re.MULTILINE)
    assert listed == [case.name for case in CASES if case.why]


def section() -> str:
    """The document's part on datacompy."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert HEADING in text
    return text.split(HEADING)[1].split("\n## ")[0]


ROWS = ("matched", "legacy_only", "candidate_only", "duplicate_key", "null_key")


def counts(answer: Answer) -> dict[str, Any]:
    return {**{name: getattr(answer, name) for name in ROWS}, "columns": dict(answer.columns)}


def datacompy_answers(case: Case) -> Answer:
    """What datacompy says of the same values."""
    names = [[name.split()[0].strip('"') for name in one.split(", ")] for one in case.types]
    left, right = (
        pd.DataFrame([list(row) for row in rows], columns=columns)
        for rows, columns in zip((case.legacy, case.candidate), names, strict=True)
    )
    with np.errstate(all="ignore"):  # its statistics subtract infinities
        found = datacompy.PandasCompare(left, right, join_columns=list(case.key), **case.options)
        return Answer(
            verdict="pass" if found.matches() else "fail",
            matched=int(found.count_matching_rows()),
            columns={
                stat["column"]: int(stat["unequal_cnt"])
                for stat in found.column_stats
                if stat["unequal_cnt"]
            },
            legacy_only=len(found.df1_unq_rows),
            candidate_only=len(found.df2_unq_rows),
        )
