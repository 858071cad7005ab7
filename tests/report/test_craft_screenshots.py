"""The command that takes the pictures for docs/."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks.screenshots import shots, take_all
from tests.report.pages import publish

pytestmark = pytest.mark.slow


def test_each_page_is_taken_once_and_the_newest_night_of_each_verdict(tmp_path: Path) -> None:
    pages = publish(tmp_path)
    (tmp_path / "validation" / "index.html").write_text("<h1>phase</h1>", encoding="utf-8")
    taken = {shot.name: shot.page for shot in shots(tmp_path)}
    assert taken == {
        "night-undecided": pages["undecided"],
        "night-pass": pages["waived"],
        "night-fail": pages["fail"],
        "night-fail-dark-360": pages["fail"],
        "incident": pages["fail"],
        "rows": pages["fail"],
        "index": pages["index"],
        "checklist": pages["checklist"],
        "index-dark-2560": pages["index"],
        "phase": tmp_path / "validation" / "index.html",
    }


def test_pictures_have_the_size_of_their_window_and_are_not_too_large(
    browser: Browser, tmp_path: Path
) -> None:
    reports, into = tmp_path / "reports", tmp_path / "into"
    publish(reports)
    (reports / "index.html").unlink()
    assert take_all(browser, reports, into)
    head = (into / "night-fail-dark-360.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:24]) == (360, 740)
    assert not take_all(browser, tmp_path / "none", into)
