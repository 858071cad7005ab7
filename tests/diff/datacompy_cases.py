"""Comparisons of the kinds that datacompy's documentation speaks of, with our answers by hand.

The same Python values go into two tables and into two frames. Where datacompy answers otherwise,
`why` says why we do not, and docs/equality.md lists the case by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

D = Decimal
INF, NAN = float("inf"), float("nan")
DAY = date(2024, 2, 29)
MIDNIGHT, MORNING = datetime(2024, 2, 29), datetime(2024, 2, 29, 9, 30)  # noqa: DTZ001
OPENING = datetime(2024, 2, 29, 14, 30, tzinfo=UTC)
EASTERN = timezone(timedelta(hours=-5))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found; `columns` has the mismatches of columns that have some."""

    verdict: str = "pass"
    matched: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    legacy_only: int = 0
    candidate_only: int = 0
    duplicate_key: int = 0
    null_key: int = 0
    error: str = ""  # a part of the message; then there is nothing else


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two tables and what comparing them finds.

    `types` are those of the columns on both sides; `options` are datacompy's, for the same end as
    our `tolerance`, by column as on the command line.
    """

    name: str
    types: tuple[str, str]
    legacy: Sequence[tuple[Any, ...]]
    candidate: Sequence[tuple[Any, ...]]
    ours: Answer
    key: tuple[str, ...] = ("k",)
    tolerance: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def values(
    name: str, kinds: str | tuple[str, str], pairs: Sequence[tuple[Any, Any]], wrong: int,
    **more: Any,
) -> Case:  # fmt: skip
    """A case of one column v, in which `wrong` of the pairs of values differ."""
    left, right = (kinds, kinds) if isinstance(kinds, str) else kinds
    ours = more.pop("ours", None) or Answer(
        verdict="fail" if wrong else "pass",
        matched=len(pairs) - wrong,
        columns={"v": wrong} if wrong else {},
    )
    return Case(
        name=name,
        types=(f"k int, v {left}", f"k int, v {right}"),
        legacy=[(place, pair[0]) for place, pair in enumerate(pairs)],
        candidate=[(place, pair[1]) for place, pair in enumerate(pairs)],
        ours=ours,
        **more,
    )


def refused(why: str, message: str = "no common meaning") -> dict[str, Any]:
    """A comparison that ends with an error."""
    return {"wrong": 0, "ours": Answer(verdict="undecided", error=message), "why": why}


ACCOUNTS = "account bigint, amount numeric, holder text, rate float8"

CASES = [
    Case(
        name="accounts",
        types=(f"{ACCOUNTS}, opened date", ACCOUNTS),
        key=("account",),
        tolerance={"amount": "abs=0.0001", "rate": "abs=0.0001"},
        options={"abs_tol": 0.0001},
        legacy=[
            (2001, D("50.25"), "Ada Byron", 1200.0625, DAY),
            (2002, D("0.75"), "Grace Murray", 1.0, DAY),
            (2003, D(800), "Mary Jackson", None, DAY),
            (2004, D(4500), "Kay McNulty", 17.5, DAY),
            (2005, D("9.99"), "Joan Clarke", None, DAY),
        ],
        candidate=[
            (2001, D("50.2"), "Ada Lovelace", 1200.06245),
            (2002, D("0.75"), "Grace Murray", None),
            (2003, D(800), "Mary Jackson", 1.0),
            (2004, D(4500), "Kay Mauchly", 17.5),
            (2006, D("1.01"), "Betty Snyder", 3.5),
        ],
        ours=Answer(
            verdict="fail", columns={"amount": 1, "holder": 2, "rate": 2},
            legacy_only=1, candidate_only=1,
        ),
    ),
    # Tolerances
    values("numbers without a tolerance", "float8", [(1.0, 1.0), (1.0, 1.0 + 1e-12)], 1),
    values(
        "an absolute tolerance", "float8", [(1.0, 1.05), (1.0, 1.2), (-1.0, -0.95)], 1,
        tolerance={"v": "abs=0.1"}, options={"abs_tol": 0.1},
    ),
    values(
        "a relative tolerance", "float8", [(100.0, 101.0), (100.0, 103.0), (0.0, 1e-9)], 2,
        tolerance={"v": "rel=0.02"}, options={"rel_tol": 0.02},
    ),
    values(
        "a tolerance for one column", "float8", [(1.0, 1.05), (1.0, 2.0)], 1,
        tolerance={"v": "abs=0.1"}, options={"abs_tol": {"v": 0.1, "default": 0.0}},
    ),
    values(
        "a relative tolerance is of the larger value", "float8", [(101.0, 100.0)], 0,
        tolerance={"v": "rel=0.00995"}, options={"rel_tol": 0.00995},
        why="the answer must not depend on which side is called legacy; datacompy takes the "
        "relative tolerance of the second side alone",
    ),
    values(
        "two tolerances are not added", "float8", [(100.0, 101.5)], 1,
        tolerance={"v": "abs=1,rel=0.01"}, options={"abs_tol": 1, "rel_tol": 0.01},
        why="each tolerance says on its own what is equal; datacompy adds them up",
    ),
    values("infinities", "float8", [(INF, INF), (INF, -INF), (INF, 1.0), (-INF, -INF)], 2),
    values(
        "infinities with a tolerance", "float8", [(INF, INF), (INF, 1e300), (-INF, INF)], 2,
        tolerance={"v": "abs=1,rel=0.5"}, options={"abs_tol": 1, "rel_tol": 0.5},
    ),
    values("signed zeros", "float8", [(0.0, -0.0)], 0),
    # NULL and NaN
    values("NULL equals NULL", "float8", [(None, None), (1.0, None), (None, 0.0)], 2),
    values("NULL in texts", "text", [(None, None), ("a", None), (None, ""), ("b", "b")], 2),
    values("a column of nothing but NULL", "text", [(None, "a"), (None, None)], 1),
    values("NaN equals NaN", "float8", [(NAN, NAN), (NAN, 1.0)], 1),
    values(
        "NaN is not NULL", "float8", [(NAN, None), (1.0, 1.0)], 1,
        why="a NULL says that there is no value, a NaN that a calculation failed; pandas has one "
        "form for both",
    ),
    # Numbers of several types
    values("integers against doubles", ("int", "float8"), [(1, 1.0), (2, 2.5)], 1),
    values("integers against numeric", ("int", "numeric"), [(1, D("1.0")), (2, D("2.5"))], 1),
    values("numeric of another scale", ("numeric", "numeric"), [(D("1.50"), D("1.5"))], 0),
    values(
        "numeric against doubles", ("numeric", "float8"),
        [(D("12.3"), 12.3), (D("1.5"), 1.6), (None, None)], 1,
    ),
    values(
        "numeric against doubles with a tolerance", ("numeric", "float8"), [(D("1.5"), 1.55)], 0,
        tolerance={"v": "abs=0.1"}, options={"abs_tol": 0.1},
    ),
    values(
        "integers above 2^53", "bigint", [(2**53 + 1, 2**53)], 1,
        why="integers are compared as integers; datacompy makes doubles of them, which cannot "
        "tell these two apart",
    ),
    values(
        "numeric beyond a double's digits", "numeric", [(D("0.1000000000000000000001"), D("0.1"))],
        1,
        why="numeric is compared in decimal arithmetic; datacompy makes doubles of it",
    ),
    values(
        "numbers as text", ("text", "int"), [("1", 1), ("2", 2)],
        **refused("a text is not a number: that the types differ is the finding, and a view that "
                  "converts one says how; datacompy reports every row as different"),
    ),
    values(
        "numbers as text on both sides", "text", [("1.0", "1"), ("2", "2")], 1
    ),
    # Truth values
    values("truth values", "boolean", [(True, True), (True, False), (None, None), (None, True)], 2),
    values(
        "truth values against integers", ("boolean", "int"), [(True, 1), (False, 0)],
        **refused("true is not the number 1 until a view says so; datacompy takes them for equal"),
    ),
    # Dates and times
    values("dates", "date", [(DAY, DAY), (DAY, date(2024, 3, 1)), (None, None)], 1),
    values("timestamps in UTC", "timestamptz", [(OPENING, OPENING), (OPENING, None)], 1),
    values("a date against midnight", ("date", "timestamp"), [(DAY, MIDNIGHT)], 0),
    values(
        "a date against a time of day", ("date", "timestamp"), [(DAY, MIDNIGHT), (DAY, MORNING)],
        1,
        why="midnight is the date whatever else the column holds; datacompy compares how the two "
        "print, and a column of timestamps prints midnight only where all are",
    ),
    values(
        "one instant in two zones", "timestamptz", [(OPENING, OPENING.astimezone(EASTERN))], 0,
        why="a timestamptz is an instant; datacompy compares how the two print",
    ),
    values(
        "instants within a second", "timestamptz", [(OPENING, OPENING + timedelta(seconds=1))], 0,
        tolerance={"v": "abs=1s"}, options={"abs_tol": 1},
        why="a tolerance of a duration holds for dates and times; datacompy has none for them",
    ),
    values(
        "dates as text", ("text", "date"), [("2024-02-29", DAY), ("2024-03-01", DAY)],
        **refused("which text is which date depends on who reads it; datacompy guesses"),
    ),
    values(
        "text that is no date", ("text", "date"), [("2024-13-45", DAY), ("soon", DAY)],
        **refused("as for every text against a date; datacompy compares as text what it cannot "
                  "read as a date"),
    ),
    # Texts
    values("spaces count", "text", [("a", "a "), (" a", "a"), ("a", "a")], 2),
    values("case counts", "text", [("Aa", "aa"), ("a", "a")], 1),
    values(
        "spaces are not ignored", "text", [("a", "a "), ("a\n", "a")], 2,
        options={"ignore_spaces": True},
        why="we have no such option: a blank that one side writes is a difference; a view that "
        "trims shows that it was decided",
    ),
    values(
        "case is not ignored", "text", [("Aa", "aA")], 1, options={"ignore_case": True},
        why="we have no such option: a view with lower() shows that it was decided",
    ),
    values("composed and decomposed letters", "text", [("\u00e9", "e\u0301")], 1),
    # Lists
    values("lists", "int[]", [([1, 2], [1, 2]), ([1, 2], [2, 1]), ([1], [1, 1])], 2),
    values("lists of texts", "text[]", [(["a"], ["a"]), (["a"], ["A"])], 1),
    values("lists with NaN", "float8[]", [([NAN, 1.0], [NAN, 1.0]), ([NAN], [0.0])], 1),
    # Columns
    Case(
        name="a column missing in candidate",
        types=("k int, v int, gone int", "k int, v int"),
        legacy=[(1, 1, 1)], candidate=[(1, 1)],
        ours=Answer(verdict="fail", matched=1),
    ),
    Case(
        name="a column that only candidate has",
        types=("k int, v int", "k int, v int, extra int"),
        legacy=[(1, 1)], candidate=[(1, 1, 1)],
        ours=Answer(matched=1),
        why="consumers of legacy miss nothing; the report names the column. datacompy matches "
        "only with ignore_extra_columns, which lets missing ones pass too",
    ),
    Case(
        name="columns in another order",
        types=("k int, a int, b int", "b int, a int, k int"),
        legacy=[(1, 2, 3)], candidate=[(3, 2, 1)],
        ours=Answer(matched=1),
    ),
    Case(
        name="column names in another case",
        types=('k int, "Price" int', "k int, price int"),
        legacy=[(1, 2)], candidate=[(1, 2)],
        ours=Answer(verdict="fail", matched=1),
        why="names are as in the database, where a query for one does not find the other; "
        "datacompy makes all of them lower case. `rename` pairs them",
    ),
    # Rows
    Case(
        name="rows on one side only",
        types=("k int, v int", "k int, v int"),
        legacy=[(1, 1), (2, 2), (3, 3)], candidate=[(2, 2), (3, 4), (4, 4), (5, 5)],
        ours=Answer(
            verdict="fail", matched=1, columns={"v": 1}, legacy_only=1, candidate_only=2
        ),
    ),
    Case(
        name="a key of two columns",
        types=("a text, b text, v int", "a text, b text, v int"),
        key=("a", "b"),
        legacy=[("1", "11", 1), ("x", "y", 2)], candidate=[("11", "1", 1), ("x", "y", 2)],
        ours=Answer(verdict="fail", matched=1, legacy_only=1, candidate_only=1),
    ),
    Case(
        name="the same duplicates on both sides",
        types=("k int, v int", "k int, v int"),
        legacy=[(1, 1), (1, 2), (2, 3)], candidate=[(1, 1), (1, 2), (2, 3)],
        ours=Answer(verdict="fail", matched=1, duplicate_key=4),
        why="a key that is not unique is a finding, and which row belongs to which is a guess; "
        "datacompy pairs them in the order in which they come",
    ),
    Case(
        name="duplicates on one side",
        types=("k int, v int", "k int, v int"),
        legacy=[(1, 1), (1, 1), (2, 3)], candidate=[(1, 1), (2, 3)],
        ours=Answer(verdict="fail", matched=1, duplicate_key=3),
        why="as above; datacompy pairs the first and takes the second for missing",
    ),
    Case(
        name="NULL in the key",
        types=("k int, v int", "k int, v int"),
        legacy=[(None, 1), (2, 2)], candidate=[(None, 1), (2, 2)],
        ours=Answer(verdict="fail", matched=1, null_key=2),
        why="a row without a key cannot be told from others; datacompy pairs NULL with NULL",
    ),
    Case(
        name="empty tables",
        types=("k int, v int", "k int, v int"),
        legacy=[], candidate=[],
        ours=Answer(verdict="undecided"),
        why="nothing was compared, so nothing passes; datacompy says that they match",
    ),
]  # fmt: skip
