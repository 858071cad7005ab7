"""waivers.yaml -> waivers: every problem at once, each with its path and line in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from parity.config import messages
from parity.config.findings import Finding, render, short, suggest
from parity.config.loading import refusal, text_of
from parity.config.reading import Document, UnreadableError, read
from parity.config.shape import VERSION, Day, Shape, Version
from parity.config.values import Columns, Filled, Slug, Text, one_or_more
from parity.model.cause import PAIR, Cause
from parity.model.waiver import Waiver

__all__ = ["load_waivers", "waivers_of"]

_MISSING = {
    "version": f"add `version: {VERSION}`",
    "id": "give it a short name of its own, such as yahoo-rounding",
    "dataset": "name the dataset of parity.yaml that it is about",
    "cause": "name the cause that is accepted, such as rounding",
    "owner": "name who answers for it",
    "reason": "say why the difference is accepted",
    "expires": "give the last session on which it holds, such as 2005-03-31",
    "max_rows": "say how many rows it may cover at most",
}
_SIGN = PAIR.strip()


def _cause(value: str) -> str:
    """One cause, or two that explain a row only together, with one blank on each side of the +."""
    parts = [part.strip() for part in value.split(_SIGN)]
    for part in parts:
        if part not in set(Cause):
            near = suggest(part, set(Cause))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(Cause))}"
            raise ValueError(f"{short(part)!r} is not a cause; {hint}")
    if len(parts) > 2 or (len(parts) == 2 and Cause.UNEXPLAINED in parts):
        raise ValueError(f"{short(value)!r} is no pair of causes, such as formula{PAIR}rounding")
    return PAIR.join(parts)


def _once(value: list[str]) -> list[str]:
    twice = sorted(name for name, times in Counter(value).items() if times > 1)
    if twice:
        raise ValueError(f"names {', '.join(map(short, twice))} twice; keep one")
    return value


Symbols = Annotated[
    list[Text], Field(min_length=1), BeforeValidator(one_or_more), AfterValidator(_once)
]


class WaiverShape(Shape):
    """One entry of `waivers`."""

    id: Slug
    dataset: Text
    cause: Annotated[Text, AfterValidator(_cause)]
    symbols: Symbols | None = None
    columns: Annotated[Columns, Field(min_length=1)] | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    owner: Filled
    reason: Filled
    expires: Day
    max_rows: Annotated[int, Field(ge=1)]


class WaiversShape(Shape):
    """The whole file."""

    version: Version
    waivers: list[WaiverShape] = Field(default_factory=list)


def load_waivers(path: Path, datasets: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """Load waivers.yaml, in its order; a missing file has none.

    Args:
        path: the file.
        datasets: the names that a waiver may be about; None: any.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    try:
        text = text_of(path)
    except UnreadableError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return ()
        raise refusal(path, [error.finding]) from error
    return waivers_of(text, path, datasets)


def waivers_of(
    text: str, path: Path, datasets: Collection[str] | None = None
) -> tuple[Waiver, ...]:
    """The waivers of a text; `path` is what messages call it.

    Raises:
        ConfigError: the text is wrong.
    """
    try:
        document = read(text, f"`version: {VERSION}`")
    except UnreadableError as error:
        raise refusal(path, [error.finding]) from error
    found = [*document.findings, *_rules(document, datasets)]
    file = None
    try:
        file = WaiversShape.model_validate(document.value)
    except ValidationError as error:
        found += messages.findings(error, document, WaiversShape, _MISSING)
    if found or file is None:
        raise refusal(path, found, document)
    return tuple(map(_waiver, file.waivers))


def _rules(document: Document, datasets: Collection[str] | None) -> Iterator[Finding]:
    """Every broken rule across fields, entries and files."""
    entries = document.value.get("waivers")
    first: dict[str, int] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if not isinstance(entry, dict):
            continue
        name = entry.get("id")
        if isinstance(name, str):
            if name in first:
                also = render(("waivers", first[name]))
                yield Finding(
                    ("waivers", index, "id"),
                    f"{short(name)!r} is also the id of {also}; give each waiver its own",
                )
            first.setdefault(name, index)
        for key, message in _broken(entry, datasets):
            yield Finding(("waivers", index, key), message)


def _broken(entry: dict[str, Any], datasets: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """The rules of one entry: the key, and what is wrong there."""
    dataset = entry.get("dataset")
    if datasets is not None and isinstance(dataset, str) and dataset not in datasets:
        near = suggest(dataset, datasets)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(datasets)}"
        yield "dataset", f"{short(dataset)!r} is not the name of a dataset in parity.yaml; {hint}"
    start, end = entry.get("from"), entry.get("to")
    if type(start) is date and type(end) is date and end < start:
        yield "to", f"{end} is before {start}, where it starts; no session lies between"


def _waiver(shape: WaiverShape) -> Waiver:
    return Waiver(
        id=shape.id,
        dataset=shape.dataset,
        cause=shape.cause,
        symbols=tuple(shape.symbols or ()),
        columns=tuple(shape.columns or ()),
        first=shape.from_,
        last=shape.to,
        owner=shape.owner,
        reason=shape.reason,
        expires=shape.expires,
        max_rows=shape.max_rows,
    )
