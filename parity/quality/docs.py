"""The data docs of one side of a dataset: what Great Expectations says of its rows, as a page.

The words and numbers are those of its own data docs; the page is ours, so that it opens from a
file without network or script, with all of it in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from xml.etree.ElementTree import Element

from parity.model.names import quality_anchor
from parity.model.result import QualityCheck
from parity.model.verdict import Side
from parity.quality.engine import Outcome
from parity.quality.markup import document, element, readable
from parity.quality.runner import Validation
from parity.quality.suites import FINITE
from parity.quality.unexpected import unexpected_rows
from parity.quality.wording import Part, Wording, wording

__all__ = ["SHOWN", "docs_page"]

SHOWN = 10  # rows and values of a failed check; Great Expectations names 20

_LONG = 400  # characters of a sentence
_FINITE = (
    "“not finite” is a column added for this check: it names the first number of a row that is "
    "NaN or infinite, and is NULL where there is none."
)


def docs_page(validation: Validation, session: date, newest: int) -> bytes:
    """The page, as UTF-8.

    Args:
        validation: what was looked at, and what was found.
        session: the night's.
        newest: how many rows are looked at when there are more, the newest ones.
    """
    about = f"{readable(validation.dataset.name)}, {validation.side.value}"
    pairs = list(zip(validation.checks, validation.outcomes, strict=True))
    failed = [pair for pair in pairs if not pair[0].success]
    held = [pair for pair in pairs if pair[0].success]
    main = element(
        "main",
        element("h1", "Quality of ", _value(validation.dataset.name), f", {validation.side.value}"),
        _result(len(failed), len(pairs)),
        _facts(validation, session, newest),
        *_failures(validation, failed),
        *_holding(held),
    )
    anchor = f"index.html#{quality_anchor(validation.dataset.name)}"
    back = element("a", f"← The night of {session.isoformat()}", href=anchor)
    return document(
        f"Quality of {about}, {session.isoformat()}", _style(),
        element("nav", back), main, element("footer", element("p", _maker(validation))),
    )  # fmt: skip


def _result(failed: int, whole: int) -> Element:
    word = "✕ Fail" if failed else "✓ Pass"
    said = f"{failed} of {whole} expectations fail" if failed else f"all {whole} expectations hold"
    return element(
        "p", element("b", word), f": {said}.", class_=f"result {'fail' if failed else 'pass'}"
    )


def _facts(validation: Validation, session: date, newest: int) -> Element:
    dataset, legacy = validation.dataset, validation.side is Side.LEGACY
    rows = f"{validation.rows:,}"
    if validation.rows >= newest:
        rows += ", the newest of this side"
    facts = (
        ("Dataset", dataset.name),
        ("Kind", dataset.kind.value),
        ("Side", f"{validation.side.value}: {dataset.legacy if legacy else dataset.candidate}"),
        ("Session", session.isoformat()),
        ("Rows looked at", rows),
        ("Key", ", ".join(dataset.key)),
    )
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", _value(told, _LONG)))
            for name, told in facts
        ),
    )


def _maker(validation: Validation) -> str:
    if not any(validation.outcomes):
        return "Great Expectations was not asked: there was nothing to look at."
    return (
        f"Great Expectations {version('great-expectations')} looked at the rows and words what it "
        "expects and observes. This page needs no network and runs no script."
    )


_Pairs = Sequence[tuple[QualityCheck, Outcome | None]]


def _failures(validation: Validation, pairs: _Pairs) -> Iterator[Element]:
    if pairs:
        yield element("h2", f"Expectations that fail ({len(pairs)})")
    for check, outcome in pairs:
        yield element("section", *_failure(validation, check, outcome), class_="failure")


def _failure(
    validation: Validation, check: QualityCheck, outcome: Outcome | None
) -> Iterator[Element]:
    column = element("small", _value(check.column or ""))
    yield element("h3", f"✕ {readable(check.expectation)} ", column)
    if outcome is None:
        yield element("p", readable(check.detail, _LONG))
        return
    said = _wording(outcome)
    yield from (element("p", *_sentence(parts)) for parts in said.sentences)
    yield element("p", "Observed: ", element("b", readable(said.observed)))
    yield from _note(outcome)
    yield from _tables(validation, check, outcome, said)


def _tables(
    validation: Validation, check: QualityCheck, outcome: Outcome, said: Wording
) -> Iterator[Element]:
    """The rows by their keys, and the values with how often each was found."""
    rows = unexpected_rows(outcome.result, validation.key, SHOWN)
    label = f"{check.expectation} {check.column or ''}".strip()
    if rows:
        names = [name for name, _ in rows[0].values]
        yield _table(
            f"Rows{_of(len(rows), check.unexpected)}",
            [*validation.key, *("found" if name == FINITE else name for name in names)],
            ([*row.key, *(value for _, value in row.values)] for row in rows),
            f"Rows of {label}",
        )
    if said.values:
        shown = said.values[:SHOWN]
        yield _table(
            f"Values{_of(len(shown), len(said.values))}", said.header, shown, f"Values of {label}"
        )


def _of(shown: int, whole: int) -> str:
    return f", the first {shown} of {whole:,}" if shown < whole else ""


def _holding(pairs: _Pairs) -> Iterator[Element]:
    if not pairs:
        return
    yield element("h2", f"Expectations that hold ({len(pairs)})")
    header = ("expectation", "column", "Great Expectations", "observed")
    rows = [
        element(
            "tr",
            element("th", f"✓ {readable(check.expectation)}", scope="row"),
            element("td", _value(check.column or "—")),
            element("td", *_said(outcome)),
            element("td", readable(_wording(outcome).observed if outcome else ""), *_empty(check)),
        )
        for check, outcome in pairs
    ]
    yield _scrolling(_head(header), rows, "Expectations that hold")


def _said(outcome: Outcome | None) -> Iterator[Element | str]:
    if outcome is not None:
        yield from (piece for parts in _wording(outcome).sentences for piece in _sentence(parts))
        yield from _note(outcome)


def _empty(check: QualityCheck) -> Iterator[Element]:
    """What a check says that holds only because it had nothing to look at."""
    if check.detail:
        yield element("small", readable(check.detail, _LONG))


def _note(outcome: Outcome) -> Iterator[Element]:
    if outcome.entry.expectation_config.kwargs.get("column") == FINITE:
        yield element("small", _FINITE)


def _wording(outcome: Outcome) -> Wording:
    try:
        return wording(outcome.entry)
    except Exception as error:  # noqa: BLE001
        # The checks stand, and the report shows them: that their words failed is said in place.
        told = f"Great Expectations could not word this: {type(error).__name__}: {error}"
        return Wording(sentences=((Part(told),),), observed="", header=(), values=())


def _sentence(parts: Iterable[Part]) -> Iterator[Element | str]:
    for part in parts:
        yield element("b", _value(part.text)) if part.value else readable(part.text, _LONG)


def _value(value: object, most: int | None = None) -> Element:
    """A value, isolated from the text around it: it may be written from right to left."""
    text = "NULL" if value is None else str(value)
    return element("bdi", readable(text, most) if most else readable(text))


def _table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[object]], label: str
) -> Element:
    body = [element("tr", *(element("td", _value(cell)) for cell in row)) for row in rows]
    return element(
        "div", element("h4", title), _scrolling(_head(header), body, label), class_="found"
    )


def _head(names: Iterable[str]) -> Element:
    cells = (element("th", _value(name), scope="col") for name in names)
    return element("thead", element("tr", *cells))


def _scrolling(head: Element, rows: Sequence[Element], label: str) -> Element:
    """A table that scrolls by itself on a narrow screen, with the keyboard too."""
    table = element("table", head, element("tbody", *rows))
    named = {"tabindex": "0", "role": "group", "aria-label": readable(label)}
    return element("div", table, class_="scroll", **named)


@cache
def _style() -> str:
    return files("parity.quality").joinpath("docs.css").read_text(encoding="utf-8")
