"""Deletes what is older than it is kept, and no evidence of the phase in force or of a decision.

The order makes a kill harmless: first the index loses its links, then pages go, then runs; a run
without a page is published again by the next night, a page without a run would say what nobody
can check. Before any of it, the trail says which runs go. Everything is found anew each time, so
running again goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from parity.evidence.names import is_of_harness
from parity.model.verdict import Side
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.night import LOGS
from parity.nightly.phase_pages import republish_phases
from parity.nightly.pruning import note_pruned
from parity.nightly.serving_state import serving_view
from parity.report.nights import with_superseded
from parity.report.publish import write_index
from parity.report.view import NightRow
from parity.upkeep import folders, stored
from parity.upkeep.account import Account, Line

__all__ = ["clean_up"]


def clean_up(
    harness: Harness, as_of: datetime, *, dry_run: bool = False, say: Callable[[str], None] = print
) -> Account:
    """Deletes by `Suite.retention`: pages and logs, runs, evidence, the flows' accounts.

    Sessions of which a row `phase`, `switch` or `override` of the trail names a run stay.

    Args:
        harness: whose migration.
        as_of: from when ages count; with a time zone.
        dry_run: only count and name what would go.
        say: told each session and file that goes, or would.

    Returns:
        The counts.

    Raises:
        ParityError: a night is running, or database or disk refuse; what was deleted till then
            is told by running it again.
    """
    suite, store = harness.suite, harness.store
    with harness.alone():
        phase = store.phase(suite.migration)
        moment = as_of - suite.retention.runs
        past = stored.past(harness.database, suite.migration, phase, _day(harness, moment), moment)
        work = _Work(harness, past, as_of, dry_run, say)
        work.tell()
        lines = [*work.pages(), *work.rows("runs"), work.evidence()]
        lines += [*work.rows("noise"), *work.rows("alerts"), *work.accounts()]
    title = f"{'Would delete' if dry_run else 'Deleted'} of {suite.migration}"
    kept = f"Phase {phase.value} is in force: its evidence stays."
    return Account(title=title, lines=tuple(lines), notes=(kept,))


def _day(harness: Harness, moment: datetime) -> date:
    return moment.astimezone(harness.exchange.zone).date()


@dataclass(frozen=True, slots=True)
class _Work:
    harness: Harness
    past: stored.Past
    as_of: datetime
    dry_run: bool
    say: Callable[[str], None]

    def tell(self) -> None:
        """Says in the trail whose rows and evidence go, before any of it goes."""
        if not self.dry_run:
            gone = {run_id for run_id, _ in self._old_evidence()}
            note_pruned(self.harness, gone | set(self.past.runs))

    def pages(self) -> list[Line]:
        """Pages and logs; one goes at the latest with the run that it is of."""
        suite, past = self.harness.suite, self.past
        known = folders.pages(suite.reports, suite.migration)
        gone = [
            page for page in known if page.phase != past.phase.value and self._old(page.session)
        ]
        logs = suite.reports / LOGS
        names = {job.name for job in suite.jobs}
        old = [
            (session, files)
            for session, files in folders.log_folders(logs, past.logs, names)
            if self._old(session)
        ]
        if gone and not self.dry_run:
            self._index(page for page in known if page not in gone)
        for page in gone:
            self._remove(page.folder, page.files)
        for session, files in old:
            self._remove(logs / session.isoformat(), files)
        return [
            Line(what="pages", number=len(gone)),
            Line(what="sessions of logs", number=len(old)),
        ]

    def _old(self, session: date) -> bool:
        """Whether pages and logs of a session may go."""
        kept = self.harness.suite.retention.reports
        old = session < _day(self.harness, self.as_of - kept) or session < self.past.before
        return old and session not in self.past.protected

    def _index(self, left: Iterable[folders.Page]) -> None:
        """Of a session that was compared in two phases, the index has both pages.

        The pages of phases lose their links to what goes, too.
        """
        known = list(left)
        republish_phases(self.harness, {(page.phase, page.session) for page in known})
        suite, store = self.harness.suite, self.harness.store
        past = {run.run_id for run in store.superseded(suite.migration)}
        rows: list[NightRow] = []
        for page in known:
            # Of a page that another version wrote, the next night knows more.
            with suppress(KeyError, TypeError, ValueError):
                rows.append(NightRow.from_json(page.result))
        write_index(
            with_superseded(
                [row for row in rows if row.run_id not in past],
                [row for row in rows if row.run_id in past],
            ),
            suite.reports,
            migration=suite.migration,
            serving=serving_view(self.harness),
        )

    def _remove(self, shown: Path, files: tuple[Path, ...]) -> None:
        root = self.harness.suite.root
        self.say(str(shown.relative_to(root) if shown.is_relative_to(root) else shown))
        if not self.dry_run:
            folders.remove(files, shown.parent)

    def rows(self, kind: str) -> list[Line]:
        """Rows of schema `parity`."""
        if kind == "runs":
            for session in self.past.sessions:
                self.say(f"session {session}")
        return stored.delete_kind(self.harness.database, self.past, kind, dry_run=self.dry_run)

    def evidence(self) -> Line:
        """Evidence of runs that are gone, also of those that went before a kill."""
        place = self.harness.suite.state / EVIDENCE
        old = self._old_evidence()
        for run_id, files in old:
            self._remove(place / run_id, files)
        return Line(what="runs' evidence", number=len(old))

    def _old_evidence(self) -> list[tuple[str, tuple[Path, ...]]]:
        """Run and files of the folders whose run is gone, or goes now."""
        suite, past = self.harness.suite, self.past
        stay = stored.known_runs(self.harness.database, suite.migration) - set(past.runs)
        known = folders.evidence_folders(suite.state / EVIDENCE, suite.migration, is_of_harness)
        return [
            (run_id, files)
            for run_id, session, files in known
            if session < past.before and session not in past.protected and run_id not in stay
        ]

    def accounts(self) -> list[Line]:
        """The flows' accounts. The scripts' own are theirs."""
        flows, kept = self.harness.suite.flows, self.harness.suite.retention.load_runs
        theirs = flows.load_runs(Side.LEGACY)
        lines = []
        for relation in dict.fromkeys((flows.load_runs(Side.CANDIDATE), flows.runs)):
            if relation is None or relation == theirs:
                continue
            number = stored.delete_older(
                self.harness.database, relation, self.as_of - kept, dry_run=self.dry_run
            )
            note = "there is no such table" if number is None else ""
            lines.append(Line(what=f"rows of {relation}", number=number or 0, note=note))
        return lines
