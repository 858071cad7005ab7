"""A night as Markdown, for the summary of a CI job or a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parity.report.machines.lines import gate_line, in_order, incident_line
from parity.report.machines.markdown import cell, code, linked, plain
from parity.report.view import DatasetView, IncidentView, NightView, symbol_of, word_of
from parity.report.words import count

__all__ = ["MOST_BYTES", "summary"]

MOST_BYTES = 60_000  # GitHub takes 65,536 characters of a comment
_LINE, _NAME = 400, 120  # characters of a line, of a name
_REASONS = 10


def summary(view: NightView, link: str = "") -> str:
    """The Markdown: verdict, worry or not, gate, datasets, incidents with how to waive each.

    Args:
        view: the night.
        link: where its page can be opened; empty, or not of the web: nowhere.
    """
    sheet = _Sheet()
    sheet.add(f"## {symbol_of(view.verdict)} {plain(view.headline, _LINE)}")
    sheet.add(plain(view.answer, _LINE))
    if view.incidents.todo:
        sheet.add(f"What to do: {plain(view.incidents.todo, _LINE)}.")
    sheet.add(_about(view, link))
    sheet.add(plain(" · ".join(f"{one.value} {one.label}" for one in view.figures), _LINE))
    sheet.add(plain(gate_line(view), _LINE))
    sheet.listed("", _TABLE, [_row(one) for one in view.datasets], "dataset")
    sheet.listed("### Why", "", _bullets(view.reasons), "reason")
    sheet.listed("### Incidents", "", list(map(_incident, in_order(view))), "incident")
    sheet.add(plain(view.incidents.left, _LINE))
    sheet.listed("### Waivers to see to", "", _bullets(_waivers(view)), "waiver")
    sheet.add(_checks(view))
    return sheet.text


class _Sheet:
    """Markdown that never grows beyond its limit: what has no room is counted."""

    def __init__(self) -> None:
        self.text = ""
        self._left = MOST_BYTES

    def add(self, block: str) -> None:
        """Adds a block; nothing where there is none, or no room."""
        if block and self._fits(block):
            self._take(block)

    def listed(self, title: str, head: str, lines: Sequence[str], noun: str) -> None:
        """Adds a list or table with as many lines as there is room for."""
        spare = 200  # for the line that counts the others
        block = "\n".join(part for part in (f"{title}\n" if title else "", head) if part)
        shown = 0
        for line in lines:
            grown = f"{block}\n{line}" if block else line
            if not self._fits(grown, spare):
                break
            block, shown = grown, shown + 1
        if shown:
            self._take(block)
        if rest := len(lines) - shown:
            self.add(f"and {count(rest, f'more {noun}')}")

    def _fits(self, block: str, spare: int = 0) -> bool:
        return len(block.encode()) + 2 + spare <= self._left

    def _take(self, block: str) -> None:
        between = "\n" if self.text else ""
        self.text += f"{between}{block}\n"
        self._left -= len(block.encode()) + 2


def _about(view: NightView, link: str) -> str:
    when = f"{view.weekday}, {view.phase}, as of {view.as_of} New York"
    page = linked("report", link)
    return f"{plain(f'{view.migration}: {when}', _LINE)}{f' · {page}' if page else ''}"


_TABLE = "| dataset | verdict | match | |\n|---|---|--:|---|"


def _row(dataset: DatasetView) -> str:
    verdict = f"{symbol_of(dataset.verdict)} {word_of(dataset.verdict)}"
    cells = (
        cell(dataset.name, _NAME),
        verdict,
        cell(dataset.share, _NAME),
        cell(dataset.story or dataset.summary, _NAME),
    )
    return f"| {' | '.join(cells)} |"


def _bullets(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - _REASONS
    shown = [f"- {plain(line, _LINE)}" for line in lines[:_REASONS]]
    return [*shown, f"- and {rest:,} more"] if rest > 0 else shown


def _incident(incident: IncidentView) -> str:
    """What it is; below it the command that accepts it, where nothing does."""
    known = f"- {plain(f'{incident.dataset}: {incident_line(incident)}', _LINE)}"
    if incident.code:
        known += f" · {code(incident.code)}"
    return f"{known}\\\n  {code(incident.waive)}" if incident.waive else known


def _waivers(view: NightView) -> tuple[str, ...]:
    return tuple(
        f"{one.id} ({one.about}) {one.says}. {one.todo}; {one.owner}: {one.reason}"
        for one in view.waivers
    )


def _checks(view: NightView) -> str:
    return "\\\n".join(_lines(view))


def _lines(view: NightView) -> Iterator[str]:
    yield f"Second opinion: {plain(view.opinion, _LINE)}"
    if view.selftest_ok is not None:
        yield f"Self-test: {plain(view.selftest, _LINE)}"
