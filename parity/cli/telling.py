"""How a command says what a run found: on the terminal, as JSON, by its exit code."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from parity.cli.outputs import Outputs, write_outputs
from parity.model.errors import UsageError
from parity.model.result import RunResult
from parity.model.verdict import Verdict

if TYPE_CHECKING:
    from parity.nightly import Harness
    from parity.report.beside import Beside
    from parity.report.view import NightView

__all__ = [
    "beside",
    "let_go",
    "never_fails",
    "say",
    "show_in_index",
    "shown",
    "tell",
    "text_or_json",
    "write_json",
]

P = ParamSpec("P")
# Half of a surrogate pair, which is no UTF-8, is written as JSON's own escape of it.
_ESCAPED = "backslashreplace"
PATIENCE = 20.0  # seconds that pages may take once the outcome is told


def tell(
    result: RunResult,
    outputs: Outputs,
    *,
    beside: Mapping[str, Any] | None = None,
    shown: Beside | None = None,
    link: str = "",
    after: Callable[[], Iterable[object]] | None = None,
) -> int:
    """Prints a run and returns its exit code; 2 where not all could be written that was asked for.

    Args:
        result: the run.
        outputs: where it goes too. What is for standard output has it alone.
        beside: keys that the JSON holds beside those of the contract.
        shown: what is shown beside the run.
        link: where its page can be opened; empty: nowhere.
        after: makes what is printed after the run: texts that end their lines.
    """
    problems = write_outputs(outputs, _contents(result, beside, shown, link))
    if not outputs.alone:
        from parity.report.beside import NOTHING
        from parity.report.terminal import render_night

        night = render_night(result, beside=shown or NOTHING)
        for part in (night, *(after() if after else ())):
            click.echo(str(part), nl=False)
    if result.verdict is Verdict.UNDECIDED:
        say(f"undecided: {(result.reasons or ('no reason',))[0]}")
    for problem in problems:
        say(f"{problem}; {_all_the_same(result)}")
    return 2 if problems else result.verdict.exit_code


def _all_the_same(result: RunResult) -> str:
    """What there is all the same where something could not be written."""
    verdict = f"the verdict is {result.verdict.value}"
    if not result.run_id:
        return verdict
    return f"{verdict} and the run is stored: parity report --session {result.session} writes again"


def _contents(
    result: RunResult, beside: Mapping[str, Any] | None, shown: Beside | None, link: str
) -> Mapping[str, Callable[[], bytes]]:
    """What makes the content of each output, in UTF-8."""

    def junit() -> bytes:
        from parity.report.machines.junit import junit

        return junit(_view(result, shown), link)

    def summary() -> bytes:
        from parity.report.machines.summary import summary

        return summary(_view(result, shown), link).encode()

    def as_json() -> bytes:
        return _json(result, beside).encode(errors=_ESCAPED)

    return {"json": as_json, "junit": junit, "summary": summary}


def _view(result: RunResult, shown: Beside | None) -> NightView:
    from parity.report.beside import NOTHING
    from parity.report.build import night_view
    from parity.report.evidence import kept_in

    known = replace(shown or NOTHING, series=())  # no machine looks at pictures
    kept = None if known.evidence is None else kept_in(known.evidence, result)
    return night_view(result, beside=known, kept=kept)


def _json(result: RunResult, beside: Mapping[str, Any] | None) -> str:
    if not beside:
        from parity.report.publish import render_json

        return render_json(result)
    content = {**result.to_json(), **beside}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: str, text: str) -> None:
    """Writes what `--json PATH` asks for.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", errors=_ESCAPED)
    except OSError as error:
        raise UsageError(f"--json {path}: {error.strerror}") from None


def say(line: str) -> None:
    """Tells what is worth a line, on standard error."""
    click.echo(f"parity: {line}", err=True)


def text_or_json(
    text: Callable[[], object], content: Mapping[str, Any], json_path: str | None
) -> None:
    """Prints the text, or the JSON alone where that is for standard output.

    Args:
        text: makes what is printed, with the end of its last line.
        content: what the JSON says.
        json_path: where it goes too; `-` is standard output; None: nowhere.

    Raises:
        UsageError: the JSON cannot be written.
    """
    printed = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if json_path == "-":
        click.echo(printed, nl=False)
        return
    if json_path:
        write_json(json_path, printed)
    click.echo(str(text()), nl=False)


def beside(json_path: str | None) -> Callable[[str], None]:
    """Tells lines as they come, on standard error where the JSON has standard output."""

    def told(line: str) -> None:
        click.echo(line, err=json_path == "-")

    return told


def never_fails(tells: Callable[P, object]) -> Callable[P, None]:
    """The same, but a terminal or file that takes nothing is no error.

    For commands that move something: that nobody can be told stops no move, and whether it was
    made is what their exit code says. What a full disk did not take it may take later.
    """
    if context := click.get_current_context(silent=True):
        context.call_on_close(let_go)

    @wraps(tells)
    def told(*arguments: P.args, **named: P.kwargs) -> None:
        with suppress(OSError, ValueError):  # ValueError: closed, or what it cannot encode
            tells(*arguments, **named)

    return told


def show_in_index(harness: Harness) -> None:
    """Has index, checklist and phases tell of a switch; the switch does not depend on it.

    What fails leaves the pages as they were; whoever holds a lock on a table that they are made
    from is not waited for longer than `PATIENCE`.
    """
    from parity.nightly.publishing import publish_overview

    failed: list[str] = []

    def write() -> None:
        try:
            publish_overview(harness)
        except Exception as error:  # noqa: BLE001  the switch is made, and what it was is told
            failed.append((str(error).splitlines() or [type(error).__name__])[0])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(PATIENCE)
    if writer.is_alive():
        failed.append("the database does not answer")
    if failed:
        told = f"index, checklist and phases do not tell of it yet: {failed[0]}; parity report does"
        never_fails(say)(told)


def let_go() -> None:
    """What is still to be written and cannot be is given up: nobody fails over it any more."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # it was closed when the process began
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):  # a stand-in has no number
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def shown(path: Path) -> str:
    """A path relative to where the user is, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
