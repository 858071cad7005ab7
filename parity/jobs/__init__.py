"""Jobs of both sides, run as commands."""

from __future__ import annotations

from parity.jobs.run import run_jobs

__all__ = ["run_jobs"]
