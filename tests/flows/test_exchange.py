"""The exchange's sessions come out the same from the library and from the file that keeps them."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import exchange_calendars
import pytest

from prefect_flows.bars import NEW_YORK
from prefect_flows.vendors import exchange, kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return tmp_path


def made() -> dict[date, exchange.Hours]:
    """As a new process has them."""
    return dict(exchange._hours.__wrapped__())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def test_hours_are_the_librarys_whether_made_or_kept(folder: Path) -> None:
    first, second = made(), made()

    (file,) = folder.iterdir()
    assert file.name == "sessions-XNYS-1990-01-02.json"
    assert first == second
    schedule = exchange_calendars.get_calendar("XNYS", start="1990-01-02").schedule
    assert list(first) == [day.date() for day in schedule.index]
    # The day after Thanksgiving of 2004 ended at one o'clock.
    early = first[date(2004, 11, 26)]
    assert (early.open, early.close) == (at("2004-11-26T09:30"), at("2004-11-26T13:00"))
    assert date(2004, 11, 25) not in first


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": "0", "sessions": [[1, 2]]}', '{"sessions": [[1]]}', "\\x00"],
)
def test_what_cannot_be_used_is_made_anew(folder: Path, text: str) -> None:
    file = folder / "sessions-XNYS-1990-01-02.json"
    file.write_text(text)

    assert date(2005, 2, 28) in made()
    assert len(json.loads(file.read_text())["sessions"]) > 9000


def test_what_ends_too_early_is_not_used(folder: Path) -> None:
    # 2005-02-28, 09:30 to 16:00 in New York.
    kept.write("TOY", [(1109601000, 1109624400)])

    assert kept.read("TOY", until=date(2005, 2, 28)) == [(1109601000, 1109624400)]
    assert kept.read("TOY", until=date(2005, 3, 1)) is None


def test_nothing_is_kept_where_there_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "none"))

    assert date(2005, 2, 28) in made()
    assert not (tmp_path / "none").exists()
