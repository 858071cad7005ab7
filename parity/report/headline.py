"""The first two sentences of a report: what the verdict is, and whether to worry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from parity.model.result import DatasetResult, JobOutcome, RunResult
from parity.model.verdict import Verdict
from parity.report.view import NightRow, word_of
from parity.report.waivers import blocked
from parity.report.words import count, visible

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
    """The verdict in one line: `Fail: AAPL unadjusted by 2:1 before 2005-02-28 (249 rows in bars)`.

    The same line without its first word stands in the index.
    """
    row = NightRow.of(result)
    if result.verdict is not Verdict.PASS and not row.reasons:
        row = replace(row, reasons=tuple(_reasons(result)))
    return f"{word_of(result.verdict)}: {night_line(row)}"


def answer(result: RunResult, seen: str = "") -> str:
    """Worry or not, in one sentence or two; and whether waivers keep the gate closed.

    `seen` says since when what differs has been seen, as `first seen 2005-02-28 (4 nights)`.
    """
    held_up, told = blocked(result.waivers), _answer(result, f"; {seen}." if seen else ".")
    return f"{told} {held_up}: the gate stays closed." if held_up else told


def _answer(result: RunResult, end: str) -> str:
    rows = sum(dataset.rows.discrepancies for dataset in result.datasets)
    unwaived = sum(dataset.rows.unwaived for dataset in result.datasets)
    if result.verdict is Verdict.PASS:
        but = f", but {count(rows, 'row')} that a waiver accepts" if rows else ""
        return f"No need to worry: every row compared agrees within its tolerance{but}."
    if result.verdict is Verdict.UNDECIDED:
        if _story_first(NightRow.of(result)):
            doubts = "".join(f" And {doubt}." for doubt in _doubts(result))
            return f"Worry: {_explained(result, rows)}{end}{doubts}"
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
    return f"Worry: {_explained(result, rows)}{end}"


def night_line(row: NightRow) -> str:
    """What was wrong with a night, or how much was right, in one line.

    What differs comes first; where only a check on the harness keeps the night undecided, what that
    found comes after it.
    """
    if row.verdict is Verdict.PASS:
        return _passed(row)
    if _story_first(row):
        open_ones = [visible(one.name) for one in row.datasets if one.verdict is Verdict.UNDECIDED]
        also = [f"{', '.join(open_ones)} undecided"] if open_ones else []
        return "; ".join([_told(row), *map(_short, filter(_of_harness, row.reasons)), *also])
    if row.verdict is Verdict.FAIL and row.unwaived:
        return _told(row)
    first, *rest = row.reasons or ("no reason is known",)
    more = f" (and {count(len(rest), 'more reason')})" if rest else ""
    return f"{visible(first)}{more}"


def _passed(row: NightRow) -> str:
    """`4 datasets, 41,220 rows, 2 waived incidents`."""
    rows = count(sum(one.matched + one.discrepancies for one in row.datasets), "row")
    waived = row.waived_incidents
    tail = f"{rows}, {count(waived, 'waived incident')}" if waived else f"{rows} compared"
    return f"{count(len(row.datasets), 'dataset')}, {tail}"


def _told(row: NightRow) -> str:
    """Why rows differ; where that is not known, how many do."""
    return row.story or f"{count(row.unwaived, 'row')} {_verb(row.unwaived)}"


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


def _reasons(result: RunResult) -> Iterator[str]:
    """Why a night is no pass, where the night itself does not say."""
    yield from (job_sentence(job) for job in result.jobs if not job.ok)
    bad = [dataset for dataset in result.datasets if dataset.verdict is result.verdict]
    for dataset in bad:
        yield from (f"{dataset.name}: {one}" for one in dataset.reasons or ("could not be judged",))
    if not result.datasets:
        yield "no dataset was compared"


def _explained(result: RunResult, rows: int) -> str:
    open_rows, differ = unexplained_rows(result), f"{count(rows, 'row')} {_verb(rows)}"
    waived = any(dataset.rows.waived for dataset in result.datasets)
    if not open_rows:
        return f"{differ}, each with a proved cause{' or a waiver' if waived else ''}"
    if open_rows == rows:
        return f"{differ} and no cause is proved"
    lacking = "with neither a proved cause nor a waiver" if waived else "without a proved cause"
    return f"{differ}, {open_rows:,} of them {lacking}"


def _of_waived(result: RunResult) -> str:
    waived = sum(dataset.rows.waived for dataset in result.datasets)
    if not waived:
        return ""
    whole = all(not dataset.rows.unwaived for dataset in result.datasets)
    return ", all of them waived" if whole else f", {waived:,} of them waived"


def _verb(number: int) -> str:
    return "differs" if number == 1 else "differ"
