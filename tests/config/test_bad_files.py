"""Bad files: each line of `bad/*.yaml` says after `#!` which problems are expected on it.

`#! PATH: WORDS` is one problem with that path, on that line, whose message holds those words. The
list is full: a problem that no line announces fails the test too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.config import load
from parity.model.errors import ConfigError, ConfigProblem

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.yaml"))


def expected_problems(file: Path) -> dict[tuple[int, str], str]:
    """(line, path) to words, from the file's comments."""
    announced = [
        (number, mark.strip().partition(": "))
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        for mark in line.split(" #! ")[1:]
    ]
    problems = {(number, path): words for number, (path, _, words) in announced}
    assert len(problems) == len(announced), "announce each place once"
    return problems


def problems_of(file: Path) -> tuple[ConfigProblem, ...]:
    with pytest.raises(ConfigError) as raised:
        load(file)
    return raised.value.problems


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_problem_is_reported_at_once_with_its_path_and_line(file: Path) -> None:
    expected = expected_problems(file)
    found = {(problem.line, problem.path): problem.message for problem in problems_of(file)}

    assert len(problems_of(file)) == len(found), "two messages for one place"
    assert sorted(found, key=str) == sorted(expected, key=str)
    unlike = {place: found[place] for place, words in expected.items() if words not in found[place]}
    assert not unlike


def test_the_files_cover_every_topic() -> None:
    assert {file.stem for file in FILES} == {
        "datasets",
        "indicators",
        "jobs",
        "misspelt",
        "missing",
        "plan",
        "rename",
        "tolerances",
        "top_level",
        "windows",
        "yaml",
    }
    assert sum(len(expected_problems(file)) for file in FILES) >= 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_messages_are_single_lines_without_jargon(file: Path) -> None:
    for problem in problems_of(file):
        assert "\n" not in str(problem)
        for jargon in ("pydantic", "Input should", "type=", "valid string", "NoneType"):
            assert jargon not in problem.message


def test_the_error_names_the_file_and_counts_in_file_order() -> None:
    file = BAD / "jobs.yaml"
    with pytest.raises(ConfigError) as raised:
        load(file)

    first, *rest = str(raised.value).splitlines()
    assert first == f"{file}: {len(rest)} problems"
    assert rest[0] == ("  line 5: jobs[0].side: must be legacy or candidate, not the text 'source'")
    lines = [problem.line or 0 for problem in raised.value.problems]
    assert lines == sorted(lines)


ALIASES = "\n".join(f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 9)}]" for n in range(1, 10))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", None, "the file is empty"),
        (b"# only a comment\n", None, "the file is empty"),
        (b"---\n...\n", 1, "top level must be a mapping"),
        (b"- a\n- b\n", 1, "top level must be a mapping"),
        (b"just text", 1, "top level must be a mapping"),
        (b"version: 1\nmigration: [a\n", 3, "not valid YAML"),
        (b"version: 1\n\tmigration: a\n", 2, "indent with spaces, not tabs"),
        (b"version: 1\nmigration: *m\n", 2, "undefined alias"),
        (b"version: 1\n---\nversion: 1\n", 2, "not valid YAML"),
        (b"version: 1\nmigration: \x01\n", 2, "character that YAML does not allow"),
        (b"version: 1\nmigration: \xff\n", None, "not UTF-8"),
        (b'migration: "\\Uffffffff"\n', None, "names no character"),
        (b'migration: "\\U00110000"\n', None, "names no character"),
        (b"a: " + b"[" * 1000, None, "nested too deeply"),
        (("a0: &a0 x\n" + ALIASES).encode(), None, "more than 50000 values"),
    ],
)
def test_what_is_no_mapping_has_one_clear_problem(
    tmp_path: Path, content: bytes, line: int | None, words: str
) -> None:
    file = tmp_path / "parity.yaml"
    file.write_bytes(content)

    (problem,) = problems_of(file)

    assert (problem.path, problem.line) == ("(file)", line)
    assert words in problem.message
    assert "\n" not in problem.message


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "none.yaml")

    assert "there is no such file; name yours with --config" in problem.message


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)

    assert problem.message.startswith("cannot be read: ")
