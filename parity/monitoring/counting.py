"""From single runs to figures. Pure: all that is known comes in, nothing is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from statistics import median
from typing import TypeVar

from parity.model.monitoring import Figures, RunKind, States
from parity.model.verdict import Side
from parity.monitoring.lines import Line, Ran, Seen, flow_lines, job_lines
from parity.monitoring.pairing import partner, plain
from parity.monitoring.rows import SymbolCount
from parity.monitoring.states import State

__all__ = ["count_figures"]

Number = TypeVar("Number", int, float)
NEVER_RAN: frozenset[State] = frozenset({"late", "cancelled", "no_session"})


def count_figures(seen: Seen) -> tuple[tuple[Figures, ...], tuple[str, ...]]:
    """The figures of every script, job and flow, and notes about what fits nowhere.

    Scripts come in the order of the config, each followed by what does the same on the other
    side; then the rest.
    """
    lines = job_lines(seen) + flow_lines(seen)
    notes = _add_symbols(lines, seen)
    scripts = [line for line in lines if line.kind is RunKind.SCRIPT]
    names = [script.name for script in scripts]
    beside = {
        id(line): line.name if line.kind is RunKind.SCRIPT else partner(line.name, names)
        for line in lines
    }
    places = {name: place for place, name in enumerate(names)}
    ordered = sorted(lines, key=lambda line: places.get(beside[id(line)] or "", len(places)))
    return tuple(_figures(line, beside[id(line)]) for line in ordered), notes


def _add_symbols(lines: Sequence[Line], seen: Seen) -> tuple[str, ...]:
    """Gives each line the symbols of its runs; returns which rows belong to none."""
    unknown: Counter[tuple[Side, str]] = Counter()
    counts = _belongs(seen)
    for side, rows in seen.symbols.items():
        of_side = [line for line in lines if line.side is side]
        places = {row.job: _place(row.job, of_side) for row in rows}
        for line in places.values():
            if line is not None:
                line.symbols = []
        for row in rows:
            if not counts(row):
                continue
            place = places[row.job]
            if place is None:
                unknown[side, row.job] += row.symbols
            else:
                assert place.symbols is not None
                place.symbols.append(row)
    return tuple(
        f"{count:,} symbols of {job} ({side.value}) are not counted: no one job or flow of the "
        "config has a name like it"
        for (side, job), count in sorted(unknown.items())
    )


def _belongs(seen: Seen) -> Callable[[SymbolCount], bool]:
    """Tells whether a row is of one of the sessions: of its flow run's where that is known."""
    wanted = set(seen.sessions)
    if seen.flow_runs is None:
        return lambda row: row.session in wanted
    of_run = {run.run_id: seen.session_of(run.at) for run in seen.flow_runs}
    return lambda row: (of_run.get(row.run_id) if row.run_id else row.session) in wanted


def _place(job: str, lines: Sequence[Line]) -> Line | None:
    """Flows first: the jobs of the candidate start them."""
    for kinds in ({RunKind.FLOW}, {RunKind.SCRIPT, RunKind.JOB}):
        known = {line.name: line for line in lines if line.kind in kinds}
        same = [name for name in known if plain(name) == plain(job)]
        name = same[0] if same else None
        if name is None and RunKind.FLOW not in kinds:
            name = partner(job, known)
        if name is not None:
            return known[name]
    return None


def _figures(line: Line, beside: str | None) -> Figures:
    states = States(**{str(state): n for state, n in Counter(r.state for r in line.runs).items()})
    ran = [run for run in line.runs if run.state not in NEVER_RAN]
    seconds = _known(run.seconds for run in ran)
    cpu = _known(run.cpu_seconds for run in ran)
    return Figures(
        name=line.name,
        kind=line.kind,
        side=line.side,
        beside=beside,
        states=states,
        sessions=len({run.session for run in ran}),
        median_seconds=median(seconds) if seconds else None,
        slowest_seconds=max(seconds, default=None),
        cpu_seconds=median(cpu) if cpu else None,
        peak_memory=max(_known(run.peak_memory for run in ran), default=None),
        **_counts(line, ran),
    )


def _counts(line: Line, ran: Collection[Ran]) -> dict[str, int | None]:
    """Retries and symbols: from the table of symbols where there is one, else of flow runs."""
    retries = _sum(run.retries for run in ran)
    if line.symbols is None:
        return {
            "retries": retries,
            "symbols": _sum(run.symbols for run in ran),
            "symbols_failed": _sum(run.symbols_failed for run in ran),
            "symbols_empty": None,
        }
    return {
        "retries": _sum(row.retries for row in line.symbols) if retries is None else retries,
        "symbols": sum(row.symbols for row in line.symbols),
        "symbols_failed": sum(row.failed for row in line.symbols),
        "symbols_empty": sum(row.empty for row in line.symbols),
    }


def _known(values: Iterable[Number | None]) -> list[Number]:
    return [value for value in values if value is not None]


def _sum(values: Iterable[int | None]) -> int | None:
    """None where none is known: not counted is not zero."""
    found = _known(values)
    return sum(found) if found else None
