"""How a rollback, and the plan of one, are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from parity.cli.telling import shown
from parity.plan.rerunning import spanned
from parity.report.screen import bullets, plain_table
from parity.report.words import count

if TYPE_CHECKING:
    from parity.plan.catching_up import CaughtUp
    from parity.plan.proving_served import Proof
    from parity.plan.rollback_plan import RollbackPlan
    from parity.plan.rolled_back import RolledBack

__all__ = ["planned_lines", "rolled_back_lines"]


def planned_lines(plan: RollbackPlan) -> Iterator[RenderableType]:
    """What `parity rollback` says without --execute; the first line is the answer."""
    where = plan.where
    yield Text(plan.answer, "bold")
    yield Text(where.told)
    yield Text(f"Phase {where.phase}; consumers read {where.primary}, says the trail.")
    if where.views:
        table = plain_table(("view in market", False), ("reads", False), ("would read", False))
        for view in where.views:
            table.add_row(Text(view.name), plan.reads(view.name), Text(str(view.served.legacy)))
        yield table
    if plan.before:
        yield from bullets("To look at", [plan.before])
    if not plan.needed:
        return
    if not plan.refused:
        yield from bullets(f"{_command(plan)} would", list(_steps(plan)))
    if plan.trouble:
        yield from bullets("But", [plan.trouble])
    yield Text("")
    yield Text("Nothing has been done. --sql prints the switch for psql.")


def _command(plan: RollbackPlan) -> str:
    reason = plan.where.astray or not plan.where.open
    return "parity rollback --execute" + (" --reason TEXT" if reason else "")


def _steps(plan: RollbackPlan) -> Iterator[str]:
    where = plan.where
    if where.astray:
        yield "have all views read legacy, in one transaction"
    elif where.open:
        yield f"go on with {where.open}, which has switched"
    else:
        yield f"call off {where.begun}, which has begun and not switched"
    if where.astray and plan.schedules:
        yield f"have Prefect pause {', '.join(plan.schedules)}"
    if plan.hooks:
        yield f"run the hooks {', '.join(plan.hooks)}"
    if not (where.astray or where.open):
        return
    if plan.missed:
        yield f"run the old scripts for {spanned(plan.missed)}"
    yield (
        "copy into legacy what only the candidate has and no incident of the newest night, and "
        "prove that all is served"
    )


def rolled_back_lines(done: RolledBack) -> Iterator[RenderableType]:
    """How a rollback went; the last line says what an exit code of 1 means."""
    if done.caught is not None:
        yield from _caught(done.caught, done.operation)
    failed = [f"hook {one.name}: {one.reason}" for one in done.hooks if not one.ok]
    troubles = [*failed, *done.troubles, *(done.caught.troubles if done.caught else ())]
    yield from bullets("Not done", troubles)
    if done.exit_code:
        yield Text("")
        yield Text(" ".join(_ending(done)), "bold")


def _ending(done: RolledBack) -> Iterator[str]:
    stayed = ", ".join(f"market.{name}" for name in done.stayed)
    yield f"Consumers read legacy, but for {stayed}." if stayed else "Consumers read legacy."
    proofs = done.caught.proofs if done.caught else ()
    rows = sum(proof.beyond + proof.missing for proof in proofs)
    if rows:
        files = [shown(Path(one)) for proof in proofs for one in proof.listed if _is_file(one)]
        verb = "differs" if rows == 1 else "differ"
        where = f": {', '.join(files)}" if files else ""
        yield f"{count(rows, 'row')} {verb} from what was served{where}."
    if done.finished:
        yield "Nothing is left to run; somebody must look."
    else:
        yield "Left to run, when what is not done is mended: parity rollback --execute"


def _is_file(listed: str) -> bool:
    return "cannot be written" not in listed


def _caught(caught: CaughtUp, operation: str) -> Iterator[RenderableType]:
    names = ("relation", "rows", "copied", "missing", "beyond", "not compared")
    table = plain_table(*((name, name != "relation") for name in names))
    for proof in caught.proofs:
        copied = caught.copied.get(proof.relation, 0)
        numbers = (proof.rows, copied, proof.missing, proof.beyond, proof.unchecked)
        cells = ["-" if proof.why_not else f"{number:,}" for number in numbers]
        table.add_row(Text(proof.relation), *cells)
    if caught.proofs:
        yield table
    if caught.proofs and caught.clean:
        yield Text("All that was served is served, within tolerance.", "bold")
    for proof in caught.proofs:
        yield from bullets(proof.relation, [*_findings(proof), *_examples(proof)])
    yield from _copies(caught, operation)
    yield from bullets(
        "Scripts that failed", [f"{day} {job.name}: {job.failure}" for day, job in caught.failed]
    )


def _copies(caught: CaughtUp, operation: str) -> Iterator[RenderableType]:
    for relation, held in caught.held.items():
        title = f"{relation}: {count(held.rows, 'row')} not copied, {held.why}"
        yield from bullets(title, [*_files(held.listed), *held.examples])
    for relation, (first, listed) in caught.named.items():
        title = f"{relation}: {count(caught.copied.get(relation, 0), 'row')} copied"
        back = f"to take them back: docs/rollback.md, Copied rows, with {operation}"
        yield from bullets(title, [*_files(listed), *first, back])


def _examples(proof: Proof) -> list[str]:
    """Without those that are listed as not copied."""
    held = bool(proof.held) and proof.held >= proof.missing
    return [one for one in proof.examples if not (held and one.endswith(" is missing"))]


def _files(listed: Iterable[str]) -> Iterator[str]:
    for path in listed:
        yield f"all of them: {shown(Path(path))}" if _is_file(path) else path


def _findings(proof: Proof) -> Iterator[str]:
    if proof.why_not:
        yield f"not proved: {proof.why_not}"
    if proof.unpaired:
        yield f"{proof.unpaired:,} rows with a doubled or NULL key: nothing is proved of them"
    if proof.unchecked:
        yield f"{proof.unchecked:,} rows are of no dataset: their values were not compared"
    if proof.accepted:
        yield f"{proof.accepted:,} rows are older than since: their values were not compared"
    if proof.lost:
        yield f"the candidate has lost {', '.join(proof.lost)}: not compared"
    yield from _files(proof.listed)
