"""The Markdown summary: what a night says, and no markup of its own that a value brings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from parity.model.result import RunResult
from parity.model.verdict import Verdict
from parity.report.machines.markdown import code, linked, plain
from parity.report.machines.summary import MOST_BYTES, summary
from tests.report.build import failed_job_night, run
from tests.report.incidents import dataset, incident
from tests.report.machine_nights import LINK, golden_view, view_of_night
from tests.report.results import HOSTILE, results

HERE = Path(__file__).parent
# As GitHub reads it, with raw HTML; addresses in the text are looked at apart.
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What the summary itself is made of.
OURS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text",
    "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
    "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "code_inline", "hardbreak",
    "text_special",
}  # fmt: skip


def tokens(text: str) -> Iterator[Token]:
    for token in GITHUB.parse(text):
        yield token
        yield from token.children or ()


def kinds(text: str) -> set[str]:
    return {token.type for token in tokens(text)}


def shown(text: str) -> str:
    """What a reader sees of a piece of Markdown, without what cannot be seen."""
    seen = "".join(token.content for token in tokens(text) if token.type in ("text", "code_inline"))
    return seen.replace("\u2060", "")


def test_the_night_of_the_split_is_as_written_by_hand() -> None:
    wanted = (HERE / "golden_machines" / "night.md").read_text(encoding="utf-8")
    assert summary(golden_view(), LINK) == wanted


def test_it_is_one_heading_one_table_and_one_list_of_incidents() -> None:
    found = list(tokens(summary(golden_view(), LINK)))
    assert [one.tag for one in found if one.type == "heading_open"] == ["h2", "h3", "h3"]
    assert sum(one.type == "tr_open" for one in found) == 1 + 4
    assert [one.content for one in found if one.type == "code_inline"] == [
        "split_adjustment", 'parity waive a --with-followers --reason "…" --write',
        "split_adjustment", 'parity waive b --reason "…" --write',
        "upstream", 'parity waive c --reason "…" --write',
    ]  # fmt: skip
    assert [one.attrs["href"] for one in found if one.type == "link_open"] == [LINK]


def test_an_undecided_night_says_why_first() -> None:
    lines = summary(view_of_night(failed_job_night())).splitlines()
    assert lines[0] == "## ? Undecided: legacy job load-yahoo failed (exit 1) (and 1 more reason)"
    assert "- legacy job load-yahoo failed (exit 1)" in lines
    assert "- yahoo-bars: both sides are empty" in lines


@pytest.mark.parametrize(
    "address", ["", "file:///srv/reports/index.html", "javascript:alert(1)", "https://", "a.html"]
)
def test_what_nobody_else_can_open_is_no_link(address: str) -> None:
    assert "link_open" not in kinds(summary(golden_view(), address))


def test_an_address_stays_one_whatever_is_in_it() -> None:
    found = list(tokens(linked("report", "https://e.org/a>b(c)é<d`/x")))
    assert [one.attrs["href"] for one in found if one.type == "link_open"] == [
        "https://e.org/a%3Eb%28c%29%C3%A9%3Cd%60/x"
    ]


def hostile_night(text: str) -> RunResult:
    return run(
        Verdict.FAIL,
        dataset(text, incident(text, "unexplained", 2, text, says=text), reasons=(text,)),
        reasons=(text, text), migration=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_text_makes_no_markup(text: str) -> None:
    harmless = summary(view_of_night(hostile_night("AAPL")))
    found = summary(view_of_night(hostile_night(text)))
    assert kinds(found) - {"text_special"} <= OURS
    count = [sum(one.type == kind for one in tokens(found)) for kind in ("tr_open", "td_open")]
    assert count == [sum(one.type == kind for one in tokens(harmless))
                     for kind in ("tr_open", "td_open")]  # fmt: skip
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", found)


REFERENCES = re.compile(r"@\w|#\d|GH-\d|!\d|https?://|www\.|:[a-z]+:|~\w", re.IGNORECASE)


def prose(text: str) -> str:
    """What GitHub looks for mentions and addresses in: finished text, not code."""
    return "\n".join(token.content for token in tokens(text) if token.type == "text")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_nobody_is_called_and_nothing_is_linked(text: str) -> None:
    assert not REFERENCES.search(prose(summary(view_of_night(hostile_night(text)), LINK)))


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from("a1 -+*_`~|#<>[]()!&$@:/\\.=\"'\té"), min_size=1, max_size=15).filter(
        str.strip
    )
)
@example("1. a")
@example("- a")
@example("+ a")
@example("===")
@example("    code")
@example("/close")
@example("12) a")
def test_a_text_is_read_as_it_is_wherever_it_stands(text: str) -> None:
    wanted = text.replace("\t", "\\t")
    for before in ("", "- ", "## x: ", "x "):
        made = f"{before}{plain(text, 100)}"
        assert kinds(made) <= OURS, made
        assert " ".join(shown(made).removeprefix("x: ").removeprefix("x ").split()) == " ".join(
            wanted.split()
        )
        assert not REFERENCES.search(prose(made))
    table = f"| a | b |\n|---|---|\n| {plain(text, 100) or ' '} | b |"
    # Cells beyond those of the head are dropped without a word.
    inline = [token for token in GITHUB.parse(table) if token.type == "inline"]
    assert inline[-1].content == "b"


@given(st.text(st.sampled_from("a `|\\"), min_size=1, max_size=12).filter(str.strip))
def test_code_is_shown_to_the_letter(text: str) -> None:
    (found,) = [token for token in tokens(f"x {code(text)}") if token.type == "code_inline"]
    assert found.content.strip() == text.strip()


def test_it_never_grows_beyond_what_github_takes() -> None:
    nasty = "&|<" * 300
    night = run(
        Verdict.FAIL,
        *(
            dataset(
                f"{nasty}{number}",
                *(incident(f"{number}-{n}", "unexplained", 1, nasty) for n in range(40)),
            )
            for number in range(60)
        ),
        reasons=(nasty,) * 50,
    )
    text = summary(view_of_night(night), LINK)
    assert 30_000 < len(text.encode()) <= MOST_BYTES
    assert re.search(r"and [\d,]+ more incidents", text)
    assert kinds(text) <= OURS | {"link_open", "link_close"}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(results())
def test_any_night_has_a_summary_without_markup_of_its_values(night: RunResult) -> None:
    text = summary(view_of_night(night))
    assert kinds(text) <= OURS
    assert len(text.encode()) <= MOST_BYTES
    assert "h2" in {token.tag for token in tokens(text)}
