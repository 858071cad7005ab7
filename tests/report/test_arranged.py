"""Which incidents stand where: gravest first, what follows folded, waived ones apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from parity.model.result import Incident, RunResult
from parity.model.verdict import Verdict
from parity.report.beside import Beside
from parity.report.build import night_view
from parity.report.html import night_page
from parity.report.incidentview import IncidentsView, IncidentView
from parity.report.publish import write_night
from tests.report.build import pair, run, source
from tests.report.incidents import dataset, incident, owned, split_night


def ids(found: Sequence[IncidentView]) -> list[str]:
    return [one.id for one in found]


def shown(result: RunResult, *before: RunResult) -> IncidentsView:
    return night_view(result, beside=Beside(nights=[result, *before])).incidents


def night(*incidents: Incident, day: int = 28) -> RunResult:
    return run(Verdict.FAIL, dataset("bars", *incidents), session=date(2005, 2, day))


def waived(ident: str, rows: int, follows: str | None = None) -> Incident:
    return replace(incident(ident, "rounding", rows, follows=follows), waiver="w")


def test_not_proved_then_new_then_come_back_then_grown_then_by_rows() -> None:
    old = [
        night(incident("back", "rounding", 3), day=24),
        night(
            incident("open", "unexplained", 1), incident("big", "rounding", 90),
            incident("small", "rounding", 80), incident("grown", "rounding", 1), day=25,
        ),
    ]  # fmt: skip
    found = shown(
        night(
            incident("small", "rounding", 80), incident("big", "rounding", 90),
            incident("grown", "rounding", 2), incident("back", "rounding", 3),
            waived("fine", 500), incident("new", "rounding", 4), incident("open", "unexplained", 1),
        ),
        *old,
    )  # fmt: skip
    assert ids(found.cards) == ["open", "new", "back", "grown", "big", "small"]
    assert ids(found.waived) == ["fine"]
    assert found.says == "7 incidents: 1 not proved, 2 new, 1 waived"


def test_across_datasets_the_order_is_one() -> None:
    result = run(
        Verdict.FAIL,
        dataset("a", incident("few", "rounding", 3)),
        dataset("b", incident("open", "unexplained", 1), incident("many", "rounding", 40)),
    )
    assert [(one.id, one.dataset) for one in shown(result).cards] == [
        ("open", "b"), ("many", "b"), ("few", "a"),
    ]  # fmt: skip


def test_what_follows_is_folded_under_its_cause_and_said_once() -> None:
    result = split_night()
    last = dataset("latest", incident("d", "upstream", 9, "AAPL", follows="c"), kind="indicators")
    found = shown(replace(result, datasets=(*result.datasets, last)))
    assert ids(found.cards) == ["a"]
    assert ids(found.cards[0].followers) == ["d", "c"]
    # Links to what is folded right there would say it twice.
    assert found.cards[0].followed == ()
    page = night_page(night_view(result))
    assert page.count('id="incident-c"') == 1
    assert "From it follow 7 rows in 1 incident: indicators" in page


def split(ident: str, rows: int, day: str, symbol: str = "AAPL", **more: str) -> Incident:
    evidence = {"side": "legacy", "ratio": "2:1", "agrees_from": day} | more
    return incident(ident, "split_adjustment", rows, symbol, **evidence)


def test_one_cause_in_several_datasets_is_one_card() -> None:
    result = run(
        Verdict.FAIL,
        dataset("a", split("a1", 492, "2005-01-31"), split("a2", 9, "2005-01-31", "IBM")),
        dataset("b", split("b1", 510, "2005-02-25"), split("b2", 9, "2005-01-31", ratio="3:1")),
        dataset("c", split("c1", 5, "2005-01-31"), split("c2", 9, "2005-01-31", side="candidate")),
        dataset("d", incident("d1", "upstream", 3, "AAPL", follows="c1"), kind="indicators"),
    )
    found = shown(result)
    first, *rest = found.cards
    # In the order of the datasets; what follows from any of them is folded below.
    assert (first.id, ids(first.same), ids(first.followers)) == ("a1", ["b1", "c1"], ["d1"])
    assert (first.rows, first.all_rows) == (492, 1007)
    # Another symbol, ratio or side is another cause.
    assert {one.id: ids(one.same) for one in rest} == {"a2": [], "b2": [], "c2": []}
    assert found.says == "4 causes, 7 incidents in 4 datasets: 7 new"
    page = night_page(night_view(result))
    assert page.count("<article") == 4
    for ident in ("a1", "b1", "c1", "d1"):
        assert page.count(f'id="incident-{ident}"') == 1
    assert "<b>1,007 rows</b> in 3 datasets" in page
    assert "<summary>The same in b: 510 rows</summary>" in page
    # Each has its command, and the first that the cause explains takes what follows with it.
    for command in ("a1 --reason", "b1 --reason", "c1 --with-followers --reason"):
        assert page.count(f'data-copy="parity waive {command}') == 1


def test_neither_what_is_waived_nor_what_has_no_cause_is_one_with_another() -> None:
    result = run(
        Verdict.FAIL,
        dataset("a", split("a1", 5, "2005-01-31"), incident("a2", "unexplained", 1, "AAPL")),
        dataset("b", replace(split("b1", 5, "2005-01-31"), waiver="w"),
                incident("b2", "unexplained", 1, "AAPL")),
        dataset("c", split("c1", 5, "2005-01-31"), split("c2", 4, "2005-01-31")),
    )  # fmt: skip
    found = shown(result)
    assert {one.id: ids(one.same) for one in found.cards} == {
        "a1": ["c1"], "c2": [], "a2": [], "b2": [],
    }  # fmt: skip
    assert [(one.id, one.same) for one in found.waived] == [("b1", ())]


def test_what_follows_from_a_waived_one_is_not_hidden_by_the_waiver() -> None:
    result = night(
        waived("w1", 5), incident("after", "upstream", 2, follows="w1"), waived("w2", 1, "w1"),
        incident("lost", "upstream", 1, follows="nowhere"),
    )  # fmt: skip
    found = shown(result)
    assert ids(found.cards) == ["after", "lost"]
    assert ids(found.waived) == ["w1"]
    assert ids(found.waived[0].followers) == ["w2"]


def test_incidents_that_explain_one_another_are_shown_once() -> None:
    found = shown(night(incident("x", "upstream", 1, follows="y"),
                        incident("y", "upstream", 2, follows="x"),
                        incident("z", "upstream", 3, follows="z")))  # fmt: skip
    assert [(one.id, ids(one.followers)) for one in found.cards] == [("x", ["y"]), ("z", [])]


def test_a_flood_of_incidents_makes_no_heavy_page_and_no_dead_link(tmp_path: Path) -> None:
    flood = [
        incident(f"i{number}", "rounding", 1, follows="gone" if number % 2 else "i0")
        for number in range(1, 1500)
    ]
    incidents = [incident("i0", "rounding", 1), *flood]
    rows = [
        one for number in range(1500) for one in owned([pair("A", number)], f"i{1499 - number}")
    ]
    result = run(Verdict.FAIL, dataset("bars", *incidents))
    write_night(result, source({"bars": rows}), tmp_path / "n")
    page = (tmp_path / "n" / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 1_000_000
    assert page.count("<article") == 12
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)
    assert "only in <a href" in page


def test_the_command_that_accepts_names_session_and_config_where_that_is_needed() -> None:
    result = night(incident("a b", "rounding", 1), waived("w1", 1))
    later = replace(result, session=date(2005, 3, 1))

    def command(**beside: object) -> str:
        view = night_view(result, beside=Beside(**beside))  # type: ignore[arg-type]
        assert view.incidents.waived[0].waive == ""
        return view.incidents.cards[0].waive

    assert command() == 'parity waive "a b" --reason "…" --write'
    assert command(nights=[result]) == command()
    assert command(nights=[later, result], config="conf/my parity.yaml") == (
        'parity waive --config "conf/my parity.yaml" --session 2005-02-28 "a b" '
        '--reason "…" --write'
    )
    page = night_page(night_view(result))
    assert 'data-copy="parity waive &#34;a b&#34; --reason &#34;…&#34; --write"' in page


def test_the_trend_says_the_rows_of_each_night_and_draws_them() -> None:
    nights = [night(incident("a", "rounding", rows), day=day)
              for day, rows in ((28, 400), (25, 1200), (24, 3))]  # fmt: skip
    [card] = shown(*nights).cards
    assert (card.life, card.seen) == ("shrunk 1,200 → 400, since 2005-02-24 (3 nights)", "")
    assert card.trend is not None
    # The highest is 20; what is there at all can be seen.
    assert (card.trend.says, card.trend.bars) == ("3 → 1,200 → 400 rows", (1, 20, 6))
    [first] = shown(nights[2]).cards
    assert (first.life, first.seen, first.trend) == ("new", "", None)


def test_as_many_rows_on_each_night_are_said_once() -> None:
    nights = [night(incident("a", "rounding", 492), day=day) for day in (28, 25, 24)]
    [card] = shown(*nights).cards
    assert (card.life, card.seen) == ("persisting since 2005-02-24 (3 nights)", "")
    assert card.trend is not None
    assert card.trend.says == "492 rows on each of 3 nights"


def test_what_was_there_before_a_break_says_so() -> None:
    nights = [night(incident("a", "rounding", 4), day=day) for day in (28, 25, 23)]
    [card] = shown(nights[0], nights[1], night(day=24), nights[2]).cards
    assert card.life == "persisting since 2005-02-25 (2 nights)"
    assert card.seen == "seen before, first 2005-02-23"


def test_a_long_trend_begins_with_the_last_twelve_nights() -> None:
    nights = [night(incident("a", "rounding", day), day=day) for day in range(28, 14, -1)]
    [card] = shown(*nights).cards
    assert card.trend is not None
    assert card.trend.says.startswith("… → 17 → 18 → ")
    assert len(card.trend.bars) == 12
