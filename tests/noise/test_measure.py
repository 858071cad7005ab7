"""Legacy against itself: two real runs of a small job."""

from __future__ import annotations

import os
from datetime import timedelta

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import ComparisonError, UsageError
from parity.model.noise import Noise
from parity.nightly.noise import Measured, measure
from tests.noise.conftest import Toy, left_behind
from tests.noise.toy import CONFIG, HEAD, JITTER, SESSION

pytestmark = pytest.mark.slow  # each makes, fills and drops a database


def noise_of(found: tuple[Measured, ...]) -> dict[tuple[str, str], Noise]:
    return {(one.dataset, one.column): one for measured in found for one in measured.noise}


def ask(database: Database, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.admin_url) as connection:
        return connection.execute(text).fetchall()


def test_what_jitters_is_measured_exactly_and_stored(toy: Toy, database: Database) -> None:
    night = toy()
    found = measure(night, os.environ)
    price = Noise(
        dataset="prices", column="price", session=SESSION, rows=3, differing=1,
        max_abs_delta=0.25, max_rel_delta=0.25 / 100.25,
    )  # fmt: skip
    still = {"session": SESSION, "differing": 0, "max_abs_delta": None, "max_rel_delta": None}
    expected = (
        Noise(dataset="names", column="name", rows=2, **still),  # type: ignore[arg-type]
        price,
        Noise(dataset="prices", column="ratio", rows=3, **still),  # type: ignore[arg-type]
        Noise(dataset="prices", column="volume", rows=3, **still),  # type: ignore[arg-type]
    )
    assert tuple(noise_of(found)[key] for key in sorted(noise_of(found))) == expected
    assert night.harness.store.noise("jittery-toy") == expected
    assert night.harness.store.noise("another") == ()
    assert left_behind(database) == []


def test_the_first_run_writes_legacy_and_is_remembered_as_a_nights(
    toy: Toy, database: Database
) -> None:
    night = toy()
    told: list[str] = []
    measure(night, os.environ, lambda job: told.append(job.name))
    assert told == ["old", "old"]  # the candidate's job did not run
    assert ask(database, "SELECT price FROM legacy.prices WHERE symbol = 'A'") == [(100,)]
    assert ask(database, "SELECT to_regclass('prefect.prices')") == [(None,)]
    jobs = night.harness.store.last_jobs("jittery-toy", SESSION)
    assert {name: job.ok for name, job in jobs.items()} == {"old": True}
    logs = night.harness.suite.reports / "logs" / SESSION.isoformat()
    assert (logs / "old.log").exists()
    assert (logs / "noise" / "old.log").exists()


def test_the_second_run_begins_where_the_first_one_began(toy: Toy, database: Database) -> None:
    """The job goes on from what is stored: had it found the first run's rows, it would differ."""
    counting = HEAD + (
        "n = connection.execute('SELECT count(*) FROM legacy.prices').fetchone()[0]\n"
        "price('A', 1000 + n, 1, None)\n"
        "connection.execute(\"INSERT INTO legacy.names SELECT 'S' || nextval('legacy.s'), ''\")"
    )
    with database.connect_as("legacy_writer") as connection:
        connection.execute(
            "CREATE SEQUENCE legacy.s; CREATE TABLE legacy.prices (symbol text, day date, "
            "price numeric CHECK (price > 0), volume bigint, ratio float8, written timestamptz, "
            "PRIMARY KEY (symbol, day)); INSERT INTO legacy.prices "
            "VALUES ('A', '2024-01-02', 5, 6, 7, now()), ('B', '2024-01-02', 5, 6, 7, now())"
        )
        connection.execute("SELECT setval('legacy.s', 40)")
    found = noise_of(measure(toy(old=counting), os.environ))
    assert {one.differing for one in found.values()} == {0}
    assert (found["prices", "price"].rows, found["names", "name"].rows) == (3, 1)
    assert ask(database, "SELECT max(price) FROM legacy.prices") == [(1002,)]
    assert ask(database, "SELECT symbol FROM legacy.names") == [("S41",)]


def test_rows_of_one_run_only_are_counted(toy: Toy) -> None:
    found = measure(toy(old=JITTER + "name('S2' if second else 'S1', 'x')\n"), os.environ)
    (names,) = [one for one in found if one.dataset == "names"]
    assert [(one.rows, one.differing, one.only_once) for one in names.noise] == [(2, 0, 2)]


def test_the_newest_measurement_of_a_dataset_holds(toy: Toy) -> None:
    night = toy()
    measure(night, os.environ)
    later = toy(old=JITTER.replace("100.25", "100.75"), session=SESSION + timedelta(days=1))
    measure(later, os.environ)
    store = later.harness.store
    held = {(one.dataset, one.column): one for one in store.noise("jittery-toy")}
    assert len(held) == 4
    price = held["prices", "price"]
    assert (price.session, price.max_abs_delta, price.rows) == (later.session, 0.75, 6)


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_job_that_fails_ends_it_and_leaves_nothing(
    toy: Toy, database: Database, which: str
) -> None:
    night = toy(old=JITTER + f"if second == {which == 'second'}: sys.exit('the feed is down')\n")
    with pytest.raises(ComparisonError) as raised:
        measure(night, os.environ)
    log = f"logs/{SESSION}/{'noise/' if which == 'second' else ''}old.log"
    assert str(raised.value) == (
        f"legacy job old failed in its {which} run (exit 1: the feed is down), so nothing was "
        f"measured; its log is {log} in the reports folder"
    )
    assert left_behind(database) == []
    assert night.harness.store.noise("jittery-toy") == ()


def test_a_dataset_that_cannot_be_compared_says_why_and_the_others_go_on(toy: Toy) -> None:
    config = CONFIG.replace("legacy: legacy.names", "legacy: legacy.nowhere")
    found = {one.dataset: one for one in measure(toy(config=config), os.environ)}
    assert found["names"].noise == ()
    assert found["names"].reason == 'relation "legacy.nowhere" does not exist'
    assert len(found["prices"].noise) == 3


def test_no_rows_are_no_agreement(toy: Toy) -> None:
    config = CONFIG.replace("key: [symbol]", "key: [symbol]\n    where: {name: nobody}")
    found = {one.dataset: one for one in measure(toy(config=config), os.environ)}
    assert found["names"].reason == "no row of both runs to compare"
    assert found["names"].noise == ()


def test_a_job_that_names_its_own_database_is_refused(toy: Toy, database: Database) -> None:
    config = CONFIG.replace('"{database_url:legacy_writer}"', "mine")
    with pytest.raises(UsageError, match="job old is told by no "):
        measure(toy(config=config), os.environ)
    assert left_behind(database) == []


def test_legacy_tables_with_a_log_of_what_was_touched(toy: Toy, database: Database) -> None:
    """Their triggers call a function of schema parity, which the scratch database has not."""
    from parity.model.suite import Relation
    from parity.touched import install

    night = toy()
    measure(night, os.environ)
    install(database.admin_url, Relation("legacy", "prices"), "symbol", "day")
    found = noise_of(measure(night, os.environ))
    assert found["prices", "price"].differing == 1
