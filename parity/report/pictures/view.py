"""What charts show, ready to be drawn or read as a table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DatasetPictures", "IncidentPicture", "TrendPictures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPicture:
    """Both sides' values around an incident."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPictures:
    """The heat map and the deltas of a dataset."""

    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPictures:
    """What changes from night to night."""

    id: str
