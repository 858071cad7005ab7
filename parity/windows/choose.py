"""Which symbols a night compares whole, and which rows of the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from parity.model.audit import Audit
from parity.model.suite import Window
from parity.windows.scope import EVERYTHING, Moment, Range, Scope, merged

__all__ = ["choose", "in_time_since"]


def choose(
    *,
    window: Window,
    symbols: Sequence[str],
    previous: Audit | None,
    digest: str,
    session: date,
    sessions: Sequence[date],
    touched: Mapping[str, Sequence[Range]],
    recent_from: Moment,
) -> Scope:
    """What tonight compares.

    Whole: symbols never verified under this digest, symbols that differed, symbols that would be
    overdue after tonight, and of the rest a share of one in `audit_cycle`, the ones verified
    longest ago first. The share is taken beside symbols that are whole for another reason, so
    that many differing symbols do not hold up the round and make one night long later.

    Args:
        window: the dataset's window.
        symbols: all symbols that either side has.
        previous: what the night before left; None where there was none.
        digest: how the dataset is compared now.
        session: tonight's.
        sessions: exchange sessions up to and with tonight's, oldest first: at least
            `audit_cycle` of them, or all since the oldest in `previous`.
        touched: ranges written since `previous`, by symbol. `EVERYTHING` as a symbol makes all
            whole; a range from the beginning of time makes its symbol whole, because rows
            without a time lie in no range.
        recent_from: where the last `window.sessions` sessions begin.

    Returns:
        A scope that has every one of `symbols`, whole or with ranges. It depends on nothing
        but the arguments.
    """
    known = set(symbols)
    if previous is None or previous.digest != digest or EVERYTHING in touched:
        return Scope(tuple(sorted(known)), ())
    ranges = {
        symbol: merged([Range(recent_from, None), *touched.get(symbol, ())]) for symbol in known
    }
    whole = known - previous.verified.keys() | known & previous.differing
    whole |= {symbol for symbol, found in ranges.items() if found[0].from_the_beginning}
    since = in_time_since(sessions, session, window.audit_cycle)
    whole |= _round(previous.verified, known - whole, since, window.audit_cycle)
    return Scope(
        tuple(sorted(whole)),
        tuple((symbol, one) for symbol in sorted(known - whole) for one in ranges[symbol]),
    )


def in_time_since(sessions: Sequence[date], session: date, cycle: int) -> date:
    """The oldest session that is among the last `cycle` ones, `session` included."""
    recent = [day for day in sessions if day <= session][-cycle:]
    return recent[0] if recent else session


def _round(
    verified: Mapping[str, date], symbols: Collection[str], since: date, cycle: int
) -> set[str]:
    """Tonight's part of the round: what must not wait, and never less than an even share."""
    waiting = sorted(symbols, key=lambda symbol: (verified[symbol], symbol))
    overdue = sum(verified[symbol] < since for symbol in waiting)
    share = -(-len(waiting) // cycle)
    return set(waiting[: max(overdue, share)])
