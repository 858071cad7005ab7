"""How scripts and flows have run: read from the tables and from Prefect's API, and counted."""

from __future__ import annotations

from parity.monitoring.counting import count_figures
from parity.monitoring.lines import Seen
from parity.monitoring.prefect_api import NoAnswerError, PrefectApi
from parity.monitoring.reading import Read, Span, Tables, night_runs
from parity.monitoring.rows import FlowRun, PrefectRun, SymbolCount

__all__ = [
    "FlowRun",
    "NoAnswerError",
    "PrefectApi",
    "PrefectRun",
    "Read",
    "Seen",
    "Span",
    "SymbolCount",
    "Tables",
    "count_figures",
    "night_runs",
]
