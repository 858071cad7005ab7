"""The fault matrix: what each vendor may do wrong, and what must come of it.

`python -m tests.flows.fault_cases` prints docs/faults.md; a test holds the document to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from parity.demo.faults import Fault, FaultKind, Vendor
from prefect_flows.errors import LastingError, PassingError, VendorError
from prefect_flows.work.failing import LONGEST_WAIT_SECONDS

__all__ = ["CASES", "Case", "Feed", "document", "matches"]


# As prefect_flows.work.retrying bounds it.


class Feed(StrEnum):
    """What is loaded: AAPL, 30 days of daily bars or 7 of hourly ones, up to 2005-02-25."""

    YAHOO_DAILY = "Yahoo daily"
    YAHOO_HOURLY = "Yahoo hourly"
    POLYGON = "Polygon daily"

    @property
    def vendor(self) -> Vendor:
        """Who is asked."""
        return Vendor.POLYGON if self is Feed.POLYGON else Vendor.YAHOO


@dataclass(frozen=True, slots=True)
class Case:
    """One fault of one vendor.

    Attributes:
        title: What goes wrong, in words.
        feed: What is loaded.
        fault: What the replay server does, for every request until it is cleared.
        reported: The error's reason, or the message of load_runs; `…` stands for any text.
        error: Its class; None where the bars are stored.
        wait: Seconds that the vendor asks for, as the error hands them on.
        left_out: Bars that are not stored where others are, by time in New York.
    """

    title: str
    feed: Feed
    fault: Fault
    reported: str
    error: type[VendorError] | None = PassingError
    wait: float | None = None
    left_out: tuple[str, ...] = ()

    @property
    def stored(self) -> str:
        """What is stored, in words."""
        if self.error is not None:
            return "nothing"
        return f"all but {', '.join(self.left_out)}" if self.left_out else "all: the day is right"

    @property
    def asked_again(self) -> str:
        """Whether the task asks again, in words."""
        if self.error is None:
            return "at the next run" if self.left_out else "no"
        if self.error is LastingError:
            return "no"
        if self.wait is None:
            return "yes"
        if self.wait > LONGEST_WAIT_SECONDS:
            return "at the next run: more patience than a run has"
        return f"yes, after {self.wait:.0f} s"


def matches(expected: str, text: str) -> bool:
    """Tell whether a text is the expected one, `…` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, text) is not None


def _each(
    title: str,
    kind: FaultKind,
    *reported: str,
    error: type[VendorError] | None = PassingError,
    wait: float | None = None,
    **details: Any,
) -> Iterator[Case]:
    """The same fault for all three; one report for all, or one each in the order of Feed."""
    texts = reported if len(reported) == len(Feed) else reported * len(Feed)
    for feed, text in zip(Feed, texts, strict=True):
        yield Case(title, feed, _fault(kind, feed, **details), text, error, wait)


def _fault(kind: FaultKind, feed: Feed, **details: Any) -> Fault:
    return Fault(kind, feed.vendor, symbol="AAPL", **details)


def _hole(title: str, kind: FaultKind, at_polygon: str) -> Iterator[Case]:
    """A worthless bar that is not the newest: left out at Yahoo, which has them for halts."""
    for feed, bar in ((Feed.YAHOO_DAILY, "2005-02-24"), (Feed.YAHOO_HOURLY, "2005-02-25 14:30")):
        said = f"1 incomplete bar left out, from {bar} on"
        yield Case(title, feed, _fault(kind, feed, place=-2), said, None, left_out=(bar,))
    fault = _fault(kind, Feed.POLYGON, place=-2)
    yield Case(title, Feed.POLYGON, fault, f"the bar of 2005-02-24 {at_polygon}")


def _statuses() -> Iterator[Case]:
    status, said = FaultKind.STATUS, "injected by the replay"
    yield from _each("429", status, f"HTTP 429 {said}", status=429)
    text = f"HTTP 429 {said}, asks for 30 s"
    yield from _each("429, `Retry-After: 30`", status, text, wait=30, status=429, retry_after="30")
    # The client that reads the header believes no more than six hours.
    text, new_year = f"HTTP 429 {said}, asks for 21600 s", "Fri, 01 Jan 2100 00:00:00 GMT"
    yield from _each(
        "429, `Retry-After:` a date", status, text, wait=21600, status=429, retry_after=new_year
    )
    yield from _each("500, then fine", status, f"HTTP 500 {said}", status=500)
    for code in (401, 404):
        refused = f"refused: HTTP {code} {said}"
        yield from _each(str(code), status, refused, error=LastingError, status=code)


def _transfers() -> Iterator[Case]:
    late = "Timeout: …timed out after …"
    yield from _each("hang: no answer, no end", FaultKind.HANG, late)
    yield from _each("drip: a byte now and then", FaultKind.DRIP, late, seconds=0.02)
    yield from _each(
        "connection closed", FaultKind.DROP, "ConnectionError: Empty reply from server"
    )
    yield from _each(
        "reset in the body", FaultKind.RESET,
        "IncompleteRead: end of response with … bytes missing",
    )  # fmt: skip
    yield from _each("JSON that ends too early", FaultKind.MALFORMED, "unreadable answer: …")


def _pages() -> Iterator[Case]:
    yield from _each(
        "half of the page", FaultKind.TRUNCATED_PAGE,
        "the answer ends on 2005-02-09, though 2005-02-25 was traded",
        "the answer ends on 2005-02-23, though 2005-02-25 was traded",
        "11 results where 22 are announced",
    )  # fmt: skip
    fault = _fault(FaultKind.TRUNCATED_PAGE, Feed.POLYGON, page=2, page_size=8)
    text = "page 2: 4 results where 8 are announced"
    yield Case("half of the second page", Feed.POLYGON, fault, text)


def _bodies() -> Iterator[Case]:
    """Answers with status 200 and nothing in them; the vendors' clients take them for no bars."""
    zone = '"exchangeTimezoneName":"America/New_York"'
    bare = f'"meta":{{{zone}}},"indicators":{{"quote":[{{}}]}}'
    no_bars = f'{{"chart":{{"result":[{{{bare}}}],"error":null}}}}'
    sessions = "though 2005-01-26, 2005-01-27, 2005-01-28 and 19 more had a session"
    nothing = "unreadable answer: Expecting value: line 1 column 1 (char 0)"
    of_yahoo = {
        "": nothing,
        "null": "unreadable answer: no chart",
        "{}": "unreadable answer: no chart",
        '{"chart":{"result":null,"error":null}}': "unreadable answer: no result",
        '{"chart":{"result":[],"error":null}}': "unreadable answer: no result",
        '{"chart":{"result":[{}],"error":null}}': "unreadable answer: no meta",
        '{"finance":{"result":null,"error":{}}}': "unreadable answer: no chart",
        no_bars: f"no bars in 31 days, {sessions}",
    }
    of_polygon = {
        "": nothing,
        "null": "unreadable answer: not an object",
        "{}": "no status",
        '{"status":"ERROR"}': "status 'ERROR'",
        '{"status":"OK"}': "0 results, and no count of them",
        '{"status":"OK","resultsCount":22}': "0 results where 22 are announced",
        '{"status":"OK","resultsCount":0}': f"no bars in 31 days, {sessions}",
    }
    for feed, shapes in ((Feed.YAHOO_DAILY, of_yahoo), (Feed.POLYGON, of_polygon)):
        for body, text in shapes.items():
            shown = {"": "no body", no_bars: "a chart without bars"}.get(body, f"`{body}`")
            title = f"empty 200: {shown}"
            yield Case(title, feed, _fault(FaultKind.BODY, feed, body=body), text)


def _bars() -> Iterator[Case]:
    newest = "the newest bar (2005-02-25) lacks a price"
    newest_hour = "the newest bar (2005-02-25 15:30) lacks a price"
    for title, kind, of_polygon in (
        ("no close", FaultKind.NULLS, "lacks a price"),
        ("nothing but nulls", FaultKind.NULL_BAR, "lacks a price"),
        ("zeros", FaultKind.ZEROS, "is wrong: 0 is not a price"),
    ):
        last = f"the bar of 2005-02-25 {of_polygon}"
        yield from _each(f"newest bar: {title}", kind, newest, newest_hour, last)
        yield from _hole(f"earlier bar: {title}", kind, of_polygon)
    yield from _each(
        "two bars out of order", FaultKind.OUT_OF_ORDER,
        "the bar of 2005-02-09 09:30 comes after 2005-02-10 09:30",
        "the bar of 2005-02-23 11:30 comes after 2005-02-23 12:30",
        "the bar of 2005-02-09 comes after 2005-02-10",
    )  # fmt: skip
    yield from _each(
        "a bar twice", FaultKind.DUPLICATE,
        "the bar of 2005-02-10 09:30 comes twice",
        "the bar of 2005-02-23 12:30 comes twice",
        "the bar of 2005-02-10 comes twice",
    )  # fmt: skip


def _clocks() -> Iterator[Case]:
    hour = "does not begin on an hour of the session"
    midnight = "does not stand at midnight in New York"
    closed = "lies on a day without a session"
    # Five hours are what lies between New York and UTC.
    title, early = (
        "clock 5 hours slow",
        _fault(FaultKind.CLOCK_SKEW, Feed.YAHOO_DAILY, seconds=18000),
    )
    yield Case(title, Feed.YAHOO_DAILY, early, "", error=None)  # the day is right, and so the bar
    for feed, text in (
        (Feed.YAHOO_HOURLY, f"the bar of 2005-02-18 16:30 {hour}"),
        (Feed.POLYGON, f"the bar of 2005-01-26 05:00 {midnight}"),
    ):
        yield Case(title, feed, _fault(FaultKind.CLOCK_SKEW, feed, seconds=18000), text)
    yield from _each(
        "clock 12 hours fast", FaultKind.CLOCK_SKEW,
        "the bar of 2005-01-25 21:30 lies outside of the session",
        f"the bar of 2005-02-17 21:30 {hour}",
        f"the bar of 2005-01-25 12:00 {midnight}",
        seconds=-43200,
    )  # fmt: skip
    yield from _each(
        "clock a day slow", FaultKind.CLOCK_SKEW,
        f"the bar of 2005-01-29 09:30 {closed}",
        f"the bar of 2005-02-19 09:30 {closed}",
        f"the bar of 2005-01-29 {closed}",
        seconds=86400,
    )  # fmt: skip


CASES = [
    *_statuses(), *_transfers(), *_pages(), *_bodies(), *_bars(), *_clocks()
]  # fmt: skip

_INTRODUCTION = """\
# Faults of the vendors

What a vendor may do wrong, and what comes of it. Each line is a test against the replay server
and a real database (`tests/flows/test_fault_matrix.py`): after the fault the tables hold what
stands here and nothing else, and once it has passed the next run makes them whole. `load_runs`
and the table of the flow's run carry the text.

A passing error is retried by the task, with backoff; a lasting one is not. Where a vendor names a
time (`Retry-After`), the task waits as long, a minute at most. One symbol's fault costs no
other symbol. `…` stands for a number.

| Fault | Vendor, bars | Stored | Reported | Asked again |
|---|---|---|---|---|
"""


def document() -> str:
    """Return docs/faults.md; neighbours that differ in the vendor alone share a line."""
    lines = []
    for (title, *rest), group in groupby(CASES, _told):
        feeds = [case.feed.value for case in group]
        names = "all" if len(feeds) == len(Feed) else ", ".join(feeds)
        lines.append(f"| {' | '.join([title, names, *rest])} |\n")
    return _INTRODUCTION + "".join(lines)


def _told(case: Case) -> list[str]:
    return [case.title, case.stored, case.reported or "—", case.asked_again]


if __name__ == "__main__":
    print(document(), end="")
