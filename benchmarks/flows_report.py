"""What flows cost beside the scripts, as Markdown tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.flows_arms import LEGACY
from benchmarks.flows_goals import Medians, goals, of_arm
from benchmarks.flows_run import Measured, Series

__all__ = ["FlowsReport"]


@dataclass(frozen=True, slots=True)
class FlowsReport:
    """What was measured, and on what."""

    about: Mapping[str, Any]
    measured: Measured

    @property
    def wrong(self) -> list[str]:
        """What is not as plain SQL says it must be; empty when all is right."""
        measured = self.measured
        found: list[str] = []
        for title, series in self._nights():
            found += _wrong(title, series, measured.symbols)
        return [*found, *_wrong("task records", [measured.records], measured.recorded_symbols)]

    def markdown(self) -> str:
        """Tables, the goals, and on what it was measured."""
        told = self.measured
        symbols = f"{told.symbols:,} symbols"
        lines = [
            *(f"{name.capitalize()}: {_listed(self.about[name])}." for name in _ABOUT),
            f"Medians of {self.about['rounds']} interleaved rounds, spread in brackets."
            + ("" if told.ingestion[0].samples[0].start else " Start-up was not measured."),
            "",
            f"**Hourly bars of 7 days, {symbols}, nothing stored before** "
            f"(the vendor's limit lifted to {self.about['lifted']})",
            "",
            *_table(told.ingestion, ingestion=True),
            "",
            f"**Indicators from 300 days, {symbols}, none stored before**",
            "",
            *_table(told.first, ingestion=False),
            "",
            f"**Indicators from 300 days, {symbols}, the night after**",
            "",
            *_table(told.second, ingestion=False),
            "",
            "**Goals**",
            "",
            "| goal | measured | |",
            "|---|---|---|",
            *(
                f"| {goal.text} | {goal.measured} | {_MARK[goal.met]} |"
                for goal in goals(self.measured)
            ),
        ]
        return "\n".join([*lines, *(f"\nWRONG: {line}" for line in self.wrong)])

    def json(self) -> dict[str, Any]:
        """Everything, every round included."""
        nights = [*self._nights(), ("task records", [self.measured.records])]
        return {
            **self.about,
            "symbols": self.measured.symbols,
            "nights": {
                title: {one.arm.name: [asdict(s) for s in one.samples] for one in series}
                for title, series in nights
            },
            "goals": [asdict(goal) for goal in goals(self.measured)],
            "wrong": self.wrong,
        }

    def _nights(self) -> list[tuple[str, list[Series]]]:
        told = self.measured
        return [
            ("ingestion", told.ingestion),
            *([("ingestion, limited", [told.limited])] if told.limited else []),
            ("indicators, first night", told.first),
            ("indicators, night after", told.second),
        ]


_ABOUT = ("machine", "versions", "settings")
_MARK = {True: "met", False: "NOT MET", None: ""}


def _wrong(title: str, series: Sequence[Series], symbols: int) -> Iterator[str]:
    contents: dict[str, set[str]] = {}
    for one in series:
        for sample in one.samples:
            contents.setdefault(one.arm.schema, set()).add(sample.found.content)
            if sample.found.right != symbols:
                yield f"{title}, {one.arm.name}: {sample.found.right} of {symbols} symbols right"
            if sample.recorded != (sample.tasks, sample.tasks):
                known, completed = sample.recorded
                yield (
                    f"{title}, {one.arm.name}: of {sample.tasks} tasks Prefect knows {known}, "
                    f"{completed} as Completed"
                )
    for schema, found in contents.items():
        if len(found) > 1:
            yield f"{title}: {len(found)} different contents in schema {schema}"


def _table(series: Sequence[Series], *, ingestion: bool) -> list[str]:
    script = of_arm(series, LEGACY)
    head = ["", "wall s (spread)", "start-up s", "beyond start-up s", "× faster than the script"]
    head += ["CPU s: own + PostgreSQL + Prefect server", "RSS MB"]
    if ingestion:
        head += ["requests", "waited for the vendor s", "ours s", "ours %"]
    head += ["tasks recorded", "rows"]
    rule = "|---" + "|--:" * (len(head) - 1) + "|"
    rows = [_row(one.arm.name, Medians.of(one.samples), script, ingestion) for one in series]
    return [f"| {' | '.join(head)} |", rule, *rows]


def _row(name: str, found: Medians, script: Medians, ingestion: bool) -> str:
    recording = "" if found.orchestrator is None else f" + {found.orchestrator:.1f}"
    cells = [
        name,
        f"{found.wall:.2f} ({found.fastest:.2f}–{found.slowest:.2f})",
        f"{found.start:.2f}",
        f"{found.beyond:.2f}",
        f"{script.wall / found.wall:.1f}",
        f"{found.client:.1f} + {found.server:.1f}{recording}",
        f"{found.rss:.0f}",
    ]
    if ingestion and found.vendor is not None and found.own is not None:
        cells += [
            f"{found.vendor.requests:,}",
            f"{found.vendor.covered:.2f}",
            f"{found.own:.2f}",
            f"{found.own / found.wall:.0%}",
        ]
    cells += [f"{found.recorded:,} of {found.tasks:,}" if found.tasks else "", f"{found.rows:,}"]
    return f"| {' | '.join(cells)} |"


def _listed(of: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in of.items())
