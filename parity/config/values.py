"""The kinds of single values in parity.yaml, each with a message that tells how to mend it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator

from parity.config import scalars
from parity.config.findings import describe, short, suggest
from parity.config.placeholders import check_command, check_env
from parity.model.operations import BLOCK

__all__ = [
    "DEFAULT_CALENDAR",
    "AlertTarget",
    "Allowance",
    "Argument",
    "Calendar",
    "Clock",
    "Column",
    "Columns",
    "Deployment",
    "Duration",
    "EnvName",
    "EnvValue",
    "Filled",
    "Folder",
    "Formula",
    "Identifier",
    "Link",
    "Number",
    "Percent",
    "Seconds",
    "Slug",
    "SqlType",
    "Text",
    "Timezone",
    "WhereValues",
    "choice",
    "one_or_more",
]

Choice = TypeVar("Choice", bound=StrEnum)

DEFAULT_CALENDAR = "XNYS"
_LONGEST_SELFTEST = 3600
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPE = re.compile(
    r"[a-z_][a-z0-9_ ]{0,62}(?:\([0-9]{1,4}(?: ?, ?[0-9]{1,4})?\))?"
    r"(?: with(?:out)? time zone)?(?:\[\])?"
)
_BLOCK = re.compile(rf"{BLOCK}[a-z0-9]+(?:-[a-z0-9]+)*")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    quote = "; put it in quotes" if isinstance(value, int | Decimal | dt.date) else ""
    raise ValueError(f"must be text, not {describe(value)}{quote}")


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank; write something or remove it")
    return value


def _slug(value: str) -> str:
    if _SLUG.fullmatch(value):
        return value
    better = re.sub(r"[^a-z0-9_-]+", "-", value.lower()).strip("-_")[:64]
    example = f", such as {better}" if better else ""
    raise ValueError(
        f"{short(value)!r} is used in file names: start with a-z or 0-9, then at most 63 of "
        f"a-z, 0-9, _ and -{example}"
    )


def one_or_more(value: Any) -> Any:
    """A single text stands for a list of it."""
    return [value] if isinstance(value, str) else value


def _no_repeats(value: list[str]) -> list[str]:
    twice = sorted({name for name in value if value.count(name) > 1})
    if twice:
        raise ValueError(f"names {', '.join(map(short, twice))} twice; keep one")
    return value


def _clock(value: Any) -> dt.time:
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'must be a time of day such as "20:00", not {describe(value)}')
    return dt.time(int(match[1]), int(match[2]))


def _folder(value: str) -> str:
    if value.startswith("~"):
        raise ValueError("~ is not expanded; write a path relative to this file or from /")
    return value


def _argument(value: Any) -> str:
    """Text of a command or env value; whole numbers and dates print as they were written."""
    if isinstance(value, int | dt.date) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _env_name(value: str) -> str:
    if not _ENV_NAME.fullmatch(value):
        raise ValueError("is not the name of an environment variable; use letters, digits and _")
    return value


def _alert_target(value: str) -> str:
    """The name of a variable or of a Prefect block; an address may hold a secret."""
    if "://" in value:
        raise ValueError(
            "is an address, which may hold a secret; put it into an environment variable and name "
            "that variable here, such as PARITY_ALERT_URL"
        )
    if value.startswith(BLOCK):
        if not _BLOCK.fullmatch(value):
            raise ValueError(f"must be {BLOCK}NAME with a-z, 0-9 and -, as Prefect names blocks")
        return value
    return _env_name(value)


def _link(value: str) -> str:
    if value and not re.match(r"https?://[^/\s]+", value):
        raise ValueError(f"must start with https:// or http://, not {short(value)!r}")
    return value.rstrip("/")


def _deployment(value: str) -> str:
    """A deployment as Prefect's own commands name it."""
    flow, slash, name = value.partition("/")
    if not (flow.strip() and slash and name.strip()) or "/" in name:
        raise ValueError(
            f"must be FLOW/DEPLOYMENT, as `prefect deployment ls` shows, not {short(value)!r}"
        )
    return value


def _sql_type(value: str) -> str:
    """The name of a type, as `numeric(15,4)`; PostgreSQL itself says whether there is such one."""
    if not _TYPE.fullmatch(value):
        raise ValueError(f"{short(value)!r} is not a type such as text, bigint or numeric(15,4)")
    return value


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= 100:
        raise ValueError(f"must be a number of percent from 0 to 100, not {describe(value)}")
    return float(value)


def _where_values(value: Any) -> list[str | int | bool | Decimal | dt.date]:
    items = value if isinstance(value, list) else [value]
    if not items:
        raise ValueError("is an empty list, so no row could match; list values or remove it")
    for item in items:
        if isinstance(item, list | dict):
            raise ValueError(f"must be one value or a list of values, not {describe(item)} inside")
    return items


def _calendar(value: str) -> str:
    if value == DEFAULT_CALENDAR:
        return value
    from exchange_calendars import get_calendar_names  # here: it takes seconds

    return scalars.known(value, get_calendar_names(), "calendar of exchange_calendars")


def choice(kind: type[Choice]) -> Callable[[Any], Choice]:
    """A validator that turns text into a member of `kind`, or says which there are."""

    def parse(value: Any) -> Choice:
        names = [member.value for member in kind]
        if isinstance(value, str) and value in names:
            return kind(value)
        near = suggest(value, names) if isinstance(value, str) else None
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"must be {' or '.join(names)}, not {describe(value)}{hint}")

    return parse


Text = Annotated[str, BeforeValidator(_text)]
Filled = Annotated[Text, AfterValidator(_filled)]
Slug = Annotated[Text, AfterValidator(_slug)]
Identifier = Annotated[Text, AfterValidator(scalars.identifier)]
Column = Identifier
Columns = Annotated[list[Column], BeforeValidator(one_or_more), AfterValidator(_no_repeats)]
Number = Annotated[Decimal, BeforeValidator(scalars.number)]
Allowance = Annotated[Decimal | dt.timedelta, BeforeValidator(scalars.allowance)]
Duration = Annotated[dt.timedelta, BeforeValidator(scalars.duration)]
Seconds = Annotated[float, BeforeValidator(lambda v: scalars.seconds(v, _LONGEST_SELFTEST))]
Formula = Annotated[Text, AfterValidator(scalars.formula)]
Clock = Annotated[dt.time, BeforeValidator(_clock)]
Folder = Annotated[Filled, AfterValidator(_folder)]
Argument = Annotated[str, BeforeValidator(_argument), AfterValidator(check_command)]
EnvName = Annotated[str, AfterValidator(_env_name)]
EnvValue = Annotated[str, BeforeValidator(_argument), AfterValidator(check_env)]
AlertTarget = Annotated[Filled, AfterValidator(_alert_target)]
Link = Annotated[Text, AfterValidator(_link)]
Deployment = Annotated[Filled, AfterValidator(_deployment)]
SqlType = Annotated[Text, AfterValidator(_sql_type)]
Percent = Annotated[float, BeforeValidator(_percent)]
WhereValues = Annotated[list[Any], BeforeValidator(_where_values)]
Calendar = Annotated[Text, AfterValidator(_calendar)]
Timezone = Annotated[Text, AfterValidator(scalars.timezone)]
