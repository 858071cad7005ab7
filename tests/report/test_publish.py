from __future__ import annotations

import csv
import gc
import json
import math
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from parity.model.errors import ComparisonError
from parity.model.result import ColumnResult, Discrepancy, Incident, RowState, Scope
from parity.model.verdict import Verdict
from parity.report import atomic
from parity.report.nights import NightRow
from parity.report.publish import write_index, write_night
from parity.report.rows import csv_name
from tests.report.build import (
    Rows,
    counts,
    different,
    failed_job_night,
    good_night,
    only,
    pair,
    run,
    source,
    split_night,
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def publish_rows(folder: Path, found: list[Discrepancy], **values: Any) -> list[dict[str, str]]:
    night = run(Verdict.FAIL, different("a", found, **values))
    write_night(night, source({"a": found}), folder)
    return read(folder / "discrepancies-a.csv")


def test_a_night_has_a_page_the_json_and_a_file_of_rows_for_each_differing_dataset(
    tmp_path: Path,
) -> None:
    night, rows = split_night()
    write_night(night, source(rows), tmp_path / "validation" / "2005-02-28")
    [folder] = (tmp_path / "validation").iterdir()
    assert sorted(content(folder)) == [
        "discrepancies-indicators.csv",
        "discrepancies-polygon-bars.csv",
        "discrepancies-yahoo-bars.csv",
        "index.html",
        "result.json",
    ]


def test_result_json_is_the_contract(tmp_path: Path) -> None:
    night, rows = split_night()
    write_night(night, source(rows), tmp_path / "n")
    text = (tmp_path / "n" / "result.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema_version": 1,\n  "run_id": "2005-02-28-a1b2c3"')
    assert text.endswith("}\n")
    assert json.loads(text) == night.to_json()


def test_csv_has_every_row_and_its_deltas(tmp_path: Path) -> None:
    night, rows = split_night()
    write_night(night, source(rows), tmp_path / "n")
    written = read(tmp_path / "n" / "discrepancies-yahoo-bars.csv")
    assert len(written) == 300
    assert written[0] == {
        "state": "mismatched",
        "key_symbol": "AAPL",
        "key_timestamp": "2005-02-28T00:00:00-05:00",
        "key_data_source": "yahoo",
        "open_legacy": "89.7200", "open_candidate": "44.8600", "open_delta": "-44.8600",
        "high_legacy": "89.7200", "high_candidate": "44.8600", "high_delta": "-44.8600",
        "low_legacy": "89.7200", "low_candidate": "44.8600", "low_delta": "-44.8600",
        "close_legacy": "89.7200", "close_candidate": "44.8600", "close_delta": "-44.8600",
        "volume_legacy": "1000", "volume_candidate": "1000", "volume_delta": "0",
        "differs": "open;high;low;close",
        "incident": "",
    }  # fmt: skip


def test_csv_tells_a_missing_side_from_null(tmp_path: Path) -> None:
    [row] = publish_rows(tmp_path / "n", [only(RowState.LEGACY_ONLY, "A", 0)])
    assert row["state"] == "legacy_only"
    assert (row["volume_legacy"], row["volume_candidate"], row["volume_delta"]) == ("NULL", "", "")


def test_csv_text_is_no_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    attack = '=HYPERLINK("http://x")'
    symbols = [attack, "+1", "-1", "@SUM(A1)", "\t=1", "A=1"]
    rows = [
        Discrepancy(
            state=RowState.MISMATCHED,
            key=(symbol,),
            legacy={"close": Decimal("-1.5"), "note": "=1"},
            candidate={"close": math.nan, "note": None},
            columns=("close", "note"),
        )
        for symbol in symbols
    ]
    columns = tuple(
        ColumnResult(name=name, mismatched=6, max_abs_delta=None, max_rel_delta=None)
        for name in ("close", "note")
    )
    written = publish_rows(tmp_path / "n", rows, key=("symbol",), columns=columns)
    assert [row["key_symbol"] for row in written] == [
        f"'{attack}", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "A=1",
    ]  # fmt: skip
    assert written[0]["close_legacy"] == "-1.5"
    assert written[0]["close_candidate"] == "NaN"
    assert written[0]["close_delta"] == ""
    assert (written[0]["note_legacy"], written[0]["note_candidate"]) == ("'=1", "NULL")


def test_csv_times_do_not_depend_on_the_zone_they_came_in(tmp_path: Path) -> None:
    row = only(RowState.LEGACY_ONLY, "A", 0)
    moved = Discrepancy(
        state=row.state,
        key=("A", datetime(2005, 2, 28, 5, tzinfo=UTC), "yahoo"),
        legacy=row.legacy,
        candidate=None,
    )
    assert publish_rows(tmp_path / "n", [row]) == publish_rows(tmp_path / "n", [moved])


def test_rows_are_streamed(tmp_path: Path) -> None:
    alive = 0

    def rows(_: str) -> Iterator[Discrepancy]:
        nonlocal alive
        yield from (pair("STREAM", number) for number in range(9000))
        alive = sum(
            isinstance(thing, Discrepancy) and thing.key[0] == "STREAM"
            for thing in gc.get_objects()
        )

    incident = Incident(
        id="1", cause="unexplained", proved=False, rows=9000, columns=(), scope=Scope()
    )
    dataset = different("a", [], rows=counts(5, 9000), incidents=(incident,))
    write_night(run(Verdict.FAIL, dataset), rows, tmp_path / "n")
    assert 200 <= alive <= 200 + 2 * 1024
    assert len(read(tmp_path / "n" / "discrepancies-a.csv")) == 9000


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "Ünï cødé", "", ".", "CON" * 90, "a\0b"])
def test_any_dataset_name_makes_one_safe_file_name(name: str) -> None:
    made = csv_name(name)
    assert made.startswith("discrepancies-")
    assert made.endswith(".csv")
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(made) < 120


def test_file_names_of_different_datasets_differ() -> None:
    names = ["a/b", "a b", "a-b", "A-B", "a:b"]
    assert len({csv_name(name) for name in names}) == len(names)


def test_publishing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    night, rows = split_night()
    for name in ("one", "two", "two"):
        write_night(night, source(rows), tmp_path / name)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_new_night_replaces_the_old_one_and_keeps_job_logs(tmp_path: Path) -> None:
    night, rows = split_night()
    folder = tmp_path / "n"
    write_night(night, source(rows), folder)
    (folder / "logs").mkdir()
    (folder / "logs" / "load.log").write_text("kept", encoding="utf-8")
    write_night(good_night(), source({}), folder)
    assert sorted(content(folder)) == ["index.html", "logs/load.log", "result.json"]
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["verdict"] == "pass"
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


def test_without_an_exchange_of_folders_two_renames_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_night(good_night(), source({}), tmp_path / "n")
    monkeypatch.setattr(atomic, "_exchange", lambda *_: False)
    write_night(failed_job_night(), source({}), tmp_path / "n")
    result = json.loads((tmp_path / "n" / "result.json").read_text(encoding="utf-8"))
    assert result["verdict"] == "undecided"
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


def test_a_stream_that_breaks_leaves_the_old_night(tmp_path: Path) -> None:
    write_night(good_night(), source({}), tmp_path / "n")
    before = content(tmp_path / "n")
    night, rows = split_night()

    def broken(name: str) -> Iterator[Discrepancy]:
        yield from rows[name][:5]
        raise ConnectionError("the server went away")

    with pytest.raises(ConnectionError):
        write_night(night, broken, tmp_path / "n")
    assert content(tmp_path / "n") == before
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


def test_rows_that_do_not_add_up_are_not_published(tmp_path: Path) -> None:
    night, rows = split_night()
    short: Rows = rows | {"yahoo-bars": rows["yahoo-bars"][:299]}
    with pytest.raises(ComparisonError, match="300 rows differ, but 299 came"):
        write_night(night, source(short), tmp_path / "n")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_publication_leaves_the_old_night_and_is_mended(tmp_path: Path) -> None:
    write_night(good_night(), source({}), tmp_path / "n")
    before = content(tmp_path / "n")
    program = """
        import os, signal, sys
        from pathlib import Path
        from parity.report.publish import write_night
        from tests.report.build import split_night
        night, rows = split_night()
        def dies(name):
            yield from rows[name][:5]
            os.kill(os.getpid(), signal.SIGKILL)
        write_night(night, dies, Path(sys.argv[1]))
    """
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "n")], cwd=root, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert content(tmp_path / "n") == before
    assert (tmp_path / ".n.new").is_dir()
    night, rows = split_night()
    write_night(night, source(rows), tmp_path / "n")
    assert [path.name for path in tmp_path.iterdir()] == ["n"]
    assert len(read(tmp_path / "n" / "discrepancies-yahoo-bars.csv")) == 300


def test_a_stop_between_the_two_renames_is_undone(tmp_path: Path) -> None:
    write_night(good_night(), source({}), tmp_path / "n")
    (tmp_path / "n" / "logs.txt").write_text("kept", encoding="utf-8")
    (tmp_path / "n").rename(tmp_path / ".n.old")
    (tmp_path / ".n.new").mkdir()
    write_night(failed_job_night(), source({}), tmp_path / "n")
    assert sorted(content(tmp_path / "n")) == ["index.html", "logs.txt", "result.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


def test_page_holds_at_most_200_rows_of_both_kinds_and_says_so(tmp_path: Path) -> None:
    rows = [pair("A", number) for number in range(300)]
    rows += [only(RowState.LEGACY_ONLY, "A", number) for number in range(150)]
    written = publish_rows(tmp_path / "n", rows)
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert len(written) == 450
    assert page.count('<td class="state">') == 100
    assert page.count('<td class="pair"') == 100 * 4
    assert "showing 200 of 450 (at most 200 a dataset); all rows in" in page
    assert 'href="discrepancies-a.csv"' in page


def test_duplicate_and_null_keys_are_in_page_and_file(tmp_path: Path) -> None:
    rows = [
        Discrepancy(
            state=RowState.DUPLICATE_KEY, key=("A",), legacy={"close": 1.0}, candidate=None
        ),
        Discrepancy(state=RowState.NULL_KEY, key=(None,), legacy=None, candidate={"close": 2.0}),
    ]
    column = ColumnResult(name="close", mismatched=0, max_abs_delta=None, max_rel_delta=None)
    written = publish_rows(
        tmp_path / "n", rows, key=("symbol",), columns=(column,),
        rows=counts(5, legacy_duplicate_key=1, candidate_null_key=1),
    )  # fmt: skip
    assert [row["key_symbol"] for row in written] == ["A", "NULL"]
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert "≠ duplicate key" in page
    assert "≠ NULL key" in page


def test_index_is_newest_first_and_replaced_at_once(tmp_path: Path) -> None:
    night, _ = split_night()
    write_index([], tmp_path, migration="cron-to-prefect")
    assert "no night has run yet" in (tmp_path / "index.html").read_text(encoding="utf-8")
    rows = [NightRow.of(good_night()), NightRow.of(night)]
    write_index(rows, tmp_path, migration="<b>m</b>")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;m&lt;/b&gt;" in page
    assert 'href="validation/2005-02-28/index.html"' in page
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
