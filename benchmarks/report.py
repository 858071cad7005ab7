"""The measurement as Markdown tables and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import FLOOR, MOST_SLOW
from benchmarks.goals import goals
from benchmarks.run import Outcome, Result

__all__ = ["Report", "put_into"]

BEGIN, END = "<!-- results -->", "<!-- /results -->"
HEAD = (
    "| | wall s (spread) | start-up s | beyond start-up s | × floor "
    "| CPU s: server + client (spread) | beyond start-up s | × floor | RSS MB | rows found |"
)
RULE = "|---" + "|--:" * 8 + "|---|"


@dataclass(frozen=True, slots=True)
class Report:
    """Results, and on what they were measured."""

    about: Mapping[str, Any]
    results: list[Result]

    @property
    def right(self) -> bool:
        """True when all our own contenders ran and counted the truth."""
        return all(
            outcome.verdict == "ok"
            for result in self.results
            for outcome in result.outcomes
            if outcome.contender.ours
        )

    def markdown(self) -> str:
        """Tables for each data set, the goals, and on what it was measured."""
        lines = [*self._about(), ""]
        for result in self.results:
            lines += [*self._table(result), ""]
        lines += self._goals()
        return "\n".join(lines)

    def _goals(self) -> list[str]:
        found = goals(self.results)
        if not found:
            return []
        mark = {True: "met", False: "NOT MET", None: ""}
        lines = [f"| {goal.text} | {goal.measured} | {mark[goal.met]} |" for goal in found]
        return ["**Goals**", "", "| goal | measured | |", "|---|---|---|", *lines]

    def _about(self) -> list[str]:
        def line(name: str) -> str:
            return ", ".join(f"{key} {value}" for key, value in self.about[name].items())

        return [
            f"Machine: {line('machine')}. Versions: {line('versions')}.",
            f"Settings: {line('settings')}; shared_buffers as said at each table.",
            f"Medians of {self.about['rounds']} interleaved rounds, of {MOST_SLOW} at most for slow"
            " ones.",
        ]

    def _table(self, result: Result) -> list[str]:
        case, truth = result.case, result.truth
        kind = "Indicators" if case.name == "indicators" else "Bars"
        differing = f"{truth.outside:,} rows differ, {truth.unequal:,} if nothing is tolerated"
        return [
            f"**{kind}, {_rows(case.rows)} a side, {case.title}** "
            f"(`{case.name}`; {differing}; shared_buffers {case.buffers})",
            "",
            HEAD,
            RULE,
            *(_row(outcome, result.of(FLOOR)) for outcome in result.outcomes),
        ]

    def json(self) -> dict[str, Any]:
        """Everything, every round included."""
        return {
            **self.about,
            "results": [
                {
                    "case": result.case.name,
                    "title": result.case.title,
                    "rows": result.case.rows,
                    "shared_buffers": result.case.buffers,
                    "truth": asdict(result.truth),
                    "contenders": [_outcome(outcome) for outcome in result.outcomes],
                }
                for result in self.results
            ],
            "goals": [asdict(goal) for goal in goals(self.results)],
            "right": self.right,
        }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.contender.name,
        "ours": outcome.contender.ours,
        "verdict": outcome.verdict,
        "summary": asdict(outcome.summary) if outcome.summary else None,
        "start_up": asdict(outcome.start) if outcome.start else None,
        "rounds": [asdict(sample) for sample in outcome.samples],
    }


def _s(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 0.1 else f"{seconds:.2f}"


def _row(outcome: Outcome, floor: Outcome | None) -> str:
    name, found, beyond = outcome.contender.name, outcome.summary, outcome.beyond
    if found is None or beyond is None:
        return f"| {name} {'| ' * 8}| {outcome.verdict} |"
    least = floor.summary if floor else None
    count = f"{found.found:,}" if outcome.verdict == "ok" and found.found is not None else ""
    cells = [
        name,
        f"{_s(found.wall)} ({_s(found.fastest)}–{_s(found.slowest)})",
        _s(outcome.start.wall) if outcome.start else "",
        _s(beyond[0]),
        _times(beyond[0], least.wall if least else 0),
        f"{_s(found.server)} + {_s(found.client)} ({_s(found.least_cpu)}–{_s(found.most_cpu)})",
        _s(beyond[1]),
        _times(beyond[1], least.cpu if least else 0),
        f"{found.rss:.0f}" if found.rss is not None else "",
        count or outcome.verdict,
    ]
    return f"| {' | '.join(cells)} |"


def _times(seconds: float, floor: float) -> str:
    return f"{seconds / floor:.2f}" if floor > 0 and seconds > 0 else ""


def _rows(rows: int) -> str:
    return f"{rows / 1e6:g} million rows" if rows >= 1_000_000 else f"{rows:,} rows"


def put_into(file: Path, text: str) -> None:
    """Replaces what stands between the two marks of a Markdown file."""
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"benchmarks.diff: {file} has no lines {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
