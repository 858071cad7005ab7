"""What a night says of waivers: who accepted an incident, and which waivers are to be seen to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from parity.model.phrases import title
from parity.model.result import DatasetResult, Incident, RunResult
from parity.model.verdict import Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.incidentview import Accepted, WaiverLine
from parity.report.words import count, visible

__all__ = ["accepted_by", "blocked", "to_see_to", "waived_incidents"]

_CLOSED = "until then the gate stays closed"


def accepted_by(incident: Incident, waivers: Mapping[str, Waiver]) -> Accepted | None:
    """By which waiver an incident is accepted; None where it is not, or that is not known."""
    waiver = waivers.get(incident.waiver or "")
    if waiver is None:
        return None
    return Accepted(
        owner=visible(waiver.owner),
        reason=visible(waiver.reason),
        until=waiver.expires.isoformat(),
    )


def waived_incidents(result: RunResult) -> int:
    """How many incidents are waived."""
    return sum(one.waiver is not None for dataset in result.datasets for one in dataset.incidents)


def blocked(uses: Sequence[WaiverUse]) -> str:
    """`1 waiver has expired and 2 are over their cap`; empty where none does harm."""
    expired = sum(use.state is WaiverState.EXPIRED for use in uses)
    over = sum(use.state is WaiverState.OVER_CAP for use in uses)
    first = f"{count(expired, 'waiver')} {'has' if expired == 1 else 'have'} expired"
    then = "is over its cap" if over == 1 else "are over their cap"
    if expired and over:
        return f"{first} and {over:,} {then}"
    if over:
        return f"{count(over, 'waiver')} {then}"
    return first if expired else ""


def to_see_to(result: RunResult) -> tuple[WaiverLine, ...]:
    """Waivers that have expired, are over their cap or match nothing, in this order."""
    return tuple(
        WaiverLine(
            id=_shown(use.waiver.id),
            about=f"{_shown(use.waiver.dataset)}, {_shown(title(use.waiver.cause))}",
            owner=_shown(use.waiver.owner),
            reason=_shown(use.waiver.reason),
            says=says,
            todo=todo,
        )
        for state, tell in _TELL.items()
        for use in result.waivers
        if use.state is state
        for says, todo in tell(use, result)
    )


def _shown(text: str) -> str:
    """What somebody wrote, so that it is seen where that is nothing."""
    return visible(text) if text.strip() else "«empty»"


def _expired(use: WaiverUse, _result: RunResult) -> Iterator[tuple[str, str]]:
    says = f"expired: it held until {use.waiver.expires.isoformat()}"
    if not use.incidents:
        yield f"{says}, and nothing needs it any more", f"Remove it; {_CLOSED}"
        return
    rows = f"{count(use.rows, 'row')} that it covered {'counts' if use.rows == 1 else 'count'}"
    yield f"{says}, so {rows} again", f"Mend what differs, or have it renewed; {_CLOSED}"


def _over_cap(use: WaiverUse, _result: RunResult) -> Iterator[tuple[str, str]]:
    rows, most = count(use.rows, "row"), use.waiver.max_rows
    yield (
        f"over its cap: {rows} where it may cover {most:,}, so none of them is waived",
        f"See why there are more, then mend that or raise max_rows; {_CLOSED}",
    )


def _unused(use: WaiverUse, result: RunResult) -> Iterator[tuple[str, str]]:
    first = use.waiver.first
    if first is not None and first > result.session:
        yield (
            f"matches nothing: its days begin on {first.isoformat()}, after this session",
            "Leave it, or mend its dates if it was meant to match",
        )
    elif any(one.name == use.waiver.dataset and _looked_at(one) for one in result.datasets):
        yield "matches nothing", "Remove it, or mend its scope if it was meant to match"


_TELL = {
    WaiverState.EXPIRED: _expired,
    WaiverState.OVER_CAP: _over_cap,
    WaiverState.UNUSED: _unused,
}


def _looked_at(dataset: DatasetResult) -> bool:
    """False where nothing is known of a dataset's incidents, so of its waivers neither.

    Of a dataset that is undecided rows may be missing, which makes other incidents of the rest.
    """
    there = dataset.rows.legacy and dataset.rows.candidate and dataset.explained
    return bool(there) and dataset.verdict is not Verdict.UNDECIDED
