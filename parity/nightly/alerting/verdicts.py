"""Nights that do not pass: told when they begin, when something new is among them, when over.

While nights do not pass, the ledger holds beside the alert `verdict` one for each incident and each
word of the verdict that has been told since, so that each is told once and not every night.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from parity.alerts import short
from parity.model.alert import Alert, Changes, Trouble, TroubleKind
from parity.model.result import RunResult
from parity.model.suite import Suite
from parity.model.verdict import Verdict
from parity.nightly.alerting.lines import IncidentLine, incident_lines
from parity.nightly.alerting.saying import of_night, page_of
from parity.report.headline import headline
from parity.report.machines.short import short_text
from parity.report.view import NightView, word_of
from parity.report.words import count

__all__ = ["verdict_changes"]

VERDICT = "verdict"
NEWS = ("incident:", "now:")  # identities of what is told beside it
TOP = 3  # incidents in a message


def verdict_changes(
    suite: Suite,
    nights: Sequence[RunResult],
    open_ones: Mapping[str, Alert],
    view_of: Callable[[RunResult], NightView],
) -> Changes:
    """What the newest night changes.

    Args:
        suite: whose nights.
        nights: all, newest first; at least one.
        open_ones: the open alerts by identity.
        view_of: what the report shows of a night; asked only where it does not pass.
    """
    night = nights[0]
    if night.verdict is Verdict.PASS:
        over = {identity: None for identity in open_ones if identity.startswith(NEWS)}
        if VERDICT not in open_ones:
            return Changes(closed=over)
        return Changes(closed={VERDICT: _over(suite, nights, open_ones[VERDICT]), **over})
    view = view_of(night)
    lines = incident_lines(view)
    if VERDICT not in open_ones:
        # All of it is in this message, or behind its link.
        begins = _begins(suite, night, view, lines)
        return Changes(opened=(begins, *_news(suite, night, view, lines, covered=True)))
    news = _news(suite, night, view, lines[:TOP], covered=False)
    return Changes(opened=tuple(one for one in news if one.identity not in open_ones))


def _begins(
    suite: Suite, night: RunResult, view: NightView, lines: Sequence[IncidentLine]
) -> Trouble:
    told = [f"{place}. {line.text}" for place, line in enumerate(lines[:TOP], start=1)]
    rest = len(lines) - TOP
    if rest > 0:
        told.append(f"and {count(rest, 'more incident')}")
    return Trouble(
        identity=VERDICT,
        kind=TroubleKind.VERDICT,
        title=f"{of_night(suite, night)}: {word_of(night.verdict)}",
        body="\n".join([short_text(view), *told]),
        link=page_of(suite, night),
        session=night.session,
    )


def _news(
    suite: Suite,
    night: RunResult,
    view: NightView,
    lines: Sequence[IncidentLine],
    *,
    covered: bool,
) -> list[Trouble]:
    word = word_of(night.verdict).lower()
    told = [(f"now:{night.verdict.value}", f"now {word}", short_text(view))]
    told += [(f"incident:{line.id}", "a new incident", line.text) for line in lines]
    return [
        Trouble(
            identity=identity,
            kind=TroubleKind.INCIDENT,
            title=f"{of_night(suite, night)}: {what}",
            body=body,
            link=page_of(suite, night),
            session=night.session,
            covered=covered,
        )
        for identity, what, body in told
    ]


def _over(suite: Suite, nights: Sequence[RunResult], alert: Alert) -> str:
    night, since = nights[0], alert.trouble.session
    bad = [
        one
        for one in nights[1:]
        if since is not None and one.session >= since and one.verdict is not Verdict.PASS
    ]
    lines = [f"{of_night(suite, night)}: Pass again", short(headline(night))]
    if bad:
        lines.append(f"Before it {count(len(bad), 'night')} did not pass, since {bad[-1].session}.")
    return "\n".join([*lines, page_of(suite, night)])
