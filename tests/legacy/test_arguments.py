"""What stops a script before it starts: one line on standard error and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from parity.database import Database
    from tests.legacy.conftest import Job

YAHOO, POLYGON, INDICATORS = SCRIPTS = (
    "load_yahoo_data.py",
    "load_polygon_data.py",
    "calculate_indicators.py",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "args", "complaint"),
    [
        (YAHOO, ("--days-back", "0"), "'0' is not a number of days, 1 to 36500"),
        (YAHOO, ("--interval", "5m"), "invalid choice: '5m'"),
        (POLYGON, ("--interval", "1d"), "unrecognized arguments: --interval 1d"),
        (POLYGON, ("--as-of", "0001-02-25T20:00:00Z", "--days-back", "9999"), "is out of range"),
        (POLYGON, ("--symbols", " , "), "'' is not a symbol"),
        (INDICATORS, ("--days-back", "9" * 5000), "is not a number of days"),
        (INDICATORS, ("--symbols", "IBM,../x"), "'../X' is not a symbol"),
        (INDICATORS, ("--as-of", "2005-02-25T20:00:00"), "has no UTC offset"),
        (INDICATORS, ("--as-of", "yesterday"), "'yesterday' is not an ISO date and time"),
    ],
)
def test_bad_arguments_are_one_line(
    job: Job, script: str, args: tuple[str, ...], complaint: str
) -> None:
    done = job(script, *args, env={"POLYGON_API_KEY": "key"})

    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.startswith(f"{script}: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_no_database_url(job: Job, script: str) -> None:
    done = job(script, env={"DATABASE_URL": None, "POLYGON_API_KEY": "key"})

    assert done.returncode == 2
    assert done.stderr == f"{script}: DATABASE_URL is not set\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://legacy_writer:s3cret@127.0.0.1:1/parity",  # nobody listens there
        "postgresql://legacy_writer:s3cret@127.0.0.1:port/parity",
        "legacy_writer:s3cret@127.0.0.1",
    ],
)
def test_an_unusable_database_never_shows_the_password(job: Job, url: str) -> None:
    done = job("calculate_indicators.py", env={"DATABASE_URL": url})

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "s3cret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_another_role_is_refused_and_creates_nothing(job: Job, database: Database) -> None:
    done = job("calculate_indicators.py", env={"DATABASE_URL": database.url_as("prefect_writer")})

    assert done.returncode == 2
    assert done.stderr.startswith("calculate_indicators.py: no database: permission denied")
    with psycopg.connect(database.admin_url) as admin:
        tables = admin.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'legacy'")
        assert tables.fetchone() == (0,)


@pytest.mark.slow
def test_polygon_needs_a_key(job: Job) -> None:
    done = job("load_polygon_data.py")

    assert done.returncode == 2
    assert done.stderr == "load_polygon_data.py: POLYGON_API_KEY is not set\n"
