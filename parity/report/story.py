"""What happened, in a line: the gravest cause, what follows from it, and how much else there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.model.cause import Cause, parts
from parity.model.phrases import title
from parity.report.predicates import ratio_of
from parity.report.told import Told, roots, told_of
from parity.report.words import count, some_of, visible

__all__ = ["Told", "named", "story", "told_of"]

_MOST = 120  # letters of a line, so that it fits a heading; less detail makes it shorter
_OPEN = "unexplained"
_NAMED = 3  # symbols of what has no cause; more are counted


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much a line says."""

    datasets: bool  # in which
    open_when: bool  # since when, of what has no cause
    when: bool  # the same, of a cause
    side: bool = False  # which one is off
    causes: int = 2  # told; the others are counted


_DETAILS = (
    _Detail(datasets=True, open_when=True, when=True, side=True),
    _Detail(datasets=True, open_when=True, when=True),
    _Detail(datasets=False, open_when=True, when=True, side=True),
    _Detail(datasets=False, open_when=True, when=True),
    _Detail(datasets=False, open_when=False, when=True),
    _Detail(datasets=False, open_when=False, when=False),
    _Detail(datasets=False, open_when=True, when=True, causes=1),
)
_WITHIN = 2  # of them are for several datasets


@dataclass(slots=True)
class _Group:
    """What one cause did, whatever the datasets, and what follows from that."""

    says: str
    side: str
    own: list[Told] = field(default_factory=list)
    after: list[Told] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.own)

    @property
    def all_rows(self) -> int:
        return self.rows + sum(one.rows for one in self.after)


def named(cause: str, evidence: Mapping[str, Any]) -> str:
    """The cause in words, with a split's ratio."""
    ratio = ratio_of(evidence) if Cause.SPLIT_ADJUSTMENT in parts(cause) else ""
    split = title(Cause.SPLIT_ADJUSTMENT)
    return visible(title(cause).replace(split, f"{split} {ratio}" if ratio else split))


def story(incidents: Sequence[Told], *, within: bool = False) -> str:
    """`AAPL unadjusted by 2:1 on legacy before 2005-02-28 (249 rows in bars), 7 rows follow`.

    What has no cause comes first, then the cause with the most rows; further ones are counted, and
    last what is waived. Empty where nothing but that differs. `within` a dataset it is not named.
    """
    groups = _groups([one for one in incidents if not one.waived])
    lines = [_line(groups, incidents, detail) for detail in _DETAILS[_WITHIN * within :]]
    return next((line for line in lines if len(line) <= _MOST), lines[-1]) if groups else ""


def _line(groups: Sequence[_Group], incidents: Sequence[Told], detail: _Detail) -> str:
    """All in a line, with so much detail."""
    left = [group for group in groups if group.says == _OPEN]
    proved = [group for group in groups if group.says != _OPEN]
    shown = [*left, *proved[:1]][: detail.causes]
    pieces = [_piece(one, detail) for one in shown]
    rest = [group for group in groups if group not in shown]
    return "; ".join([*pieces, *_rest(rest), *_waived(incidents)])


def _groups(incidents: Sequence[Told]) -> list[_Group]:
    """By cause, the one with the most rows first; what follows from it counts."""
    top = roots({one.id: one.explained_by for one in incidents})
    made: dict[tuple[str, str], _Group] = {}
    of: dict[str, _Group] = {}
    for one in incidents:
        if top[one.id] == one.id:
            says = _OPEN if one.open else one.says
            side = "" if one.open else one.side
            of[one.id] = made.setdefault((says, side), _Group(says, side))
            of[one.id].own.append(one)
    for one in incidents:
        if top[one.id] != one.id and top[one.id] in of:
            of[top[one.id]].after.append(one)
    return sorted(made.values(), key=lambda group: -group.all_rows)


def _piece(group: _Group, detail: _Detail) -> str:
    """One cause: what, where, since when, how many rows."""
    symbols = _by_rows(group.own)
    timed = detail.open_when if group.says == _OPEN else detail.when
    when = _when(group.own) if timed else ""
    where = _datasets(group.own) if detail.datasets else ""
    rows = count(group.rows, "row")
    if group.says == _OPEN or not symbols:
        few = symbols and len(symbols) <= _NAMED and all(one.symbols for one in group.own)
        whose = f" of {some_of(symbols)}" if few else ""
        among = f", in {count(len(symbols), 'symbol')}" if symbols and not few else ""
        text = f"{rows}{whose}{where} {group.says}{when}{among}"
    else:
        side = f" on {group.side}" if detail.side and group.side else ""
        text = f"{some_of(symbols)} {group.says}{side}{when} ({rows}{where})"
    return f"{text}{_following(group.after)}"


def _by_rows(incidents: Sequence[Told]) -> tuple[str, ...]:
    """Symbols, those of the most rows first."""
    weight = Counter[str]()
    for one in incidents:
        for symbol in one.symbols:
            weight[symbol] += one.rows
    return tuple(symbol for symbol, _ in weight.most_common())


def _when(incidents: Sequence[Told]) -> str:
    """Before when the data is wrong, or since when; up to when where it is right again.

    Of incidents that did not begin and end together only that is true which lies between.
    """
    before = [one.before for one in incidents]
    if all(before):
        return f" before {max(before)}"
    first = min((one.first for one in incidents if one.first), default="")
    last = max((one.last for one in incidents if one.last), default=first)
    if not first or first == last:
        return f" on {first}" if first else ""
    if len({(one.first, one.last) for one in incidents}) > 1:
        return f" between {first} and {last}"
    return f" since {first}" if last >= incidents[0].now else f" from {first} to {last}"


def _datasets(incidents: Sequence[Told]) -> str:
    names = list(dict.fromkeys(one.dataset for one in incidents))
    return f" in {visible(names[0])}" if len(names) == 1 else f" in {len(names)} datasets"


def _following(after: Sequence[Told]) -> str:
    if not after:
        return ""
    rows = sum(one.rows for one in after)
    kinds = {one.kind for one in after}
    noun = "indicator row" if kinds == {"indicators"} else "row"
    return f", {count(rows, noun)} {'follows' if rows == 1 else 'follow'}"


def _rest(groups: Sequence[_Group]) -> Iterable[str]:
    if groups:
        rows = count(sum(group.all_rows for group in groups), "row")
        yield f"{count(len(groups), 'more cause')} ({rows})"


def _waived(incidents: Sequence[Told]) -> Iterable[str]:
    rows = sum(one.rows for one in incidents if one.waived)
    if rows:
        yield f"{count(rows, 'row')} waived"
