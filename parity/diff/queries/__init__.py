"""SQL of the comparison. Identifiers are quoted by psycopg, values are bound, never pasted."""

from __future__ import annotations

from parity.diff.queries.catalogue import (
    ALONG_INDEXES,
    AS_PLANNED,
    COLLATIONS,
    COLUMNS,
    INDEXES,
    SIZES,
    TYPE_NAMES,
    explain,
)
from parity.diff.queries.courses import PATIENT, Axis, course, extent
from parity.diff.queries.pairs import (
    columns_of,
    doubled,
    fixed,
    irregular,
    piecewise,
    regular,
    whole,
)
from parity.diff.queries.part import Part
from parity.diff.queries.samples import (
    keys_at_random,
    leads,
    member,
    one_of_each,
    recent,
    sampled,
    somewhere,
    spans,
    stretch,
)
from parity.diff.queries.sides import Reader

__all__ = [
    "ALONG_INDEXES",
    "AS_PLANNED",
    "COLLATIONS",
    "COLUMNS",
    "INDEXES",
    "PATIENT",
    "SIZES",
    "TYPE_NAMES",
    "Axis",
    "Part",
    "Reader",
    "columns_of",
    "course",
    "doubled",
    "explain",
    "extent",
    "fixed",
    "irregular",
    "keys_at_random",
    "leads",
    "member",
    "one_of_each",
    "piecewise",
    "recent",
    "regular",
    "sampled",
    "somewhere",
    "spans",
    "stretch",
    "whole",
]
