"""The rows of the index: one a night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from parity.model.result import RunResult
from parity.model.verdict import Phase, Side, Verdict
from parity.report.story import story, told_of

__all__ = [
    "NightDataset",
    "NightRow",
    "dataset_names",
    "newest_first",
    "night_link",
    "with_superseded",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NightDataset:
    """One dataset in the index of nights: its verdict and rows."""

    name: str
    verdict: Verdict
    discrepancies: int
    matched: int = 0
    symbols: tuple[str, ...] = ()  # of what is not waived
    waived: int = 0

    @property
    def unwaived(self) -> int:
        """Rows that differ and that no waiver accepts."""
        return self.discrepancies - self.waived


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRow:
    """One night in the index. `link` is the night's page, relative to the reports folder.

    `story` tells why rows differ; empty where none does that is not waived. `unproved` and
    `proved` count the incidents that are not waived. `seconds` are those that the jobs of legacy
    and of candidate took together; None where that is not known. `again` is the phase in which
    the session was compared again later, so that this night holds no more; empty: it holds.
    """

    session: date
    phase: str
    verdict: Verdict
    reasons: tuple[str, ...]
    run_id: str
    datasets: tuple[NightDataset, ...]
    link: str
    story: str = ""
    waived_incidents: int = 0
    unproved: int = 0
    proved: int = 0
    seconds: tuple[float | None, float | None] = (None, None)
    again: str = ""

    @property
    def discrepancies(self) -> int:
        """Rows of all datasets that differ."""
        return sum(dataset.discrepancies for dataset in self.datasets)

    @property
    def waived(self) -> int:
        """Those of them that are waived."""
        return sum(dataset.waived for dataset in self.datasets)

    @property
    def unwaived(self) -> int:
        """Those of them that no waiver accepts."""
        return self.discrepancies - self.waived

    @classmethod
    def of(cls, result: RunResult) -> NightRow:
        """The row of a run, linked to where its page belongs: `<phase>/<session>/index.html`."""
        row = cls.from_json(result.to_json())
        return replace(
            row, seconds=(_seconds(result, Side.LEGACY), _seconds(result, Side.CANDIDATE))
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> NightRow:
        """The row of a stored `result.json`, which says nothing of the jobs.

        Raises:
            KeyError: the mapping is no result.json.
        """
        found = [one for entry in stored["datasets"] for one in entry["incidents"]]
        live = [bool(one["proved"]) for one in found if one["waiver"] is None]
        return cls(
            session=date.fromisoformat(stored["session"]),
            phase=stored["phase"],
            verdict=Verdict(stored["verdict"]),
            reasons=tuple(stored["reasons"]),
            run_id=stored["run_id"],
            datasets=tuple(_dataset_of(entry) for entry in stored["datasets"]),
            link=f"{stored['phase']}/{stored['session']}/index.html",
            story=story(
                [
                    told_of(entry, incident, stored["session"])
                    for entry in stored["datasets"]
                    for incident in entry["incidents"]
                ]
            ),
            waived_incidents=len(found) - len(live),
            unproved=live.count(False),
            proved=live.count(True),
        )


def _seconds(result: RunResult, side: Side) -> float | None:
    """What the jobs of a side took; None where none of them has run."""
    ran = [job.seconds for job in result.jobs if job.side is side and (job.log or job.seconds)]
    return sum(ran) if ran else None


def _dataset_of(entry: Mapping[str, Any]) -> NightDataset:
    rows = entry["rows"]
    differing = ("mismatched", "legacy_only", "candidate_only", "duplicate_key", "null_key")
    return NightDataset(
        name=entry["name"],
        verdict=Verdict(entry["verdict"]),
        discrepancies=sum(rows[state] for state in differing),
        matched=rows["matched"],
        symbols=tuple(
            dict.fromkeys(
                name
                for found in entry["incidents"]
                if found["waiver"] is None
                for name in found["scope"]["symbols"]
            )
        ),
        waived=rows["waived"],
    )


def night_link(night: RunResult) -> str:
    """The night's page, relative to the reports folder."""
    return f"{night.phase}/{night.session.isoformat()}/index.html"


def newest_first(rows: Sequence[NightRow]) -> list[NightRow]:
    """Sessions from newest to oldest; of one session in two phases, the one that holds first."""
    return sorted(
        rows,
        key=lambda row: (row.session, not row.again, _phase_order(row.phase), row.run_id),
        reverse=True,
    )


def with_superseded(holding: Sequence[NightRow], others: Sequence[NightRow]) -> list[NightRow]:
    """All rows, those of others marked with the phase in which their session was compared again.

    Args:
        holding: of the runs that hold.
        others: of runs that hold no more; without one that holds beside it a row stays as it is.
    """
    phases = {row.session: row.phase for row in holding}
    return [*holding, *(replace(row, again=phases.get(row.session, "")) for row in others)]


def _phase_order(phase: str) -> int:
    phases = [known.value for known in Phase]
    return phases.index(phase) if phase in phases else -1


def dataset_names(nights: Sequence[NightRow]) -> list[str]:
    """Every dataset name of any night, in the order of the newest night that has it."""
    return list(dict.fromkeys(item.name for night in nights for item in night.datasets))
