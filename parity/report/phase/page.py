"""The page of a phase, beside the folders of its nights."""

from __future__ import annotations

from pathlib import Path

from parity.model.phase import PhaseReport
from parity.report.atomic import replace_file
from parity.report.checklist import PAGE as CHECKLIST_PAGE
from parity.report.html import render_page
from parity.report.phase.build import phase_view

__all__ = ["phase_page", "write_phase"]


def phase_page(report: PhaseReport, *, checklist: bool = False) -> str:
    """A phase as one self-contained HTML page; `checklist`: ../checklist.html is there."""
    view = phase_view(report, checklist=checklist)
    return render_page("phase.html.j2", view.verdict, found=view)


def write_phase(report: PhaseReport, reports: Path) -> Path:
    """Publishes `reports/<phase>/index.html` at once; returns its path.

    The folder also holds the folders of the phase's nights, which stay as they are.
    """
    path = reports / report.phase.value / "index.html"
    page = phase_page(report, checklist=(reports / CHECKLIST_PAGE).is_file())
    replace_file(path, page.encode())
    return path
