"""Once each, and not once a night: over a real database and a real webhook."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import datetime
from datetime import time as clock_time

import psycopg
import pytest

from parity.database import Database
from parity.evidence import names
from parity.model.operations import Alerts
from parity.model.result import JobOutcome, RunResult
from parity.model.verdict import Side, Verdict
from parity.nightly import Harness
from parity.nightly.alerting import Told, alert, alert_after_night
from parity.nightly.alerting.telling import Also
from parity.nightly.harness import EVIDENCE
from tests.alerts.conftest import Save
from tests.alerts.receivers import Mailbox, Webhook, free_port
from tests.report.build import NEW_YORK, equal, good_night, run
from tests.report.incidents import dataset, incident, split_night
from tests.report.machine_nights import gate

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2005-02-28", "2005-03-01", "2005-03-02", "2005-03-03"
LINK = "https://reports.example.org/parity/validation"


def at(day: str, clock: str = "20:30") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=NEW_YORK)


def tell(harness: Harness, hook: Webhook, now: datetime, also: Also | None = None) -> Told:
    return alert(harness, now, {"ALERT_URL": hook.address}, also=also)


def differs(*idents: str, rows: int = 3) -> RunResult:
    """A night with unexplained incidents of so many rows each, the first one the largest."""
    found = [
        incident(ident, "unexplained", rows + len(idents) - place, ident.upper())
        for place, ident in enumerate(idents)
    ]
    return run(Verdict.FAIL, dataset("prices", *found))


def with_job(exit_code: int | None, reason: str = "") -> RunResult:
    job = JobOutcome(
        name="load", side=Side.LEGACY, exit_code=exit_code, seconds=1.0,
        log="logs/2005-02-28/load.log", reason=reason,
    )  # fmt: skip
    if exit_code == 0:
        return run(Verdict.PASS, equal(), jobs=(job,))
    reasons = (f"legacy job load failed: {job.failure}",)
    return run(Verdict.UNDECIDED, equal(), jobs=(job,), reasons=reasons)


def test_a_night_that_passes_tells_nobody(harness: Harness, save: Save, hook: Webhook) -> None:
    save(good_night(), MONDAY)

    assert tell(harness, hook, at(MONDAY)) == Told()
    assert hook.got == []


def test_a_message_says_what_happened_where_and_how_to_read_on(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(split_night(), MONDAY)

    tell(harness, hook, at(MONDAY))

    (message,) = hook.got
    assert message["title"] == "toy 2005-02-28: Fail"
    assert message["message"].splitlines() == [
        "Fail: AAPL unadjusted by 2:1 on legacy before 2005-02-28 (1,494 rows in 2 datasets), "
        "7 indicator rows follow",
        "Monday 28 February 2005, phase validation",
        "Worry: 1,501 rows differ, each with a proved cause; first seen this night.",
        "1. polygon: AAPL before 2005-02-28: legacy's prices are twice candidate's, its volume "
        "half (unadjusted split 2:1, proved), 1,245 rows; new",
        "2. adjusted: AAPL before 2005-02-28: legacy's prices are twice candidate's, its volume "
        "half (unadjusted split 2:1, proved), 249 rows; new",
        "3. indicators: AAPL: follows from its bars (proved), 7 rows; new",
        f"{LINK}/2005-02-28/index.html",
    ]


def test_a_message_says_how_the_gate_stands_where_that_was_kept(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    night = save(differs("a"), MONDAY)
    place = harness.suite.state / EVIDENCE / night.run_id
    place.mkdir(parents=True)
    (place / names.GATE).write_text(json.dumps(gate().to_json()), encoding="utf-8")

    tell(harness, hook, at(MONDAY))

    (message,) = hook.got
    assert "Gate: 7 of 10 sessions in a row passed" in message["message"].splitlines()


def test_nights_that_do_not_pass_are_told_once_and_so_is_what_is_new_and_the_end(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(differs("a", "b"), MONDAY)
    tell(harness, hook, at(MONDAY))
    tell(harness, hook, at(MONDAY, "21:00"))
    assert hook.titles == ["toy 2005-02-28: Fail"]

    save(differs("a", "b", rows=9), TUESDAY)  # the same, grown
    tell(harness, hook, at(TUESDAY))
    assert len(hook.got) == 1

    save(differs("c", "a"), WEDNESDAY)  # one that is new, one that is gone
    tell(harness, hook, at(WEDNESDAY))
    assert hook.titles[1:] == ["toy 2005-03-02: a new incident"]
    assert hook.got[1]["message"].splitlines() == [
        "prices: C: unexplained (not proved), 5 rows; new",
        f"{LINK}/2005-03-02/index.html",
    ]

    save(good_night(), THURSDAY)
    told = tell(harness, hook, at(THURSDAY))
    assert hook.titles[2:] == ["toy 2005-03-03: Pass again"]
    assert "Before it 3 nights did not pass, since 2005-02-28." in hook.got[2]["message"]
    assert hook.got[2]["type"] == "success"
    assert told == Told(sent=1)

    save(differs("a"), "2005-03-04")  # what was over and begins again is told again
    tell(harness, hook, at("2005-03-04"))
    assert hook.titles[3:] == ["toy 2005-03-04: Fail"]


def test_only_what_is_among_the_top_three_is_news(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(differs("a", "b", "c"), MONDAY)
    tell(harness, hook, at(MONDAY))
    save(differs("a", "b", "c", "d", "e"), TUESDAY)
    tell(harness, hook, at(TUESDAY))
    assert len(hook.got) == 1

    save(differs("e", "a", "b", "c"), WEDNESDAY)
    tell(harness, hook, at(WEDNESDAY))
    assert hook.titles[1:] == ["toy 2005-03-02: a new incident"]


def test_another_verdict_is_news_once(harness: Harness, save: Save, hook: Webhook) -> None:
    unsure = run(Verdict.UNDECIDED, equal(), reasons=("no rows on the legacy side",))
    for day, night in ((MONDAY, differs("a")), (TUESDAY, unsure), (WEDNESDAY, differs("a")),
                       (THURSDAY, unsure)):  # fmt: skip
        save(night, day)
        tell(harness, hook, at(day))

    assert hook.titles == ["toy 2005-02-28: Fail", "toy 2005-03-01: now undecided"]
    assert "Undecided: no rows on the legacy side" in hook.got[1]["message"]


def test_an_old_night_that_is_run_again_tells_nothing(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(good_night(), TUESDAY)
    save(differs("a"), MONDAY)

    tell(harness, hook, at(TUESDAY))
    assert hook.got == []


def test_a_failed_job_is_told_with_the_verdict_in_one_message(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(with_job(1, "no route to postgresql://me:5ecret@host/db"), MONDAY)
    tell(harness, hook, at(MONDAY))
    save(with_job(None, "ended after 600 s"), TUESDAY)
    tell(harness, hook, at(TUESDAY))

    (message,) = hook.got
    assert message["title"] == "toy 2005-02-28: Undecided (and 1 more)"
    text = message["message"]
    assert "toy 2005-02-28: job load failed\nThe legacy side's job load: exit 1: no route" in text
    assert "parity nightly --session 2005-02-28" in text
    assert "https://reports.example.org/parity/logs/2005-02-28/load.log" in text
    assert "5ecret" not in text

    save(with_job(0), WEDNESDAY)
    tell(harness, hook, at(WEDNESDAY))
    assert hook.titles[1:] == ["toy 2005-03-02: Pass again (and 1 more)"]
    assert "toy 2005-03-02: job load ended well again" in hook.got[1]["message"]


@pytest.mark.parametrize(
    ("now", "late"),
    [
        (at(TUESDAY, "21:59"), None),  # Monday's night is there, Tuesday's is not due yet
        (at(TUESDAY, "22:00"), TUESDAY),
        (at("2005-03-05", "12:00"), "2005-03-04"),  # a Saturday: the newest session is Friday's
    ],
)
def test_a_night_is_late_from_its_deadline_on(
    harness: Harness, save: Save, hook: Webhook, now: datetime, late: str | None
) -> None:
    save(good_night(), MONDAY)

    tell(harness, hook, now)

    assert hook.titles == ([f"toy {late}: the night is late"] if late else [])
    for message in hook.got:
        assert (
            "due by 22:00 exchange time. The newest night there is: 2005-02-28 (Pass)."
            in (message["message"])
        )
        assert f"parity nightly --session {late}" in message["message"]


def test_nights_that_stay_away_are_one_trouble_until_one_is_there(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    tell(harness, hook, at(MONDAY, "23:00"))
    tell(harness, hook, at(TUESDAY, "23:00"))
    assert hook.titles == ["toy 2005-02-28: the night is late"]
    assert "No night has been stored yet." in hook.got[0]["message"]

    save(good_night(), MONDAY)
    tell(harness, hook, at(WEDNESDAY, "09:00"))  # Tuesday's is still missing
    assert len(hook.got) == 1
    save(good_night(), TUESDAY)
    tell(harness, hook, at(WEDNESDAY, "10:00"))
    assert hook.titles[1:] == ["toy 2005-02-28: the late night is there"]


def test_a_night_that_never_comes_is_over_with_the_next_one_and_says_so(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    tell(harness, hook, at(MONDAY, "23:00"))
    save(good_night(), TUESDAY)
    tell(harness, hook, at(TUESDAY, "23:00"))

    assert hook.titles[1:] == ["toy: nights are on time again"]
    assert "That of 2005-02-28 was never stored" in hook.got[1]["message"]


@pytest.mark.parametrize(("clock", "late"), [("01:59", False), ("02:00", True)])
def test_a_deadline_before_the_night_begins_is_that_of_the_morning_after(
    harness: Harness, save: Save, hook: Webhook, clock: str, late: bool
) -> None:
    save(good_night(), MONDAY)
    suite = replace(harness.suite, alerts=Alerts(to=("ALERT_URL",), deadline=clock_time(2)))

    tell(replace(harness, suite=suite), hook, at(WEDNESDAY, clock))

    assert bool(hook.got) is late


def test_without_a_link_the_file_is_named_and_without_a_deadline_nothing_is_late(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    save(differs("a"), MONDAY)
    suite = replace(harness.suite, alerts=Alerts(to=("ALERT_URL",)))

    tell(replace(harness, suite=suite), hook, at(THURSDAY))

    assert hook.titles == ["toy 2005-02-28: Fail"]
    page = suite.reports / "validation" / MONDAY / "index.html"
    assert hook.got[0]["message"].endswith(page.as_uri())


def test_without_targets_nothing_is_kept(harness: Harness, save: Save) -> None:
    save(differs("a"), MONDAY)
    silent = replace(harness, suite=replace(harness.suite, alerts=Alerts()))

    assert alert(silent, at(MONDAY), {}) == Told()
    assert harness.store.alerts("toy") == ()


def test_what_could_not_be_sent_is_sent_later_and_to_nobody_twice(
    harness: Harness, save: Save, hook: Webhook, mails: Mailbox
) -> None:
    suite = replace(harness.suite, alerts=Alerts(to=("HOOK", "MAIL")))
    both = replace(harness, suite=suite)
    environ = {"HOOK": hook.address, "MAIL": mails.address}
    save(differs("a"), MONDAY)

    hook.status = 503
    first = alert(both, at(MONDAY), environ)
    assert (first.sent, first.untold) == (1, 1)
    assert first.problems == ("HOOK: was refused with HTTP status 503",)

    second = alert(both, at(MONDAY, "21:00"), {"HOOK": hook.address})  # the mail's is lost
    assert (second.sent, second.untold) == (0, 1)
    assert any("MAIL: the variable MAIL is not set" in line for line in second.problems)

    hook.status = 200
    third = alert(both, at(MONDAY, "22:00"), environ)
    assert (third.sent, third.untold, third.problems) == (1, 0, ())
    assert (hook.titles, [mail["Subject"] for mail in mails.got]) == (
        ["toy 2005-02-28: Fail"],
        ["toy 2005-02-28: Fail"],
    )


def test_what_was_over_before_it_could_be_told_is_told_as_over(
    harness: Harness, save: Save, hook: Webhook
) -> None:
    nobody = {"ALERT_URL": f"json://127.0.0.1:{free_port()}"}
    save(differs("a"), MONDAY)
    assert alert(harness, at(MONDAY), nobody).untold == 1
    save(good_night(), TUESDAY)
    assert alert(harness, at(TUESDAY), nobody).untold == 1

    told = tell(harness, hook, at(TUESDAY, "21:00"))

    assert (told.sent, told.untold) == (1, 0)
    assert hook.titles == ["toy 2005-03-01: Pass again"]
    assert "could not be told before: toy 2005-02-28: Fail" in hook.got[0]["message"]


def test_of_two_that_come_at_once_one_tells(
    harness: Harness, save: Save, hook: Webhook, database: Database
) -> None:
    save(differs("a"), MONDAY)
    hook.gate.clear()
    ended: list[Told] = []
    senders = [
        threading.Thread(target=lambda: ended.append(tell(harness, hook, at(MONDAY))))
        for _ in range(2)
    ]
    for sender in senders:
        sender.start()
    assert hook.asked.acquire(timeout=30)  # one is sending ...
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while connection.execute(waits).fetchone() != (1,):  # ... and the other one waits for it
            time.sleep(0.02)
    hook.gate.set()
    for sender in senders:
        sender.join(60)

    assert hook.titles == ["toy 2005-02-28: Fail"]
    assert sorted(told.sent for told in ended) == [0, 1]
    assert [told.untold for told in ended] == [0, 0]


def test_many_at_once_are_one_message(harness: Harness, save: Save, hook: Webhook) -> None:
    jobs = tuple(
        JobOutcome(name=f"job-{place}", side=Side.LEGACY, exit_code=1, seconds=1.0, log="")
        for place in range(14)
    )
    save(run(Verdict.UNDECIDED, equal(), jobs=jobs, reasons=("jobs failed",)), MONDAY)

    tell(harness, hook, at(MONDAY))

    (message,) = hook.got
    assert message["title"] == "toy 2005-02-28: Undecided (and 14 more)"
    assert message["message"].count("Look at its log") == 9
    assert message["message"].endswith("And 5 more: parity alerts lists them.")


def test_nothing_that_goes_wrong_with_telling_reaches_the_night(
    harness: Harness, save: Save, database: Database
) -> None:
    said: list[str] = []
    save(differs("a"), MONDAY)
    alert_after_night(harness, at(MONDAY), {}, said.append)
    assert said == [
        "alerts: ALERT_URL: the variable ALERT_URL is not set; it should hold an Apprise address"
    ]
    with database.connect_as("parity_harness", autocommit=True) as connection:
        connection.execute("DROP TABLE parity.alert_reached")
    alert_after_night(harness, at(MONDAY), {}, said.append)
    assert "alerts: " in said[1]
    assert "alert_reached" in said[1]
