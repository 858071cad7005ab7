"""As what two types compare: the families of types, and the tolerance that fits each."""

from __future__ import annotations

from enum import StrEnum

from parity.model.suite import EXACT, Tolerance

__all__ = ["FLOATS", "NUMBERS", "TEMPORAL", "Family", "common", "fitting", "misfit"]


class Family(StrEnum):
    """How values of a pair of columns compare."""

    NUMERIC = "numeric"  # integers and numeric: exact decimal arithmetic
    DOUBLE = "double"  # a float on either side: double arithmetic
    INSTANT = "instant"  # timestamptz on either side, or bare timestamps in a known zone
    CLOCK = "clock"  # dates, or a date against a bare timestamp: as read from one clock
    TEXT = "text"  # texts, and all types that compare by how they print
    OTHER = "other"  # equality of the type itself


FLOATS = frozenset({"float4", "float8"})
NUMBERS = FLOATS | {"int2", "int4", "int8", "numeric"}
# "char" with its quotes in SQL is a type of one byte; enum stands for every enum's labels.
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext", "char", "enum"})
TEXT_ARRAYS = frozenset({"_text", "_varchar", "_name"})
TEMPORAL = frozenset({"date", "timestamp", "timestamptz"})
# Types whose own equality means the same as Python's. All others compare by how they print:
# many have no equality (json, point), or one that says less: intervals of one length and boxes of
# one area are `=`, whatever they are.
PLAIN = frozenset({"bool", "uuid", "bytea", "time", "jsonb"}) | {f"_{kind}" for kind in NUMBERS}


def common(legacy: str, candidate: str) -> Family | None:
    """The family of two types, by their names without modifiers; None if they have none."""
    bases = {legacy, candidate}
    if bases <= NUMBERS:
        return Family.DOUBLE if bases & FLOATS else Family.NUMERIC
    if bases <= TEXTS or bases <= TEXT_ARRAYS:
        return Family.TEXT
    if bases <= TEMPORAL:
        needs_zone = "timestamptz" in bases or bases == {"timestamp"}
        return Family.INSTANT if needs_zone else Family.CLOCK
    if legacy == candidate:
        return Family.OTHER if legacy in PLAIN else Family.TEXT
    return None


def fitting(family: Family, tolerance: Tolerance) -> Tolerance:
    """The part of a dataset's default tolerance that has a meaning for a family."""
    fits = EXACT
    if family in (Family.NUMERIC, Family.DOUBLE):
        fits = Tolerance(abs=tolerance.abs, rel=tolerance.rel, because=tolerance.because)
    elif family in (Family.INSTANT, Family.CLOCK):
        fits = Tolerance(within=tolerance.within, because=tolerance.because)
    return EXACT if fits.exact else fits


def misfit(family: Family, tolerance: Tolerance) -> str | None:
    """What is wrong with a column's own tolerance, and what to write instead."""
    if family in (Family.NUMERIC, Family.DOUBLE):
        return "a number: give abs or rel as numbers, not a duration" if tolerance.within else None
    number = bool(tolerance.abs or tolerance.rel)
    if family in (Family.INSTANT, Family.CLOCK):
        return "a date or time: give abs as a duration such as 1s, and no rel" if number else None
    return None if tolerance.exact else "no number, date or time: leave it out or write exact"
