"""What was verified and what is kept, in words; and the Parquet file beside the page."""

from __future__ import annotations

import dataclasses
import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from parity.model.audit import Coverage
from parity.model.errors import ComparisonError
from parity.report.beside import Beside
from parity.report.extent import coverage_text, cut_text
from parity.report.publish import write_night
from parity.report.terminal import render_night
from tests.report.build import cut_night, good_night, source, split_night

FIRST = "the first 300 of 2,341,112 rows are listed"
FILE = "discrepancies-yahoo-bars.parquet"


def evidence(folder: Path, *, run_id: str = "2005-02-28-a1b2c3", rows: int = 2_341_112) -> Path:
    """A file of so many rows that says of which run it is."""
    path = folder / "2005-02-28-a1b2c3" / "yahoo-bars.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("state", pa.string())], metadata={"parity.run_id": run_id})
    pq.write_table(pa.table({"state": ["mismatched"] * rows}, schema=schema), path)
    return path


@pytest.mark.parametrize(
    ("segments", "compared", "overdue", "oldest", "text"),
    [
        (14_000, 700, 0, date(2005, 2, 3),
         "History: 14,000 segments (symbol × month); 700 verified whole tonight, "
         "the rest since 2005-02-03; each within 20 nights"),
        (600, 0, 12, date(2004, 12, 1),
         "History: 600 segments (symbol × month); none verified whole tonight, "
         "the rest since 2004-12-01; 12 are overdue: not verified within 20 nights"),
        (600, 30, 570, None,
         "History: 600 segments (symbol × month); 30 verified whole tonight, "
         "the rest not yet; 570 are overdue: not verified within 20 nights"),
        (600, 600, 0, date(2005, 2, 28),
         "History: 600 segments (symbol × month); all verified whole tonight; "
         "each within 20 nights"),
        (1, 0, 1, date(2004, 12, 1),
         "History: 1 segment (symbol × month); none verified whole tonight, "
         "the rest since 2004-12-01; 1 is overdue: not verified within 20 nights"),
        (0, 0, 0, None,
         "History: 0 segments (symbol × month); nothing to verify; each within 20 nights"),
    ],
)  # fmt: skip
def test_coverage_in_words(
    segments: int, compared: int, overdue: int, oldest: date | None, text: str
) -> None:
    coverage = Coverage(
        segments=segments, compared=compared, overdue=overdue, cycle=20, oldest=oldest
    )
    assert coverage_text(coverage) == text


def test_what_is_listed_in_words() -> None:
    flooded, small = cut_night()[0].datasets
    assert cut_text(flooded, {"yahoo-bars"}) == f"{FIRST}; all are in {FILE}"
    assert cut_text(flooded, ()) == f"{FIRST}; the rest was not kept"
    assert cut_text(flooded, None) == FIRST
    assert cut_text(small, ()) == ""


def test_a_cut_night_says_where_all_rows_are_and_links_them(tmp_path: Path) -> None:
    night, rows = cut_night()
    file = evidence(tmp_path / "e")
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "e"))
    published = tmp_path / "n" / FILE
    assert published.read_bytes() == file.read_bytes()
    # A copy: whoever changes what is published changes no evidence.
    assert published.stat().st_ino != file.stat().st_ino
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert f'<p class="note">{FIRST}; all are in {FILE}</p>' in page
    assert f'href="{FILE}"' in page
    assert "showing 200 of 2,341,112 (at most 200 a dataset); the first 300 rows in" in page
    assert "2,341,112 rows differ" in page
    csv = (tmp_path / "n" / "discrepancies-yahoo-bars.csv").read_text(encoding="utf-8")
    assert len(csv.splitlines()) == 301


@pytest.mark.parametrize("kind", ["missing", "broken", "of another run", "of other rows", "none"])
def test_a_cut_night_without_its_file_says_that_the_rest_was_not_kept(
    tmp_path: Path, kind: str
) -> None:
    night, rows = cut_night()
    folder = tmp_path / "e"
    if kind == "broken":
        evidence(folder, rows=5).write_bytes(b"PAR1")
    elif kind == "of another run":
        evidence(folder, run_id="other")
    elif kind == "of other rows":
        evidence(folder, rows=300)
    given = None if kind == "none" else folder
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=given))
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert f"{FIRST}; the rest was not kept" in page
    assert ".parquet" not in page
    assert not (tmp_path / "n" / FILE).exists()


def test_a_file_that_was_published_stays_when_the_evidence_has_gone(tmp_path: Path) -> None:
    night, rows = cut_night()
    evidence(tmp_path / "e")
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "e"))
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "gone"))
    assert pq.read_metadata(tmp_path / "n" / FILE).num_rows == 2_341_112
    # Of another run it does not.
    other = dataclasses.replace(night, run_id="other")
    write_night(other, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "gone"))
    assert not (tmp_path / "n" / FILE).exists()


def test_a_file_is_copied_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    night, rows = cut_night()
    file = evidence(tmp_path / "e")
    monkeypatch.setattr(os, "link", refuse)
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "e"))
    assert (tmp_path / "n" / FILE).read_bytes() == file.read_bytes()
    assert os.stat(tmp_path / "n" / FILE).st_ino != file.stat().st_ino  # noqa: PTH116


def test_a_night_that_was_not_cut_links_its_file_too(tmp_path: Path) -> None:
    night, rows = split_night()
    evidence(tmp_path / "e", rows=300)
    write_night(night, source(rows), tmp_path / "n", beside=Beside(evidence=tmp_path / "e"))
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert f'<a href="{FILE}">{FILE}</a>' in page
    assert "are listed" not in page
    write_night(good_night(), source({}), tmp_path / "n")
    assert not (tmp_path / "n" / FILE).exists()


@pytest.mark.parametrize("came", [299, 301])
def test_stored_rows_must_add_up(tmp_path: Path, came: int) -> None:
    night, rows = cut_night()
    rows["yahoo-bars"] = (rows["yahoo-bars"] * 2)[:came]
    with pytest.raises(ComparisonError, match=f"300 of 2,?341,?112 .* but {came} came"):
        write_night(night, source(rows), tmp_path / "n")


@pytest.mark.parametrize("width", [40, 80])
def test_the_terminal_says_it_too(tmp_path: Path, width: int) -> None:
    night, _ = cut_night()
    text = str(render_night(night, width=width, beside=Beside(evidence=tmp_path)))
    assert max(cell_len(line) for line in text.splitlines()) <= width
    words = " ".join(text.replace(" - ", " ").split())
    assert f"{FIRST}; the rest was not kept" in words
    assert "700 verified whole tonight" in words
    assert "12 are overdue" in words
    evidence(tmp_path)
    assert FILE in "".join(
        str(render_night(night, width=width, beside=Beside(evidence=tmp_path))).split()
    )
    assert "not kept" not in str(render_night(night))
