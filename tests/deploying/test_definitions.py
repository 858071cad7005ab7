"""What prefect.yaml and pools.yaml say, and what is said of mistakes in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from prefect_flows.deploying import reading, steps
from prefect_flows.errors import SettingsError

ROOT = Path(__file__).parents[2]
POOLS = """
pools:
  a-pool: {type: process, concurrency_limit: 2}
limits:
  yahoo: {limit: 2, slot_decay_per_second: 0.5}
dead_after_seconds: 600
"""
DEPLOYMENTS = """
name: toy
pull: [prefect_flows.deploying.steps.enter_project: {}]
deployments:
  - name: polygon
    entrypoint: prefect_flows.ingestion.polygon_daily_ingestion
    description: A flow.
    tags: [toy]
    parameters: {days_back: 3}
    schedules: [{slug: evening, cron: "0 20 * * mon-fri", timezone: America/New_York}]
    concurrency_limit: {limit: 1, collision_strategy: CANCEL_NEW}
    work_pool: {name: a-pool}
"""


def write(folder: Path, deployments: str = DEPLOYMENTS, pools: str = POOLS) -> tuple[Path, Path]:
    files = folder / "prefect.yaml", folder / "pools.yaml"
    for file, text in zip(files, (deployments, pools), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def mistakes(folder: Path, *files: str) -> list[str]:
    """The lines that are said, with the folder left out."""
    with pytest.raises(reading.DefinitionError) as caught:
        reading.read(*write(folder, *files))
    return [line.replace(f"{folder}{os.sep}", "") for line in str(caught.value).splitlines()]


def test_what_comes_with_the_project_is_right() -> None:
    read = reading.read(ROOT / "prefect.yaml")
    assert {one.name: one.work_pool.name for one in read.deployments} == {
        "yahoo-daily": "data-ingestion-pool",
        "yahoo-hourly": "data-ingestion-pool",
        "polygon-daily": "data-ingestion-pool",
        "polygon-backfill": "data-ingestion-pool",
        "indicators": "analytics-pool",
        "nightly": "analytics-pool",
        "watch": "maintenance-pool",
        "backup": "maintenance-pool",
        "cleanup": "maintenance-pool",
        "archive": "maintenance-pool",
    }
    assert set(read.pools.limits) == {"yahoo", "polygon"}


def test_what_waits_for_a_session_is_scheduled_after_its_close() -> None:
    for one in reading.read(ROOT / "prefect.yaml").deployments:
        for schedule in one.schedules:
            assert schedule.timezone == "America/New_York"
            if one.parameters.get("sessions_only"):
                minute, hour, *days = schedule.cron.split()
                assert days == ["*", "*", "mon-fri"]
                assert 16 <= int(hour) < 24, "a session closes at 16:00"
                assert minute.isdecimal()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("pools:", "pool:", ["pools.yaml: pools: is missing", "pools.yaml: pool: unknown key"]),
        (
            "concurrency_limit: 2",
            "concurency_limit: 2",
            [
                "pools.yaml: pools.a-pool.concurrency_limit: is missing",
                "pools.yaml: pools.a-pool.concurency_limit: unknown key",
            ],
        ),
        (
            "concurrency_limit: 2",
            "concurrency_limit: two",
            ["pools.yaml: pools.a-pool.concurrency_limit: 'two': input should be a valid integer"],
        ),
        (
            "type: process",
            "type: docker",
            ["pools.yaml: pools.a-pool.type: 'docker': input should be 'process'"],
        ),
        (
            "slot_decay_per_second: 0.5",
            "slot_decay_per_second: 0",
            ["pools.yaml: limits.yahoo.slot_decay_per_second: 0: input should be greater than 0"],
        ),
        (
            "600",
            "5",
            ["pools.yaml: dead_after_seconds: 5: input should be greater than or equal to 10"],
        ),
        (POOLS, "- a list", ["pools.yaml: must hold keys and values"]),
        (
            "a-pool",
            "b-pool",
            ["prefect.yaml: deployments[0] (polygon): pools.yaml has no pool 'a-pool'"],
        ),
    ],
)
def test_a_mistake_in_pools_yaml_is_a_line(
    tmp_path: Path, right: str, wrong: str, said: list[str]
) -> None:
    assert mistakes(tmp_path, DEPLOYMENTS, POOLS.replace(right, wrong)) == said


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "schedules:",
            "schedule:",
            ["prefect.yaml: deployments[0].schedule: unknown key"],
        ),
        (
            "0 20 * *",
            "0 25 * *",
            ["prefect.yaml: deployments[0].schedules[0]: cron '0 25 * * mon-fri' cannot be read"],
        ),
        (
            "America/New_York",
            "America/Newyork",
            ["prefect.yaml: deployments[0].schedules[0]: timezone 'America/Newyork' is not known"],
        ),
        (
            "days_back: 3",
            "days: 3",
            [
                "prefect.yaml: deployments[0] (polygon): "
                "the flow polygon_daily_ingestion has no parameter 'days'"
            ],
        ),
        (
            "days_back: 3",
            'symbols: ["{{ $SYMBOL }}"]',
            ["prefect.yaml: deployments[0]: parameters cannot hold {{ placeholders }}"],
        ),
        (
            "polygon_daily_ingestion",
            "polygon_daily",
            [
                "prefect.yaml: deployments[0] (polygon): "
                "prefect_flows.ingestion.polygon_daily cannot be imported: "
                "module 'prefect_flows.ingestion' has no attribute 'polygon_daily'"
            ],
        ),
        (
            "ingestion.polygon_daily_ingestion",
            "ingestion.datetime",
            [
                "prefect.yaml: deployments[0] (polygon): "
                "prefect_flows.ingestion.datetime is not a flow"
            ],
        ),
    ],
)
def test_a_mistake_in_prefect_yaml_is_a_line(
    tmp_path: Path, right: str, wrong: str, said: list[str]
) -> None:
    assert mistakes(tmp_path, DEPLOYMENTS.replace(right, wrong)) == said


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file: dict[str, Any] = yaml.safe_load(DEPLOYMENTS)
    file["deployments"].append(file["deployments"][0] | {"work_pool": {"name": "no-pool"}})
    assert mistakes(tmp_path, yaml.safe_dump(file)) == [
        "prefect.yaml: deployments[1] (polygon): pools.yaml has no pool 'no-pool'",
        "prefect.yaml: deployments[1] (polygon): "
        "there are two deployments polygon_daily_ingestion/polygon",
    ]


def test_a_missing_file_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(reading.DefinitionError, match=r"none\.yaml: cannot be read: No such file"):
        reading.read(tmp_path / "none.yaml")


def test_a_run_enters_the_folder_that_its_worker_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(steps.HOME_VARIABLE, str(project))
    assert steps.enter_project() == {"directory": str(project)}
    assert Path.cwd() == project


def test_without_a_name_a_run_enters_the_checkout_that_it_is_imported_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(steps.HOME_VARIABLE, raising=False)
    assert steps.enter_project() == {"directory": str(ROOT)}


def test_an_installed_package_leaves_a_run_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(steps.HOME_VARIABLE, raising=False)
    installed = tmp_path / "site-packages" / "prefect_flows" / "__init__.py"
    monkeypatch.setattr("prefect_flows.__file__", str(installed))
    assert steps.enter_project() == {}
    assert Path.cwd() == tmp_path


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(steps.HOME_VARIABLE, "nowhere")
    with pytest.raises(
        SettingsError, match="PARITY_HOME is not a folder on this worker: 'nowhere'"
    ):
        steps.enter_project()
