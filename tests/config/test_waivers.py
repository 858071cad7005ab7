"""waivers.yaml: what it holds, and every problem at once with its path and line."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parity.config import load, load_waivers
from parity.config.waivers import WaiverShape
from parity.model.cause import Cause
from parity.model.errors import ConfigError, ConfigProblem
from parity.model.waiver import Waiver

REPOSITORY = Path(__file__).parents[2]
DATASETS = ("yahoo_bars", "indicators")

FULL = """
version: 1
waivers:
  - id: yahoo-rounding
    dataset: yahoo_bars
    cause: rounding
    symbols: [BRK.B, NO, "1"]
    columns: close
    from: 2005-02-17
    to: 2005-02-25
    owner: anna
    reason: The vendor rounds
    expires: 2005-03-31
    max_rows: 12
  - id: pair
    dataset: indicators
    cause: formula+rounding
    owner: ben
    reason: "y"
    expires: 2005-04-01
    max_rows: 1
"""

BAD = """version: 1
waiver: [] #! waiver: did you mean waivers
waivers:
  - id: A b #! waivers[0].id: such as a-b
    dataset: yahoo_bar #! waivers[0].dataset: did you mean yahoo_bars
    cause: roundng #! waivers[0].cause: did you mean rounding
    symbols: [] #! waivers[0].symbols: empty list
    columns: [a, a] #! waivers[0].columns: twice
    from: "2005-02-17" #! waivers[0].from: without quotes
    ownr: x #! waivers[0].ownr: did you mean owner
    reason: " " #! waivers[0].reason: is blank
    expires: soon #! waivers[0].expires: must be a date
    max_rows: 0 #! waivers[0].max_rows: give a number >= 1
  - id: twice
    dataset: zzz #! waivers[1].dataset: there are yahoo_bars, indicators
    cause: unexplained + rounding #! waivers[1].cause: no pair
    symbols: [A, 7] #! waivers[1].symbols[1]: put it in quotes
    columns: {a: b} #! waivers[1].columns: must be a list
    from: 2005-02-18
    to: 2005-02-17 #! waivers[1].to: is before 2005-02-18
    owner: 3 #! waivers[1].owner: must be text
    reason: x
    expires: 2005-02-30 #! waivers[1].expires: not a date of the calendar
    max_rows: true #! waivers[1].max_rows: must be a whole number
  - id: twice #! waivers[2].id: also the id of waivers[1]
    dataset: indicators
    cause: #! waivers[2].cause: is empty
    symbols: [B, B] #! waivers[2].symbols: names B twice
    owner: o
    reason: r
    expires: 2005-01-01
    max_rows: 1.5 #! waivers[2].max_rows: must be a whole number
  - {id: bare} #! waivers[3].dataset: name the dataset
  - text #! waivers[4]: must be a mapping
"""


def problems_of(folder: Path, text: str, datasets: tuple[str, ...] | None = DATASETS) -> (
    tuple[ConfigProblem, ...]
):  # fmt: skip
    file = folder / "waivers.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_waivers(file, datasets)
    assert str(raised.value).startswith(f"{file}: ")
    return raised.value.problems


def test_a_full_file(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(FULL, encoding="utf-8")
    assert load_waivers(file, DATASETS) == (
        Waiver(
            id="yahoo-rounding", dataset="yahoo_bars", cause="rounding",
            symbols=("BRK.B", "NO", "1"), columns=("close",), first=date(2005, 2, 17),
            last=date(2005, 2, 25), owner="anna", reason="The vendor rounds",
            expires=date(2005, 3, 31), max_rows=12,
        ),
        Waiver(
            id="pair", dataset="indicators", cause="formula + rounding", owner="ben", reason="y",
            expires=date(2005, 4, 1), max_rows=1,
        ),
    )  # fmt: skip


def test_every_problem_is_told_at_once_with_its_path_and_line(tmp_path: Path) -> None:
    expected = {
        (number, mark.partition(": ")[0]): mark.partition(": ")[2]
        for number, line in enumerate(BAD.splitlines(), start=1)
        for mark in line.split(" #! ")[1:]
    }
    problems = problems_of(tmp_path, BAD)
    found = {(problem.line, problem.path): problem.message for problem in problems}
    bare = next(number for number, path in expected if path == "waivers[3].dataset")
    for key in ("cause", "owner", "reason", "expires", "max_rows"):
        assert found.pop((bare, f"waivers[3].{key}")).startswith("is missing; ")
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert {place: found[place] for place in expected if expected[place] not in found[place]} == {}
    assert [problem.line for problem in problems] == sorted(one.line or 0 for one in problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty; it needs at least `version: 1`"),
        ("# waivers:\n", "the file is empty"),
        ("- a\n", "top level must be a mapping"),
        ("waivers: [\n", "not valid YAML"),
        ("waivers: []\n", "version: is missing; add `version: 1`"),
        ("version: 2\n", "must be 1"),
        ("version: 1\nwaivers: {}\n", "waivers: must be a list"),
    ],
)
def test_what_is_no_file_of_waivers_is_refused(tmp_path: Path, text: str, words: str) -> None:
    [problem] = problems_of(tmp_path, text)
    assert words in str(problem)


def test_no_file_has_no_waivers_and_neither_has_an_empty_list(tmp_path: Path) -> None:
    assert load_waivers(tmp_path / "none.yaml", DATASETS) == ()
    (tmp_path / "waivers.yaml").write_text("version: 1\n", encoding="utf-8")
    assert load_waivers(tmp_path / "waivers.yaml") == ()


def test_a_file_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_waivers(tmp_path, DATASETS)


def test_without_names_a_waiver_may_be_about_any_dataset(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(FULL, encoding="utf-8")
    assert len(load_waivers(file)) == 2
    [problem] = problems_of(tmp_path, FULL, ("yahoo_bars",))
    assert problem.path == "waivers[1].dataset"


def test_the_file_of_the_repository_loads_and_so_does_its_example(tmp_path: Path) -> None:
    suite = load(REPOSITORY / "parity.yaml")
    names = [dataset.name for dataset in suite.datasets]
    assert suite.plan.waivers == REPOSITORY / "waivers.yaml"
    assert load_waivers(suite.plan.waivers, names) == ()
    text = suite.plan.waivers.read_text(encoding="utf-8")
    example = "".join(f"{line[2:]}\n" for line in text.splitlines() if line.startswith("#   "))
    file = tmp_path / "waivers.yaml"
    file.write_text(f"version: 1\nwaivers:\n{example}", encoding="utf-8")
    [waiver] = load_waivers(file, names)
    assert waiver.cause in set(Cause)


def test_the_example_of_the_document_loads_and_all_keys_are_told(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "waivers.md").read_text(encoding="utf-8")
    file = tmp_path / "waivers.yaml"
    file.write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    [waiver] = load_waivers(file, DATASETS)
    assert waiver.id == "yahoo-rounding"
    for name, field in WaiverShape.model_fields.items():
        assert f"`{field.alias or name}`" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gates: {parallel_run: {sesions: 1}}", "did you mean sessions"),
        ("alerts: {deadlin: x}", "did you mean deadline"),
        ("cutover: {hooks: {befor: []}}", "did you mean before"),
        ("checklist: [{id: a, text: b, zzz: c}]", "there are id, text, phase"),
    ],
)
def test_a_misspelt_key_of_parity_yaml_is_told_in_the_words_of_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "parity.yaml"
    dataset = "{name: d, kind: table, legacy: a.b, candidate: c.d, key: k}"
    head = f"version: 1\nmigration: m\ndatasets: [{dataset}]\n"
    file.write_text(head + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load(file)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.text(max_size=8),
    st.sampled_from([*map(str, Cause), "a + b", "+", "", "rounding + ", *DATASETS]),
    st.lists(st.text(max_size=3) | st.integers(), max_size=3),
)  # fmt: skip
KEYS = st.sampled_from([field.alias or name for name, field in WaiverShape.model_fields.items()])
ENTRIES = st.lists(st.dictionaries(KEYS | st.text(max_size=4), VALUES), max_size=3)


@given(ENTRIES | VALUES)
def test_any_file_loads_or_is_refused(entries: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "waivers.yaml"
        content = {"version": 1, "waivers": entries}
        file.write_text(yaml.safe_dump(content, allow_unicode=False), encoding="utf-8")
        with suppress(ConfigError):
            assert all(isinstance(one, Waiver) for one in load_waivers(file, DATASETS))
