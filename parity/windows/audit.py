"""What a night leaves to the next one, and how much of history has been verified."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from parity.model.audit import Audit, Coverage
from parity.windows.choose import in_time_since
from parity.windows.scope import Scope

__all__ = ["coverage", "next_audit"]


def next_audit(
    previous: Audit | None,
    scope: Scope,
    symbols: Sequence[str],
    differing: Collection[str],
    digest: str,
    session: date,
    snapshot: str,
    at: datetime,
) -> Audit:
    """The audit after a night that has compared all of `scope`.

    Args:
        previous: the audit that `scope` was chosen with.
        scope: what the night has compared.
        symbols: all symbols that either side has; others are forgotten.
        differing: the symbols with a row that differs.
        digest: how the dataset was compared.
        session: the night's.
        snapshot: pg_current_snapshot() of the comparison's transaction, as text.
        at: the database's clock at that snapshot.
    """
    whole = set(scope.whole)
    kept = previous if previous is not None and previous.digest == digest else None
    verified = dict(kept.verified) if kept else {}
    verified |= dict.fromkeys(scope.whole, session)
    # A difference is over only when all of the symbol was compared and none was found.
    still = (kept.differing - whole if kept else frozenset()) | set(differing)
    return Audit(
        digest=digest,
        snapshot=snapshot,
        at=at,
        verified={symbol: verified[symbol] for symbol in sorted(set(symbols) & verified.keys())},
        differing=frozenset(still & set(symbols)),
    )


def coverage(
    audit: Audit,
    scope: Scope,
    segments_of: Mapping[str, int],
    session: date,
    sessions: Sequence[date],
    cycle: int,
) -> Coverage:
    """How much of history has been verified after a night, in segments.

    Args:
        audit: what the night leaves.
        scope: what the night has compared.
        segments_of: the months of each symbol that either side has; other symbols in `audit`
            or `scope` do not count.
        session: the night's.
        sessions: as for `choose`.
        cycle: the window's `audit_cycle`.
    """
    since = in_time_since(sessions, session, cycle)
    whole = set(scope.whole)
    known = [audit.verified[symbol] for symbol in segments_of if symbol in audit.verified]
    return Coverage(
        segments=sum(segments_of.values()),
        compared=sum(months for symbol, months in segments_of.items() if symbol in whole),
        overdue=sum(
            months
            for symbol, months in segments_of.items()
            if symbol not in audit.verified or audit.verified[symbol] < since
        ),
        cycle=cycle,
        oldest=min(known, default=None),
    )
