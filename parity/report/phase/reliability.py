"""Whether flows are as reliable and as fast as the scripts, in a sentence and in a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from parity.model.monitoring import Figures, Monitored, RunKind
from parity.model.phase import PhaseReport
from parity.model.verdict import Side
from parity.report.words import ABSENT, count, share, visible

__all__ = ["FlowLine", "flow_lines", "reliability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLine:
    """One script, job or flow in words; `sort` values are numbers to sort by, empty without."""

    name: str
    kind: str
    script: bool
    rate: str
    rate_sort: str
    runs: str
    median: str
    median_sort: str
    slowest: str
    slowest_sort: str
    ratio: str
    ratio_sort: str


_KINDS = {RunKind.SCRIPT: "script", RunKind.JOB: "command", RunKind.FLOW: "flow"}


def flow_lines(found: Monitored) -> Iterator[FlowLine]:
    """A line each, scripts with what stands beside them below; what has not run says so."""
    scripts = _scripts(found)
    for line in found.lines:
        ratio = _ratio(line, scripts)
        yield FlowLine(
            name=visible(line.name),
            kind=_KINDS[line.kind],
            script=line.kind is RunKind.SCRIPT,
            rate=share(line.states.ok, line.states.runs),
            rate_sort="" if line.success_rate is None else str(line.success_rate),
            runs=f"{line.states.ok:,} of {line.states.runs:,}",
            median=_seconds(line.median_seconds),
            median_sort=_sort(line.median_seconds),
            slowest=_seconds(line.slowest_seconds),
            slowest_sort=_sort(line.slowest_seconds),
            ratio=ABSENT if ratio is None else f"{_times(ratio)} ×",
            ratio_sort=_sort(ratio),
        )


def reliability(report: PhaseReport) -> str:
    """What is known of the newest stay that has figures; empty where nothing is."""
    stay = next((one for one in reversed(report.stays) if one.flows), None)
    if stay is None or stay.flows is None:
        return ""
    scripts = [line for line in stay.flows.lines if line.side is Side.LEGACY and line.states.runs]
    flows = _flows(stay.flows)
    if not flows or not scripts:
        which = "flow" if scripts else "script"
        return "" if not (flows or scripts) else f"How often a {which} has run is not known."
    ours, theirs = _total(flows), _total(scripts)
    again = len(report.stays) > 1 and stay is report.stays[-1]
    since = " since it was entered again" if again else ""
    told = (
        f"Flows were {_than(Fraction(*ours), Fraction(*theirs))} scripts{since}: "
        f"{_ok(*ours, 'flows')} and {_ok(*theirs, 'scripts')} succeeded"
    )
    scripts_by_name = _scripts(stay.flows)
    inside = flows[0].kind is RunKind.FLOW
    how = ", measured inside Prefect, without start-up" if inside else ""
    commands = _as_commands(stay.flows, scripts_by_name) if inside else ""
    return f"{told}; {_speed(flows, scripts_by_name, how)}{commands}."


def _as_commands(found: Monitored, scripts: dict[str, Figures]) -> str:
    """How much longer the commands take that start the flows; empty where that is not known."""
    jobs = [line for line in found.lines if line.kind is RunKind.JOB and line.states.runs]
    ratios = sorted(ratio for line in jobs if (ratio := _ratio(line, scripts)) is not None)
    if not ratios:
        return ""
    ends = list(dict.fromkeys((_times(ratios[0]), _times(ratios[-1]))))
    return f"; as commands, start-up included, they took {' to '.join(ends)} times as long"


def _flows(found: Monitored) -> list[Figures]:
    """Flows that ran; the commands that start them where no flow is told of."""
    ran = [line for line in found.lines if line.side is Side.CANDIDATE and line.states.runs]
    return [line for line in ran if line.kind is RunKind.FLOW] or ran


def _total(lines: Iterable[Figures]) -> tuple[int, int]:
    known = list(lines)
    return sum(line.states.ok for line in known), sum(line.states.runs for line in known)


def _ok(good: int, runs: int, whose: str) -> str:
    if good == runs:
        return f"all {count(runs, 'run')} of {whose}" if runs > 1 else f"the only run of {whose}"
    return f"{good:,} of {count(runs, 'run')} of {whose} ({share(good, runs)})"


def _than(ours: Fraction, theirs: Fraction) -> str:
    if ours == theirs:
        return "as reliable as"
    return "more reliable than" if ours > theirs else "less reliable than"


def _speed(flows: Sequence[Figures], scripts: dict[str, Figures], how: str) -> str:
    """The one that is slowest beside its script, at the median; `how` that was measured."""
    known = [(ratio, line) for line in flows if (ratio := _ratio(line, scripts)) is not None]
    if not known:
        return "how fast they are beside scripts is not known"
    ratio, line = max(known, key=lambda pair: pair[0])
    script = scripts[line.beside or ""]
    took = f"{_seconds(line.median_seconds)} against {_seconds(script.median_seconds)}"
    if ratio <= 1:
        which = "none" if len(known) > 1 else visible(line.name)
        verb = "took longer than its script" if len(known) > 1 else "took no longer than its script"
        return f"{which} {verb} at the median ({took}{how})"
    slowest = "" if len(known) == 1 else ", the slowest beside its script,"
    told = f"{visible(line.name)}{slowest} took {took} at the median"
    return f"{told}, {_times(ratio)} times as long{how}"


def _scripts(found: Monitored) -> dict[str, Figures]:
    return {line.name: line for line in found.lines if line.kind is RunKind.SCRIPT}


def _ratio(line: Figures, scripts: dict[str, Figures]) -> float | None:
    """How many times as long as its script at the median; None where either is not known."""
    script = scripts.get(line.beside or "")
    if line.kind is RunKind.SCRIPT or script is None:
        return None
    if line.median_seconds is None or not script.median_seconds:
        return None
    return line.median_seconds / script.median_seconds


def _times(ratio: float) -> str:
    """`13` or `1.4`, never `1.0` of what is not exactly as long."""
    text = f"{ratio:,.1f}" if ratio < 10 else f"{ratio:,.0f}"
    return f"{ratio:,.2f}" if text == "1.0" and ratio != 1 else text


def _seconds(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value:,.1f} s" if value < 1000 else f"{value:,.0f} s"


def _sort(value: float | None) -> str:
    return "" if value is None else str(value)
