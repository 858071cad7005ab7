"""Values of both sides around an incident, kept with a run so that its page can draw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["Series", "series_from", "series_to_json"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One column of one symbol over time, on both sides; one value for each of `times`.

    Attributes:
        dataset: its name.
        incident: id of the incident that it is drawn for.
        symbol: whose rows these are; empty where the dataset has no symbols.
        column: which column, by its name on the legacy side.
        times: ISO dates, or ISO instants with an offset, ascending and without doubles.
        legacy: values of the legacy side; None where it has no row, NULL, or what is no number.
        candidate: the same of the candidate.
        first: the first of `times` that belongs to the incident; empty where none does.
        last: the last of them.
        whole: how many rows there are from the first to the last of `times`; more than `times`
            where some in the middle were left out. More than 100,000 are not counted.
        source: value of the key column that tells vendors apart; empty where there is none.
        own: for each of `times` whether a row of the incident is there that differs in the column
            or that one side has not; None in a file of before they were kept.
        says: in words what these rows show, from all that were read, of which `times` may be a
            part; empty in a file of before it was kept.
    """

    dataset: str
    incident: str
    symbol: str
    column: str
    times: tuple[str, ...]
    legacy: tuple[float | None, ...]
    candidate: tuple[float | None, ...]
    first: str = ""
    last: str = ""
    whole: int = 0
    source: str = ""
    own: tuple[bool, ...] | None = None
    says: str = ""

    def __post_init__(self) -> None:
        own = self.times if self.own is None else self.own
        if not len(self.times) == len(self.legacy) == len(self.candidate) == len(own):
            raise ValueError(f"series of {self.dataset} {self.symbol}: not one value for each time")

    def at(self, places: Sequence[int]) -> Series:
        """The same with only the points at some places, in their order."""
        return replace(
            self,
            times=tuple(self.times[place] for place in places),
            legacy=tuple(self.legacy[place] for place in places),
            candidate=tuple(self.candidate[place] for place in places),
            own=None if self.own is None else tuple(self.own[place] for place in places),
        )


def series_to_json(series: Iterable[Series]) -> dict[str, Any]:
    """The content of a run's `pictures.json`."""
    return {"schema_version": SCHEMA_VERSION, "series": [asdict(one) for one in series]}


def series_from(stored: Mapping[str, Any]) -> tuple[Series, ...]:
    """The series of a `pictures.json`.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    return tuple(map(_series, stored["series"]))


def _series(entry: Mapping[str, Any]) -> Series:
    held: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Series(**held)
