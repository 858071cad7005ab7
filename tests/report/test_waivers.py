"""What a report says of waivers and of who is primary."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parity.model.result import DatasetResult, Incident, RunResult
from parity.model.verdict import Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.build import night_view
from parity.report.headline import answer, headline, night_line
from parity.report.html import night_page
from parity.report.publish import write_night
from parity.report.terminal import render_night
from parity.report.view import NightRow
from tests.report.build import counts, different, equal, pair, run, source
from tests.report.incidents import dataset, incident, owned, view_of


def use(ident: str, state: WaiverState, rows: int = 0, **values: Any) -> WaiverUse:
    fields: dict[str, Any] = {
        "id": ident, "dataset": "bars", "cause": "rounding", "owner": "anna",
        "reason": "the vendor rounds", "expires": date(2005, 3, 30), "max_rows": 12,
    }  # fmt: skip
    incidents = ("i",) if rows else ()
    return WaiverUse(waiver=Waiver(**(fields | values)), state=state, rows=rows,
                     incidents=incidents)  # fmt: skip


def waived(ident: str, rows: int, cause: str = "rounding") -> Incident:
    return replace(incident(ident, cause, rows, "IBM"), waiver="w")


def passing(name: str, *incidents: Incident) -> DatasetResult:
    return dataset(name, *incidents, verdict=Verdict.PASS, reasons=())


USED = use("w", WaiverState.USED, 14)


def test_a_pass_counts_what_is_waived() -> None:
    bars = passing("bars", waived("a", 12), waived("b", 2, "unexplained"))
    night = run(Verdict.PASS, bars, equal("other", 41_106), waivers=(USED,))
    assert headline(night) == "Pass: 2 datasets, 41,220 rows, 2 waived incidents"
    assert answer(night) == (
        "No need to worry: every row compared agrees within its tolerance, "
        "but 14 rows that a waiver accepts."
    )
    assert night_line(NightRow.of(night)) == "2 datasets, 41,220 rows, 2 waived incidents"
    view = night_view(night)
    assert view.datasets[0].summary == "14 of 114 rows differ, all of them waived"
    figures = {figure.label: (figure.value, figure.tone) for figure in view.figures}
    assert figures["rows differ"] == ("14", "plain")
    assert figures["of them waived"] == ("14", "plain")
    assert figures["unexplained"] == ("0", "good")
    assert "bad" not in {figure.tone for figure in view.datasets[0].counts}


def test_a_failure_tells_the_rest_and_counts_what_is_waived() -> None:
    proved = dataset("bars", incident("a", "formula", 5, "AAPL"), waived("b", 2))
    night = run(Verdict.FAIL, proved, waivers=(USED,))
    assert headline(night) == (
        "Fail: AAPL computed by another formula from 2004-03-01 to 2005-02-25 (5 rows in bars); "
        "2 rows waived"
    )
    assert night_view(night).datasets[0].summary == "7 of 107 rows differ, 2 of them waived"
    open_one = dataset("bars", incident("a", "unexplained", 5, "AAPL"), waived("b", 2))
    both = run(Verdict.FAIL, open_one, passing("other", waived("c", 3)), waivers=(USED,))
    told = "5 rows of AAPL in bars unexplained from 2004-03-01 to 2005-02-25; 5 rows waived"
    assert headline(both) == f"Fail: {told}"
    assert night_line(NightRow.of(both)) == told
    assert answer(both) == (
        "Worry: 10 rows differ, 5 of them with neither a proved cause nor a waiver."
    )


def test_what_fails_beside_waived_rows_is_what_is_told() -> None:
    bars = dataset("bars", waived("a", 2), reasons=("columns missing in candidate: volume",))
    night = run(Verdict.FAIL, bars, waivers=(USED,),
                reasons=("bars: columns missing in candidate: volume",))  # fmt: skip
    assert headline(night) == "Fail: bars: columns missing in candidate: volume"
    assert answer(night) == (
        "Worry: every row that differs is waived, but something else does not agree."
    )
    assert night_line(NightRow.of(night)) == "bars: columns missing in candidate: volume"


def test_an_undecided_night_with_waived_rows_only_tells_its_doubt() -> None:
    doubt = "the self-test missed 1 of 2 seeded faults: rounding"
    night = run(Verdict.UNDECIDED, passing("bars", waived("a", 2)), reasons=(doubt,))
    assert headline(night) == f"Undecided: {doubt}"
    assert answer(night).endswith("In what was compared, 2 rows differ, all of them waived.")


def test_a_waiver_of_days_to_come_matches_nothing_yet() -> None:
    later = use("later", WaiverState.UNUSED, first=date(2005, 3, 1), last=date(2005, 3, 2))
    night = run(Verdict.PASS, passing("bars", waived("a", 1)), waivers=(later,))
    assert [(one.says, one.todo) for one in night_view(night).waivers] == [
        ("matches nothing: its days begin on 2005-03-01, after this session",
         "Leave it, or mend its dates if it was meant to match"),
    ]  # fmt: skip


def test_a_card_says_by_whom_until_when_and_why() -> None:
    night = run(Verdict.PASS, passing("bars", waived("a", 14)), waivers=(USED,))
    view = view_of(night, "a")
    assert view.waiver == "w"
    assert view.accepted is not None
    assert (view.accepted.owner, view.accepted.until) == ("anna", "2005-03-30")
    words = " ".join(str(render_night(night)).split())
    assert "waived by w (anna, until 2005-03-30): the vendor rounds" in words
    # A waiver that the night does not know is told by its id.
    assert view_of(replace(night, waivers=()), "a").accepted is None
    assert "waived by w" in str(render_night(replace(night, waivers=())))


SEEN_TO = (
    use("fine", WaiverState.USED, 3),
    use("idle", WaiverState.UNUSED),
    use("old", WaiverState.EXPIRED, 1, expires=date(2005, 2, 1)),
    use("older", WaiverState.EXPIRED, expires=date(2005, 1, 1)),
    use("small", WaiverState.OVER_CAP, 14),
    use("other", WaiverState.UNUSED, dataset="not-compared"),
)


def test_waivers_to_be_seen_to_say_what_is_wrong_and_what_to_do() -> None:
    empty = equal("not-compared", 0, verdict=Verdict.UNDECIDED, columns=())
    night = run(Verdict.FAIL, dataset("bars", incident("a", "formula", 5)), empty, waivers=SEEN_TO)
    assert [(one.id, one.about, one.says, one.todo) for one in night_view(night).waivers] == [
        ("old", "bars, rounding", "expired: it held until 2005-02-01, so 1 row that it covered "
         "counts again", "Mend what differs, or have it renewed; until then the gate stays closed"),
        ("older", "bars, rounding",
         "expired: it held until 2005-01-01, and nothing needs it any more",
         "Remove it; until then the gate stays closed"),
        ("small", "bars, rounding",
         "over its cap: 14 rows where it may cover 12, so none of them is waived",
         "See why there are more, then mend that or raise max_rows; "
         "until then the gate stays closed"),
        # What was not compared may need its waiver.
        ("idle", "bars, rounding", "matches nothing",
         "Remove it, or mend its scope if it was meant to match"),
    ]  # fmt: skip
    assert answer(night).endswith(
        "2 waivers have expired and 1 is over its cap: the gate stays closed."
    )
    text = str(render_night(night))
    assert "Waivers to see to" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("uses", "words"),
    [
        ((SEEN_TO[2],), " 1 waiver has expired: the gate stays closed."),
        ((SEEN_TO[4],), " 1 waiver is over its cap: the gate stays closed."),
        ((SEEN_TO[4], SEEN_TO[4]), " 2 waivers are over their cap: the gate stays closed."),
        (SEEN_TO[:2], ""),
    ],
)
def test_a_pass_says_that_a_waiver_keeps_the_gate_closed(
    uses: tuple[WaiverUse, ...], words: str
) -> None:
    calm = "No need to worry: every row compared agrees within its tolerance."
    assert answer(run(Verdict.PASS, equal("bars", 5), waivers=uses)) == calm + words


def test_the_json_has_every_waiver() -> None:
    night = run(Verdict.PASS, equal("bars", 5), waivers=(SEEN_TO[4],))
    assert json.loads(json.dumps(night.to_json()))["waivers"] == [
        {
            "id": "small", "dataset": "bars", "cause": "rounding", "owner": "anna",
            "reason": "the vendor rounds", "expires": "2005-03-30", "max_rows": 12,
            "state": "over_cap", "rows": 14,
        }
    ]  # fmt: skip


def page_of(night: RunResult, folder: Path) -> str:
    rows = {one.name: owned([pair("A", n) for n in range(one.rows.discrepancies)], "a")
            for one in night.datasets}  # fmt: skip
    write_night(night, source(rows), folder / "night")
    return (folder / "night" / "index.html").read_text(encoding="utf-8")


def test_after_four_the_rest_is_folded_and_nothing_is_said_to_be_empty() -> None:
    blank: dict[str, Any] = {"owner": "", "reason": " ", "cause": ""}
    uses = [use(f"w{number}", WaiverState.EXPIRED, 1, **blank) for number in range(6)]
    night = run(Verdict.FAIL, dataset("bars", incident("a", "rounding", 1)), waivers=tuple(uses))
    page = night_page(night_view(night))
    part = page[page.index('id="waivers"') :]
    part = part[: part.index("</section>")]
    assert part.index("<code>w3</code>") < part.index("<summary>2 more</summary>")
    assert part.index("<summary>2 more</summary>") < part.index("<code>w4</code>")
    assert part.count("(bars, «empty»)") == part.count("«empty»: «empty»") == 6


def test_a_hostile_waiver_is_text_wherever_it_stands(tmp_path: Path) -> None:
    attack = "</style><script>alert(1)</script>\x1b[2J\u202e"
    hostile: dict[str, Any] = {"owner": attack, "reason": attack, "cause": attack}
    found = replace(incident("a", "rounding", 1, "A"), waiver="w")
    night = run(
        Verdict.FAIL,
        different("bars", [pair("A", 0)], incidents=(found,), rows=counts(1, 1, waived=1)),
        waivers=(
            use("w", WaiverState.USED, 1, **hostile),
            use(attack, WaiverState.EXPIRED, 1, **hostile),
            use(attack, WaiverState.OVER_CAP, 14, **hostile),
            use(attack, WaiverState.UNUSED, **hostile),
        ),
    )
    page = page_of(night, tmp_path)
    assert page.count("<script>") == page.count("</style>") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "Waivers to see to" in page
    for text in (page, str(render_night(night))):
        assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    ("primary", "words"),
    [
        (Side.LEGACY, "primary: scripts (legacy); the flows run as the shadow"),
        (Side.CANDIDATE, "primary: flows (candidate); the scripts run as the shadow"),
    ],
)
def test_page_and_terminal_say_whom_consumers_read(
    primary: Side, words: str, tmp_path: Path
) -> None:
    night = run(Verdict.PASS, equal("bars", 5), primary=primary)
    assert words in page_of(night, tmp_path)
    assert words in str(render_night(night)).splitlines()
    assert night.to_json()["primary"] == primary.value
    # Two relations that somebody holds against one another have no primary.
    assert "primary" not in str(render_night(replace(night, phase="ad_hoc")))


def test_of_a_dataset_that_is_undecided_no_waiver_is_called_idle() -> None:
    """Rows may be missing there, which makes other incidents of what is left."""
    bars = replace(dataset("bars", incident("a", "formula", 5)), verdict=Verdict.UNDECIDED)
    night = run(Verdict.UNDECIDED, bars, waivers=(use("idle", WaiverState.UNUSED),))
    assert night_view(night).waivers == ()
