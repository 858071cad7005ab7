"""The page of data docs: what Great Expectations says of one side's rows, and nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import logging
import math
import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from parity.model.suite import Kind
from parity.model.verdict import Side
from parity.quality import docs_page, validate
from parity.quality.docs import SHOWN
from tests.quality.rows import dataset, good

pytestmark = pytest.mark.usefixtures("imported")

SESSION = date(2005, 2, 28)
ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


class Reader(HTMLParser):
    """Tags and attributes of a page, and its text with a bar before each block."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("b", "bdi", "a"):
            self.text += " | "

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(kind: Kind, frame: pd.DataFrame, side: Side = Side.LEGACY, **changes: Any) -> str:
    """The page of a side's rows, at most 1,000 of them."""
    return docs_page(validate(dataset(kind, **changes), side, frame), SESSION, 1_000).decode()


def text_of(page: str) -> str:
    return re.sub(r"(\| )+", "| ", " ".join(Reader(page.partition("</style>")[2]).text.split()))


def spoilt(**values: Any) -> pd.DataFrame:
    """Good bars, with these values in the first row."""
    frame = good(Kind.BARS)
    for column, value in values.items():
        frame.at[0, column] = value
    return frame


def test_what_fails_names_its_rows_in_the_words_of_great_expectations() -> None:
    text = text_of(page_of(Kind.BARS, spoilt(open=Decimal("93"))))
    assert "Quality of daily, legacy" in text
    assert "✕ Fail: 1 of 20 expectations fail." in text
    assert "Side | legacy: legacy.t" in text
    assert "Session | 2005-02-28" in text
    assert "Rows looked at | 3 |" in text
    failed = text.partition("Expectations that fail (1)")[2].partition("Expectations that hold")[0]
    assert "✕ high >= open | high" in failed
    assert "Values in high must always be greater than or equal to those in open." in failed
    assert "1 unexpected values found. ≈33.33% of 3 total rows." in failed
    assert "Observed: ≈33.333% unexpected" in failed
    assert "symbol | day | high | open |" in failed
    assert "IBM | 2005-02-25 | 92.9 | 93.0" in failed
    # Its own table: the pair of values and how often it was found.
    assert "92.9, 93.0 | 1" in failed


def test_the_other_side_holds_and_every_expectation_is_there() -> None:
    text = text_of(page_of(Kind.BARS, good(Kind.BARS), Side.CANDIDATE))
    assert "Quality of daily, candidate" in text
    assert "✓ Pass: all 20 expectations hold." in text
    assert "Expectations that fail" not in text
    assert "Side | candidate: prefect.t" in text
    assert text.count("✓") == 21
    assert "✓ > 0 | close | close values must be greater than 0.0. | 0% unexpected" in text
    assert "✓ has rows | — | Must have greater than or equal to 1 rows. | 3" in text
    assert "Great Expectations 1.24" in text


def test_columns_that_were_added_for_a_check_are_called_what_they_are_of() -> None:
    page = page_of(Kind.BARS, spoilt(close=None, low=math.nan))
    text = text_of(page)
    assert "✕ not null | close | close values must never be null." in text
    assert "✕ finite | not finite values must be null." in text
    assert "it names the first number of a row that is NaN or infinite" in text
    assert "symbol | day | found | IBM | 2005-02-25 | low is nan" in text
    assert "\x1f" not in page


def test_no_more_rows_are_listed_than_a_page_holds_and_it_says_so() -> None:
    rows = pd.concat([good(Kind.TABLE)] * 400, ignore_index=True)
    rows["symbol"] = "S" * 500
    page = page_of(Kind.TABLE, rows)
    text = text_of(page)
    assert f"Rows, the first {SHOWN} of 1,200" in text
    assert text.count(f"{'S' * 80}… | 2005-02-2") == SHOWN
    assert "S" * 81 not in text
    assert "1,200, the newest of this side" in text
    assert len(page) < 60_000


def test_a_page_is_small_when_everything_fails() -> None:
    rows = pd.concat([good(Kind.BARS)] * 40, ignore_index=True)
    for column in ("open", "high", "low", "close", "volume"):
        rows[column] = [-1 - number for number in range(len(rows))]
    rows["low"] = rows["high"] + 1
    page = page_of(Kind.BARS, rows)
    assert "✕ Fail: 9 of 20 expectations fail." in text_of(page)
    assert len(page) < 60_000


def test_without_rows_there_is_nothing_for_great_expectations_to_say() -> None:
    text = text_of(page_of(Kind.TABLE, good(Kind.TABLE).iloc[:0]))
    assert "✕ Fail: 4 of 4 expectations fail." in text
    assert "✕ has rows | no rows" in text
    assert "Great Expectations was not asked" in text


def test_a_missing_column_is_told_and_the_rest_is_there() -> None:
    text = text_of(page_of(Kind.BARS, good(Kind.BARS).drop(columns="volume")))
    assert "✕ exists | volume | there is no column volume" in text
    assert "✓ > 0 | open" in text


def test_a_check_that_saw_no_value_says_so() -> None:
    text = text_of(page_of(Kind.INDICATORS, good(Kind.INDICATORS).iloc[:1]))
    assert "no values: every row is NULL here" in text


def test_hostile_names_and_values_are_text() -> None:
    frame = good(Kind.TABLE).rename(columns={"symbol": ATTACK, "day": "$icon ${day}"})
    frame.loc[1] = frame.loc[0] = [ATTACK, "\u202eevil\x07", "x"]
    page = page_of(Kind.TABLE, frame, name=ATTACK, key=(ATTACK, "$icon ${day}"))
    found = Reader(page)
    assert {tag for tag, _ in found.tags} <= {
        "html", "head", "meta", "title", "link", "style", "body", "nav", "a", "main", "h1", "bdi",
        "p", "b", "dl", "div", "dt", "dd", "h2", "section", "h3", "small", "h4", "table", "thead",
        "tbody", "tr", "th", "td", "footer",
    }  # fmt: skip
    assert {name for _, attributes in found.tags for name in attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "tabindex",
        "role", "aria-label", "scope",
    }  # fmt: skip
    text = text_of(page)
    assert f"{ATTACK} | \\u202eevil\\x07" in text
    assert f"must be unique together: {ATTACK}, $icon ${{day}}" in text
    links = [value for _, attributes in found.tags if (value := attributes.get("href"))]
    assert links[0] == "data:,"
    assert re.fullmatch(r"index\.html#quality-[a-z0-9-]+", links[1] or "")
    assert len(links) == 2


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    page = page_of(Kind.TABLE, good(Kind.TABLE))
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
    assert f"content=\"{policy}form-action 'none'\"" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_same_rows_make_the_same_page() -> None:
    frame = spoilt(volume=-1)
    assert page_of(Kind.BARS, frame) == page_of(Kind.BARS, frame)


def test_words_that_fail_are_told_in_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_entry: object) -> None:
        raise KeyError("<b>")

    monkeypatch.setattr("parity.quality.docs.wording", broken)
    with caplog.at_level(logging.WARNING):
        text = text_of(page_of(Kind.TABLE, good(Kind.TABLE)))
    assert "✓ Pass: all 4 expectations hold." in text
    assert text.count("Great Expectations could not word this: KeyError: '<b>'") == 4
