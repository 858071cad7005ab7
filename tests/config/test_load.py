"""Good files: what the suite holds."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from parity.config import load
from parity.model.plan import Gates, Hook, ManualItem, Plan, Served, Switching
from parity.model.suite import EXACT, Dataset, Job, Kind, Relation, Suite, Tolerance, Window
from parity.model.verdict import Phase, Side
from tests.config.files import load_text

REPOSITORY = Path(__file__).parents[2]

FULL = """
version: 1
migration: market-data
calendar: XLON
at: 18:05
reports: ../out
state: /var/parity
second_opinion_rows: 50
connections: 4
discrepancy_limit: 1000
selftest_seconds: 2.5
revision_days: 0
waivers: accepted.yaml
gates:
  parallel_run: {sessions: 2}
  validation: {sessions: 3, coverage: 99.5, success_rate: 95, flows_within: 30m, drill: 3d}
  cutover: {sessions: 4}
checklist:
  - {id: trained, text: The team is trained}
  - {id: told, text: Told, phase: cutover}
serving:
  - view: bars
    legacy: legacy.market_data
    candidate: prefect.bars
    columns: {symbol: text, close: "numeric(15,4)"}
    rename: {close: last}
cutover:
  lock_timeout: 100ms
  attempts: 5
  postpone_file: wait
  panic_file: /tmp/panic
  hooks:
    before:
      - name: ask
        command: ["{python}", -m, ask]
        timeout: 30s
        env: {URL: "{database_url:parity_harness}"}
    after: [{name: pause, command: [touch, paused]}]
    after_rollback: [{name: resume, command: [rm, paused]}]
  schedules: [yahoo_market_data_flow/yahoo-daily]
  quarantine: 10d
jobs:
  - name: load
    side: candidate
    command: ["{python}", -m, loader, --days, 30, --from, 2005-02-17, "{session}", '{"a": 1}']
    timeout: 2h
    env: {URL: "{database_url:prefect_api}", AS_OF: "{as_of}", N: 007}
datasets:
  - name: bars
    kind: bars
    legacy: legacy.market_data
    candidate: {schema: pre.fect, table: bars}
    key: [symbol, ts]
    symbol: symbol
    time: ts
    timezone: America/New_York
    settle: 90s
    since: {date: 2005-02-17, because: seeded before}
    where: {country: NO, lot: 100, open: true, ratio: 0.10, day: [2005-02-17, "2005-02-17"]}
    exclude: created_at
    rename: {a: b, b: a}
    tolerance:
      default: {rel: 1e-9, because: order}
      close: {abs: 0.0001, because: last digit}
      volume: exact
      sent_at: {abs: 1500ms, because: two clocks}
    window: {sessions: 3, changed: created_at, audit_cycle: 10}
    synthetic: drawn at random
  - name: indicators
    kind: indicators
    legacy: l.i
    candidate: c.i
    key: [symbol, day]
    symbol: symbol
    time: day
    computed_from: bars
    days_back: 420
    formulas: {trend: sma_20, "20": volatility_252, change: price_change_5d, band: bb_width}
"""

SMALL = """
version: 1
migration: m
datasets:
  - {name: d, kind: table, legacy: l.t, candidate: c.t, key: id, tolerance: {x: {abs: 0.01}}}
"""


def test_everything_in_the_file_is_in_the_suite(tmp_path: Path) -> None:
    suite = load_text(tmp_path, FULL)

    assert suite == Suite(
        migration="market-data",
        root=tmp_path,
        reports=tmp_path.parent / "out",
        state=Path("/var/parity"),
        calendar="XLON",
        at=time(18, 5),
        second_opinion_rows=50,
        connections=4,
        discrepancy_limit=1000,
        selftest_seconds=2.5,
        revision_days=0,
        config_hash=suite.config_hash,
        plan=Plan(
            gates=Gates(
                compared=2,
                passed=3,
                coverage=99.5,
                success_rate=95,
                flows_within=timedelta(minutes=30),
                drill=timedelta(days=3),
                primary=4,
            ),
            checklist=(
                ManualItem(id="trained", text="The team is trained", phase=Phase.VALIDATION),
                ManualItem(id="told", text="Told", phase=Phase.CUTOVER),
            ),
            served=(
                Served(
                    view="bars",
                    legacy=Relation("legacy", "market_data"),
                    candidate=Relation("prefect", "bars"),
                    columns=(("symbol", "text"), ("close", "numeric(15,4)")),
                    rename=(("close", "last"),),
                ),
            ),
            kept=True,
            switching=Switching(
                lock_timeout=timedelta(milliseconds=100),
                attempts=5,
                postpone_file=tmp_path / "wait",
                panic_file=Path("/tmp/panic"),
                before=(
                    Hook(
                        name="ask",
                        command=("{python}", "-m", "ask"),
                        timeout=timedelta(seconds=30),
                        env=(("URL", "{database_url:parity_harness}"),),
                    ),
                ),
                after=(Hook(name="pause", command=("touch", "paused")),),
                after_rollback=(Hook(name="resume", command=("rm", "paused")),),
                schedules=("yahoo_market_data_flow/yahoo-daily",),
                quarantine=timedelta(days=10),
            ),
            waivers=tmp_path / "accepted.yaml",
        ),
        jobs=(
            Job(
                name="load",
                side=Side.CANDIDATE,
                command=(
                    *("{python}", "-m", "loader", "--days", "30", "--from", "2005-02-17"),
                    *("{session}", '{"a": 1}'),
                ),
                timeout=timedelta(hours=2),
                env=(("URL", "{database_url:prefect_api}"), ("AS_OF", "{as_of}"), ("N", "007")),
            ),
        ),
        datasets=(
            Dataset(
                name="bars",
                kind=Kind.BARS,
                legacy=Relation("legacy", "market_data"),
                candidate=Relation("pre.fect", "bars"),
                key=("symbol", "ts"),
                symbol="symbol",
                time="ts",
                timezone="America/New_York",
                settle=timedelta(seconds=90),
                since=date(2005, 2, 17),
                since_because="seeded before",
                where=(
                    ("country", ("NO",)),
                    ("lot", (100,)),
                    ("open", (True,)),
                    ("ratio", (Decimal("0.10"),)),
                    ("day", (date(2005, 2, 17), "2005-02-17")),
                ),
                exclude=("created_at",),
                rename=(("a", "b"), ("b", "a")),
                default_tolerance=Tolerance(rel=Decimal("1e-9"), because="order"),
                tolerances=(
                    ("close", Tolerance(abs=Decimal("0.0001"), because="last digit")),
                    ("volume", EXACT),
                    ("sent_at", Tolerance(within=timedelta(seconds=1.5), because="two clocks")),
                ),
                window=Window(sessions=3, changed="created_at", log=False, audit_cycle=10),
                synthetic="drawn at random",
            ),
            Dataset(
                name="indicators",
                kind=Kind.INDICATORS,
                legacy=Relation("l", "i"),
                candidate=Relation("c", "i"),
                key=("symbol", "day"),
                symbol="symbol",
                time="day",
                computed_from="bars",
                days_back=420,
                formulas=(
                    ("trend", "sma_20"),
                    ("20", "volatility_252"),
                    ("change", "price_change_5d"),
                    ("band", "bb_width"),
                ),
            ),
        ),
    )


def test_the_smallest_file_has_the_defaults_of_the_model(tmp_path: Path) -> None:
    suite = load_text(tmp_path, SMALL)

    assert suite == Suite(
        migration="m",
        root=tmp_path,
        reports=tmp_path / "reports",
        state=tmp_path / ".parity",
        config_hash=suite.config_hash,
        datasets=(
            Dataset(
                name="d",
                kind=Kind.TABLE,
                legacy=Relation("l", "t"),
                candidate=Relation("c", "t"),
                key=("id",),
                tolerances=(("x", Tolerance(abs=Decimal("0.01"))),),
            ),
        ),
        plan=Plan(
            served=(Served(view="t", legacy=Relation("l", "t"), candidate=Relation("c", "t")),),
            switching=Switching(
                postpone_file=tmp_path / ".parity/postpone", panic_file=tmp_path / ".parity/panic"
            ),
            waivers=tmp_path / "waivers.yaml",
        ),
    )


def test_without_serving_each_pair_of_relations_has_a_view(tmp_path: Path) -> None:
    pairs = [("l.t", "c.t"), ("l.t", "c.t"), ("k.t", "c.t"), ("l.t", "c.u"), ("k.t", "c.u")]
    text = "\n".join(
        f"  - {{name: d{n}, kind: table, legacy: {one}, candidate: {other}, key: id}}"
        for n, (one, other) in enumerate(pairs)
    )
    suite = load_text(tmp_path, f"version: 1\nmigration: m\ndatasets:\n{text}\n")

    assert [(one.view, f"{one.legacy} {one.candidate}") for one in suite.plan.served] == [
        ("t", "l.t c.t"),
        ("k_t", "k.t c.t"),
        ("l_t", "l.t c.u"),
        ("k_t_2", "k.t c.u"),
    ]


def test_an_empty_window_has_the_defaults_of_the_model(tmp_path: Path) -> None:
    suite = load_text(
        tmp_path, SMALL.replace("key: id", "key: id, symbol: id, time: t, window: {}")
    )

    assert suite.datasets[0].window == Window()


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("1ms", timedelta(milliseconds=1)),
        ("90s", timedelta(seconds=90)),
        ("2m", timedelta(minutes=2)),
        ("'1d'", timedelta(days=1)),
    ],
)
def test_an_abs_that_is_a_duration_is_for_dates_and_times(
    tmp_path: Path, text: str, within: timedelta
) -> None:
    suite = load_text(tmp_path, SMALL.replace("0.01", text))

    assert suite.datasets[0].tolerance("x") == Tolerance(within=within)


def test_a_job_without_timeout_has_the_default_of_the_model(tmp_path: Path) -> None:
    suite = load_text(tmp_path, SMALL + "jobs: [{name: j, side: legacy, command: [x]}]\n")

    assert suite.jobs == (Job(name="j", side=Side.LEGACY, command=("x",)),)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("0", (0, (0,), 0)),
        ("0.0001", (0, (1,), -4)),
        ("1e-9", (0, (1,), -9)),
        ("1E-9", (0, (1,), -9)),
        ("1.50e+3", (0, (1, 5, 0), 1)),
        (".5", (0, (5,), -1)),
        ("0.30000000000000004441", (0, (3, *[0] * 15, 4, 4, 4, 1), -20)),
        ("12", (0, (1, 2), 0)),
    ],
)
def test_tolerances_are_the_decimals_that_are_written(
    tmp_path: Path, text: str, digits: tuple[int, tuple[int, ...], int]
) -> None:
    suite = load_text(tmp_path, SMALL.replace("0.01", text))

    assert suite.datasets[0].tolerance("x").abs.as_tuple() == digits


@pytest.mark.parametrize("value", ["no", "on", "off", "12:30", "0x1F", "1_000", "2005-2-17", "007"])
def test_text_stays_the_text_that_it_looks_like(tmp_path: Path, value: str) -> None:
    suite = load_text(tmp_path, SMALL.replace("key: id", f"key: id, where: {{c: {value}}}"))

    assert suite.datasets[0].where == (("c", (value,)),)


def test_aliases_and_merges_share_what_datasets_have_in_common(tmp_path: Path) -> None:
    suite = load_text(
        tmp_path,
        """
version: 1
migration: m
datasets:
  - &base {name: a, kind: table, legacy: l.t, candidate: c.t, key: [id], where: {s: x}}
  - {<<: *base, name: b, where: {s: y}}
""",
    )

    first, second = suite.datasets
    assert (first.name, first.where) == ("a", (("s", ("x",)),))
    assert (second.name, second.where) == ("b", (("s", ("y",)),))
    assert (second.legacy, second.key) == (first.legacy, first.key)


def test_a_file_saved_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    assert load_text(tmp_path, "\ufeff" + SMALL.lstrip()).migration == "m"


def test_relative_paths_start_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parity.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)

    suite = load(Path("parity.yaml"))

    assert (suite.root, suite.state) == (tmp_path, tmp_path / ".parity")


def test_the_hash_is_sixteen_digits_of_hex(tmp_path: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", load_text(tmp_path, SMALL).config_hash)


SAME = [
    SMALL + "# a comment\n",
    SMALL.replace("name: d, kind: table", "kind: table, name: d"),
    SMALL.replace("version: 1\nmigration: m", "migration: 'm'\nversion: 1"),
    SMALL.replace("0.01", "1e-2"),
    SMALL.replace("0.01", "0.0100"),
    SMALL.replace("key: id", "key: [id]"),
    SMALL.replace("l.t", "{table: t, schema: l}"),
    SMALL + "reports: reports\n",
    SMALL + "connections: 2\ndiscrepancy_limit: 100000\n",
    SMALL + "selftest_seconds: 3.00\nrevision_days: 45\n",
]
DIFFERENT = [
    SMALL.replace("0.01", "0.02"),
    SMALL.replace("0.01", "0.010000000000000000000000000000000001"),
    SMALL.replace("abs", "rel"),
    SMALL.replace("0.01", "1s"),
    SMALL.replace("0.01", "1"),
    SMALL.replace("key: id", "key: id, symbol: id, time: t"),
    SMALL.replace("key: id", "key: id, symbol: id, time: t, window: {}"),
    SMALL.replace("key: id", "key: id, symbol: id, time: t, window: {log: true}"),
    SMALL.replace("key: id", "key: [id, other]"),
    SMALL.replace("key: id", "key: id, where: {a: 1}"),
    SMALL.replace("key: id", "key: id, where: {a: '1'}"),
    SMALL.replace("key: id", "key: id, where: {a: true}"),
    SMALL.replace("key: id", "key: id, where: {a: 1.0}"),
    SMALL.replace("key: id", "key: id, where: {a: 2005-02-17}"),
    SMALL.replace("key: id", "key: id, where: {a: '2005-02-17'}"),
    SMALL + "calendar: XLON\n",
    SMALL + "selftest_seconds: 0\n",
    SMALL + "revision_days: 10\n",
]


@pytest.mark.parametrize("text", SAME)
def test_the_hash_ignores_comments_order_and_spelling(tmp_path: Path, text: str) -> None:
    assert text != SMALL
    assert load_text(tmp_path, text).config_hash == load_text(tmp_path, SMALL).config_hash


def test_the_hash_tells_contents_apart(tmp_path: Path) -> None:
    hashes = {load_text(tmp_path, text).config_hash for text in [SMALL, *DIFFERENT]}

    assert len(hashes) == 1 + len(DIFFERENT)


def test_the_hash_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    here, there = load_text(tmp_path, SMALL), load_text(tmp_path / "other", SMALL)

    assert here.config_hash == there.config_hash


def test_the_default_calendar_does_not_import_exchange_calendars(tmp_path: Path) -> None:
    (tmp_path / "parity.yaml").write_text(SMALL)
    code = (
        "import sys; from pathlib import Path; from parity.config import load; "
        "load(Path(sys.argv[1])); sys.exit('exchange_calendars' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "parity.yaml")], cwd=REPOSITORY, check=False
    )

    assert done.returncode == 0


def test_commands_without_a_file_do_not_pay_for_reading_one() -> None:
    code = (
        "import sys; from parity.config import load, scalars; "
        "sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)

    assert done.returncode == 0
