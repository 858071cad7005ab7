"""The faults that change the bars of an answer and leave the rest of it as it was."""

from __future__ import annotations

from typing import Any

from parity.demo.faults import Fault, FaultKind

__all__ = ["spoil_aggregates", "spoil_chart"]


def spoil_chart(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Apply the faults that change bars to a chart; a body without bars stays as it is."""
    results = body["chart"]["result"]
    if fault is None or not results or "timestamp" not in results[0]:
        return body
    columns = [results[0]["indicators"]["quote"][0], *results[0]["indicators"].get("adjclose", [])]
    if fault.kind is FaultKind.NULLS:
        for column in columns:
            for name in {"close", "adjclose"} & column.keys():
                column[name][-1] = None
    elif fault.kind is FaultKind.TRUNCATED_PAGE:
        keep = len(results[0]["timestamp"]) // 2
        results[0]["timestamp"] = results[0]["timestamp"][:keep]
        for column in columns:
            column.update({name: values[:keep] for name, values in column.items()})
    return body


def spoil_aggregates(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Apply the faults that change bars to a page; a page without bars stays as it is."""
    if fault is None or "results" not in body:
        return body
    if fault.kind is FaultKind.NULLS:
        body["results"][-1]["c"] = None
    elif fault.kind is FaultKind.TRUNCATED_PAGE:
        body["results"] = body["results"][: len(body["results"]) // 2]
        body.pop("next_url", None)
    return body
