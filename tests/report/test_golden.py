"""What two nights look like, against files written by hand. A missing file fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model.result import RunResult
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.publish import render_json
from parity.report.terminal import render_night
from tests.report.golden.nights import pass_night, split_night
from tests.report.golden.outline import outline

GOLDEN = Path(__file__).parent / "golden"
Night = Callable[[], tuple[RunResult, Beside]]

both = pytest.mark.parametrize(("name", "night"), [("split", split_night), ("pass", pass_night)])


def golden(name: str) -> str:
    return (GOLDEN / name).read_text(encoding="utf-8")


@both
def test_the_terminal(name: str, night: Night) -> None:
    result, beside = night()
    text = str(render_night(result, beside=beside))
    assert text.splitlines() == golden(f"{name}.txt").splitlines()


@both
def test_the_json(name: str, night: Night) -> None:
    """Keys in their order too."""
    result, _ = night()
    found, expected = (
        json.loads(text, object_pairs_hook=list)
        for text in (render_json(result), golden(f"{name}.json"))
    )
    assert found == expected


@both
def test_the_structure_of_the_page(name: str, night: Night) -> None:
    result, beside = night()
    page = night_page(night_view(result, beside=beside))
    assert outline(page).splitlines() == golden(f"{name}.outline").splitlines()
