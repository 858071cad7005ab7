"""Rules across the fields of parity.yaml.

They look at the raw values, not at the validated ones, and skip what is not of their shape: so
they report in the same breath as the shape errors, not only once those are mended.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from parity.config import scalars
from parity.config.findings import Finding, Loc, render, short, suggest

__all__ = ["check", "check_dataset"]

Raw = dict[str, Any]
Problems = Iterator[tuple[Loc, str]]


def check(file: Raw) -> Iterator[Finding]:
    """Every broken rule across fields, entries and datasets."""
    yield from _same_names(file, "datasets", "dataset")
    yield from _same_names(file, "jobs", "job")
    yield from _same_names(file, "checklist", "item", "id")
    yield from _same_names(file, "serving", "view", "view")
    yield from _same_folder(file)
    yield from _computed_from(file)
    for index, dataset in _entries(file, "datasets"):
        for finding in check_dataset(dataset):
            yield Finding(("datasets", index, *finding.loc), finding.message)


def check_dataset(dataset: Raw) -> Iterator[Finding]:
    """The rules of one dataset, each place from the dataset on."""
    for rule in _DATASET_RULES:
        for loc, message in rule(dataset):
            yield Finding(loc, message)


def _same_names(file: Raw, section: str, what: str, key: str = "name") -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, entry in _entries(file, section):
        name = entry.get(key)
        if not isinstance(name, str):
            continue
        if name in first:
            message = f"{short(name)!r} is also the {key} of {render((section, first[name]))}"
            yield Finding((section, index, key), f"{message}; give each {what} its own")
        first.setdefault(name, index)


def _same_folder(file: Raw) -> Iterator[Finding]:
    state, reports = file.get("state", ".parity"), file.get("reports", "reports")
    if not isinstance(state, str) or not isinstance(reports, str):
        return
    if posixpath.normpath(state) == posixpath.normpath(reports):
        yield Finding(("state",), "is the same folder as reports; reports may be published")


def _computed_from(file: Raw) -> Iterator[Finding]:
    """Indicators are computed from a dataset of bars that is in the file."""
    named: dict[str, Raw] = {}
    for _, entry in _entries(file, "datasets"):
        if isinstance(entry.get("name"), str):
            named.setdefault(entry["name"], entry)
    for index, dataset in _entries(file, "datasets"):
        source = dataset.get("computed_from")
        if dataset.get("kind") == "indicators" and isinstance(source, str):
            message = _unfit(dataset, source, named)
            if message:
                yield Finding(("datasets", index, "computed_from"), message)


def _unfit(dataset: Raw, source: str, named: dict[str, Raw]) -> str:
    """Why a dataset cannot be computed from the one of that name; empty when it can."""
    found = named.get(source)
    if found is None:
        near = suggest(source, [name for name, entry in named.items() if entry is not dataset])
        hint = f"did you mean {near}?" if near else "name one of kind bars"
        return f"{short(source)!r} is not the name of a dataset here; {hint}"
    if found.get("kind") != "bars":
        return f"{short(source)} is not of kind bars; name a dataset of bars"
    if missing := _missing(dataset):
        return f"needs {' and '.join(missing)}: by them each row finds its bars"
    if missing := _missing(found):
        return f"needs {' and '.join(missing)} on {short(source)} too, to find its bars by"
    return ""


def _same_relation(dataset: Raw) -> Problems:
    legacy, candidate = _relation(dataset, "legacy"), _relation(dataset, "candidate")
    if legacy is not None and legacy == candidate:
        yield ("candidate",), "is the same relation as legacy; it would always be equal to itself"


def _key_compared(dataset: Raw) -> Problems:
    keys = _columns(dataset, "key")
    for column in _columns(dataset, "exclude"):
        if column in keys:
            yield ("exclude",), f"{short(column)} is a key column; keys pair the rows, so keep it"
    for column in _tolerances(dataset):
        if column in keys:
            yield ("tolerance", column), "is a key column; keys pair rows exactly, so remove this"


def _tolerance_used(dataset: Raw) -> Problems:
    excluded = _columns(dataset, "exclude")
    for column in _tolerances(dataset):
        if column in excluded:
            yield ("tolerance", column), "is under exclude too, so never compared; remove one"


def _rename_clash(dataset: Raw) -> Problems:
    renames = _mapping(dataset, "rename")
    named = _named_columns(dataset)
    taken: dict[str, str] = {}
    for column, new in renames.items():
        if not isinstance(new, str):
            continue
        loc: Loc = ("rename", column)
        if new == column:
            yield loc, "is renamed to itself; remove it"
        elif new in taken:
            yield loc, f"{short(new)} is already the candidate name of {short(taken[new])}"
        elif new in named and new not in renames:
            yield loc, f"{short(new)} is a column of the legacy side too; rename that one as well"
        taken.setdefault(new, column)


def _duration_alone(dataset: Raw) -> Problems:
    """Dates and times have no size to be relative to."""
    for column, entry in _mapping(dataset, "tolerance").items():
        if isinstance(entry, dict) and "rel" in entry and scalars.is_duration(entry.get("abs")):
            message = "is a duration, for dates and times, which have no rel; keep one of the two"
            yield ("tolerance", column, "abs"), message


def _needs_time(dataset: Raw) -> Problems:
    if "time" not in dataset:
        for field in ("since", "settle"):
            if field in dataset:
                yield (field,), "needs time: name the column that says when a row happened"


def _window(dataset: Raw) -> Problems:
    if "window" not in dataset:
        return
    missing = _missing(dataset)
    if missing:
        yield (
            ("window",),
            f"needs {' and '.join(missing)}: history is kept track of by symbol and month",
        )
    window = _mapping(dataset, "window")
    changed = window.get("changed")
    if not isinstance(changed, str):
        return
    loc: Loc = ("window", "changed")
    if window.get("log") is True:
        yield loc, "and log are two ways to know what was written; keep one"
    if changed == dataset.get("time"):
        yield (
            loc,
            f"{short(changed)} is when a row happened; name the column of when it was written",
        )
    elif changed in _columns(dataset, "key"):
        yield loc, f"{short(changed)} is a key column; name one that every write sets, or use log"


def _indicators(dataset: Raw) -> Problems:
    given = [field for field in ("computed_from", "days_back", "formulas") if field in dataset]
    if dataset.get("kind") in ("bars", "table"):
        for field in given:
            yield (field,), "is for datasets of kind indicators; remove it"
    elif "computed_from" not in given:
        for field in given:
            yield (field,), "needs computed_from: name the bars that the indicators are made of"
    for column in _mapping(dataset, "formulas"):
        if column in _columns(dataset, "key"):
            yield ("formulas", column), "is a key column, so no indicator; remove this"
        elif column in _columns(dataset, "exclude"):
            yield ("formulas", column), "is under exclude too, so never compared; remove one"


_DATASET_RULES: tuple[Callable[[Raw], Problems], ...] = (
    _same_relation,
    _key_compared,
    _tolerance_used,
    _rename_clash,
    _needs_time,
    _duration_alone,
    _window,
    _indicators,
)


def _entries(file: Raw, section: str) -> Iterator[tuple[int, Raw]]:
    entries = file.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _columns(dataset: Raw, field: str) -> list[str]:
    value = dataset.get(field)
    items = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(item for item in items if isinstance(item, str)))


def _mapping(dataset: Raw, field: str) -> Raw:
    value = dataset.get(field)
    return value if isinstance(value, dict) else {}


def _missing(dataset: Raw) -> list[str]:
    """Which of the columns that say what and when a row is about are not named."""
    return [field for field in ("symbol", "time") if field not in dataset]


def _tolerances(dataset: Raw) -> list[str]:
    return [column for column in _mapping(dataset, "tolerance") if column != "default"]


def _named_columns(dataset: Raw) -> set[str]:
    """The legacy columns that the file names; the others are known only to the database."""
    lists = ("key", "exclude", "symbol", "time")
    named = {column for field in lists for column in _columns(dataset, field)}
    named |= set(_columns(_mapping(dataset, "window"), "changed"))
    named |= set(_mapping(dataset, "formulas")) | set(_tolerances(dataset))
    return named | set(_mapping(dataset, "where"))


def _relation(dataset: Raw, side: str) -> tuple[str, str] | None:
    try:
        value = scalars.split_relation(dataset.get(side))
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    schema, table = value.get("schema"), value.get("table")
    return (schema, table) if isinstance(schema, str) and isinstance(table, str) else None
