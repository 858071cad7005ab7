"""`parity status`: what consumers read and the nights so far, or how scripts and flows have run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import config_option
from parity.cli.telling import say, text_or_json
from parity.model.errors import UsageError
from parity.model.verdict import Verdict

if TYPE_CHECKING:
    from parity.model.result import RunResult
    from parity.nightly import Harness

__all__ = ["status"]

SCHEMA_VERSION = 1


@click.command(short_help="What consumers read; the nights, or how flows have run.")
@config_option
@click.option("--flows", is_flag=True, help="How every script and every flow has run: successes, "
              "time, memory, retries, failed symbols.")  # fmt: skip
@click.option("--sessions", type=click.IntRange(1, 1000), help="With --flows: over so many "
              "sessions, up to the newest with a run.  [default: 20]")  # fmt: skip
@click.option("--prefect-api", metavar="URL", help="With --flows: Prefect's API, which also knows "
              "runs that crashed or are late.  [default: PREFECT_API_URL]")  # fmt: skip
@click.option("--json", "json_path", metavar="PATH|-",
              help="Write it as JSON there too; - is standard output, then alone.")  # fmt: skip
def status(
    config: Path, flows: bool, sessions: int | None, prefect_api: str | None, json_path: str | None
) -> int:
    """Say what consumers read and what is undone; list the nights stored so far, newest first.

    The exit code is the newest verdict's.

    With --flows: how scripts and flows have run; the exit code is 0 when that could be told.
    """
    if not flows and (sessions or prefect_api):
        raise UsageError("--sessions and --prefect-api go with --flows")
    from parity.nightly import open_harness
    from parity.plan.schedules import settle

    harness = open_harness(config, os.environ)
    settle(harness, os.environ, say)  # what a switch asked of Prefect while it was away
    if not flows:
        return _nights(harness, json_path)
    from parity.nightly.monitoring import monitor
    from parity.report.flows import render_flows

    found = monitor(
        harness,
        sessions or 20,
        now=datetime.now(UTC),
        prefect_api=prefect_api or os.environ.get("PREFECT_API_URL"),
        environ=os.environ,
    )
    text_or_json(lambda: render_flows(found), found.to_json(), json_path)
    return 0


def _nights(harness: Harness, json_path: str | None) -> int:
    from parity.cli.standing import render_serving, serving
    from parity.report.terminal import render_index
    from parity.report.view import NightRow

    nights = harness.store.nights(harness.suite.migration)
    found = serving(harness)
    text = f"{render_serving(found)}\n"
    if nights:
        text += f"{render_index([NightRow.of(night) for night in nights])}\n"
        text += f"Newest run: {nights[0].run_id}\n"
    else:
        text += "No night yet: run parity nightly.\n"
    content = _nights_json(harness.suite.migration, nights) | {"serving": found.to_json()}
    text_or_json(lambda: text, content, json_path)
    return (nights[0].verdict if nights else Verdict.UNDECIDED).exit_code


def _nights_json(migration: str, nights: Sequence[RunResult]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "migration": migration,
        "nights": [
            {
                "session": night.session.isoformat(),
                "verdict": night.verdict.value,
                "phase": night.phase,
                "run_id": night.run_id,
                "reasons": list(night.reasons),
            }
            for night in nights
        ],
    }
