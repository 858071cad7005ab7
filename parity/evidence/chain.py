"""Is the trail the one that was written: numbers, hashes, and the time, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parity.evidence.finding import Finding
from parity.model.trail import TrailEntry, chain_hash

__all__ = ["check_chain", "check_head"]


def check_chain(trail: Sequence[TrailEntry]) -> Iterator[Finding]:
    """What is wrong with the trail, in the order of its rows.

    Args:
        trail: all rows of one migration, by number. That the last ones are gone cannot be seen
            in those that are left.
    """
    before: TrailEntry | None = None
    for entry in trail:
        yield from _place(entry, before)
        yield from _own(entry)
        before = entry


def _place(entry: TrailEntry, before: TrailEntry | None) -> Iterator[Finding]:
    """Whether a row is the next one after the row before."""
    where = f"trail row {entry.number}"
    expected = before.number + 1 if before else 1
    if entry.number > expected:
        last = entry.number - 1
        rows = f"row {last}" if last == expected else f"rows {expected} to {last}"
        yield Finding(where=f"trail {rows}", what="gone")
        return  # what it follows on cannot be told
    if entry.number < expected:
        yield Finding(where=where, what="has a number that is taken")
    if entry.previous != (before.hash if before else ""):
        after = f"row {before.number}" if before else "nothing, as the first row must"
        yield Finding(where=where, what=f"does not follow on {after}")
    if before is not None and entry.at < before.at:
        yield Finding(where=where, what=f"is older than row {before.number}")


def _own(entry: TrailEntry) -> Iterator[Finding]:
    """Whether a row says what its hash was made of."""
    where = f"trail row {entry.number}"
    if chain_hash(entry) != entry.hash:
        yield Finding(where=where, what="does not say what it said: its hash is of something else")
    # The hash is of lines: with a line end in one of these, two rows could have the same lines.
    elif any("\n" in text for text in (entry.migration, entry.kind, entry.by)):
        yield Finding(where=where, what="has a line end in its kind or name")


def check_head(trail: Sequence[TrailEntry], head: str) -> Iterator[Finding]:
    """Whether the trail still holds a row whose hash was noted before."""
    if not any(entry.hash == head for entry in trail):
        yield Finding(
            where="trail",
            what=f"no row has the hash {head} any more: rows were taken off, or all made anew",
        )
