"""One night, step by step. The command and the Prefect flow take the same steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from parity.config import load_waivers
from parity.diff import Progress
from parity.gates import judge_run
from parity.jobs import run_jobs
from parity.jobs.run import Report
from parity.model.audit import Audit
from parity.model.result import JobOutcome, RunResult
from parity.model.selftest import SelfTest
from parity.model.trail import TrailKind
from parity.model.verdict import Verdict
from parity.model.waiver import Waiver
from parity.nightly.examine import Findings, Look, examine
from parity.nightly.harness import EVIDENCE, Harness
from parity.nightly.proving import prove
from parity.nightly.publishing import publish_night
from parity.nightly.quarantined import refuse_quarantined
from parity.nightly.recording import record_config
from parity.nightly.revising import remember
from parity.nightly.serving import serve
from parity.nightly.snapshot import Say
from parity.nightly.windowing import prune_logs

__all__ = ["EVIDENCE", "Night"]

LOGS = "logs"
MOVES = (TrailKind.PHASE, TrailKind.SWITCH)
MOVED = "the primary side or the phase changed while this was compared: compare it again"
OURSELVES = "parity"  # who puts on record what changed since the last night

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Night:
    """The night of one session. Its steps: `jobs`, `look`, `selftest`, `conclude`, `publish`.

    Its `waivers` are read when it is made: a wrong waivers.yaml ends it before any job runs.
    """

    harness: Harness
    session: date
    as_of: datetime
    waivers: tuple[Waiver, ...] = field(init=False)

    def __post_init__(self) -> None:
        suite = self.harness.suite
        names = [dataset.name for dataset in suite.datasets]
        object.__setattr__(self, "waivers", load_waivers(suite.plan.waivers, names))

    @classmethod
    def of(
        cls, harness: Harness, session: date | None, as_of: datetime | None, now: datetime
    ) -> Night:
        """The night of `session`, or of the newest session whose night may have run at `now`.

        `as_of` is by default the moment at which that session's night is due, so that running
        a night again, however late, asks for the same.

        Raises:
            UsageError: the exchange was closed that day.
            ConfigError: waivers.yaml is wrong.
        """
        refuse_quarantined(harness)
        at = harness.suite.at
        day = session or harness.exchange.latest(as_of or now, at)
        harness.exchange.require(day)
        return cls(harness, day, as_of or harness.exchange.night(day, at))

    @property
    def folder(self) -> Path:
        """Where the night's report is published."""
        phase = self.harness.store.phase(self.harness.suite.migration)
        return self.harness.suite.reports / phase.value / self.session.isoformat()

    def jobs(
        self, environ: Mapping[str, str], report: Report | None = None
    ) -> tuple[JobOutcome, ...]:
        """Runs the jobs of both sides and remembers how they ended."""
        # Should the harness be killed, this is what is known of the jobs.
        self._record(self._without_end("started, but its end was not seen"))
        logs = Path(LOGS) / self.session.isoformat()
        outcomes = self.outcomes(environ, report, logs, self.harness.database_url)
        self._record(outcomes)
        return outcomes

    def outcomes(
        self,
        environ: Mapping[str, str],
        report: Report | None,
        logs: Path,
        database_url: Callable[[str], str],
    ) -> tuple[JobOutcome, ...]:
        """Runs the jobs, whose logs go below the reports folder; nothing is remembered."""
        suite = self.harness.suite
        outcomes = run_jobs(
            suite.jobs,
            session=self.session,
            as_of=self.as_of,
            root=suite.root,
            state=suite.state,
            logs=suite.reports / logs,
            database_url=database_url,
            # Jobs have logins of their own; the harness's is none of their business.
            environ={
                **{k: v for k, v in environ.items() if not k.startswith("PARITY_DATABASE_URL")},
                "PARITY_STATE": str(suite.state),
            },
            report=report,
        )
        return tuple(replace(job, log=(logs / job.log).as_posix()) for job in outcomes)

    def _record(self, outcomes: Sequence[JobOutcome]) -> None:
        self.harness.store.record_jobs(self.harness.suite.migration, self.session, outcomes)

    def _without_end(self, reason: str) -> tuple[JobOutcome, ...]:
        return tuple(
            JobOutcome(
                name=job.name, side=job.side, exit_code=None, seconds=0.0, log="", reason=reason
            )
            for job in self.harness.suite.jobs
        )

    def last_jobs(self) -> tuple[JobOutcome, ...]:
        """How the configured jobs ended when they last ran for this session.

        One that never ran did not succeed: nothing passes because nobody looked.
        """
        suite = self.harness.suite
        last = self.harness.store.last_jobs(suite.migration, self.session)
        never = self._without_end(f"has not run for session {self.session}")
        return tuple(last.get(job.name, job) for job in never)

    def look(
        self,
        jobs: Sequence[JobOutcome],
        *,
        full: bool = False,
        progress: Progress | None = None,
        say: Say | None = None,
    ) -> Findings:
        """Checks and compares both sides in one snapshot.

        Args:
            jobs: how this night's jobs ended.
            full: compare all of history, whatever the datasets' windows say.
            progress: told after every slice.
            say: told what is worth a line, such as that an interrupted comparison goes on.
        """
        harness = self.harness
        moves = self._moves()  # read first: whatever moves from here on is seen when it concludes
        look = Look(
            session=self.session,
            as_of=self.as_of,
            jobs=jobs,
            previous=self._previous(),
            waivers=self.waivers,
            primary=harness.store.primary(harness.suite.migration),
            phase=harness.store.phase(harness.suite.migration),
            moves=moves,
            full=full,
            progress=progress,
            say=say or _log.info,
        )
        return examine(harness.suite, harness.database, harness.exchange, look)

    def _moves(self) -> int:
        """Number of the newest row of the trail that moved the phase or the primary; 0: none."""
        rows = self.harness.store.trail(self.harness.suite.migration, *MOVES)
        return rows[-1].number if rows else 0

    def _previous(self) -> dict[str, Audit]:
        """What the nights before left, by dataset that has a window."""
        store, suite = self.harness.store, self.harness.suite
        found = {
            dataset.name: store.audit(suite.migration, dataset.name, self.session)
            for dataset in suite.datasets
            if dataset.window is not None
        }
        return {name: audit for name, audit in found.items() if audit is not None}

    def selftest(self) -> SelfTest:
        """Has faults seeded in copies of tonight's rows, to see that they are found."""
        harness = self.harness
        return prove(
            harness.suite,
            harness.database,
            harness.exchange,
            session=self.session,
            as_of=self.as_of,
        )

    def conclude(
        self,
        findings: Findings,
        jobs: Sequence[JobOutcome],
        selftest: SelfTest | None = None,
        say: Say | None = None,
    ) -> RunResult:
        """Judges and stores. Finding the same as before keeps the run that said so.

        A rollback waits for no night: where one came while this was looked at, nobody knows what
        was compared, and it is undecided.
        """
        suite = self.harness.suite
        selftest = selftest or SelfTest()
        verdict, reasons = judge_run(findings.datasets, jobs, findings.opinion, selftest)
        if self._moves() != findings.moves:
            verdict, reasons = Verdict.UNDECIDED, (MOVED, *reasons)
        result = RunResult(
            run_id="",
            migration=suite.migration,
            phase=findings.phase.value,
            session=self.session,
            as_of=self.as_of,
            verdict=verdict,
            reasons=reasons,
            datasets=findings.datasets,
            selftest=selftest,
            second_opinion=findings.opinion,
            jobs=tuple(jobs),
            primary=findings.primary,
            waivers=findings.waivers,
        )
        record_config(self.harness, OURSELVES)
        stored = self.harness.store.save(
            result,
            findings.rows,
            config=suite.config_hash,
            limit=suite.discrepancy_limit,
            audits=findings.audits,
            evidence=suite.state / EVIDENCE,
            extras=findings.extras,
        )
        say = say or _log.warning
        try:
            prune_logs(self.harness, findings.previous)
        except Exception as error:  # noqa: BLE001
            # The night is stored and is to be published, whatever becomes of old logs.
            say(f"The log of writes was not pruned: {type(error).__name__}: {error}")
        if suite.plan.kept:
            serve(self.harness, say)
        remember(
            suite,
            self.harness.database,
            self.harness.exchange,
            [found.name for found in findings.datasets if found.rows.legacy + found.rows.candidate],
            session=self.session,
            as_of=self.as_of,
            say=say,
        )
        return stored

    def publish(self, result: RunResult, environ: Mapping[str, str] | None = None) -> Path:
        """Writes the night's report and all overviews; returns the path of the night's page."""
        return publish_night(self.harness, result, environ)

    def run(
        self,
        environ: Mapping[str, str],
        report: Report | None = None,
        *,
        progress: Progress | None = None,
        say: Say | None = None,
    ) -> RunResult:
        """All steps with the jobs."""
        jobs = self.jobs(environ, report)
        return self._finish(jobs, full=False, progress=progress, say=say, environ=environ)

    def compare(
        self,
        *,
        full: bool = False,
        progress: Progress | None = None,
        say: Say | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> RunResult:
        """All steps but the jobs: compares what is stored."""
        return self._finish(
            self.last_jobs(), full=full, progress=progress, say=say, environ=environ
        )

    def _finish(
        self,
        jobs: Sequence[JobOutcome],
        *,
        full: bool,
        progress: Progress | None,
        say: Say | None,
        environ: Mapping[str, str] | None,
    ) -> RunResult:
        with self.look(jobs, full=full, progress=progress, say=say) as findings:
            result = self.conclude(findings, jobs, self.selftest(), say)
        self.publish(result, environ)
        return result
