"""`parity alerts`: what is wrong now, and whether everybody has been told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.options import config_option
from parity.cli.telling import say, write_json
from parity.model.alert import Alert, TroubleKind
from parity.model.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parity.model.suite import Suite
    from parity.nightly.alerting import Told
    from parity.report.screen import Screen

__all__ = ["alerts", "render_alerts"]


@click.command(short_help="Tell who has not been told, and list what is wrong.")
@config_option
@click.option("--test", is_flag=True, help="Send a test message to everybody, and nothing else.")
@click.option(
    "--json", "json_path", metavar="PATH|-",
    help="Write the list as JSON there too; - is standard output, then alone.",
)  # fmt: skip
def alerts(config: Path, test: bool, json_path: str | None) -> int:
    """See whether a night is late, tell who has not been told, list what is wrong.

    Whom to tell stands under alerts in parity.yaml. A night tells by itself at its end; this
    command, run by cron some time after the deadline, also tells that there was no night.

    The exit code is 0 when everybody has been told of everything, 1 when somebody has not, 2 when
    there is nobody to tell.
    """
    from parity.nightly import open_harness, read_suite
    from parity.nightly.alerting import alert

    suite = read_suite(config, os.environ)
    if not suite.alerts.to:
        raise UsageError(
            f"{config} names nobody to tell; write under alerts: to: [PARITY_ALERT_URL], and an "
            "Apprise address into that environment variable"
        )
    if test:
        return _test(suite)
    harness = open_harness(config, os.environ)
    told = alert(harness, datetime.now(UTC), os.environ)
    text = json.dumps(_to_json(suite.migration, told), indent=2, ensure_ascii=False) + "\n"
    if json_path == "-":
        click.echo(text, nl=False)
    else:
        if json_path:
            write_json(json_path, text)
        click.echo(str(render_alerts(told)), nl=False)
    for problem in told.problems:
        say(problem)
    # A target that cannot be used has heard nothing, whatever the others were told before.
    return 1 if told.untold or told.problems else 0


def _test(suite: Suite) -> int:
    from parity.nightly.alerting import try_targets

    ended = try_targets(suite, os.environ)
    for name, reason in ended:
        click.echo(f"{name}: {f'FAILED: {reason}' if reason else 'ok'}")
    return 1 if any(reason for _, reason in ended) else 0


def render_alerts(told: Told, *, width: int = 80) -> Screen:
    """A sentence, and a line for each open alert; incidents are counted."""
    from parity.report.screen import Screen

    return Screen(lambda: list(_parts(told)), width)


def _parts(told: Told) -> Iterator[RenderableType]:
    from rich.text import Text

    from parity.report.screen import plain_table
    from parity.report.words import count, visible

    shown = [one for one in told.open if one.trouble.kind is not TroubleKind.INCIDENT]
    yield Text(_sentence(told, len(shown)), "bold")
    if not shown:
        return
    yield Text("")
    table = plain_table(("since", False), ("told", False), ("what", False), ("", False))
    for one in shown:
        table.add_row(
            Text(f"{one.opened_at.astimezone():%Y-%m-%d %H:%M}", no_wrap=True),
            "yes" if one.told_at else "no",
            Text(visible(one.trouble.identity)),
            Text(visible(one.trouble.title)),
        )
    yield table
    if told.untold:
        yield Text("")
        yield Text(f"{count(told.untold, 'alert')} not told to everybody; the next run tries again")


def _sentence(told: Told, shown: int) -> str:
    from parity.report.words import count

    what = f"{count(shown, 'alert')} open" if shown else "No alert is open"
    return f"{what}; {count(told.sent, 'message')} sent now." if told.sent else f"{what}."


def _to_json(migration: str, told: Told) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "migration": migration,
        "sent": told.sent,
        "untold": told.untold,
        "problems": list(told.problems),
        "open": _entries(told.open),
    }


def _entries(found: Sequence[Alert]) -> list[dict[str, Any]]:
    return [
        {
            "identity": one.trouble.identity,
            "kind": one.trouble.kind.value,
            "session": one.trouble.session.isoformat() if one.trouble.session else None,
            "title": one.trouble.title,
            "body": one.trouble.body,
            "link": one.trouble.link,
            "since": one.opened_at.isoformat(),
            "told": one.told_at.isoformat() if one.told_at else None,
        }
        for one in found
    ]
