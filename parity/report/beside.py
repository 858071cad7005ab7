"""What the page of a night shows beside the night's own result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parity.model.checklist import Checklist
from parity.model.noise import Noise
from parity.model.picture import Series
from parity.model.result import RunResult
from parity.report.nights import NightRow

__all__ = ["NOTHING", "Beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """All of it may be missing: the page then says less.

    Attributes:
        previous: the night before.
        nights: all stored nights, which tell the lives of incidents; None: nothing is said of them.
        rows: those of them as the index has them, by run id, where somebody has made them already.
        noise: how much legacy differs from itself.
        gate: the gate of the phase in force, as it stood after this night.
        series: values of both sides around incidents.
        evidence: the folder of the runs' evidence, each in a folder by its id.
        config: path of parity.yaml where it is not the usual one, for commands to be typed.
    """

    previous: NightRow | None = None
    nights: Sequence[RunResult] | None = None
    rows: Mapping[str, NightRow] = field(default_factory=dict)
    noise: Sequence[Noise] = ()
    gate: Checklist | None = None
    series: tuple[Series, ...] = ()
    evidence: Path | None = None
    config: str = ""

    def row_of(self, night: RunResult) -> NightRow:
        """A night as the index has it."""
        return self.rows.get(night.run_id) or NightRow.of(night)


NOTHING = Beside()
