"""The reference migration's own parity.yaml."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from parity.config import load
from parity.model.suite import Window
from parity.model.verdict import Side
from tests.config.files import load_text

REPOSITORY = Path(__file__).parents[2]


def test_the_reference_migration_loads() -> None:
    suite = load(REPOSITORY / "parity.yaml")

    assert [dataset.name for dataset in suite.datasets] == [
        "yahoo_bars",
        "polygon_bars",
        "yahoo_adjusted_bars",
        "indicators",
        "latest_indicators",
    ]
    assert [(job.name, job.side.value) for job in suite.jobs] == [
        ("legacy-yahoo", "legacy"),
        ("legacy-polygon", "legacy"),
        ("legacy-indicators", "legacy"),
        ("flow-yahoo", "candidate"),
        ("flow-polygon", "candidate"),
    ]
    raw = [dataset for dataset in suite.datasets if dataset.name in ("yahoo_bars", "polygon_bars")]
    assert all(not dataset.tolerances and dataset.default_tolerance.exact for dataset in raw)
    indicators = suite.datasets[3]
    assert indicators.since == date(2005, 2, 17)
    assert (indicators.computed_from, indicators.days_back) == ("yahoo_adjusted_bars", 300)
    # What the jobs compute from is what the config says they do.
    assert "300" in next(job for job in suite.jobs if job.name == "legacy-indicators").command


def test_the_examples_in_the_comments_of_the_reference_migration_load(tmp_path: Path) -> None:
    text = (REPOSITORY / "parity.yaml").read_text()
    keys = "connections|discrepancy_limit|selftest_seconds|revision_days|window|formulas"
    text, examples_found = re.subn(rf"# (?=(?:{keys}): )", "", text)
    assert examples_found == 6

    suite = load_text(tmp_path, text)

    assert suite.datasets[0].window == Window(changed="created_at")
    assert suite.datasets[3].formulas == (("trend", "ema_50"),)
    assert (suite.selftest_seconds, suite.revision_days) == (3.0, 45)
    assert all(dataset.window is None for dataset in load(REPOSITORY / "parity.yaml").datasets)


def test_every_tolerance_of_the_reference_migration_has_a_reason() -> None:
    suite = load(REPOSITORY / "parity.yaml")

    tolerances = [
        tolerance
        for dataset in suite.datasets
        for tolerance in (dataset.default_tolerance, *dict(dataset.tolerances).values())
    ]
    assert any(not tolerance.exact for tolerance in tolerances)
    assert all(tolerance.exact or tolerance.because for tolerance in tolerances)


def test_a_side_of_the_reference_migration_gets_only_its_own_role() -> None:
    roles = {Side.LEGACY: {"legacy_writer"}, Side.CANDIDATE: {"prefect_writer", "prefect_api"}}

    for job in load(REPOSITORY / "parity.yaml").jobs:
        urls = [value for _, value in job.env if "database_url" in value]
        assert urls
        assert set(re.findall(r"database_url:(\w+)", " ".join(urls))) <= roles[job.side]
