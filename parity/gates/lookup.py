"""An incident of a night by its id, and what follows from it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from parity.gates.waiving import waive
from parity.model.errors import UsageError
from parity.model.result import Incident, RunResult
from parity.model.waiver import Waiver, WaiverState, WaiverUse

__all__ = ["find_incident", "followers_of", "use_of"]

Found = tuple[str, Incident]  # the dataset's name and its incident
_NEAR = 5


def find_incident(night: RunResult, ident: str, nights: Sequence[RunResult]) -> Found:
    """An incident, waived or not.

    Args:
        night: where it is looked for.
        ident: its id.
        nights: all nights, for a hint where else it is.

    Raises:
        UsageError: there is none.
    """
    for dataset, incident in _incidents(night):
        if incident.id == ident:
            return dataset, incident
    hint = _hint(night, ident, nights)
    raise UsageError(f"incident {ident} is not known on {night.session}; {hint}")


def followers_of(night: RunResult, ident: str) -> list[Found]:
    """Incidents that the one explains, whole or in part, and that nothing waives."""
    return [
        (dataset, incident)
        for dataset, incident in _incidents(night)
        if incident.waiver is None and incident.id != ident and ident in _explained_by(incident)
    ]


def use_of(night: RunResult, ident: str, waivers: Sequence[Waiver]) -> WaiverUse | None:
    """What the waivers of the file, as it is now, make of an incident; None: they leave it open.

    The night itself may have been judged by an older file.
    """
    for dataset in night.datasets:
        if any(one.id == ident for one in dataset.incidents):
            bare = [replace(one, waiver=None) for one in dataset.incidents]
            uses = waive(dataset.name, bare, waivers, night.session).uses
            # Of what has expired its rows are open: another waiver may have them.
            return next(
                (
                    use
                    for use in uses
                    if ident in use.incidents and use.state is not WaiverState.EXPIRED
                ),
                None,
            )
    return None


def _explained_by(incident: Incident) -> list[str]:
    also = incident.evidence.get("incidents")
    return [incident.explained_by or "", *(also if isinstance(also, list) else ())]


def _incidents(night: RunResult) -> list[Found]:
    return [(dataset.name, one) for dataset in night.datasets for one in dataset.incidents]


def _hint(night: RunResult, ident: str, nights: Sequence[RunResult]) -> str:
    """On which night it is, or which ones have such an id, or which there are."""
    for other in nights:
        if any(incident.id == ident for _, incident in _incidents(other)):
            return f"it was there on {other.session}: --session {other.session}"
    known = {
        incident.id: f"{incident.id} ({dataset}, {incident.cause})"
        for dataset, incident in _incidents(night)
    }
    if not known:
        return "nothing differs there"
    near = [one for one in known if ident and one.startswith(ident)]
    near += difflib.get_close_matches(ident, known, n=_NEAR, cutoff=0.5)
    if near:
        return f"near it: {_some([known[one] for one in dict.fromkeys(near)])}"
    return f"there are {_some(list(known.values()))}"


def _some(told: Sequence[str]) -> str:
    rest = len(told) - _NEAR
    return ", ".join(told[:_NEAR]) + (f" and {rest} more" if rest > 0 else "")
