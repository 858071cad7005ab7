"""Results of all kinds, for laws that hold for each of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import strategies as st

from parity.model.audit import Coverage
from parity.model.cause import PAIR, Cause
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Incident,
    JobOutcome,
    QualityCheck,
    RowCounts,
    RunResult,
    SchemaDrift,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import CauseScore, SelfTest
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse

__all__ = ["HOSTILE", "results"]

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b|c",
    "`code` ``two`` ```three```",
    "[link](javascript:alert(1))",
    "![image](https://evil.example/x.png)",
    "https://evil.example www.evil.example me@evil.example",
    "@octocat #1 GH-1 !2 ~label :tada: $x$ %3",
    "*bold* _slanted_ ~~struck~~",
    "# heading\n## another\r\n- item\n1. one\n> quote\n```\nfence",
    "]]> <![CDATA[ &amp; &#0; <!-- -->",
    "\x00\x01\x08\x0b\x1b[31m\ufffe\uffff\u202eevil\u2028",
    "א\u0301 مرحبا 😀",
    "\\",
    "x" * 10_000,
)

_texts = st.one_of(st.text(max_size=12), st.sampled_from(HOSTILE))
_names = st.one_of(st.text(min_size=1, max_size=12), st.sampled_from(HOSTILE))
_counts = st.integers(0, 10**12)
_days = st.dates(date(1970, 1, 1), date(2100, 1, 1))
_single = st.sampled_from([one for one in Cause if one is not Cause.UNEXPLAINED])
_causes = st.one_of(
    st.just("unexplained"),
    _single.map(str),
    st.tuples(_single, _single).map(lambda two: f"{two[0]}{PAIR}{two[1]}"),
)
_sizes = st.one_of(st.none(), st.floats(0, 1e12))
_lists = st.lists(_texts, max_size=3).map(tuple)


@st.composite
def _incidents(draw: st.DrawFn, ident: str) -> Incident:
    cause = draw(_causes)
    return Incident(
        id=ident,
        cause=cause,
        proved=cause != "unexplained",
        rows=draw(st.integers(1, 10**9)),
        columns=draw(_lists),
        scope=Scope(symbols=draw(_lists), first=draw(_day_texts), last=draw(_day_texts)),
        evidence=draw(st.dictionaries(st.sampled_from(["says", "undo", "n"]), _texts, max_size=2)),
        waiver=draw(st.one_of(st.none(), _names)),
    )


_day_texts = st.one_of(st.none(), _days.map(date.isoformat))


@st.composite
def _datasets(draw: st.DrawFn, number: int) -> DatasetResult:
    incidents = tuple(
        draw(_incidents(f"{number}-{place}")) for place in range(draw(st.integers(0, 3)))
    )
    differ = sum(one.rows for one in incidents)
    waived = sum(one.rows for one in incidents if one.waiver is not None)
    matched = draw(_counts)
    may_pass = matched and differ == waived
    verdict = draw(
        st.sampled_from(list(Verdict) if may_pass else [Verdict.FAIL, Verdict.UNDECIDED])
    )
    quality = tuple(
        QualityCheck(
            dataset="d", side=side, expectation=draw(_names),
            column=draw(st.one_of(st.none(), _texts)), success=draw(st.booleans()),
            unexpected=draw(_counts), total=10**12, detail=draw(_texts),
        )
        for side in draw(st.lists(st.sampled_from(list(Side)), max_size=2))
    )  # fmt: skip
    lost = ("x",) if verdict is not Verdict.PASS and draw(st.booleans()) else ()
    reasons = draw(st.lists(_names, min_size=1, max_size=3)) if verdict is not Verdict.PASS else []
    if lost:
        reasons.append("columns missing in candidate: x")
    return DatasetResult(
        name=draw(_names),
        kind=draw(st.sampled_from(["bars", "indicators", "table"])),
        verdict=verdict,
        reasons=tuple(reasons),
        rows=RowCounts(
            legacy=matched + differ, candidate=matched + differ, matched=matched,
            mismatched=differ, legacy_only=0, candidate_only=0, waived=waived,
            unsettled=draw(_counts),
        ),
        columns=tuple(
            ColumnResult(
                name=draw(_texts), mismatched=draw(_counts), max_abs_delta=draw(_sizes),
                max_rel_delta=draw(_sizes),
            )
            for _ in range(draw(st.integers(0, 2)))
        ),
        schema=SchemaDrift(
            missing_in_candidate=lost, missing_in_legacy=draw(_lists),
            type_changes=draw(st.lists(st.tuples(_texts, _texts, _texts), max_size=1).map(tuple)),
        ),
        incidents=incidents,
        quality=quality,
        notes=draw(_lists),
        coverage=draw(st.one_of(st.none(), _coverage)),
    )  # fmt: skip


_coverage = st.builds(
    Coverage, segments=_counts, compared=_counts, overdue=_counts, cycle=st.integers(1, 99),
    oldest=st.one_of(st.none(), _days),
)  # fmt: skip
_waivers = st.builds(
    WaiverUse,
    waiver=st.builds(
        Waiver, id=_names, dataset=_names, cause=_causes, owner=_names, reason=_names,
        expires=_days, max_rows=st.integers(1, 10**9), symbols=st.just(()), columns=st.just(()),
        first=st.none(), last=st.none(),
    ),
    state=st.sampled_from(list(WaiverState)),
    rows=_counts,
    incidents=st.just(()),
)  # fmt: skip
_moments = st.builds(
    lambda moment, minutes: moment.replace(tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from([0, -300, 330]),
) | st.just(datetime(2005, 2, 28, 20, tzinfo=UTC))


@st.composite
def results(draw: st.DrawFn) -> RunResult:
    """Any run: its texts may hold anything, its verdict is what its parts make it."""
    datasets = tuple(draw(_datasets(number)) for number in range(draw(st.integers(0, 3))))
    verdict = Verdict.combine(one.verdict for one in datasets)
    fine = verdict is Verdict.PASS
    reasons = [] if fine else draw(st.lists(_names, min_size=1, max_size=4))
    jobs = tuple(
        JobOutcome(
            name=draw(_names), side=draw(st.sampled_from(list(Side))), exit_code=0 if fine else
            draw(st.sampled_from([0, 1, None])), seconds=draw(st.floats(0, 1e6)), log="",
            reason=draw(_texts),
        )
        for _ in range(draw(st.integers(0, 2)))
    )  # fmt: skip
    return RunResult(
        run_id=draw(_texts),
        migration=draw(_names),
        phase=draw(st.sampled_from([*map(str, Phase), "ad_hoc"])),
        session=draw(_days),
        as_of=draw(_moments),
        verdict=verdict,
        reasons=tuple(reasons),
        datasets=datasets,
        selftest=SelfTest(
            causes=() if draw(st.booleans()) else (
                CauseScore(cause="rounding", injected=3, detected=3, right=2, wrong=0 if fine else
                           draw(st.integers(0, 1))),
            ),
            seed=draw(_texts),
        ),
        second_opinion=SecondOpinion(
            rows=10, disagreements=0 if fine else draw(st.integers(0, 3)), examples=draw(_lists)
        ),
        jobs=jobs,
        primary=draw(st.sampled_from(list(Side))),
        waivers=tuple(draw(st.lists(_waivers, max_size=2))),
    )  # fmt: skip
