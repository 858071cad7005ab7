"""What the options of `parity diff` may say, and what is answered when they say something else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from parity.cli import specs
from parity.model.errors import UsageError
from parity.model.suite import EXACT, Relation, Tolerance


@pytest.mark.parametrize(
    ("text", "schema", "table"),
    [
        ("legacy.market_data", "legacy", "market_data"),
        ("Old.Prices", "Old", "Prices"),
        ('"my.schema"."T"', "my.schema", "T"),
        ('old."a table"', "old", "a table"),
        ('"a""b".c', 'a"b', "c"),
        ('"""".""""""', '"', '""'),
        ("100%.größe", "100%", "größe"),
        ("old.a table", "old", "a table"),
    ],
)
def test_relations(text: str, schema: str, table: str) -> None:
    assert specs.parse_relation(text) == Relation(schema, table)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prices", "prices: write SCHEMA.TABLE, such as public.prices"),
        ("a.b.c", "'a.b.c' is not SCHEMA.TABLE; a name with a dot"),
        ("a.", "'a.' is not SCHEMA.TABLE"),
        (".b", "'.b' is not SCHEMA.TABLE"),
        ("", "'' is not SCHEMA.TABLE"),
        ('"a.b', "is not SCHEMA.TABLE"),
        ('a"b.c', "is not SCHEMA.TABLE"),
        ('"".c', "is not SCHEMA.TABLE"),
        ("a. b", "a. b: ' b' is not a name in the database"),
        ("a.b\n", "is not a name in the database"),
        (f"a.{'b' * 64}", "is longer than the 63 bytes that PostgreSQL keeps"),
    ],
)
def test_what_is_no_relation(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        specs.parse_relation(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("day", "day"),
        ("a,b=c.d:e", "a,b=c.d:e"),
        ('"a"', "a"),
        ('"""a"""', '"a"'),
        ("50 %", "50 %"),
    ],
)
def test_columns(text: str, column: str) -> None:
    assert specs.parse_column(text, "--key") == column


@pytest.mark.parametrize("text", ["", '"', '""', '"a', '"a"b', " a", "a" * 64])
def test_what_is_no_column(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--key "):
        specs.parse_column(text, "--key")


@pytest.mark.parametrize(
    ("text", "column", "tolerance"),
    [
        ("price:abs=0.01", "price", Tolerance(abs=Decimal("0.01"))),
        ("price:rel=1e-9", "price", Tolerance(rel=Decimal("1e-9"))),
        ("p:abs=.5, rel=1E-9", "p", Tolerance(abs=Decimal("0.5"), rel=Decimal("1e-9"))),
        ("a:b,c:abs=1", "a:b,c", Tolerance(abs=Decimal(1))),
        ('"a:b":abs=1', "a:b", Tolerance(abs=Decimal(1))),
        ("at:abs=1s", "at", Tolerance(within=timedelta(seconds=1))),
        ("at:abs=500ms", "at", Tolerance(within=timedelta(milliseconds=500))),
        ("price:exact", "price", EXACT),
        ("price:abs=0", "price", EXACT),
        ("default:rel=0.1", None, Tolerance(rel=Decimal("0.1"))),
        ('"default":rel=0.1', "default", Tolerance(rel=Decimal("0.1"))),
    ],
)
def test_tolerances(text: str, column: str | None, tolerance: Tolerance) -> None:
    assert specs.parse_tolerance(text) == (column, tolerance)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("price", "--tolerance price: write COL:abs=A,rel=R"),
        (":abs=1", "write COL:abs=A,rel=R"),
        ("price:", "'' is not abs=A, rel=R or exact"),
        ("price:0.01", "'0.01' is not abs=A, rel=R or exact"),
        ("price:abs", "'abs' is not abs=A, rel=R or exact"),
        ("price:asb=1", "'asb=1' is not abs=A, rel=R or exact; did you mean abs?"),
        ("price:abs=1,", "'' is not abs=A"),
        ("price:abs=1,abs=2", "abs is given twice; keep one"),
        ("price:abs=x", "abs: must be a number such as 0.0001, or for dates and times a duration"),
        ("price:abs=-1", "abs: -1 is negative; give a number >= 0"),
        ("price:abs=1e-99", "abs: 1e-99 is no useful tolerance; for equality write exact"),
        ("price:abs=nan", "not the text 'nan'"),
        ("price:rel=1s", "rel: must be a number such as 0.0001 or 1e-9, not the text '1s'"),
        ("price:rel=1%", "rel: must be a number"),
        ("price:abs=1,5", "'5' is not abs=A"),
        ("at:abs=1s,rel=1e-9", "abs=1s is a duration, for dates and times, which have no rel"),
        ("at:abs=999d", "abs: 999d is longer than a year"),
        (f"{'x' * 64}:abs=1", "is longer than the 63 bytes"),
    ],
)
def test_what_is_no_tolerance(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        specs.parse_tolerance(text)
    assert says in str(raised.value)
    assert str(raised.value).startswith("--tolerance ")
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "pair"),
    [("a=b", ("a", "b")), ('"a=b"=c', ("a=b", "c")), ('a="b=c"', ("a", "b=c"))],
)
def test_renames(text: str, pair: tuple[str, str]) -> None:
    assert specs.parse_rename(text) == pair


@pytest.mark.parametrize("text", ["a", "=b", "a=", "a=b=c", "", '"a=b'])
def test_what_is_no_rename(text: str) -> None:
    with pytest.raises(UsageError, match="write LEGACY_COL=CANDIDATE_COL"):
        specs.parse_rename(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("source=yahoo", ("source", "yahoo")),
        ("source=", ("source", "")),
        ("note=a=b", ("note", "a=b")),
        ('"a=b"=c', ("a=b", "c")),
        ('note="x"', ("note", '"x"')),
    ],
)
def test_filters(text: str, pair: tuple[str, str]) -> None:
    assert specs.parse_where(text) == pair


@pytest.mark.parametrize(
    ("text", "says"),
    [("source", "write COL=VALUE"), ("=x", "write COL=VALUE"), ("a=\0", "NUL character")],
)
def test_what_is_no_filter(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        specs.parse_where(text)
