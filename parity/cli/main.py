"""The entry point and what all commands share.

Exit codes: 0 pass, 1 fail, 2 undecided or could not run, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

# Before any library that reads them is imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import click

from parity.cli import commands
from parity.cli.telling import let_go, never_fails
from parity.model.errors import ParityError

__all__ = ["main"]

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="migration-parity", prog_name="parity")
def parity() -> None:
    """Proves that the new flows write what the old scripts wrote.

    Exit codes: 0 pass, 1 fail, 2 undecided or could not run, 130 interrupted.
    """


for command in commands.ALL:
    parity.add_command(command)


def main() -> NoReturn:
    """Runs the command line and exits."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = parity.main(prog_name="parity", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        _say(_one_line(error))
        code = 2
    except ParityError as error:
        _say(str(error))
        code = 2
    except BrokenPipeError:
        # The reader has left, and with it whoever could have been told the verdict.
        code = 2
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; nothing half-done was stored")
        code = INTERRUPTED
    except Exception as error:  # exit 1 would say that the sides differ
        if os.environ.get("PARITY_DEBUG"):
            raise
        text = " ".join(str(error).split())[:300]
        _say(f"{type(error).__name__}: {text} (PARITY_DEBUG=1 shows where)")
        code = 2
    let_go()  # or the interpreter fails over it and ends with a code of its own
    sys.exit(code)


@never_fails
def _say(line: str) -> None:
    """Tells on standard error, if it can be told."""
    click.echo(f"parity: {line}", err=True)


def _one_line(error: click.ClickException) -> str:
    """What is wrong and where the help is."""
    text = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{text} (see {context.command_path} --help)" if context else text


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """TERM ends a command as Ctrl-C does: jobs are ended, transactions rolled back."""
    raise KeyboardInterrupt
