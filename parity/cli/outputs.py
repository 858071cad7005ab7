"""Where else a run goes than to the terminal: JSON, JUnit XML, a Markdown summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from parity.model.errors import UsageError

__all__ = ["Outputs", "write_outputs"]

STANDARD = "-"
Content = Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """A path each, `-` for standard output, None where it is not asked for.

    Raises:
        UsageError: two of them are for standard output, or for the same file.
    """

    json: str | None = None
    junit: str | None = None
    summary: str | None = None

    def __post_init__(self) -> None:
        taken: dict[str, str] = {}
        for name, path in self.wanted():
            if path in taken:
                where = "standard output" if path == STANDARD else path
                raise UsageError(f"--{taken[path]} and --{name} both go to {where}; part them")
            taken[path] = name

    @property
    def alone(self) -> bool:
        """True where one of them has standard output for itself."""
        return any(path == STANDARD for _, path in self.wanted())

    def wanted(self) -> Iterator[tuple[str, str]]:
        """Name of the option and path of each that is asked for."""
        for name, path in (("json", self.json), ("junit", self.junit), ("summary", self.summary)):
            if path:
                yield name, path


def write_outputs(outputs: Outputs, contents: Mapping[str, Content]) -> list[str]:
    """Writes what is asked for, all of it that can be; returns what is wrong, a line each.

    Args:
        outputs: what is asked for.
        contents: makes the content of each, in UTF-8.
    """
    problems = []
    for name, path in outputs.wanted():
        content = contents[name]()
        if path == STANDARD:
            click.echo(content, nl=False)
            continue
        try:
            (_append if name == "summary" else _replace)(Path(path), content)
        except OSError as error:
            problems.append(f"--{name} {path}: {error.strerror or error}")
    return problems


def _append(path: Path, content: bytes) -> None:
    """CI systems hand all steps of a job one file, to which each adds."""
    with path.open("ab") as file:
        behind = file.seekable() and file.tell()  # a pipe has no place
        file.write((b"\n" if behind else b"") + content)


def _replace(path: Path, content: bytes) -> None:
    """The old file or the new one, never a part; a pipe or device is written to."""
    from parity.report.atomic import replace_file

    if path.exists() and not path.is_file():
        # By the name that was given: what /dev/stdout or /dev/fd/63 leads to has none.
        path.write_bytes(content)
        return
    target = path.resolve()
    target.parent.stat()  # a folder that is not there is a mistake, and is not made
    try:
        replace_file(target, content)
    except OSError:
        with suppress(OSError):
            target.with_name(f".{target.name}.new").unlink()
        raise
