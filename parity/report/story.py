"""What happened, in a line: causes with their rows, what follows from them, what has no cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from parity.model.cause import Cause, parts
from parity.model.phrases import title
from parity.report.words import count, some_of, visible

__all__ = ["Told", "named", "story", "told_of"]

_MOST = 2  # causes in a line; the others are counted


@dataclass(frozen=True, slots=True)
class Told:
    """An incident, as far as a line about it needs to know it."""

    name: str  # of its cause, with the ratio of a split: `unadjusted split 2:1`
    open: bool  # neither proved nor waived
    waived: bool
    rows: int
    symbols: tuple[str, ...]
    follows: bool
    kind: str  # of its dataset


def told_of(kind: str, incident: Mapping[str, Any]) -> Told:
    """The same of an incident of result.json."""
    return Told(
        name=named(incident["cause"], incident["evidence"]),
        open=not incident["proved"] and incident["waiver"] is None,
        waived=incident["waiver"] is not None,
        rows=incident["rows"],
        symbols=tuple(incident["scope"]["symbols"]),
        follows=bool(incident["explained_by"]),
        kind=kind,
    )


def named(cause: str, evidence: Mapping[str, Any]) -> str:
    """The cause in words, with a split's ratio."""
    ratio = _ratio(evidence.get("ratio")) if Cause.SPLIT_ADJUSTMENT in parts(cause) else ""
    split = title(Cause.SPLIT_ADJUSTMENT)
    return visible(title(cause).replace(split, f"{split} {ratio}" if ratio else split))


def _ratio(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9:
        near = Fraction(value).limit_denominator(100)
        if near and abs(value / float(near) - 1) < 1e-9:
            return f"{near.numerator}:{near.denominator}"
    return ""


def story(incidents: Sequence[Told]) -> str:
    """`3 rows unexplained (IBM); AAPL: unadjusted split 2:1 (1,494 rows), 7 indicator rows follow`.

    What is waived is only counted, last. Empty where of the rest no cause is proved: there is
    nothing to tell but counts.
    """
    proved = [one for one in incidents if not one.open and not one.waived]
    roots = [one for one in proved if not one.follows]
    following = [one for one in proved if one.follows]
    left = [one for one in incidents if one.open]
    waived = sum(one.rows for one in incidents if one.waived)
    pieces = [*_left(left), *_roots(roots, following)]
    if waived:
        pieces.append(f"{count(waived, 'row')} waived")
    return "; ".join(pieces) if roots or following else ""


def _roots(roots: Sequence[Told], following: Sequence[Told]) -> Iterable[str]:
    """One piece for each cause, whatever the datasets, the one with the most rows first."""
    rows = Counter[str]()
    symbols: dict[str, dict[str, None]] = {}
    for one in roots:
        rows[one.name] += one.rows
        symbols.setdefault(one.name, {}).update(dict.fromkeys(one.symbols))
    ranked = rows.most_common()
    told = [
        f"{_where(tuple(symbols[name]))}{name} ({count(number, 'row')})"
        for name, number in ranked[:_MOST]
    ]
    if rest := ranked[_MOST:]:
        number = sum(number for _, number in rest)
        told.append(f"{count(len(rest), 'more cause')} ({count(number, 'row')})")
    if after := _following(following):
        # Right after the one cause there is, else after all of them.
        told = [f"{told[0]}, {after}"] if len(told) == 1 else [*told, after]
    return told


def _following(following: Sequence[Told]) -> str:
    if not following:
        return ""
    rows = sum(one.rows for one in following)
    kinds = {one.kind for one in following}
    noun = "indicator row" if kinds == {"indicators"} else "row"
    return f"{count(rows, noun)} {'follows' if rows == 1 else 'follow'}"


def _left(left: Sequence[Told]) -> Iterable[str]:
    if not left:
        return
    weight = Counter[str]()
    for one in left:
        for symbol in one.symbols:
            weight[symbol] += one.rows
    symbols = tuple(sorted(weight, key=lambda symbol: (-weight[symbol], symbol)))
    where = f" ({some_of(symbols)})" if symbols else ""
    yield f"{count(sum(one.rows for one in left), 'row')} unexplained{where}"


def _where(symbols: tuple[str, ...]) -> str:
    return f"{some_of(symbols)}: " if symbols else ""
