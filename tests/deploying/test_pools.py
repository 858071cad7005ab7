"""Deployments on a real server, with real workers, the vendors on loopback and a real database.

The tests of this module share one site and run in order: what is deployed first is run later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from parity.database import EmbeddedServer
from parity.demo.faults import Fault, FaultKind, Vendor
from prefect_flows.deploying.reading import DEFAULT_POOLS
from prefect_flows.loading import load_polygon, load_yahoo
from prefect_flows.queries.connection import connect
from prefect_flows.settings import DEFAULT_SYMBOLS, Settings
from prefect_flows.tables import create_tables
from tests.conftest import NEW_YORK
from tests.deploying.conftest import new_database
from tests.deploying.site import Json, Site, Worker, background, registered, until
from tests.nightly.toy import CONFIG, ROWS, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

ROOT = Path(__file__).parents[2]
AS_OF = "2005-02-25T20:00:00-05:00"
YAHOO = "yahoo_market_data_flow"
POLYGON = "polygon_daily_ingestion/polygon-daily"
BACKFILL = "polygon_historical_backfill/polygon-backfill"
BARS = """
SELECT symbol, timestamp, data_source, open, high, low, close, volume
FROM prefect.market_data ORDER BY 1, 2, 3"""


@pytest.fixture(scope="module")
def said(site: Site) -> str:
    """What `deploy` prints; from then on everything is deployed, and nothing is stored."""
    with psycopg.connect(site.admin_url) as connection:
        connection.execute("TRUNCATE prefect.market_data, prefect.load_runs, prefect.backfilled")
    ended = site.flows("deploy")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.fixture(scope="module")
def undisturbed(
    server: EmbeddedServer, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Any, ...]]:
    """The bars that stand after one thread has loaded all, without Prefect, one after the other."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))
    at = datetime.fromisoformat(AS_OF)
    with new_database(server) as name:
        url = server.url(user="prefect_writer", database=name)
        with connect(url) as connection:
            create_tables(connection)
        settings = Settings(
            database_url=url,
            yahoo_base_url=site.replay.http_url,
            polygon_base_url=site.replay.http_url,
            polygon_api_key=site.replay.polygon_key,
        )
        for symbol in DEFAULT_SYMBOLS:
            load_yahoo(symbol, interval="1d", days_back=30, as_of=at, settings=settings)
            load_polygon(symbol, days_back=56, incremental=False, as_of=at, settings=settings)
        return site.rows(BARS, url)


def pools(site: Site) -> dict[str, str | None]:
    """The pool of each deployment."""
    return {one["name"]: one["work_pool_name"] for one in site.post("deployments/filter")}


def test_deploy_says_what_stands_in_the_width_of_a_terminal(said: str) -> None:
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert "pool data-ingestion-pool: 4 runs at once" in lines
    assert "yahoo_market_data_flow/yahoo-daily: 0 20 * * mon-fri America/New_York" in lines
    assert "calculate_daily_indicators/indicators: no schedule" in lines
    assert lines[-1] == "  prefect worker start --install-policy never --pool maintenance-pool"


def test_pools_and_limits_stand_as_the_file_says(site: Site, said: str) -> None:
    made = {one["name"]: (one["type"], one["concurrency_limit"])
            for one in site.post("work_pools/filter")}  # fmt: skip
    assert made == {
        "data-ingestion-pool": ("process", 4),
        "analytics-pool": ("process", 2),
        "maintenance-pool": ("process", 2),
    }
    yahoo = site.get("v2/concurrency_limits/yahoo")
    assert (yahoo["limit"], yahoo["slot_decay_per_second"], yahoo["active"]) == (10, 5.0, True)


def test_runs_are_due_in_exchange_time_on_weekdays(site: Site, said: str) -> None:
    deployment = site.get(f"deployments/name/{YAHOO}/yahoo-daily")

    def due() -> list[Json]:
        found: list[Json] = site.post(
            "flow_runs/filter", deployments={"id": {"any_": [deployment["id"]]}}
        )
        return found

    until(lambda: len(due()) >= 3)
    moments = [
        datetime.fromisoformat(run["expected_start_time"]).astimezone(NEW_YORK) for run in due()
    ]
    assert {f"{moment:%H:%M:%S}" for moment in moments} == {"20:00:00"}
    assert all(moment.isoweekday() <= 5 for moment in moments)
    assert all(run["parameters"]["sessions_only"] is True for run in due())


def test_deploying_again_changes_nothing_and_what_is_paused_stays_paused(
    site: Site, said: str
) -> None:
    before = registered(site)
    daily = site.get(f"deployments/name/{YAHOO}/yahoo-daily")
    hourly = site.get(f"deployments/name/{YAHOO}/yahoo-hourly")
    schedule = hourly["schedules"][0]["id"]
    site.post(f"deployments/{daily['id']}/pause_deployment")
    site.patch(f"deployments/{hourly['id']}/schedules/{schedule}", active=False)
    site.patch("work_pools/analytics-pool", is_paused=True)
    site.patch("v2/concurrency_limits/yahoo", active=False)
    # Somebody's own, which no file names.
    extra = {"name": "mine", "flow_id": daily["flow_id"], "entrypoint": daily["entrypoint"]}
    mine = site.post("deployments/", **extra)

    ended = site.flows("deploy")

    paused = [line for line in ended.stdout.splitlines() if line.endswith("(paused)")]
    assert [line.partition(":")[0] for line in paused] == [
        "pool analytics-pool",
        "limit yahoo",
        "yahoo_market_data_flow/yahoo-daily",
    ]
    assert "note: yahoo_market_data_flow/mine is deployed, and prefect.yaml does not name it" in (
        ended.stdout.splitlines()
    )
    site.delete(f"deployments/{mine['id']}")
    expected = json.loads(json.dumps(before))
    expected["yahoo-daily"]["paused"] = True
    expected["yahoo-hourly"]["schedules"][0]["active"] = False
    assert registered(site) == expected
    assert site.get("work_pools/analytics-pool")["is_paused"] is True
    assert site.get("v2/concurrency_limits/yahoo")["active"] is False

    site.post(f"deployments/{daily['id']}/resume_deployment")
    site.patch(f"deployments/{hourly['id']}/schedules/{schedule}", active=True)
    site.patch("work_pools/analytics-pool", is_paused=False)
    site.patch("v2/concurrency_limits/yahoo", active=True)
    assert registered(site) == before


def test_prefects_own_command_registers_the_same(site: Site, said: str) -> None:
    before, on = registered(site), pools(site)
    steps = {one["name"]: one["pull_steps"] for one in site.post("deployments/filter")}
    command = ["prefect", "--no-prompt", "deploy", "--all"]
    log = site.folder / "deploy.log"
    with background(command, site.environ, log, ROOT) as process:
        assert process.wait(timeout=120) == 0, log.read_text()
    assert registered(site) == before
    assert pools(site) == on
    assert {one["name"]: one["pull_steps"] for one in site.post("deployments/filter")} == steps


def test_what_a_killed_worker_left_the_next_run_completes(
    site: Site, said: str, undisturbed: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    file = yaml.safe_load(DEFAULT_POOLS.read_text()) | {"dead_after_seconds": 10}
    (tmp_path / "pools.yaml").write_text(yaml.safe_dump(file))
    assert site.flows("deploy", "--pools", str(tmp_path / "pools.yaml")).returncode == 0
    for symbol in ("IBM", "MSFT"):
        site.replay.inject(Fault(FaultKind.DELAY, Vendor.POLYGON, symbol=symbol, seconds=60))
    asked = {"as_of": AS_OF, "days_back": 56, "incremental": False}
    with site.worker("data-ingestion-pool") as worker:
        first = site.start(POLYGON, **asked)
        until(lambda: site.rows("SELECT count(*) FROM prefect.load_runs") == [(2,)])
        worker.kill()
    site.replay.clear_faults()

    # Nobody reported its end; until it is noticed, it holds the place of the next run.
    assert site.get(f"flow_runs/{first}")["state_name"] == "Running"
    dead = site.ended(first)
    assert dead["state_name"] == "Crashed"
    assert dead["state"]["message"] == "no sign of life for 10 seconds"
    with site.worker("data-ingestion-pool"):
        second = site.ended(site.start(POLYGON, **asked))

    assert (second["state_name"], second["state"]["message"]) == ("Completed", "4 symbols")
    polygon = [row for row in undisturbed if row[2] == "polygon"]
    assert site.rows(BARS) == polygon
    done = site.rows("SELECT symbol, status FROM prefect.load_runs ORDER BY symbol")
    assert done == [(symbol, "ok") for symbol in sorted(DEFAULT_SYMBOLS)], "none is done twice"
    with psycopg.connect(site.admin_url) as connection:
        connection.execute("TRUNCATE prefect.market_data")


@pytest.fixture(scope="module")
def workers(site: Site, said: str) -> Iterator[dict[str, Worker]]:
    """Two workers on the ingestion pool, one on each other; their output by name."""
    harness = {"PARITY_DATABASE_URL": site.admin_url}
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(site.worker(pool, "--name", name, *options, **harness))
            for name, pool, *options in (
                ("first", "data-ingestion-pool", "--limit", "2"),
                ("second", "data-ingestion-pool", "--limit", "2"),
                ("analyst", "analytics-pool"),
                ("keeper", "maintenance-pool"),
            )
        }
        yield started


@pytest.fixture(scope="module")
def config(site: Site) -> str:
    """A parity.yaml of two tables that agree, elsewhere than the project."""
    folder = site.folder.parent / "toy"
    folder.mkdir()
    (folder / "old.py").write_text(script("legacy", ROWS), encoding="utf-8")
    (folder / "new.py").write_text(script("prefect", ROWS), encoding="utf-8")
    (folder / "parity.yaml").write_text(CONFIG, encoding="utf-8")
    return str(folder / "parity.yaml")


@pytest.fixture(scope="module")
def schedule(site: Site, workers: dict[str, Worker], tmp_path_factory: Any) -> None:
    """`yahoo-hourly` is due in a minute or two, for a holiday, and `watch` is not.

    Christmas of 2004 was a Saturday, so the exchange was closed on Friday.
    """
    folder: Path = tmp_path_factory.mktemp("schedule")
    file = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    hourly = next(one for one in file["deployments"] if one["name"] == "yahoo-hourly")
    due = datetime.now(NEW_YORK) + timedelta(seconds=90)
    hourly["schedules"][0]["cron"] = f"{due.minute} {due.hour} * * *"
    hourly["parameters"]["as_of"] = "2004-12-24T20:10:00-05:00"
    (folder / "prefect.yaml").write_text(yaml.safe_dump(file))
    watch = site.get("deployments/name/watch/watch")
    site.post(f"deployments/{watch['id']}/pause_deployment")
    assert site.flows("deploy", "--file", str(folder / "prefect.yaml")).returncode == 0


def test_every_flow_runs_in_its_pool(site: Site, schedule: None, config: str) -> None:
    common = {"as_of": AS_OF}
    folder = str(site.folder.parent / "kept")
    waves = (
        # At once on one pool, for the same symbols, on two workers.
        (
            (f"{YAHOO}/yahoo-daily", common),
            (POLYGON, {**common, "days_back": 40, "incremental": False}),
            (BACKFILL, {**common, "start_date": "2004-12-31", "end_date": "2005-02-20"}),
            ("parity_nightly/nightly", {"config": config, "session": "2024-02-29"}),
        ),
        (  # a cleanup does not run beside a night
            ("watch/watch", {"config": config}),
            ("cleanup/cleanup", {"config": config}),
            ("archive/archive", {"config": config, "side": "legacy", "folder": folder}),
            ("backup/backup", {"config": config, "folder": f"{folder}-backups"}),
        ),
    )
    runs: dict[str, Json] = {}
    for wave in waves:
        ids = {name: site.start(name, **parameters) for name, parameters in wave}
        runs |= {name: site.ended(run) for name, run in ids.items()}

    wrong = {name: run["state"] for name, run in runs.items() if run["state_name"] != "Completed"}
    assert wrong == {}
    used = {name.partition("/")[2]: run["work_pool_name"] for name, run in runs.items()}
    assert used.items() <= pools(site).items()
    [indicators] = site.post(
        "flow_runs/filter",
        flows={"name": {"any_": ["calculate_daily_indicators"]}},
        flow_runs={"deployment_id": {"is_null_": False}},
    )
    pool = (indicators["state_name"], indicators["work_pool_name"])
    assert pool == ("Completed", "analytics-pool"), "triggered by the Yahoo flow"


def test_two_workers_shared_the_pool_and_no_row_is_lost_or_doubled(
    site: Site, workers: dict[str, Worker], undisturbed: list[tuple[Any, ...]]
) -> None:
    for name in ("first", "second"):
        assert "submitting flow run" in workers[name].log.read_text()
    assert site.rows(BARS) == undisturbed


def test_a_scheduled_run_starts_and_on_a_holiday_does_nothing(site: Site, schedule: None) -> None:
    def scheduled() -> list[Json]:
        found: list[Json] = site.post(
            "flow_runs/filter",
            deployments={"name": {"any_": ["yahoo-hourly"]}},
            flow_runs={
                "tags": {"all_": ["auto-scheduled"]},
                "state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}},
            },
        )
        return found

    until(scheduled)
    run = scheduled()[0]
    assert run["state_name"] == "NoSession"
    assert "Friday, 2004-12-24, is no session of XNYS" in run["state"]["message"]
    hourly = "SELECT count(*) FROM prefect.load_runs WHERE run_id = '{}'"
    assert site.rows(hourly.format(run["id"])) == [(0,)]


def test_no_secret_and_no_path_of_a_machine_reached_the_server(
    site: Site, workers: dict[str, Worker]
) -> None:
    told = {
        name: json.dumps(site.post(f"{name}/filter", limit=200))
        for name in ("deployments", "work_pools", "flow_runs", "logs", "automations", "artifacts")
    }
    for name, text in told.items():
        assert site.database_url not in text, name
        assert site.replay.polygon_key not in text, name
    for name in ("deployments", "work_pools", "automations"):
        assert str(ROOT) not in told[name], name
        assert str(site.folder) not in told[name], name
