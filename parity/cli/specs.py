"""What the options of `parity diff` say: relations, columns, tolerances, filters.

Names are as in the database, case-sensitive. In double quotes a name may hold dots, spaces and
signs; a double quote inside is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

from parity.config import scalars
from parity.config.checks import check_dataset
from parity.config.findings import short, suggest
from parity.model.errors import UsageError
from parity.model.suite import EXACT, Dataset, Relation, Tolerance

__all__ = [
    "DEFAULT",
    "check",
    "each_once",
    "parse_column",
    "parse_relation",
    "parse_rename",
    "parse_timezone",
    "parse_tolerance",
    "parse_where",
]

DEFAULT = "default"  # in --tolerance: every column without a tolerance of its own
Parsed = TypeVar("Parsed")

_QUOTED = r'"(?:[^"]|"")+"'
_RELATION = re.compile(rf"({_QUOTED}|[^\".]+)\.({_QUOTED}|[^\".]+)")
_COLUMN = re.compile(rf"({_QUOTED})|(?!\")(.+)", re.DOTALL)
# The sign after an unquoted name: the last colon (names may hold some), the first equals sign.
_TOLERANCE = re.compile(rf"({_QUOTED}|(?!\").+):([^:]*)", re.DOTALL)
_PAIR = re.compile(rf"({_QUOTED}|(?!\")[^=]+)=(.*)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")


def parse_relation(text: str) -> Relation:
    """SCHEMA.TABLE.

    Raises:
        UsageError: it is not two names with one dot between.
    """
    match = _RELATION.fullmatch(text)
    if match is None:
        if "." not in text and '"' not in text and text:
            raise UsageError(f"{text}: write SCHEMA.TABLE, such as public.{text}")
        raise UsageError(
            f"{short(text)!r} is not SCHEMA.TABLE; a name with a dot, a space or a quote goes in "
            'double quotes, as "my.schema"."a table"'
        )
    return Relation(_name(match[1], text), _name(match[2], text))


def parse_column(text: str, option: str) -> str:
    """One column.

    Raises:
        UsageError: it is no name.
    """
    match = _COLUMN.fullmatch(text)
    if match is None:
        raise UsageError(f"{option} {short(text)!r}: name a column; write a double quote twice")
    return _name(text, f"{option} {text}")


def parse_tolerance(text: str) -> tuple[str | None, Tolerance]:
    """COL:abs=A,rel=R or COL:exact; A may be a duration such as 1s.

    For `default` (without quotes) the column is None.

    Raises:
        UsageError: it says something else.
    """
    option = f"--tolerance {short(text)}"
    match = _TOLERANCE.fullmatch(text)
    if match is None:
        raise UsageError(f"{option}: write COL:abs=A,rel=R, such as price:abs=0.01 or at:abs=1s")
    column = None if match[1] == DEFAULT else _name(match[1], option)
    if match[2] == "exact":
        return column, EXACT
    values: dict[str, str] = {}
    for part in match[2].split(","):
        kind, equals, value = (piece.strip() for piece in part.partition("="))
        if kind not in ("abs", "rel") or not equals:
            near = suggest(kind, ("abs", "rel", "exact")) if kind else None
            hint = f"did you mean {near}? " if near else ""
            raise UsageError(
                f"{option}: {part!r} is not abs=A, rel=R or exact; {hint}".rstrip("; ")
            )
        if kind in values:
            raise UsageError(f"{option}: {kind} is given twice; keep one")
        values[kind] = value
    return column, _tolerance(values, option)


def parse_rename(text: str) -> tuple[str, str]:
    """LEGACY_COL=CANDIDATE_COL.

    Raises:
        UsageError: it is not two names with one equals sign between.
    """
    option = f"--rename {short(text)}"
    match = _PAIR.fullmatch(text)
    other = _COLUMN.fullmatch(match[2]) if match else None
    if match is None or other is None or (other[2] and "=" in other[2]):
        raise UsageError(
            f"{option}: write LEGACY_COL=CANDIDATE_COL; a name with an equals sign or a quote "
            "goes in double quotes"
        )
    return _name(match[1], option), _name(match[2], option)


def parse_where(text: str) -> tuple[str, str]:
    """COL=VALUE; the value is text that the database reads as the column's type.

    Raises:
        UsageError: there is no equals sign after a name.
    """
    option = f"--where {short(text)}"
    match = _PAIR.fullmatch(text)
    if match is None:
        raise UsageError(f"{option}: write COL=VALUE, such as data_source=yahoo")
    if "\0" in match[2]:
        raise UsageError(f"{option}: no text in the database holds a NUL character")
    return _name(match[1], option), match[2]


def parse_timezone(text: str) -> str:
    """The name of a time zone.

    Raises:
        UsageError: there is none of that name.
    """
    return _checked(lambda: scalars.timezone(text), "--timezone")


def check(dataset: Dataset) -> None:
    """The rules across options, the same as across the fields of parity.yaml.

    Raises:
        UsageError: one is broken.
    """
    raw = {
        "legacy": {"schema": dataset.legacy.schema, "table": dataset.legacy.table},
        "candidate": {"schema": dataset.candidate.schema, "table": dataset.candidate.table},
        "key": list(dataset.key),
        "exclude": list(dataset.exclude),
        "where": {name: list(values) for name, values in dataset.where},
        "rename": dict(dataset.rename),
        "tolerance": {name: {} for name, _ in dataset.tolerances},
    }
    for finding in check_dataset(raw):
        field, *names = map(str, finding.loc)
        option = str(dataset.candidate) if field == "candidate" else f"--{field}"
        raise UsageError(f"{' '.join([option, *map(short, names)])}: {finding.message}")


def each_once(names: Iterable[str], option: str) -> tuple[str, ...]:
    """The names, when none is given twice.

    Raises:
        UsageError: one is.
    """
    found = tuple(names)
    for place, name in enumerate(found):
        if name in found[:place]:
            raise UsageError(f"{option} {short(name)} is given twice; keep one")
    return found


def _name(text: str, where: str) -> str:
    name = text[1:-1].replace('""', '"') if text.startswith('"') else text
    return _checked(lambda: scalars.identifier(name), where)


def _tolerance(values: dict[str, str], option: str) -> Tolerance:
    absolute, relative = values.get("abs", "0"), values.get("rel", "0")
    if scalars.is_duration(absolute):
        if "rel" in values:
            raise UsageError(
                f"{option}: abs={absolute} is a duration, for dates and times, which have no rel; "
                "keep one of the two"
            )
        within = _checked(lambda: scalars.duration(absolute), f"{option}: abs")
        return Tolerance(within=within)
    return Tolerance(
        abs=_checked(lambda: _amount(absolute, scalars.allowance), f"{option}: abs"),
        rel=_checked(lambda: _amount(relative, scalars.number), f"{option}: rel"),
    )


def _amount(text: str, read: Callable[[object], object]) -> Decimal:
    """The number that was typed, by the rule of the config; its messages for what is none."""
    found = read(Decimal(text) if _NUMBER.fullmatch(text) else text)
    assert isinstance(found, Decimal)
    return found


def _checked(read: Callable[[], Parsed], where: str) -> Parsed:
    try:
        return read()
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
