"""The benchmark runs and every count of ours is the truth. Nothing here is about time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.contenders import Contender
from benchmarks.datasets import Truth, cases
from benchmarks.diff import main
from benchmarks.measure import Sample, Summary
from benchmarks.report import BEGIN, END, put_into
from benchmarks.run import _Run

CHOSEN = ("bars_equal", "bars_some", "indicators", "large_nightly")


@pytest.mark.slow
@pytest.mark.timeout(600)  # it starts a server and many processes, whatever else runs beside it
def test_the_quick_benchmark_counts_what_plain_sql_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_round = _Run.round

    def kept_round(run: _Run, number: int, rounds: int) -> None:
        if number:  # round 0 only brings tables into memory, for the sake of times
            run_round(run, number, rounds)

    monkeypatch.setattr(_Run, "round", kept_round)
    told = tmp_path / "told.json"
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")

    only = [part for name in CHOSEN for part in ("--only", name)]
    code = main(["--quick", "--rounds", "1", "--json", str(told), "--into", str(page), *only])

    assert code == 0
    measured = json.loads(told.read_text(encoding="utf-8"))
    assert measured["right"] is True
    by_case = {result["case"]: result for result in measured["results"]}
    assert set(CHOSEN) <= set(by_case) & {case.name for case in cases(quick=True)}
    for result in measured["results"]:
        for contender in result["contenders"]:
            if contender["summary"]["found"] is not None:
                assert contender["summary"]["found"] == result["truth"]["outside"]
                assert contender["verdict"] == "ok"
    # 100,000 rows: a thousand changed, and as many missing on each side, less or more by chance.
    assert by_case["bars_equal"]["truth"]["unequal"] == 0
    assert 2_700 < by_case["bars_some"]["truth"]["outside"] < 3_300
    assert by_case["bars_some"]["truth"]["unequal"] > by_case["bars_some"]["truth"]["outside"]
    output = capsys.readouterr()
    assert "DIFFERENT" not in output.out
    written = page.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{BEGIN}\n")
    assert written.endswith(f"{END}\nafter\n")
    assert output.out.strip() in written


def test_an_unknown_data_set_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "nothing"]) == 2
    assert "--only names no data set" in capsys.readouterr().err


def test_a_wrong_count_is_said() -> None:
    truth = Truth(outside=30, unequal=500, legacy=100_000, candidate=100_000)
    strict = Contender("strict", _never, tolerant=False)
    tolerant = Contender("tolerant", _never)

    assert tolerant.verdict(30, truth) == "ok"
    assert tolerant.verdict(29, truth) == "DIFFERENT: 29 for 30"
    assert tolerant.verdict(500, truth) == "DIFFERENT: 500 for 30"
    assert strict.verdict(500, truth) == "DIFFERENT: 500 for 30, knows no tolerance"


def test_medians_and_spread() -> None:
    samples = [
        Sample(wall=3.0, server=1.0, client=0.5, rss=40.0, found=7),
        Sample(wall=1.0, server=2.0, client=0.5, rss=60.0, found=7),
        Sample(wall=2.0, server=9.0, client=0.5, rss=50.0, found=7),
    ]

    found = Summary.of(samples)

    assert (found.wall, found.fastest, found.slowest) == (2.0, 1.0, 3.0)
    assert (found.server, found.client, found.cpu) == (2.0, 0.5, 2.5)
    assert (found.least_cpu, found.most_cpu) == (1.5, 9.5)
    assert (found.rss, found.found, found.rounds) == (60.0, 7, 3)


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks\n", encoding="utf-8")

    with pytest.raises(SystemExit, match="has no lines"):
        put_into(page, "text")

    assert page.read_text(encoding="utf-8") == "no marks\n"


def _never(*_: object) -> Sample:
    raise AssertionError("not run")
