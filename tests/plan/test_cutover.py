"""The cutover: consumers read the candidate from now on, or everything is as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from parity.database import Database
from parity.model.errors import ParityError
from parity.model.result import JobOutcome, RunResult
from parity.model.trail import TrailKind
from parity.model.verdict import Phase, Side, Verdict
from parity.nightly import Harness
from parity.nightly.serving import serve
from parity.plan import postponing
from parity.plan.approaching import gate_of
from parity.plan.cutover import Cutover, SwitchedInterrupt, cut_over
from parity.plan.moving import Work, move, take_back
from parity.plan.rollback import roll_back
from parity.plan.verifying import views_of
from tests.conftest import Inside
from tests.plan.test_schedules import Fake
from tests.plan.toy_cutover import CONFIG, NOW, SESSION, act, check, finished, opened, prepare
from tests.report.build import different, equal, pair, run

FORCED = ("cutover", "--execute", "--migration", "toy", "--force", "a rehearsal", "--by", "anna",
          "--as-of", NOW.isoformat())  # fmt: skip
Go = Callable[..., Cutover]


@pytest.fixture
def harness(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    monkeypatch.setenv("PARITY_DATABASE_URL", database.admin_url)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return prepare(database.admin_url, tmp_path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def go(harness: Harness, said: list[str]) -> Go:
    def run_it(of: Harness = harness, **more: object) -> Cutover:
        values = {"by": "anna", "force": "a rehearsal", "now": NOW, "environ": {}} | more
        return cut_over(of, say=said.append, **values)  # type: ignore[arg-type]

    return run_it


def steps(harness: Harness) -> list[str]:
    return [entry.content["step"] for entry in harness.store.trail("toy", TrailKind.STEP)]


def kinds(harness: Harness) -> list[str]:
    return [entry.kind for entry in harness.store.trail("toy")]


def sql(database: Database, text: str) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(text.encode())


def state(database: Database, tmp_path: Path) -> str:
    return check(database.admin_url, tmp_path)


def test_a_night_serves_views_that_are_missing_and_says_which_it_cannot(
    database: Database, tmp_path: Path, harness: Harness
) -> None:
    sql(database, "DROP VIEW market.parity_now_prices, market.parity_now_sizes CASCADE; "
        "ALTER TABLE prefect.sizes RENAME TO later")  # fmt: skip
    said: list[str] = []
    serve(harness, said.append)
    assert said == []  # that a compared table is not there, the comparison says
    prices = harness.suite.datasets[:1]
    serve(replace(harness, suite=replace(harness.suite, datasets=prices)), said.append)
    assert said == [
        "market.sizes is not served yet: view sizes: the candidate side has no prefect.sizes"
    ]
    with database.connect_as("parity_harness") as connection:
        assert connection.execute("SELECT count(*) FROM market.prices").fetchone() == (10,)
    sql(database, "ALTER TABLE prefect.later RENAME TO sizes; "
        "ALTER TABLE legacy.sizes ALTER of TYPE int USING 1; "
        "ALTER TABLE prefect.sizes ALTER of TYPE int[] USING ARRAY[1]")  # fmt: skip
    serve(harness, said.append)
    assert "column of) cannot serve it" in said[-1]
    for side in ("legacy", "prefect"):
        sql(database, f"ALTER TABLE {side}.sizes ALTER of TYPE text USING '{side}'")
    serve(harness, said.append)
    serve(harness, said.append)
    assert len(said) == 2
    assert state(database, tmp_path) == "legacy"


def test_a_night_serves_the_side_that_is_primary(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    go()
    sql(database, "DROP VIEW market.parity_now_sizes CASCADE")
    serve(harness, lambda _line: None)
    assert state(database, tmp_path) == "candidate"


def test_the_plan_shows_everything_and_writes_nothing(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    before = kinds(harness)
    told = inside("cutover", "--as-of", NOW.isoformat(), folder=tmp_path)
    assert told.returncode == 1, told
    red = len(gate_of(harness, NOW, {}).red)
    first, *_, last = told.stdout.splitlines()
    assert first == f"No: it would be refused: {red} gate items, 0 checks"
    assert last.endswith("on record.")
    for text in ("phase validation; consumers read legacy", "The gate is NOT OPEN", "trained",
                 "✓ the way back", "market.prices: from legacy.prices to prefect.prices",
                 "✓ the newest night: pass: toy.2024-02-29.1, 0 rows differ, no jobs failed",
                 "✓ legacy is not behind: both sides end on 2024-02-29\n",
                 "may: /bin/sh hook.sh before", "then: /bin/sh hook.sh", ".parity/postpone",
                 f"With --execute it would be refused for {red} of the gate's items"):  # fmt: skip
        assert text in told.stdout, (text, told.stdout)
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert "price numeric(15,4)" not in told.stdout
    told = inside("cutover", "--columns", "--as-of", NOW.isoformat(), folder=tmp_path)
    assert "price numeric(15,4)" in told.stdout
    told = inside("cutover", "--as-of", NOW.isoformat(), "--json", "-", folder=tmp_path)
    found = json.loads(told.stdout)
    assert (found["ready"], found["primary"], found["phase"]) == (False, "legacy", "validation")
    assert {check["ok"] for check in found["checks"]} == {True}
    assert [view["view"] for view in found["views"]] == ["prices", "sizes"]
    assert found["hooks"] == {"before": ["may"], "after": ["then"]}
    assert kinds(harness) == before
    assert not (tmp_path / "hooks.txt").exists()
    assert state(database, tmp_path) == "legacy"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--migration", "toy"), "--migration and --force go with --execute"),
        (("--execute",), "--execute asks for the migration's name: --migration toy"),
        (("--execute", "--migration", "to"), r"--migration toy (not to)"),
        (("--execute", "--migration", "toy", "--force", " "), "--force needs a reason"),
        (("--force", ""), "--force needs a reason"),
        (("--migration", ""), "--migration and --force go with --execute"),
        (
            ("--execute", "--migration", "toy", "--as-of", NOW.isoformat()),
            "the gate is not open: ",
        ),
        (
            ("--execute", "--migration", "toy", "--as-of", "2999-01-01T00:00:00+00:00"),
            "with --execute an --as-of cannot be later than now",
        ),
    ],
)
def test_what_is_not_confirmed_or_not_open_is_refused(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside,
    arguments: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    before = kinds(harness)
    told = inside("cutover", *arguments, folder=tmp_path)
    assert (told.returncode, message in told.stderr) == (2, True), told
    assert kinds(harness) == before
    assert state(database, tmp_path) == "legacy"


def test_a_cutover_moves_views_trail_and_phase_and_says_so(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    told = inside(*FORCED, folder=tmp_path)
    assert told.returncode == 0, told
    assert f"JUDGED AS OF {NOW.isoformat()} AND NOT AS OF NOW, by anna" in told.stdout
    assert "THE GATE IS NOT OPEN AND IS OVERRIDDEN by anna: a rehearsal" in told.stdout
    assert "RED trained" in told.stdout
    assert "Verified: the views serve exactly what the candidate holds." in told.stdout
    assert "cutover-1: consumers read the candidate." in told.stdout
    assert state(database, tmp_path) == "candidate"
    assert steps(harness) == [
        "begun", "hooks before", "switched", "verified", "hook after", "hooks after", "finished",
    ]  # fmt: skip
    verified = harness.store.trail("toy", TrailKind.STEP)[3].content
    assert verified["rows"] == {"prices": 10, "sizes": 1}
    as_of, override = harness.store.trail("toy", TrailKind.OVERRIDE)
    assert (as_of.by, as_of.content) == ("anna", {
        "operation": "cutover-1", "what": "as-of", "reason": f"judged as of {NOW.isoformat()}",
        "red": [],
    })  # fmt: skip
    assert (override.by, override.content["reason"]) == ("anna", "a rehearsal")
    assert override.content["operation"] == "cutover-1"
    assert "trained" in override.content["red"]
    (switch,) = harness.store.trail("toy", TrailKind.SWITCH)
    phase = harness.store.trail("toy", TrailKind.PHASE)[-1]
    assert phase.number == switch.number + 1
    assert (switch.content["from"], switch.content["to"]) == ("legacy", "candidate")
    assert switch.content["forced"] is True
    assert switch.content["as_of"] == phase.content["as_of"] == NOW.isoformat()
    assert (phase.content["from"], phase.content["to"]) == ("validation", "cutover")
    assert (tmp_path / "hooks.txt").read_text() == (
        "before cutover-1 legacy candidate\nafter cutover-1 legacy candidate\n"
    )
    with database.connect_as("parity_harness") as connection:
        kind = connection.execute("SELECT pg_typeof(price) FROM market.prices").fetchone()
    assert kind == ("numeric",)
    again = inside(*FORCED, "--json", "-", folder=tmp_path)
    assert again.returncode == 0
    assert json.loads(again.stdout)["already"] is True
    assert "Nothing is left to do" in inside("cutover", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "ALTER TABLE legacy.sizes RENAME TO gone",
            r"market\.sizes reads legacy\.gone: neither side",
        ),
        (
            "REVOKE SELECT ON legacy.sizes FROM parity_switch",
            r"legacy\.sizes.*cannot serve it: permission denied",
        ),
        (
            "ALTER VIEW market.sizes OWNER TO postgres",
            r"lacks the ownership of market\.sizes \(it belongs to postgres\)",
        ),
        (
            "REVOKE CREATE ON SCHEMA market FROM parity_switch",
            "the way back is not usable: role parity_switch lacks USAGE and CREATE on schema mark",
        ),
        (
            "DELETE FROM legacy.prices WHERE day = '2024-02-29'",
            r"legacy lacks rows up to session 2024-02-29, .*: prices \(newest 2024-02-28",
        ),
        ("DELETE FROM legacy.sizes", r"legacy lacks rows .*: sizes \(has none; candidate has rows"),
        (
            "DELETE FROM prefect.prices WHERE day = '2024-02-29'",
            r"the candidate is behind legacy: prices \(newest 2024-02-28",
        ),
        ("DELETE FROM prefect.sizes", r"the candidate is behind legacy: sizes \(has none"),
        (
            "UPDATE prefect.prices SET price = 1e13 WHERE day = '2024-02-25'",
            r"view prices cannot serve every row of prefect\.prices of the candidate side: numeric",
        ),
    ],
)
def test_nothing_overrides_the_way_back_and_the_lag(
    database: Database, tmp_path: Path, harness: Harness, go: Go, statement: str, message: str
) -> None:
    sql(database, statement)
    with pytest.raises(ParityError, match=message):
        go()
    assert "begun" not in steps(harness)
    assert harness.store.trail("toy", TrailKind.SWITCH) == ()
    assert harness.store.phase("toy") is Phase.VALIDATION


def test_the_way_back_is_proved_without_a_trace(
    database: Database, harness: Harness, go: Go
) -> None:
    """A reader that holds all of market does not keep the proof from being made."""
    of = replace(
        harness,
        suite=replace(
            harness.suite,
            plan=replace(
                harness.suite.plan, switching=replace(harness.suite.plan.switching, attempts=1)
            ),
        ),
    )
    with database.connect_as("parity_harness") as reader:
        reader.execute("SELECT * FROM market.prices, market.sizes")
        with pytest.raises(ParityError, match="in use at each of 1 tries by session"):
            go(of)
    assert "begun" in steps(harness)
    with psycopg.connect(database.admin_url) as connection:
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'market_drill'::regnamespace"
        ).fetchall()
    assert left == []


def test_columns_that_the_config_now_says_otherwise_are_refused(harness: Harness, go: Go) -> None:
    plan = harness.suite.plan
    other = tuple(
        replace(one, columns=(("symbol", "text"), ("of", "varchar(9)")))
        if one.view == "sizes"
        else one
        for one in plan.served
    )
    of = replace(harness, suite=replace(harness.suite, plan=replace(plan, served=other)))
    with pytest.raises(
        ParityError,
        match=r"market.sizes has other columns .*: column 2 is of text and not of character vary",
    ):
        go(of)


def test_the_newest_night_must_be_stored_and_of_this_config(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    with pytest.raises(ParityError, match=r"the night of session 2024-03-01 is due and not stored"):
        go(now=NOW + timedelta(days=1))
    other = replace(harness, suite=replace(harness.suite, config_hash="other"))
    with pytest.raises(ParityError, match="was compared under another config"):
        go(other)
    # The same night found again keeps its run; the trail knows since when the config holds.
    harness.store.append_trail("toy", TrailKind.CONFIG, "anna", {"hash": "other", "text": ""})
    with pytest.raises(ParityError, match="was compared under another config"):
        go(other)
    at = harness.exchange.night(SESSION, harness.suite.at)
    night = run(
        Verdict.PASS, equal("prices"), equal("sizes"), migration="toy", session=SESSION, as_of=at,
        phase="validation",
    )  # fmt: skip
    harness.store.save(night, {}, config="other")
    assert go(other).operation == "cutover-1"
    assert state(database, tmp_path) == "candidate"


def undecided(as_of: datetime) -> RunResult:
    """A night of which two jobs failed and eleven rows differ."""
    jobs = tuple(
        JobOutcome(name=name, side=Side.LEGACY, exit_code=1, seconds=1.0, log="", reason="lost")
        for name in ("old", "older")
    )
    differs = different("prices", [pair("A", number) for number in range(11)])
    return run(
        Verdict.UNDECIDED, differs, equal("sizes"), migration="toy", session=SESSION, as_of=as_of,
        phase="validation", jobs=jobs, reasons=("job old failed",),
    )  # fmt: skip


def test_a_night_that_has_not_passed_is_not_overridden(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    night = undecided(harness.exchange.night(SESSION, harness.suite.at))
    harness.store.save(night, {}, config=harness.suite.config_hash)
    told = inside(*FORCED, folder=tmp_path)
    assert told.returncode == 2, told
    found = (
        "the night of session 2024-02-29 (toy.2024-02-29.2) has not passed: undecided, 11 rows "
        "differ, 2 jobs failed (old, older)"
    )
    assert found in told.stderr
    assert harness.store.trail("toy", TrailKind.SWITCH, TrailKind.OVERRIDE) == ()
    assert state(database, tmp_path) == "legacy"
    told = inside("cutover", "--as-of", NOW.isoformat(), folder=tmp_path)
    first, *_, last = told.stdout.splitlines()
    assert (told.returncode, first[-9:]) == (1, ", 1 check")
    assert last == "With --execute it would be refused, whatever --force says."


def test_the_plan_says_where_both_sides_end(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    sql(database, "DELETE FROM legacy.prices WHERE day > '2024-02-27'; "
        "DELETE FROM prefect.prices WHERE day > '2024-02-27'")  # fmt: skip
    told = inside("cutover", "--as-of", NOW.isoformat(), folder=tmp_path)
    assert (
        "✓ legacy is not behind: both sides end on 2024-02-27; the newest session due is 2024-02-29"
    ) in " ".join(told.stdout.split())
    sql(database, "INSERT INTO prefect.prices VALUES ('A', '2024-02-28', 1), ('A', '2024-03-01', 1)"
        "; INSERT INTO legacy.prices VALUES ('A', '2024-02-29', 1)")  # fmt: skip
    told = inside("cutover", "--as-of", NOW.isoformat(), folder=tmp_path)
    assert "legacy ends on 2024-02-29, the candidate on 2024-03-01" in " ".join(told.stdout.split())


WITH_SCHEDULES = CONFIG.replace("  hooks:", "  schedules: [flow/daily]\n  hooks:")


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/api"])
def test_where_prefect_does_not_answer_the_last_line_says_that_nothing_loads(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside, url: str
) -> None:
    (tmp_path / "parity.yaml").write_text(WITH_SCHEDULES, encoding="utf-8")
    of = opened(database.admin_url, tmp_path)
    night = harness.store.current("toy", SESSION)
    assert night is not None
    harness.store.append_trail("toy", TrailKind.CONFIG, "anna", {"hash": of.suite.config_hash})
    harness.store.save(night, {}, config=of.suite.config_hash)
    plan = inside("cutover", "--as-of", NOW.isoformat(), folder=tmp_path, PREFECT_API_URL=url)
    assert "0 checks" in plan.stdout.splitlines()[0]  # no check is red for it
    assert "nothing would load new data after a cutover" in " ".join(plan.stdout.split())
    last = "NOTHING LOADS NEW DATA until Prefect's schedules run: parity status"
    for _ in range(2):  # the same command does not say that all is well
        told = inside(*FORCED, folder=tmp_path, PREFECT_API_URL=url)
        assert (told.returncode, told.stdout.splitlines()[-1]) == (1, last), told
        assert ("Set PREFECT_API_URL" in told.stdout) is not bool(url)
    plan = inside("cutover", folder=tmp_path, PREFECT_API_URL=url)
    assert (plan.returncode, plan.stdout.splitlines()[-1]) == (1, last)
    with Fake(lambda method, _path: (204, None) if method == "PATCH" else (200, {"id": "1"})
              ).running() as there:  # fmt: skip
        told = inside(*FORCED, folder=tmp_path, PREFECT_API_URL=there)
    assert told.returncode == 0, told
    assert "nothing is left to do." in told.stdout
    assert inside("cutover", folder=tmp_path, PREFECT_API_URL=url).returncode == 0


def test_rows_that_have_not_settled_are_waited_for(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    suite = harness.suite
    prices = replace(suite.datasets[0], settle=timedelta(hours=23))
    young = replace(harness, suite=replace(suite, datasets=(prices, suite.datasets[1])))
    # Midnight of the 29th in New York is 22 hours before.
    with pytest.raises(ParityError, match=r"too young to have been compared: prices \(newest 2024"):
        go(young)
    assert state(database, tmp_path) == "legacy"
    prices = replace(prices, settle=timedelta(hours=22))
    go(replace(harness, suite=replace(suite, datasets=(prices, suite.datasets[1]))))
    assert state(database, tmp_path) == "candidate"


def test_a_running_night_is_not_disturbed(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    with harness.alone(), pytest.raises(ParityError, match="another night or move of"):
        go()
    assert state(database, tmp_path) == "legacy"


@pytest.mark.parametrize("phase", [Phase.PARALLEL_RUN, Phase.CLEANUP])
def test_a_cutover_starts_from_validation_only(harness: Harness, go: Go, phase: Phase) -> None:
    harness.store.append_trail("toy", TrailKind.PHASE, "anna", {"to": phase.value})
    with pytest.raises(ParityError, match=f"in phase {phase}; a cutover starts from validation"):
        go()


def test_a_hook_before_vetoes(database: Database, tmp_path: Path, harness: Harness, go: Go) -> None:
    (tmp_path / "hook.sh").write_text('echo "not on a Friday" >&2; exit 3', encoding="utf-8")
    with pytest.raises(ParityError, match="hook may vetoes the cutover: exit 3: not on a Friday"):
        go()
    assert steps(harness) == ["begun", "vetoed"]
    assert state(database, tmp_path) == "legacy"
    (tmp_path / "hook.sh").write_text("", encoding="utf-8")
    assert go().operation == "cutover-2"


def test_a_hook_after_that_fails_is_run_again_by_the_same_command(
    database: Database, tmp_path: Path, harness: Harness, inside: Inside
) -> None:
    script = (tmp_path / "hook.sh").read_text(encoding="utf-8")
    (tmp_path / "hook.sh").write_text(script + '[ "$1" = before ] || exit 4\n', encoding="utf-8")
    told = inside(*FORCED, folder=tmp_path)
    assert told.returncode == 1, told
    assert "then: exit 4" in told.stdout
    assert state(database, tmp_path) == "candidate"
    assert not finished(database.admin_url, tmp_path)
    shown = inside("cutover", folder=tmp_path).stdout
    assert "cutover-1 has switched; the same command with --execute finishes" in shown
    (tmp_path / "hook.sh").write_text(script, encoding="utf-8")
    told = inside(*FORCED, folder=tmp_path)
    assert told.returncode == 0, told
    assert finished(database.admin_url, tmp_path)
    lines = (tmp_path / "hooks.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["before", "after", "after"]
    assert len(harness.store.trail("toy", TrailKind.SWITCH)) == 1


def test_it_waits_while_the_postpone_file_is_there(
    database: Database, tmp_path: Path, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponing, "LOOK", 0.01)
    monkeypatch.setattr(postponing, "REMIND", 0.0)
    file = harness.suite.plan.switching.postpone_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if said.count(line) == 3 and line.startswith("Postponed while"):
            assert state(database, tmp_path) == "legacy"
            file.unlink(missing_ok=True)

    cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    assert said[3] == "No longer postponed."  # nothing else is looked at before
    assert state(database, tmp_path) == "candidate"


@pytest.mark.parametrize(
    ("meanwhile", "message"),
    [
        ("DELETE FROM prefect.sizes", "the candidate is behind legacy: sizes"),
        ("SELECT 1", "the night of session 2024-03-01 is due and not stored"),
        ("called off", "cutover-1 was called off by ben"),
        ("rolled back", r"ben has switched meanwhile \(rollback-y\)"),
    ],
)
def test_what_has_changed_while_it_was_postponed_counts(
    database: Database, tmp_path: Path, harness: Harness, monkeypatch: pytest.MonkeyPatch,
    meanwhile: str, message: str,
) -> None:  # fmt: skip
    """It holds no lock while it waits, and what is due then is what counts."""
    monkeypatch.setattr(postponing, "LOOK", 0.01)
    file = harness.suite.plan.switching.postpone_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    said: list[str] = []
    later = NOW + timedelta(days=meanwhile == "SELECT 1")
    switched = {"operation": "rollback-y", "from": "candidate", "to": "legacy"}

    def say(line: str) -> None:
        if line.startswith("Postponed"):
            with harness.alone():
                if meanwhile == "called off":
                    roll_back(harness, by="ben", reason="no", now=NOW, environ={}, say=said.append,
                              switch_only=True)  # fmt: skip
                elif meanwhile == "rolled back":
                    harness.store.append_trail("toy", TrailKind.SWITCH, "ben", switched)
                else:
                    sql(database, meanwhile)
            file.unlink()

    with pytest.raises(ParityError, match=message):
        cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say, clock=lambda: later)
    assert steps(harness) == ["begun", *["called off"] * (meanwhile == "called off")]


def test_a_postpone_file_that_comes_with_a_hook_is_waited_for_too(
    database: Database, tmp_path: Path, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponing, "LOOK", 0.01)
    script = "[ -e once ] || touch once .parity/postpone"
    (tmp_path / "hook.sh").write_text(script, encoding="utf-8")
    waited: list[str] = []

    def say(line: str) -> None:
        if line.startswith("Postponed"):
            waited.append(state(database, tmp_path))
            harness.suite.plan.switching.postpone_file.unlink()

    cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say, as_of_given=True)
    assert waited == ["legacy"]
    assert steps(harness)[:4] == ["begun", "hooks before", "hooks before", "switched"]
    overrides = harness.store.trail("toy", TrailKind.OVERRIDE)
    assert [row.content["what"] for row in overrides] == ["as-of", "gate"]
    assert state(database, tmp_path) == "candidate"


def test_a_gate_that_closes_while_hooks_run_is_seen(
    database: Database, tmp_path: Path, harness: Harness
) -> None:
    """Overridden it is once more on record; here with what is red since."""
    (tmp_path / "parity.yaml").write_text(
        CONFIG + "gates: {validation: {sessions: 1}}\n", encoding="utf-8"
    )
    of = opened(database.admin_url, tmp_path)
    harness = replace(of, suite=replace(of.suite, config_hash=harness.suite.config_hash))
    at = harness.exchange.night(SESSION, harness.suite.at)
    values = {"migration": "toy", "session": SESSION, "as_of": at, "phase": "validation"}
    sizes = equal("sizes")
    night = run(Verdict.PASS, equal("prices"), sizes, **values)
    harness.store.save(night, {}, config=harness.suite.config_hash)

    def say(line: str) -> None:
        if line.startswith("Hook may"):
            late = run(Verdict.PASS, equal("prices"), sizes, **values | {"phase": "parallel_run"})
            harness.store.save(late, {}, config=harness.suite.config_hash)

    cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    first, second = (row.content["red"] for row in harness.store.trail("toy", TrailKind.OVERRIDE))
    assert "sessions-passed" in set(second) - set(first)


@pytest.mark.parametrize("moment", ["before", "waiting", "at the switch"])
def test_the_panic_file_ends_it(
    database: Database, tmp_path: Path, harness: Harness, go: Go,
    monkeypatch: pytest.MonkeyPatch, moment: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(postponing, "LOOK", 0.01)
    switching = harness.suite.plan.switching
    panic = switching.panic_file
    panic.parent.mkdir(parents=True, exist_ok=True)
    if moment == "before":
        panic.touch()
    elif moment == "waiting":
        switching.postpone_file.touch()
    else:
        (tmp_path / "hook.sh").write_text("touch .parity/panic", encoding="utf-8")

    def say(line: str) -> None:
        if line.startswith("Postponed"):
            panic.touch()

    with pytest.raises(ParityError, match=r"the panic file .*panic is there: given up"):
        cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    assert state(database, tmp_path) == "legacy"
    panic.unlink()
    switching.postpone_file.unlink(missing_ok=True)
    (tmp_path / "hook.sh").write_text("", encoding="utf-8")
    go()
    assert state(database, tmp_path) == "candidate"


def test_an_interrupted_wait_leaves_everything_as_it_was(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    file = harness.suite.plan.switching.postpone_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()

    def say(line: str) -> None:
        if line.startswith("Postponed"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    assert state(database, tmp_path) == "legacy"
    file.unlink()
    go()
    assert state(database, tmp_path) == "candidate"


def test_what_consumers_do_not_see_is_taken_back_at_once(
    database: Database, tmp_path: Path, harness: Harness, go: Go, said: list[str]
) -> None:
    """A policy shows the views' owner no row of a table that the harness reads whole."""
    sql(
        database,
        "ALTER TABLE prefect.sizes ENABLE ROW LEVEL SECURITY; "
        "CREATE POLICY harness ON prefect.sizes FOR SELECT TO parity_harness USING (true)",
    )
    with pytest.raises(
        ParityError,
        match="the switch was taken back, and consumers read legacy: view sizes serves 0 rows",
    ):
        go()
    assert steps(harness) == ["begun", "hooks before", "switched", "undone"]
    switches = harness.store.trail("toy", TrailKind.SWITCH)
    assert [entry.content["to"] for entry in switches] == ["candidate", "legacy"]
    assert harness.store.phase("toy") is Phase.VALIDATION
    assert harness.store.primary("toy") is Side.LEGACY
    with database.connect_as("parity_harness") as connection:
        assert connection.execute("SELECT of FROM market.sizes").fetchall() == [("legacy",)]
    assert (tmp_path / "hooks.txt").read_text().count("after") == 0
    sql(database, "ALTER TABLE prefect.sizes DISABLE ROW LEVEL SECURITY")
    assert go().operation == "cutover-2"


def test_views_that_somebody_moved_by_hand_are_told(
    database: Database, harness: Harness, go: Go
) -> None:
    with database.connect_as("parity_switch") as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW market.parity_now_prices AS "
            "SELECT symbol, day, price::numeric(15,4) FROM prefect.prices"
        )
    with pytest.raises(ParityError, match="read both sides: prices reads candidate, sizes reads"):
        go()
    with database.connect_as("parity_switch") as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW market.parity_now_sizes AS SELECT symbol, of FROM prefect.sizes"
        )
    with pytest.raises(ParityError, match="the trail says that consumers read legacy, but the vi"):
        go()


def test_a_cutover_that_a_rollback_has_called_off_does_not_switch(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    """While it waits, somebody decides otherwise."""
    called_off = {"operation": "rollback-x", "kind": "rollback", "step": "called off",
                  "cutover": "cutover-1", "why": "no"}  # fmt: skip

    def say(line: str) -> None:
        if line.startswith("Hook may"):
            harness.store.append_trail("toy", TrailKind.STEP, "ben", called_off)

    with pytest.raises(ParityError, match="cutover-1 was called off by ben"):
        cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    assert state(database, tmp_path) == "legacy"
    assert go().operation == "cutover-2"


@pytest.mark.parametrize(
    ("moment", "done"),
    [
        ("Consumers read the candidate: switched", []),  # before it is verified
        ("Verified", ["verified"]),
        ("Hook then", ["verified", "hook after", "hooks after"]),
    ],
)
def test_a_rollback_while_a_cutover_finishes_has_the_last_word(
    database: Database, tmp_path: Path, harness: Harness, moment: str, done: list[str]
) -> None:
    """Nothing of it is undone: no hook that stops the old scripts, no schedule that runs."""
    (tmp_path / "parity.yaml").write_text(WITH_SCHEDULES, encoding="utf-8")
    of = opened(database.admin_url, tmp_path)
    of = replace(of, suite=replace(of.suite, config_hash=harness.suite.config_hash))

    def say(line: str) -> None:
        if line.startswith(moment):
            roll_back(of, by="ben", reason="no", now=NOW, environ={}, say=lambda _line: None,
                      switch_only=True)  # fmt: skip

    with pytest.raises(
        ParityError,
        match=r"ben has switched meanwhile \(rollback-\w+\): consumers read legacy, and what was "
        "left of cutover-1 is not done",
    ):
        cut_over(of, by="anna", force="so", now=NOW, environ={}, say=say)
    assert steps(of) == ["begun", "hooks before", "switched", *done]
    assert (tmp_path / "hooks.txt").read_text().count("after") == done.count("hook after")
    asked_for = [row.content["wanted"] for row in of.store.trail("toy", TrailKind.SCHEDULES)]
    assert asked_for == ["paused"]
    switches = of.store.trail("toy", TrailKind.SWITCH)
    assert [entry.content["to"] for entry in switches] == ["candidate", "legacy"]


def test_what_somebody_else_has_switched_is_not_taken_back(
    database: Database, harness: Harness
) -> None:
    """The views are found wrong because they read legacy again."""
    switched = {"operation": "rollback-x", "from": "candidate", "to": "legacy"}
    work = Work(harness, {}, "anna", lambda _line: None, NOW, operation="cutover-1",
                views=views_of(harness))  # fmt: skip
    move(work)
    harness.store.append_trail("toy", TrailKind.SWITCH, "ben", switched)
    with pytest.raises(ParityError, match=r"ben has switched meanwhile \(rollback-x\), so nothing"):
        take_back(work, "wrong")
    assert len(harness.store.trail("toy", TrailKind.SWITCH)) == 2


def test_interrupted_after_the_switch_it_says_so(
    database: Database, tmp_path: Path, harness: Harness, go: Go
) -> None:
    def say(line: str) -> None:
        if line.startswith("Verified"):
            raise KeyboardInterrupt

    with pytest.raises(SwitchedInterrupt, match="consumers read the candidate; the same command"):
        cut_over(harness, by="anna", force="so", now=NOW, environ={}, say=say)
    assert go().operation == "cutover-1"
    assert finished(database.admin_url, tmp_path)


def test_the_scenario_of_the_crash_matrix_works_when_nothing_crashes(
    database: Database, tmp_path: Path, harness: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    assert state(database, tmp_path) == "legacy"
    assert act(database.admin_url, tmp_path) == 0
    assert state(database, tmp_path) == "candidate"
    assert finished(database.admin_url, tmp_path)
    assert opened(database.admin_url, tmp_path).suite.migration == "toy"
    assert CONFIG in (tmp_path / "parity.yaml").read_text()
