"""Incidents as a reader sees them: cards, examples, lives, noise, rows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from parity.model.cause import PAIR
from parity.model.noise import Noise
from parity.model.result import (
    Incident,
    RowState,
    RunResult,
)
from parity.model.selftest import CauseScore, SelfTest
from parity.model.verdict import Verdict
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.headline import since_previous
from parity.report.nights import NightRow
from parity.report.publish import write_night
from parity.report.terminal import render_night
from tests.report.build import counts, different, equal, only, pair, run, source
from tests.report.incidents import SPLIT, TOLD, dataset, incident, owned, split_night, view_of


def test_an_incident_in_words() -> None:
    view = view_of(split_night(), "a")
    assert (view.name, view.proof, view.says) == ("unadjusted split 2:1", "proved", TOLD)
    assert view.undo == "on the legacy side, divide prices by 2, multiply volume by 2"
    assert (view.symbols, view.sessions, view.columns) == (
        "AAPL",
        "2004-03-01 to 2005-02-25",
        "close",
    )
    # Deltas, columns, states and incidents are shown elsewhere.
    assert view.more == ("ratio: 2:1", "ex date: 2005-02-28")
    assert view.code == "split_adjustment"
    assert [(link.text, link.href) for link in view.docs] == [
        ("docs/causes.md#split_adjustment", "")
    ]
    # Nothing is said of nights and noise that are not known.
    assert (view.life, view.state, view.noise) == ("", "", False)


def test_examples_are_a_small_table_before_and_after_the_undo() -> None:
    found = view_of(split_night(), "a").examples
    assert found is not None
    assert found.columns == ("close", "volume")
    assert [(line.key, line.lines, line.side, line.values, line.undone) for line in found.rows] == [
        ("AAPL · 2005-02-25", 3, "legacy", ("88.99", "100"), False),
        ("", 3, "candidate", ("44.495", "200"), False),
        ("", 3, "undone", ("44.495", "200"), True),
    ]


def test_the_page_has_a_cause_with_its_code_and_an_example_key_for_narrow_screens(
    tmp_path: Path,
) -> None:
    rows = owned([pair("AAPL", 0)], "a")
    one = incident("a", "split_adjustment", 1, "AAPL", **SPLIT)
    night = run(Verdict.FAIL, different("bars", rows, incidents=(one,)))
    write_night(night, source({"bars": rows}), tmp_path / "n")
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert '<span>Unadjusted split 2:1 <code class="soft">split_adjustment</code></span>' in page
    key = "AAPL · 2005-02-25</th>"
    assert f'<tr class="own"><th scope="rowgroup" colspan="3">{key}' in page
    assert page.count(key) == 1
    assert "is not measured: <code>parity noise</code>" in page
    for hidden in ("largest differences", "<li>columns", "<li>states", "<li>deltas"):
        assert hidden not in page


def test_examples_of_rows_on_one_side_and_of_many_columns_are_cut() -> None:
    names = [f"c{number}" for number in range(9)]
    examples = [
        {"key": {"symbol": "A", "at": "2005-02-25 10:00:00-05:00"}, "legacy": dict.fromkeys(names)},
        {"key": {}, "candidate": {"c8": 1.5}},
        *[{"key": {"n": n}, "candidate": {"c0": "1"}} for n in range(5)],
    ]
    night = run(
        Verdict.FAIL, dataset("bars", incident("x", "missing_session", 9, examples=examples))
    )
    found = view_of(night, "x").examples
    assert found is not None
    assert found.columns == ("c0", "c1", "c2", "c3", "c4", "c5")
    assert found.more == 3
    assert [(line.key, line.side) for line in found.rows] == [
        ("A · 2005-02-25 10:00:00-05:00", "legacy"), ("—", "candidate"), ("0", "candidate"),
    ]  # fmt: skip
    assert found.rows[1].values == ("",) * 6


@pytest.mark.parametrize(
    "evidence",
    [
        {}, {"examples": None, "deltas": None, "says": 5, "incidents": "a"},
        {"examples": ["x", {}], "deltas": {"close": 5}, "incidents": [7], "undo": ["a"]},
        {"examples": {"a": 1}, "deltas": [], "other": [None, True, 1.5, {"a b": "c_d"}]},
    ],
)  # fmt: skip
def test_evidence_of_any_shape_is_shown_or_left_out(evidence: dict[str, Any]) -> None:
    night = run(Verdict.FAIL, dataset("bars", incident("x", "rounding", 1, **evidence)))
    view = view_of(night, "x")
    assert (view.examples, view.says, view.follows) == (None, "", ())
    assert "rounding (proved): 1 row" in str(render_night(night))


def test_what_follows_links_to_its_cause_and_back() -> None:
    night = split_night()
    [down] = view_of(night, "c").follows
    assert (down.text, down.href) == ("adjusted: unadjusted split 2:1 (AAPL)", "#incident-a")
    [up] = view_of(night, "a").followed
    assert (up.text, up.href) == ("7 rows of indicators (AAPL)", "#incident-c")


def test_many_links_are_cut_and_an_unknown_one_leads_nowhere() -> None:
    idents = ["gone", "a", "b", "b2", "b3"]
    night = split_night()
    following = incident("c", "upstream", 7, follows="gone", incidents=idents)
    night = replace(
        night, datasets=(*night.datasets[:2], dataset("indicators", following, kind="indicators"))
    )
    assert [(link.text, link.href) for link in view_of(night, "c").follows] == [
        ("incident gone", ""),
        ("adjusted: unadjusted split 2:1 (AAPL)", "#incident-a"),
        ("polygon: unadjusted split 2:1 (AAPL)", "#incident-b"),
        ("2 more", ""),
    ]


def test_a_pair_of_causes_leads_to_both_sections() -> None:
    cause = f"split_adjustment{PAIR}rounding"
    night = run(Verdict.FAIL, dataset("bars", incident("x", cause, 1, ratio=2.0)))
    view = view_of(night, "x", docs="../../../docs/causes.md")
    assert view.name == "unadjusted split 2:1 and rounding"
    assert [link.href for link in view.docs] == [
        "../../../docs/causes.md#split_adjustment",
        "../../../docs/causes.md#rounding",
    ]


def test_lives_and_what_is_resolved() -> None:
    def night(day: int, *incidents: Incident) -> RunResult:
        return run(Verdict.FAIL, dataset("bars", *incidents), session=date(2005, 2, day))

    grown = incident("a", "rounding", 493, "AAPL")
    tonight = night(
        28, grown, incident("n", "formula", 1), incident("b", "late_edge", 4),
        incident("p", "off_calendar", 2), incident("s", "null_mismatch", 1),
    )  # fmt: skip
    nights = [
        tonight,
        night(
            25, incident("a", "rounding", 492, "AAPL"), incident("p", "off_calendar", 2),
            incident("s", "null_mismatch", 1200), incident("g", "duplicate_key", 8, "IBM"),
        ),
        night(24, incident("b", "late_edge", 4), incident("a", "rounding", 400, "AAPL")),
    ]  # fmt: skip
    view = night_view(tonight, beside=Beside(nights=nights))
    [shown] = view.datasets
    assert {one.id: (one.state, one.life) for one in shown.incidents} == {
        "a": ("grown", "grown 492 → 493, since 2005-02-24 (3 nights)"),
        "n": ("new", "new"),
        "b": ("came-back", "came back, first seen 2005-02-24"),
        "p": ("persisting", "persisting since 2005-02-25 (2 nights)"),
        "s": ("shrunk", "shrunk 1,200 → 1, since 2005-02-25 (2 nights)"),
    }
    [gone] = shown.resolved
    assert (gone.name, gone.rows, gone.symbols, gone.last) == (
        "duplicate keys", 8, "IBM", "2005-02-25",
    )  # fmt: skip
    before = NightRow.of(nights[1])
    assert night_view(tonight, beside=Beside(nights=nights, previous=before)).previous == (
        "Since 2005-02-25 (Fail): 1,702 → 501 rows differ; "
        "1 incident new, 1 grown, 1 shrunk, 1 came back, 1 resolved"
    )
    assert since_previous(tonight, before).endswith("501 rows differ")


def test_a_night_that_passes_still_says_what_is_resolved(tmp_path: Path) -> None:
    night = run(Verdict.PASS, equal("bars"))
    before = run(
        Verdict.FAIL, dataset("bars", incident("a", "rounding", 3, "IBM")),
        session=date(2005, 2, 25),
    )  # fmt: skip
    write_night(night, source({}), tmp_path / "n", beside=Beside(nights=[night, before]))
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert "<h3>Resolved</h3>" in page
    assert "last on 2005-02-25" in page
    text = str(render_night(night, beside=Beside(nights=[before])))
    assert " - resolved: rounding: IBM: 3 rows, last on 2005-02-25" in text


def measured(column: str, differing: int, largest: float | None) -> Noise:
    return Noise(
        dataset="bars", column=column, session=date(2005, 2, 28), rows=2016, differing=differing,
        max_abs_delta=largest, max_rel_delta=0.00001 if largest else None,
    )  # fmt: skip


def test_noise_is_beside_the_largest_delta_and_marks_what_lies_within_it() -> None:
    small: dict[str, Any] = {"deltas": {"close": {"max_abs": 0.001, "max_rel": 0.00001}}}
    large: dict[str, Any] = {"deltas": {"close": {"max_abs": 0.5, "max_rel": 0.005}}}
    night = run(
        Verdict.FAIL,
        dataset(
            "bars", incident("in", "rounding", 2, **small), incident("out", "formula", 1, **large)
        ),
        dataset("more", incident("other", "rounding", 1, **small)),
    )
    noise = [measured("close", 3, 0.0012), measured("open", 0, None), measured("high", 2, None)]
    view = night_view(night, beside=Beside(noise=noise))
    bars, more = view.datasets
    assert {one.name: one.noise for one in (*bars.differing, *bars.identical)} == {
        "open": "none", "high": "in 2 rows", "low": "", "close": "0.001200 (0.001 %) in 3 rows",
        "volume": "",
    }  # fmt: skip
    assert [one.noise for one in bars.incidents] == [True, False]
    # Another dataset's noise says nothing about this one.
    assert [one.noise for one in more.incidents] == [False]
    text = " ".join(str(render_night(night, beside=Beside(noise=noise))).split())
    assert text.count("within legacy's own noise") == 1


def test_example_values_are_written_as_the_rows_are(tmp_path: Path) -> None:
    example = {
        "key": {"symbol": "A", "at": "2005-02-25"},
        "legacy": {"a": "1234567.123456789", "n": "1234567", "t": "007", "z": "null"},
        "candidate": {"a": "1234567.223456789", "n": "1234568", "t": "x", "z": "2.123456789012"},
    }
    night = run(Verdict.FAIL, dataset("bars", incident("x", "rounding", 1, examples=[example])))
    found = view_of(night, "x").examples
    assert found is not None
    assert [line.values for line in found.rows] == [
        ("1,234,567.1235", "1,234,567", "007", "NULL"),
        ("1,234,567.2235", "1,234,568", "x", "2.123457"),
    ]
    assert " e.g. A 2005-02-25 a: legacy 1,234,567.1235, candidate" in " ".join(
        str(render_night(night)).split()
    )


def test_where_noise_is_not_known_it_says_how_to_measure_it(tmp_path: Path) -> None:
    night = run(Verdict.FAIL, dataset("bars", incident("x", "rounding", 1)), equal("same"))
    said = "Legacy's own noise is not measured: parity noise"
    assert [one.noise for one in night_view(night).datasets] == [said, ""]
    assert str(render_night(night)).count(said) == 1
    assert said not in str(render_night(night, beside=Beside(noise=[measured("close", 3, 0.1)])))


def test_a_terminal_does_not_say_a_reason_twice() -> None:
    one = dataset("bars", incident("x", "rounding", 1), reasons=("told above", "and a drift"))
    night = run(Verdict.FAIL, one, reasons=("bars: told above",))
    text = str(render_night(night))
    assert text.count("told above") == 1
    assert text.count("and a drift") == 1


def test_the_terminal_says_the_sentence_first_and_why_no_rule_held() -> None:
    open_one = incident("x", "unexplained", 3, "IBM", why_not="undone 9 causes: no row matched")
    night = split_night()
    night = replace(night, datasets=(*night.datasets, dataset("yahoo", open_one)))
    text = " ".join(str(render_night(night, beside=Beside(nights=[]))).split())
    assert (
        f"- adjusted: {TOLD} (unadjusted split 2:1, split_adjustment, proved): 249 rows; new "
        "also polygon: 1,245 rows; 2004-03-01 to 2005-02-25; new "
        "undo: on the legacy side, divide prices by 2, multiply volume by 2 "
        "e.g. AAPL 2005-02-25 close: legacy 88.99, candidate 44.495, undone 44.495 "
    ) in text
    assert (
        "→ indicators: follows from its bars (upstream, proved): 7 rows; AAPL; 2004-03-01 to "
        "2005-02-25; close; new to mend it: reload AAPL's history on legacy; a loader that only "
        "appends needs a check for restated history to accept it instead: "
        'parity waive a --with-followers --reason "…" --write '
        'parity waive b --reason "…" --write'
    ) in text
    assert (
        "- yahoo: unexplained (not proved): 3 rows; IBM; 2004-03-01 to 2005-02-25; close; new; "
        "undone 9 causes: no row matched"
    ) in text


def test_many_incidents_are_cut_in_a_terminal_and_short_in_a_page(tmp_path: Path) -> None:
    incidents = tuple(incident(f"i{number}", "rounding", 1) for number in range(40))
    rows = [replace(pair("A", number), incident=f"i{number}") for number in range(40)]
    night = run(Verdict.FAIL, dataset("bars", *incidents))
    assert " - 28 more incidents: 28 rows" in str(render_night(night))
    write_night(night, source({"bars": rows}), tmp_path / "n")
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert page.count("<article") == 12
    assert "<summary>28 more</summary>" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    # Every link within the page leads somewhere.
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert all(f"incident-i{number}" in ids for number in range(40))


def test_rows_of_an_incident_stand_together_and_each_has_some_in_the_page(tmp_path: Path) -> None:
    flood = owned([pair("A", number) for number in range(400)], "flood")
    late = owned([pair("B", number) for number in range(5)], "late")
    single = owned([only(RowState.LEGACY_ONLY, "C", 0)], "single")
    between = [*flood[:300], late[0], *flood[300:], *late[1:], *single]
    night = run(
        Verdict.FAIL,
        different(
            "bars", between,
            incidents=(
                incident("late", "unexplained", 5), incident("single", "missing_session", 1),
                incident("flood", "split_adjustment", 400),
            ),
        ),
    )  # fmt: skip
    write_night(night, source({"bars": between}), tmp_path / "n")
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    cells = re.findall(r'<td class="incident-of"(?: id="([^"]+)")?><a href="#([^"]+)"', page)
    names = [name.removeprefix("incident-") for _, name in cells]
    # The newest and the oldest of each have a place.
    assert [(name, len(list(same))) for name, same in groupby(names)] == [
        ("late", 5), ("flood", 194), ("single", 1),
    ]  # fmt: skip
    assert [ident for ident, _ in cells if ident] == ["rows-late", "rows-flood", "rows-single"]
    assert '<a href="#rows-flood" data-rows="flood">194 of its 400 rows</a>' in page
    assert '<a href="#rows-single" data-rows="single">its rows</a>' in page


def test_rows_without_incidents_have_no_column_for_them(tmp_path: Path) -> None:
    rows = [pair("A", number) for number in range(3)]
    write_night(run(Verdict.FAIL, different("bars", rows)), source({"bars": rows}), tmp_path / "n")
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert "incident-of" not in page.partition("<body")[2]
    assert '<th scope="col">incident</th>' not in page


def test_the_csv_says_which_incident_a_row_belongs_to(tmp_path: Path) -> None:
    rows = owned([pair("A", 0)], "cafe01") + owned([pair("A", 1)], "=1")
    write_night(run(Verdict.FAIL, different("bars", rows)), source({"bars": rows}), tmp_path / "n")
    header, *lines = (tmp_path / "n" / "discrepancies-bars.csv").read_text().splitlines()
    assert header.endswith(",differs,incident")
    assert [line.rpartition(",")[2] for line in lines] == ["cafe01", "'=1"]


def test_evidence_and_names_are_escaped(tmp_path: Path) -> None:
    attack = '"><script>alert(1)</script>\x1b[2J'
    evidence: dict[str, Any] = {
        "says": attack, "undo": attack, "side": attack, "why_not": attack, "ratio": attack,
        "incidents": [attack], attack: attack,
        "examples": [{"key": {attack: attack}, "legacy": {attack: attack}, "undone": {attack: 1}}],
        "deltas": {attack: {"max_abs": 1.0, "max_rel": 1.0}},
    }  # fmt: skip
    one = replace(
        incident(attack, "split_adjustment", 1, attack, **evidence), waiver=attack,
        explained_by=attack, columns=(attack,),
    )  # fmt: skip
    rows = owned([pair("A", 0)], attack)
    night = run(
        Verdict.FAIL,
        different("bars", rows, incidents=(one,), rows=counts(1, 1, waived=1)),
        selftest=SelfTest(
            causes=(CauseScore(cause=attack, injected=1, detected=0, right=0, wrong=0),),
            seed=attack,
            undetected=(attack,),
            misattributed=(attack,),
        ),
    )
    before = replace(night, session=date(2005, 2, 25))
    write_night(
        night, source({"bars": rows}), tmp_path / "n", beside=Beside(nights=[night, before])
    )
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\x1b" not in str(render_night(night, beside=Beside(nights=[before])))


def test_the_link_to_the_docs_is_there_where_they_are(tmp_path: Path) -> None:
    rows = owned([pair("A", 0)], "x")
    night = run(Verdict.FAIL, different("bars", rows, incidents=(incident("x", "rounding", 1),)))
    folder = tmp_path / "reports" / "validation" / "2005-02-28"
    link = '<a href="../../../docs/causes.md#rounding">'
    write_night(night, source({"bars": rows}), folder)
    assert link not in (folder / "index.html").read_text(encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "causes.md").write_text("# Causes", encoding="utf-8")
    write_night(night, source({"bars": rows}), folder)
    assert link in (folder / "index.html").read_text(encoding="utf-8")
