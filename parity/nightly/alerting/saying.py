"""Words that several alerts share."""

from __future__ import annotations

from parity.model.result import RunResult
from parity.model.suite import Suite
from parity.report.nights import night_link

__all__ = ["link_to", "of_night", "page_of"]


def of_night(suite: Suite, night: RunResult) -> str:
    """`market-data 2005-02-28`, how a title begins."""
    return f"{suite.migration} {night.session}"


def page_of(suite: Suite, night: RunResult) -> str:
    """Where the night's report can be opened."""
    return link_to(suite, night_link(night))


def link_to(suite: Suite, path: str) -> str:
    """Where a file of the reports folder can be opened; `path` is relative to the folder."""
    return f"{suite.alerts.link}/{path}" if suite.alerts.link else (suite.reports / path).as_uri()
