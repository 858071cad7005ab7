"""A night whose every text is out to do harm, as hostile vendors and tables could have it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from parity.model.checklist import Checklist, Item
from parity.model.picture import Series
from parity.model.result import (
    ColumnResult,
    DatasetResult,
    Discrepancy,
    Incident,
    JobOutcome,
    QualityCheck,
    RowState,
    RunResult,
    SchemaDrift,
    Scope,
    SecondOpinion,
)
from parity.model.selftest import SelfTest
from parity.model.verdict import Phase, Side, Verdict
from parity.model.waiver import Waiver, WaiverState, WaiverUse
from parity.report.serving import ServingView, SwitchRow
from tests.report.build import Rows, counts, different, run
from tests.report.incidents import score

TEXTS = {
    "script": "<script>window.owned=1</script>",
    "image": '"><img src=x onerror="window.owned=1">',
    "handler": "' onmouseover='window.owned=1' x='",
    "ends": "</script></style></title></textarea></svg>-->]]>",
    "comment": "<!--<script>",
    "template": "{{7*7}}{%raw%}${7*7}",
    "link": "javascript:window.owned=1",
    "entity": "&lt;b&gt;&#0;&quot;&amp;amp;",
    "quotes": "\"'`‘’“”«»",
    "override": "\u202egnp.exe\u202c",
    "hebrew": "שלום עולם",
    "marks": "a" + "\u0301" * 60 + "\u20dd",
    "unseen": "A\u200bA\u200dP\ufeffL\u00ad",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "controls": "\x00\x07\x1b[31mred\x1b[0m\r\n\t\x85\u2028",
    "sql": "'; DROP TABLE market_data; --",
    "formula": "=cmd|' /C calc'!A0",
    "markdown": "[x](javascript:alert(1)) `x` | * _ \\",
    "path": "../../../../etc/passwd",
    "blank": " ",
    "symbol": "S" * 2_000,
    "long": "L" * 10_240,
}
# Databases refuse it; a log line or a file of JSON may hold one.
SURROGATE = "half \ud83d of a pair"
VALUES: tuple[Any, ...] = (
    math.nan, math.inf, -math.inf, None, 1.7976931348623157e308, 5e-324, -0.0, 10**40,
    Decimal("NaN"), Decimal("Infinity"), Decimal("1E+6000"), Decimal("1E-6000"),
    Decimal("9" * 300), True, "", date(1, 1, 1), datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    *TEXTS.values(),
)  # fmt: skip


def night() -> tuple[RunResult, Rows]:
    """A failed night of three datasets; all of its texts are hostile."""
    every = tuple(TEXTS.values())
    made = [
        _dataset(TEXTS[name], number) for number, name in enumerate(("script", "image", "long"))
    ]
    jobs = tuple(
        JobOutcome(
            name=text, side=Side.LEGACY, exit_code=number % 3, seconds=1e9, reason=text,
            log=_path(f"logs/{text}" if number % 2 else text), peak_memory=2**60,
        )
        for number, text in enumerate((*every, SURROGATE))
    )  # fmt: skip
    result = run(
        Verdict.FAIL, *(dataset for dataset, _ in made), reasons=(*every, SURROGATE), jobs=jobs,
        migration=TEXTS["script"], run_id=TEXTS["image"], waivers=tuple(map(_waiver, every)),
        second_opinion=SecondOpinion(rows=9, disagreements=len(every), examples=every),
        selftest=SelfTest(seed=TEXTS["quotes"], causes=(score(TEXTS["script"], 9, 8, 7, 1),),
                          undetected=every, misattributed=every),
    )  # fmt: skip
    return result, {dataset.name: rows for dataset, rows in made}


def _path(text: str) -> str:
    """Where a link leads: never half of a surrogate pair, which no address can hold."""
    return text.replace(SURROGATE, "")


def _dataset(name: str, number: int) -> tuple[DatasetResult, list[Discrepancy]]:
    columns = tuple(TEXTS.values())
    idents = [f"{number}-{place}" for place in range(len(columns))]
    pairs = [
        replace(_pair(symbol, ident, columns), incident=ident)
        for symbol, ident in zip(columns, idents, strict=True)
    ]
    alone = [_alone(value, place, columns) for place, value in enumerate(VALUES)]
    told = tuple(
        _incident(ident, text, columns) for ident, text in zip(idents, columns, strict=True)
    )
    rest = replace(_incident(f"{number}-rest", "unexplained", columns), rows=len(alone))
    dataset = different(
        name, [], kind=TEXTS["script"], key=("symbol", TEXTS["script"]), reasons=columns,
        notes=columns, incidents=(*told, rest),
        quality=tuple(_check(name, text) for text in columns),
        rows=counts(100, len(pairs), len(alone), waived=1),
        columns=tuple(
            ColumnResult(name=one, mismatched=1, max_abs_delta=1.7e308, max_rel_delta=5e-324,
                         tolerance=f"±1 because {one}")
            for one in columns
        ),
        schema=SchemaDrift(missing_in_candidate=columns, missing_in_legacy=columns,
                           type_changes=tuple((one, one, one) for one in columns)),
    )  # fmt: skip
    return dataset, [*pairs, *(replace(row, incident=f"{number}-rest") for row in alone)]


def _pair(symbol: str, ident: str, columns: tuple[str, ...]) -> Discrepancy:
    values = {name: VALUES[place % len(VALUES)] for place, name in enumerate(columns)}
    others = {name: VALUES[-1 - place % len(VALUES)] for place, name in enumerate(columns)}
    return Discrepancy(
        state=RowState.MISMATCHED, key=(symbol, ident), legacy=values, candidate=others,
        columns=columns,
    )  # fmt: skip


def _alone(value: Any, place: int, columns: tuple[str, ...]) -> Discrepancy:
    return Discrepancy(
        state=RowState.LEGACY_ONLY,
        key=(str(value)[:50], place),
        candidate=None,
        legacy=dict.fromkeys(columns, value),
    )


def _incident(ident: str, text: str, columns: tuple[str, ...]) -> Incident:
    example = {"key": {text: text}, **{side: {text: text} for side in ("legacy", "candidate")}}
    evidence = {
        "says": text, "undo": text, "side": text, "why_not": text, "examples": [example, example],
        "incidents": [text], text: [text, {text: None}, math.pi], "deltas": {text: text},
        "states": {text: 1}, "columns": [text],
    }  # fmt: skip
    return Incident(
        id=ident, cause=text, proved=text != "unexplained", rows=1, columns=columns,
        scope=Scope(symbols=columns, first=text, last=text), evidence=evidence,
        explained_by=text, waiver=text if text == TEXTS["image"] else None,
    )  # fmt: skip


def _check(dataset: str, text: str) -> QualityCheck:
    return QualityCheck(
        dataset=dataset, side=Side.CANDIDATE, expectation=text, column=text, success=False,
        unexpected=1, total=9, detail=text,
    )  # fmt: skip


def _waiver(text: str) -> WaiverUse:
    waiver = Waiver(id=text, dataset=text, cause=text, owner=text, reason=text, max_rows=1,
                    expires=date(2005, 3, 1))  # fmt: skip
    return WaiverUse(waiver=waiver, state=WaiverState.EXPIRED, rows=1, incidents=(text,))


def series() -> tuple[Series, ...]:
    """Values to be drawn, with hostile names and with numbers that no axis was made for."""
    return tuple(
        Series(
            dataset=TEXTS["script"], incident=f"0-{place}", symbol=text, column=text, source=text,
            times=("2005-02-24", "2005-02-25", "2005-02-28"), first="2005-02-25", last="2005-02-28",
            legacy=(1.7e308, -1.7e308, None), candidate=(5e-324, None, 0.0), whole=10**12,
        )
        for place, text in enumerate(TEXTS.values())
    )  # fmt: skip


def checklist() -> Checklist:
    """A checklist whose items are all hostile."""
    return Checklist(
        migration=TEXTS["script"], phase=Phase.VALIDATION, to=Phase.CUTOVER,
        at=datetime(2005, 2, 28, 23, tzinfo=UTC),
        items=tuple(
            Item(id=text, title=text, ok=bool(number % 2), evidence=text,
                 link=_path(text), missing=text,
                 since=date(2005, 2, 28), since_why=text, manual=bool(number % 3))
            for number, text in enumerate((*TEXTS.values(), SURROGATE))
        ),
    )  # fmt: skip


def serving() -> ServingView:
    """Switches by people with hostile names."""
    switches = tuple(
        SwitchRow(at=datetime(2005, 2, 28, 23, tzinfo=UTC), by=text, to=Side.CANDIDATE, forced=True)
        for text in (*TEXTS.values(), SURROGATE)
    )
    return ServingView(phase=TEXTS["script"], primary=Side.LEGACY, switches=switches)
