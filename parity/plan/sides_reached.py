"""How far the rows of both sides reach: neither is behind, and none is too young."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from parity.database import Role
from parity.model.errors import ParityError
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.nightly.harness import Harness
from parity.switch import Reached, reached

__all__ = ["candidate_not_behind", "legacy_not_behind", "settled"]


def _sides(harness: Harness) -> list[tuple[Dataset, Reached, Reached]]:
    """How far legacy and candidate are, of each dataset."""
    zone = str(harness.exchange.zone)
    with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
        return [
            (
                dataset,
                reached(connection, dataset, Side.LEGACY, zone),
                reached(connection, dataset, Side.CANDIDATE, zone),
            )
            for dataset in harness.suite.datasets
        ]


def legacy_not_behind(harness: Harness, now: datetime) -> str:
    """Legacy has the newest session that was compared, or all that the candidate has of it.

    Args:
        harness: whose datasets.
        now: the moment by which the newest session is due.

    Returns:
        Up to which day each side has rows.

    Raises:
        ParityError: datasets of which legacy has less.
    """
    session = harness.exchange.latest(now, harness.suite.at)
    sides = _sides(harness)
    late = [
        f"{dataset.name} ({_told(legacy)}; candidate {_told(candidate)})"
        for dataset, legacy, candidate in sides
        if _behind(harness, legacy, candidate, session)
    ]
    if late:
        raise ParityError(
            f"legacy lacks rows up to session {session}, so there is no way back to it: "
            f"{', '.join(late)}"
        )
    return _ends(harness, sides, session)


def _ends(harness: Harness, sides: list[tuple[Dataset, Reached, Reached]], session: date) -> str:
    """`both sides end on 2005-02-25`; with names of datasets where they do not end alike."""
    found: dict[str, list[str]] = {}
    newest: list[date] = []
    for dataset, legacy, candidate in sides:
        days = _day(harness, dataset, legacy), _day(harness, dataset, candidate)
        found.setdefault(_end(*days), []).append(dataset.name)
        newest += [day for day in days if day is not None]
    ends = {text: names for text, names in found.items() if text}  # without time it ends nowhere
    if not ends:
        return "legacy has rows wherever the candidate has"
    told = "; ".join(
        text if len(ends) == 1 else f"{text} ({', '.join(names)})" for text, names in ends.items()
    )
    return told if max(newest) >= session else f"{told}; the newest session due is {session}"


def _end(legacy: date | None, candidate: date | None) -> str:
    if legacy == candidate:
        return "" if legacy is None else f"both sides end on {legacy}"
    return f"legacy ends on {legacy or 'no day'}, the candidate on {candidate or 'no day'}"


def _day(harness: Harness, dataset: Dataset, found: Reached) -> date | None:
    zone = ZoneInfo(dataset.timezone) if dataset.timezone else harness.exchange.zone
    return None if found.newest is None else found.newest.astimezone(zone).date()


def _behind(harness: Harness, legacy: Reached, candidate: Reached, session: date) -> bool:
    if candidate.newest is None:
        return candidate.rows and not legacy.rows
    if legacy.newest is None:
        return True
    zone = harness.exchange.zone
    wanted = min(candidate.newest.astimezone(zone).date(), session)
    return legacy.newest.astimezone(zone).date() < wanted


def candidate_not_behind(harness: Harness) -> str:
    """The newest moment of every dataset is not older than legacy's.

    Raises:
        ParityError: datasets of which it is.
    """
    late = [
        f"{dataset.name} ({_told(candidate)}; legacy {_told(legacy)})"
        for dataset, legacy, candidate in _sides(harness)
        if (legacy.rows and not candidate.rows)
        or (legacy.newest and (candidate.newest is None or candidate.newest < legacy.newest))
    ]
    if late:
        raise ParityError(f"the candidate is behind legacy: {', '.join(late)}")
    return "each dataset reaches as far as legacy"


def settled(harness: Harness, now: datetime) -> str:
    """No row is younger, at a moment, than its dataset's `settle`.

    Raises:
        ParityError: datasets that have such a row.
    """
    young = [
        f"{dataset.name} (newest {max(newest):%Y-%m-%d %H:%M %Z}, settled after {dataset.settle})"
        for dataset, legacy, candidate in _sides(harness)
        if dataset.settle is not None
        and (newest := [one.newest for one in (legacy, candidate) if one.newest is not None])
        and max(newest) > now - dataset.settle
    ]
    if young:
        raise ParityError(f"rows are too young to have been compared: {', '.join(young)}")
    return "no row is younger than its dataset's settle"


def _told(found: Reached) -> str:
    if found.newest is not None:
        return f"newest {found.newest:%Y-%m-%d %H:%M %Z}"
    return "has rows" if found.rows else "has none"
