"""The faults that change the bars of an answer and leave the rest of it as it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parity.demo.faults import Fault, FaultKind

__all__ = ["spoil_aggregates", "spoil_chart"]

_CLOSES = {"close", "adjclose"}


def spoil_chart(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Apply the faults that change bars to a chart; a body without bars stays as it is."""
    results = body["chart"]["result"]
    if fault is None or not results or "timestamp" not in results[0]:
        return body
    result = results[0]
    columns = [result["indicators"]["quote"][0], *result["indicators"].get("adjclose", [])]
    if fault.kind is FaultKind.CLOCK_SKEW:
        result["timestamp"] = [int(stamp + fault.seconds) for stamp in result["timestamp"]]
        return body
    order = _order(len(result["timestamp"]), fault.kind)
    result["timestamp"] = [result["timestamp"][place] for place in order]
    for column in columns:
        for name, values in list(column.items()):
            column[name] = [values[place] for place in order]
            if name in _spoilt(column.keys(), _CLOSES, fault.kind):
                column[name][fault.place] = _worthless(fault.kind)
    return body


def spoil_aggregates(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Apply the faults that change bars to a page; a page without bars stays as it is."""
    if fault is None or "results" not in body:
        return body
    bars = body["results"]
    if fault.kind is FaultKind.CLOCK_SKEW:
        body["results"] = [{**bar, "t": bar["t"] + int(1000 * fault.seconds)} for bar in bars]
        return body
    body["results"] = [dict(bars[place]) for place in _order(len(bars), fault.kind)]
    if fault.kind is FaultKind.TRUNCATED_PAGE:
        body.pop("next_url", None)
    elif fault.kind is FaultKind.DUPLICATE:
        body |= {name: len(body["results"]) for name in ("queryCount", "resultsCount", "count")}
    elif names := _spoilt(bars[0].keys() - {"t"}, {"c"}, fault.kind):
        body["results"][fault.place].update(dict.fromkeys(names, _worthless(fault.kind)))
    return body


def _order(count: int, kind: FaultKind) -> list[int]:
    """Return which bars are sent, by their places in the right answer."""
    places, middle = list(range(count)), count // 2
    if kind is FaultKind.TRUNCATED_PAGE:
        return places[:middle]
    if kind is FaultKind.DUPLICATE:
        return places[: middle + 1] + places[middle:]
    if kind is FaultKind.OUT_OF_ORDER and middle:
        places[middle - 1 : middle + 1] = [middle, middle - 1]
    return places


def _spoilt(names: Iterable[str], closes: set[str], kind: FaultKind) -> set[str]:
    if kind is FaultKind.NULLS:
        return closes & set(names)
    return set(names) if kind in (FaultKind.NULL_BAR, FaultKind.ZEROS) else set()


def _worthless(kind: FaultKind) -> int | None:
    return 0 if kind is FaultKind.ZEROS else None
