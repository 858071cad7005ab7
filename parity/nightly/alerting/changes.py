"""What begins and what ends, by what is stored and by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parity.model.alert import Alert, Changes
from parity.model.result import RunResult
from parity.nightly.alerting.jobs import job_changes
from parity.nightly.alerting.lateness import late_changes
from parity.nightly.alerting.verdicts import verdict_changes
from parity.nightly.harness import Harness
from parity.nightly.publishing import beside_of
from parity.report.build import night_view
from parity.report.view import NightView

__all__ = ["changes_of"]


def changes_of(harness: Harness, alerts: Sequence[Alert], now: datetime) -> Changes:
    """What differs between the ledger and how things are.

    Only the newest stored night counts: one that is run again for a session of last month tells
    nobody anything. A night that was killed before it told is found here by whoever comes next.

    Args:
        harness: whose nights.
        alerts: the ledger.
        now: decides which night is late.
    """
    suite = harness.suite
    nights = harness.store.nights(suite.migration)

    def view_of(night: RunResult) -> NightView:
        # Of what is beside a night, all but its pictures.
        return night_view(night, beside=replace(beside_of(harness, night, nights, ()), series=()))

    open_ones = {alert.trouble.identity: alert for alert in alerts if alert.open}
    parts = [late_changes(suite, harness.exchange, nights, open_ones, now)]
    if nights:
        parts += [
            verdict_changes(suite, nights, open_ones, view_of),
            job_changes(suite, nights[0], open_ones),
        ]
    return Changes(
        opened=tuple(trouble for part in parts for trouble in part.opened),
        closed={identity: recovery for part in parts for identity, recovery in part.closed.items()},
    )
