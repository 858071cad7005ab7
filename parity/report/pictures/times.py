"""The times of a chart: as numbers for the script, as words for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from parity.report.words import EXCHANGE_ZONE, utc_text, value_text

__all__ = ["Times", "times_of"]

_EPOCH = date(1970, 1, 1)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a series.

    `days`: each is the day of a session, and `numbers` count days since 1970-01-01; else they are
    instants, and the numbers seconds since then in UTC. `utc` is empty for days.
    """

    days: bool
    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    utc: tuple[str, ...]


def times_of(texts: Sequence[str]) -> Times:
    """The times of ISO dates or of instants with an offset.

    Instants that are all midnights of the exchange are days: daily bars are stamped so.

    Raises:
        ValueError: a text is neither.
    """
    dates = [date.fromisoformat(text) if len(text) == 10 else None for text in texts]
    moments = [
        datetime.combine(day, _MIDNIGHT, EXCHANGE_ZONE) if day else datetime.fromisoformat(text)
        for day, text in zip(dates, texts, strict=True)
    ]
    local = [moment.astimezone(EXCHANGE_ZONE) for moment in moments]
    if all(moment.time() == _MIDNIGHT for moment in local):
        days = [moment.date() for moment in local]
        return Times(
            days=True,
            numbers=tuple((day - _EPOCH).days for day in days),
            texts=tuple(day.isoformat() for day in days),
            utc=("",) * len(days),
        )
    return Times(
        days=False,
        numbers=tuple(int(moment.astimezone(UTC).timestamp()) for moment in moments),
        texts=tuple(value_text(moment) for moment in moments),
        utc=tuple(utc_text(moment) for moment in moments),
    )
