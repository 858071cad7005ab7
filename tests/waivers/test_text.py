"""Entries as YAML: what is written is read back, and nothing of a file is lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.config.waiver_text import HEAD, appended, entry_text
from parity.config.waivers import waivers_of
from parity.model.cause import Cause
from parity.model.waiver import Waiver

FILE = Path("waivers.yaml")


def waiver(ident: str = "new", **values: Any) -> Waiver:
    fields: dict[str, Any] = {
        "id": ident, "dataset": "bars", "cause": "rounding", "owner": "anna", "reason": "known",
        "expires": date(2005, 3, 30), "max_rows": 12,
    }  # fmt: skip
    return Waiver(**(fields | values))


def test_an_entry_as_one_would_write_it() -> None:
    one = waiver(
        symbols=("AAPL", "NO", "1"), columns=("close",), first=date(2005, 2, 17),
        last=date(2005, 2, 25), reason='The vendor "rounds" to four places and has done so since '
        "1999, as its manual says in so many words",
    )  # fmt: skip
    assert entry_text(one, "exactly") == (
        "  - id: new\n"
        "    dataset: bars\n"
        "    cause: rounding\n"
        '    symbols: [AAPL, "NO", "1"]\n'
        "    columns: [close]\n"
        "    from: 2005-02-17\n"
        "    to: 2005-02-25\n"
        "    owner: anna\n"
        '    reason: "The vendor \\"rounds\\" to four places and has done so since 1999,\n'
        '      as its manual says in so many words"\n'
        "    expires: 2005-03-30\n"
        "    max_rows: 12  # exactly\n"
    )


def test_many_symbols_stay_within_80_columns() -> None:
    one = waiver(symbols=tuple(f"SYM{number}" for number in range(500)), reason="a word " * 80)
    text = entry_text(one)
    assert max(map(len, text.splitlines())) <= 80
    [found] = waivers_of(HEAD + text, FILE)
    assert found == one


# No lone surrogates and no NUL: PostgreSQL has neither, nor does the command line let them in.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100)
WORDS = st.lists(st.sampled_from(["a", "b" * 30, " ", "  ", "\\", '"', "#", "\t", "\n", ": "]))
NAMES = st.lists(
    st.sampled_from(["null", "true", "1e-9", "2005-02-28", "~", "a b", "-", ""]) | TEXT,
    max_size=30, unique=True,
).map(tuple)  # fmt: skip
COLUMNS = st.lists(st.sampled_from(["close", "a-b", "null", "Größe", "x y"]), unique=True)
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
FILLED = (TEXT | WORDS.map("".join)).filter(lambda text: bool(text.strip()))
DAYS = st.none() | st.dates(date(2005, 1, 1), date(2005, 1, 31))
WAIVERS = st.builds(
    waiver, SLUGS, dataset=SLUGS, cause=st.sampled_from([*map(str, Cause), "formula + rounding"]),
    symbols=NAMES, columns=COLUMNS.map(tuple), first=DAYS, owner=FILLED, reason=FILLED,
    last=st.none() | st.dates(date(2005, 2, 1)), expires=st.dates(), max_rows=st.integers(1),
)  # fmt: skip


@given(WAIVERS, st.integers(0, 6))
def test_what_is_written_is_read_back(one: Waiver, indent: int) -> None:
    assert waivers_of(HEAD + entry_text(one, "a note", indent), FILE) == (one,)


OLD = """# About this file
version: 1  # ours

waivers:   # accepted
# before
- id: old
  dataset: bars   # those
  cause: formula
  owner: &a ben
  reason: |
    two
    lines
  expires: 2005-03-01
  max_rows: 3     # three

# the end
"""


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("version: 1\n", "version: 1\nwaivers:\n{}"),
        ("version: 1", "version: 1\nwaivers:\n{}"),
        ("version: 1\nwaivers: []\n# end\n", "version: 1\nwaivers:\n{}# end\n"),
        ("version: 1\nwaivers: [ ] # none\n", "version: 1\nwaivers: # none\n{}"),
        ("waivers: []\nversion: 1\n", "waivers:\n{}version: 1\n"),
    ],
)
def test_where_entries_are_added(old: str, expected: str) -> None:
    assert next(appended(old, [waiver()])) == expected.format(entry_text(waiver()))


def test_the_first_place_is_behind_the_last_entry_and_before_what_follows_it() -> None:
    text = next(appended(OLD, [waiver()]))
    before, after = OLD.split("\n# the end", maxsplit=1)
    assert text == before + entry_text(waiver(), indent=0) + "\n# the end" + after


def old_file(entries: list[Waiver], order: bool, note: str, newline: str) -> str:
    body = "".join(f"{note}{entry_text(one)}" for one in entries)
    waivers = f"waivers:\n{body}" if entries else "waivers: []\n"
    parts = [waivers, "version: 1\n"] if order else ["version: 1\n", waivers]
    return (note + "".join(parts) + note).replace("\n", newline)


@given(
    st.lists(WAIVERS, max_size=3, unique_by=lambda one: one.id), WAIVERS, st.booleans(),
    st.sampled_from(["", "# a comment\n", "    # an indented one\n\n"]),
    st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
def test_of_a_file_nothing_goes_and_the_new_one_comes_last(
    entries: list[Waiver], one: Waiver, order: bool, note: str, newline: str
) -> None:
    old = old_file(entries, order, note, newline)
    if one.id in {other.id for other in entries}:
        return
    text = next(appended(old, [one]))
    assert waivers_of(text, FILE) == (*entries, one)
    lines = iter(text.splitlines())
    assert all(line.replace(" []", "") in lines for line in old.splitlines())
    assert ("\r\n" in text) == (newline == "\r\n")
    assert text.count("\n") == text.count(newline)
