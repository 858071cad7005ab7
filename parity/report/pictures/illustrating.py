"""Puts the pictures into a night's view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from parity.model.picture import Series
from parity.model.result import DatasetResult, RunResult
from parity.report.beside import Beside
from parity.report.incidentview import IncidentsView, IncidentView
from parity.report.pictures.deltas import delta_pictures, ratios_of
from parity.report.pictures.heat import SESSIONS, SYMBOLS, heat_map
from parity.report.pictures.incident import incident_picture
from parity.report.pictures.kept import Kept, kept_rows
from parity.report.pictures.trends import LAST, trend_pictures
from parity.report.pictures.view import (
    DatasetPictures,
    HeatMap,
    IncidentPicture,
    TrendPictures,
)
from parity.report.view import DatasetView, NightView
from parity.report.words import count, visible

__all__ = ["charts_of", "illustrated"]

# Of all charts of a page together: what is drawn, what is listed, and the cells of all heat maps.
_POINTS = 5_000
_LISTED = 480
_CELLS = 6_000
_MOST = 400
_ROWS = 60
_FEWEST = 8  # symbols of a heat map, however many datasets have one


def illustrated(view: NightView, result: RunResult, beside: Beside) -> NightView:
    """The view with the pictures of its incidents, its datasets and the nights before it."""
    named = {visible(dataset.name): dataset for dataset in result.datasets}
    differing = sum(bool(dataset.rows.discrepancies) for dataset in result.datasets)
    most = min(SYMBOLS, max(_FEWEST, _CELLS // SESSIONS // max(1, differing)))
    return replace(
        view,
        incidents=_with_charts(view.incidents, beside.series),
        datasets=tuple(
            replace(item, pictures=_of_dataset(item, named[item.name], result, beside, most))
            for item in view.datasets
        ),
        trends=_trends(result, beside),
    )


def charts_of(view: NightView) -> dict[str, object]:
    """What the charts of a night's page draw, by the id of their place."""
    cards = (*view.incidents.cards, *view.incidents.waived)
    found: list[IncidentPicture | TrendPictures | None] = [card.picture for card in cards]
    return {one.id: one.chart for one in (*found, view.trends) if one is not None}


def _with_charts(view: IncidentsView, series: Sequence[Series]) -> IncidentsView:
    held = {(visible(one.dataset), visible(one.incident)): one for one in series}
    shown = [card for card in (*view.cards, *view.waived) if (card.dataset, card.id) in held]
    if not shown:
        return view
    points = min(_MOST, _POINTS // len(shown))
    listed = min(_ROWS, _LISTED // len(shown))

    def drawn(cards: Sequence[IncidentView], first: int) -> tuple[IncidentView, ...]:
        return tuple(
            replace(card, picture=_chart(held, card, f"chart-{number}", points, listed))
            for number, card in enumerate(cards, start=first)
        )

    return replace(view, cards=drawn(view.cards, 1), waived=drawn(view.waived, len(view.cards) + 1))


def _chart(
    held: Mapping[tuple[str, str], Series], card: IncidentView, ident: str, points: int, listed: int
) -> IncidentPicture | None:
    series = held.get((card.dataset, card.id))
    if series is None or len(series.times) < 2:
        return None
    try:
        return incident_picture(ident, series, points, listed)
    except ValueError:  # times that are none: a file that somebody has changed
        return None


def _of_dataset(
    item: DatasetView, dataset: DatasetResult, result: RunResult, beside: Beside, most: int
) -> DatasetPictures | None:
    if not dataset.rows.discrepancies:
        return None
    kept = kept_rows(beside.evidence, result, dataset)
    if kept is None:
        missing = "Not kept: the file with all rows of this run is not there."
        return DatasetPictures(anchor=item.anchor, name=item.name, missing=missing)
    symbols = {name for one in dataset.incidents for name in one.scope.symbols}
    heat, missing = _heat(kept, symbols, most, dataset)
    deltas, more = delta_pictures(kept, dataset)
    told = [f"{count(more, 'more column')} with differences left out"] if more else []
    if missing and deltas:
        told.append(f"Heat map: {missing}")
    return DatasetPictures(
        anchor=item.anchor,
        name=item.name,
        heat=heat,
        deltas=deltas,
        ratios=ratios_of(deltas),
        more=". ".join(told),
        missing="" if deltas else missing,
    )


def _heat(
    kept: Kept, symbols: set[str], most: int, dataset: DatasetResult
) -> tuple[HeatMap | None, str]:
    """The heat map, or why there is none though there might be."""
    from pyarrow import ArrowException  # not at the top: slow to import

    try:
        return heat_map(kept, symbols, most, dataset.origin), ""
    except (ArrowException, ArithmeticError, LookupError, OSError, ValueError) as error:
        # Any value may stand in a row; a page without a picture is still a page.
        return None, f"Not drawn: {type(error).__name__}"


def _trends(result: RunResult, beside: Beside) -> TrendPictures | None:
    before = [night for night in beside.nights or () if night.session <= result.session]
    newest = sorted(before, key=lambda night: night.session, reverse=True)
    return trend_pictures([beside.row_of(night) for night in newest[:LAST]], LAST)
