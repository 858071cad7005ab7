"""What went wrong in a phase, and how long it took to mend: a sentence of the summary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parity.model.lifetime import Lifetime
from parity.model.phase import PhaseReport
from parity.model.phrases import phrase
from parity.model.verdict import Verdict
from parity.report.phase.words import cut, date_text
from parity.report.words import count, some_of, visible

__all__ = ["troubles"]

_NAMED = 3  # incidents that are named; the others are counted


def troubles(report: PhaseReport) -> str:
    """Incidents that nobody has accepted; empty where no night could tell."""
    own = [life for life in report.incidents if not life.follows]
    bad = sorted((life for life in own if life.waiver is None), key=_gravity)
    if not bad:
        return _nothing(report)
    verb = "was" if len(bad) == 1 else "were"
    head = f"{count(len(bad), 'incident')} {verb} seen and not accepted{_followers(report)}"
    fates = f", {_fates(bad)}" if len(bad) > 1 else ""
    alike = _alike(bad)
    named = "; ".join(map(_told, alike[:_NAMED]))
    more = sum(len(lives) for lives in alike[_NAMED:])
    rest = f"; and {more:,} more" if more else ""
    return f"{head}{fates}: {named}{rest}."


def _nothing(report: PhaseReport) -> str:
    """No incident is to be told of. A night may fail all the same, as by the tables' columns."""
    failed = [one for one in report.sessions if one.verdict is Verdict.FAIL]
    but = "that no waiver accepts" if report.incidents else ""
    if failed:
        why = f" ({cut(failed[-1].told)})" if failed[-1].told else ""
        return f"No row differed {but}".rstrip() + (
            f", yet {count(len(failed), 'session')} failed, the newest on "
            f"{date_text(failed[-1].day)}{why}."
        )
    return f"No row differed {but}".rstrip() + "." if report.count(Verdict.PASS) else ""


def _gravity(life: Lifetime) -> tuple[bool, int, int, date]:
    """What is still open first, then what lived longest, then what had most rows."""
    return life.gone is not None, -life.nights, -life.rows, life.first


def _followers(report: PhaseReport) -> str:
    number = sum(life.follows and life.waiver is None for life in report.incidents)
    verb = "follows" if number == 1 else "follow"
    return f" ({number:,} more {verb} from others)" if number else ""


def _fates(bad: Sequence[Lifetime]) -> str:
    gone = [life for life in bad if life.gone is not None]
    still = len(bad) - len(gone)
    if not gone:
        return "all of them open"
    longest = count(max(life.nights for life in gone), "night")
    if not still:
        return f"all of them gone again after at most {longest}"
    return f"{still:,} of them open and {len(gone):,} gone again after at most {longest}"


def _alike(bad: Sequence[Lifetime]) -> list[list[Lifetime]]:
    """Those of one cause and fate together, such as one split in three datasets."""
    found: dict[tuple[object, ...], list[Lifetime]] = {}
    for life in bad:
        kind = (life.cause, life.proved, life.symbols, life.first, life.gone, life.nights,
                life.returns)  # fmt: skip
        found.setdefault(kind if life.proved else (life.dataset, life.id), []).append(life)
    return list(found.values())


def _told(lives: Sequence[Lifetime]) -> str:
    """`an unadjusted split in yahoo (AAPL), gone after 3 nights (28 February to 2 March 2005)`."""
    life = lives[0]
    what = phrase(life.cause) if life.proved else "unexplained differences"
    where = f" ({cut(some_of(life.symbols, 2), 60)})" if life.symbols else ""
    if life.gone is None:
        fate = f"open since {date_text(life.first)} ({count(life.nights, 'night')} so far)"
    else:
        fate = f"seen first on {date_text(life.first)} and gone after {count(life.nights, 'night')}"
    back = f", having come back {_times(life.returns)}" if life.returns else ""
    place = cut(life.dataset, 60) if len(lives) == 1 else f"{len(lives):,} datasets"
    return f"{visible(what)} in {place}{where}, {fate}{back}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")
