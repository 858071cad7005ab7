"""The first two sentences of a report: what the verdict is, and whether to worry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from parity.model.result import DatasetResult, JobOutcome, RunResult
from parity.model.verdict import Verdict
from parity.report.view import NightRow, word_of
from parity.report.waivers import blocked, waived_incidents
from parity.report.words import count, some_of, visible

__all__ = [
    "answer",
    "compared_rows",
    "headline",
    "job_sentence",
    "night_line",
    "since_previous",
    "unexplained_rows",
]

# How the reasons begin that speak of the harness and not of the data (parity.gates.judge).
_HARNESS = ("the second opinion ", "the self-test ")


def compared_rows(dataset: DatasetResult) -> int:
    """Distinct rows looked at: those that match and those that differ."""
    return dataset.rows.matched + dataset.rows.discrepancies


def unexplained_rows(result: RunResult) -> int:
    """Rows that differ and have neither a proved cause nor a waiver."""
    return sum(
        incident.rows
        for dataset in result.datasets
        for incident in dataset.incidents
        if not incident.proved and incident.waiver is None
    )


def job_sentence(job: JobOutcome) -> str:
    """`legacy job load-yahoo failed (exit 1)`."""
    how = f"exit {job.exit_code}" if job.exit_code is not None else job.reason or "did not finish"
    return visible(f"{job.side.value} job {job.name} failed ({how})")


def headline(result: RunResult) -> str:
    """The verdict in one line, as `Fail: AAPL: unadjusted split 2:1 (1,494 rows)`.

    Where no cause is proved, `Fail: 3 of 4 datasets differ: AAPL, 502 rows`. Where only a check on
    the harness keeps it undecided, what differs comes first and what the check found after it.
    """
    word = word_of(result.verdict)
    if result.verdict is Verdict.PASS:
        rows = count(sum(map(compared_rows, result.datasets)), "row")
        waived = waived_incidents(result)
        tail = f"{rows}, {count(waived, 'waived incident')}" if waived else f"{rows} compared"
        return f"{word}: {count(len(result.datasets), 'dataset')}, {tail}"
    if result.verdict is Verdict.FAIL:
        return f"{word}: {_differences(result)}"
    row = NightRow.of(result)
    if _story_first(row):
        return f"{word}: {night_line(row)}"
    reasons = _undecided_reasons(result)
    more = f" (and {count(len(reasons) - 1, 'more reason')})" if len(reasons) > 1 else ""
    return f"{word}: {reasons[0]}{more}"


def answer(result: RunResult) -> str:
    """Worry or not, in one sentence or two; and whether waivers keep the gate closed."""
    held_up = blocked(result.waivers)
    return f"{_answer(result)} {held_up}: the gate stays closed." if held_up else _answer(result)


def _answer(result: RunResult) -> str:
    rows = sum(dataset.rows.discrepancies for dataset in result.datasets)
    unwaived = sum(dataset.rows.unwaived for dataset in result.datasets)
    if result.verdict is Verdict.PASS:
        but = f", but {count(rows, 'row')} that a waiver accepts" if rows else ""
        return f"No need to worry: every row compared agrees within its tolerance{but}."
    if result.verdict is Verdict.UNDECIDED:
        if _story_first(NightRow.of(result)):
            doubts = "".join(f" And {doubt}." for doubt in _doubts(result))
            return f"Worry: {_explained(result, rows)}{doubts}"
        found = (
            f"In what was compared, {count(rows, 'row')} {_verb(rows)}{_of_waived(result)}."
            if rows
            else "In what was compared, no row differs."
            if any(compared_rows(dataset) for dataset in result.datasets)
            else "No row was compared."
        )
        return f"This is no pass: something could not be judged. {found}"
    if not rows:
        return "Worry: the rows agree, but something else does not."
    if not unwaived:
        return "Worry: every row that differs is waived, but something else does not agree."
    return f"Worry: {_explained(result, rows)}"


def night_line(row: NightRow) -> str:
    """One line for the index: what was wrong, or nothing."""
    if _story_first(row):
        open_ones = [visible(one.name) for one in row.datasets if one.verdict is Verdict.UNDECIDED]
        also = [f"{', '.join(open_ones)} undecided"] if open_ones else []
        return "; ".join([_told(row), *map(_short, filter(_of_harness, row.reasons)), *also])
    if row.reasons and not (row.verdict is Verdict.FAIL and row.unwaived):
        rest = f" (and {count(len(row.reasons) - 1, 'more reason')})" if row.reasons[1:] else ""
        return f"{visible(row.reasons[0])}{rest}"
    if row.unwaived:
        return _told(row)
    waived = f", {count(row.waived_incidents, 'waived incident')}" if row.waived_incidents else ""
    return f"{count(sum(item.matched for item in row.datasets), 'row')} matched{waived}"


def since_previous(result: RunResult, previous: NightRow | None, changes: str = "") -> str:
    """What changed since the night before; empty when that is not known.

    `changes` says what became of its incidents, as `1 incident new, 2 resolved`.
    """
    if previous is None:
        return ""
    now = sum(dataset.rows.discrepancies for dataset in result.datasets)
    before = previous.discrepancies
    if now == before:
        change = "as many rows differ" if now else "no row differs, as before"
    else:
        change = f"{before:,} → {now:,} rows differ"
    told = f"; {changes}" if changes else ""
    return f"Since {previous.session.isoformat()} ({word_of(previous.verdict)}): {change}{told}"


def _story_first(row: NightRow) -> bool:
    """True where rows differ and the first doubt is one about the harness itself."""
    undecided = row.verdict is Verdict.UNDECIDED and bool(row.unwaived)
    return undecided and bool(row.reasons) and _of_harness(row.reasons[0])


def _of_harness(reason: str) -> bool:
    return reason.startswith(_HARNESS)


def _short(reason: str) -> str:
    """A reason without its particulars."""
    return visible(reason.partition(": ")[0].partition(" (")[0])


def _doubts(result: RunResult) -> Iterator[str]:
    """What a check on the harness found, and what that means for the reader."""
    opinion, test = result.second_opinion, result.selftest
    if opinion.disagreements:
        rows = count(opinion.disagreements, "row")
        yield f"the second opinion disagrees on {rows}, so these numbers may be wrong"
    if not test.injected and test.undetected:
        yield "the self-test could not run, so nothing vouches for this comparison"
        return
    missed = max(test.injected - test.detected, len(test.undetected))
    if missed:
        yield f"the self-test missed {count(missed, 'seeded fault')}, so more rows may differ"
    if test.wrong:
        faults = count(test.wrong, "seeded fault")
        yield f"the self-test gave {faults} a wrong cause, so causes may be wrong too"


def _told(row: NightRow) -> str:
    """What differs: the story, or where no cause is proved, in how many datasets and rows."""
    if row.story:
        return row.story
    differing = sum(bool(item.unwaived) for item in row.datasets)
    of = f"{differing} of {count(len(row.datasets), 'dataset')}"
    symbols = tuple(dict.fromkeys(symbol for item in row.datasets for symbol in item.symbols))
    where = f"{some_of(symbols)}, " if symbols else ""
    waived = f"; {count(row.waived, 'row')} waived" if row.waived else ""
    return f"{of} {_verb(differing)}: {where}{count(row.unwaived, 'row')}{waived}"


def _differences(result: RunResult) -> str:
    told = NightRow.of(result).story
    if told:
        return told
    failed = [dataset for dataset in result.datasets if dataset.verdict is Verdict.FAIL]
    of = f"{len(failed)} of {count(len(result.datasets), 'dataset')}"
    rows = sum(dataset.rows.unwaived for dataset in failed)
    if not rows:
        reasons = result.reasons or tuple(
            f"{dataset.name}: {reason}" for dataset in failed for reason in dataset.reasons
        )
        return f"{of} {_fails(len(failed))}" + (f": {visible(reasons[0])}" if reasons else "")
    symbols = _symbols(failed)
    where = f"{some_of(symbols)}, " if symbols else ""
    waived = sum(dataset.rows.waived for dataset in result.datasets)
    tail = f"; {count(waived, 'row')} waived" if waived else ""
    return f"{of} {_verb(len(failed))}: {where}{count(rows, 'row')}{tail}"


def _symbols(datasets: list[DatasetResult]) -> tuple[str, ...]:
    """Symbols of the incidents that are not waived, those of the largest incidents first."""
    weight: Counter[str] = Counter()
    for dataset in datasets:
        for incident in dataset.incidents:
            for symbol in incident.scope.symbols if incident.waiver is None else ():
                weight[symbol] += incident.rows
    return tuple(sorted(weight, key=lambda symbol: (-weight[symbol], symbol)))


def _undecided_reasons(result: RunResult) -> tuple[str, ...]:
    if result.reasons:
        return tuple(visible(reason) for reason in result.reasons)
    failed = tuple(job_sentence(job) for job in result.jobs if not job.ok)
    datasets = tuple(
        visible(f"{dataset.name}: {reason}")
        for dataset in result.datasets
        if dataset.verdict is Verdict.UNDECIDED
        for reason in dataset.reasons or ("could not be judged",)
    )
    return failed + datasets or ("no dataset was compared",)


def _explained(result: RunResult, rows: int) -> str:
    open_rows, differ = unexplained_rows(result), f"{count(rows, 'row')} {_verb(rows)}"
    waived = any(dataset.rows.waived for dataset in result.datasets)
    if not open_rows:
        return f"{differ}, each with a proved cause{' or a waiver' if waived else ''}."
    if open_rows == rows:
        return f"{differ} and no cause is proved."
    lacking = "with neither a proved cause nor a waiver" if waived else "without a proved cause"
    return f"{differ}, {open_rows:,} of them {lacking}."


def _of_waived(result: RunResult) -> str:
    waived = sum(dataset.rows.waived for dataset in result.datasets)
    if not waived:
        return ""
    whole = all(not dataset.rows.unwaived for dataset in result.datasets)
    return ", all of them waived" if whole else f", {waived:,} of them waived"


def _verb(number: int) -> str:
    return "differs" if number == 1 else "differ"


def _fails(number: int) -> str:
    return "fails" if number == 1 else "fail"
