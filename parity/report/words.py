"""Values as people read them: one way to write each number, share, time and text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from itertools import groupby
from zoneinfo import ZoneInfo

__all__ = [
    "ABSENT",
    "EXCHANGE_ZONE",
    "LONGEST",
    "Number",
    "count",
    "day",
    "decimals_for",
    "delta_of",
    "delta_text",
    "is_number",
    "memory_text",
    "month",
    "ratio_text",
    "share",
    "some_of",
    "sort_number",
    "utc_text",
    "value_text",
    "visible",
]

ABSENT = "—"
EXCHANGE_ZONE = ZoneInfo("America/New_York")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip  # not strftime: its words follow the locale, and a report must not
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 4  # on one letter; no script writes more, and a pile of them covers other lines
LONGEST = 1_000  # characters of a text that are shown; all of it is in result.json
_LONGEST_WORD = 160  # of a text with longer ones, which is no prose, so much is shown
_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1}}}")
_FEW = 3  # marks of a pile that are written out one by one
_LONGEST_VALUE = 200  # of a value of a row; all of it is in the rows' files
_LONGEST_NAME = 60  # of one name among several

Number = int | float | Decimal


def is_number(value: object) -> bool:
    """True for int, float and Decimal; a bool is no number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def visible(text: str, *, most: int | None = LONGEST) -> str:
    """The text with control, format and line characters written out as escapes.

    A symbol may hold anything: what would move a terminal's cursor or turn the direction of
    writing is shown, not obeyed; so is a mark upon a pile of marks. A text of more than `most`
    characters is cut and tells its length, and earlier where it holds a word that is no word;
    None: it never is, as of a command to be typed.
    """
    if most == LONGEST and len(text) > _LONGEST_WORD and _WORD.search(text):
        most = _LONGEST_WORD
    if most is not None and len(text) > most:
        return f"{visible(text[:most], most=None)}… ({len(text):,} characters)"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(text))


def _visible(text: str) -> Iterator[str]:
    for is_mark, run in groupby(text, key=lambda one: unicodedata.category(one) in _MARKS):
        if is_mark:
            yield from _pile(list(run))
            continue
        for character in run:
            category = unicodedata.category(character)
            spaced = category == "Zs" and character != " "  # looks like a space, and is none
            hidden = category in _UNPRINTABLE or spaced
            yield _escape(character) if hidden else character


def _pile(marks: list[str]) -> Iterator[str]:
    """Marks upon one letter: the first as they are, the others written out or counted."""
    yield from marks[:_MOST_MARKS]
    rest = marks[_MOST_MARKS:]
    if len(rest) > _FEW:
        yield f"(×{len(rest)})"
    else:
        yield from map(_escape, rest)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def value_text(value: object, *, decimals: int | None = None) -> str:
    """A database value as text: NULL for None, NaN for NaN, numbers with thousands separators.

    `decimals` rounds floats to at least that many places; without it they are written in full.
    Aware timestamps are in exchange time, bare ones as they are.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return _number_text(value, decimals)
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    shown = visible(str(value), most=_LONGEST_VALUE)
    # Else a space at an end would not be seen, nor that a text is empty.
    return shown if shown and shown == shown.strip() else f'"{shown}"'


def _number_text(value: float | Decimal, decimals: int | None) -> str:
    special = _special(value)
    if special:
        return special
    if isinstance(value, Decimal):
        return f"{value:,f}" if _plain(value) else str(value)
    if not _plain(value):
        return repr(value)
    exact = Decimal(repr(value))
    if decimals is None or -int(exact.as_tuple().exponent) <= decimals:
        return f"{exact:,f}"
    return f"{value:,.{decimals}f}"


def _special(value: float | Decimal) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return ""


def _plain(value: float | Decimal) -> bool:
    return value == 0 or 1e-6 <= abs(float(value)) < 1e16


def decimals_for(delta: object) -> int:
    """Decimal places that show a difference of this size with two digits; 4 to 15.

    Without a difference (a number against NULL) six do: there is nothing to tell apart.
    """
    if not is_number(delta):
        return 6
    size = abs(_float(delta))  # type: ignore[arg-type]
    if not size or not math.isfinite(size):
        return 15 if not size else 4
    return min(15, max(4, 1 - math.floor(math.log10(size))))


def delta_of(legacy: object, candidate: object) -> Number | timedelta | None:
    """`candidate - legacy`; None where either is missing, not finite, or they do not subtract.

    Decimals subtract exactly; a Decimal and a float as floats.
    """
    if isinstance(legacy, datetime) and isinstance(candidate, datetime):
        same_kind = (legacy.tzinfo is None) == (candidate.tzinfo is None)
        return candidate - legacy if same_kind else None
    if not is_number(legacy) or not is_number(candidate):
        return None
    assert isinstance(legacy, int | float | Decimal)
    assert isinstance(candidate, int | float | Decimal)
    if not (_finite(legacy) and _finite(candidate)):
        return None
    if isinstance(legacy, float) or isinstance(candidate, float):
        try:
            return float(candidate) - float(legacy)
        except OverflowError:  # an integer beyond the range of a double
            return None
    with localcontext(Context(prec=200)):
        return candidate - legacy


def _finite(value: Number) -> bool:
    """Whether it is a number of some size; an integer always is, however large."""
    return isinstance(value, int) or math.isfinite(value)


def _float(value: Number) -> float:
    """As a double; an integer beyond its range is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def delta_text(delta: Number | timedelta | None) -> str:
    """A signed difference, thin: all digits of an exact one, four significant digits of a float."""
    if delta is None:
        return ABSENT
    if isinstance(delta, timedelta):
        sign = "-" if delta < timedelta(0) else "+"
        return f"{sign}{abs(delta)}"
    if isinstance(delta, int):
        return f"{delta:+,}"
    if isinstance(delta, Decimal) and len(delta.as_tuple().digits) <= 15 and _plain(delta):
        return f"{delta:+,f}"
    size = abs(float(delta))
    if size and (size < 1e-4 or size >= 1e12):
        return f"{delta:+.2e}"
    places = 0 if not size else max(0, 3 - math.floor(math.log10(size)))
    return f"{delta:+,.{places}f}"


def ratio_text(ratio: float | None) -> str:
    """A relative difference as a percentage with three significant digits; None is a dash."""
    if ratio is None:
        return ABSENT
    percent = ratio * 100
    if percent and abs(percent) < 0.001:
        return f"{percent:.2e} %"
    text = f"{percent:,.3g}" if abs(percent) < 1000 else f"{percent:,.0f}"
    if text == "100" and percent != 100:
        text = "<100" if percent < 100 else ">100"
    return f"{text} %"


def share(part: int, whole: int) -> str:
    """A percentage: 100 % and 0 % only when exact, else cut (never rounded up) to two places."""
    if not whole:
        return ABSENT
    if part == whole:
        return "100 %"
    hundredths = part * 10_000 // whole
    if part and not hundredths:
        return "<0.01 %"
    return f"{hundredths // 100}.{hundredths % 100:02d} %" if part else "0 %"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `8,064 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def memory_text(size: int | None) -> str:
    """Bytes as `123 MB`, of a million each; None is a dash."""
    return ABSENT if size is None else f"{size / 1e6:,.0f} MB"


def some_of(names: tuple[str, ...], most: int = 3) -> str:
    """`AAPL, IBM, MSFT and 4 more`."""
    shown = ", ".join(visible(name, most=_LONGEST_NAME) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def day(session: date) -> str:
    """`Monday 28 February 2005`."""
    return (
        f"{_WEEKDAYS[session.weekday()]} {session.day} {_MONTHS[session.month - 1]} {session.year}"
    )


def month(session: date) -> str:
    """`February 2005`."""
    return f"{_MONTHS[session.month - 1]} {session.year}"


def _time_text(moment: datetime) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(EXCHANGE_ZONE)
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec=_precision(moment))


def _precision(moment: datetime) -> str:
    if moment.microsecond:
        return "microseconds"
    return "seconds" if moment.second else "minutes"


def utc_text(value: object) -> str:
    """`2005-02-28 14:30 UTC` for an aware timestamp, else empty."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return ""
    moment = value.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(sep=' ', timespec=_precision(moment))} UTC"


def sort_number(value: object) -> str | None:
    """A number for sorting in the page, None where the text itself sorts (NaN and NULL too)."""
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    if isinstance(value, int | float | Decimal) and _finite(value):
        return str(int(value)) if isinstance(value, bool) else str(value)
    return None
