"""The one entry: read the file, collect everything that is wrong, or build the suite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from parity.config import checks, messages
from parity.config.build import build
from parity.config.findings import Finding, render
from parity.config.reading import Document, UnreadableError, read
from parity.config.shape import FileShape
from parity.model.errors import ConfigError, ConfigProblem
from parity.model.suite import Suite

__all__ = ["load", "load_text", "refusal", "text_of"]

USUAL = "parity.yaml"


def load(path: Path) -> Suite:
    """Load parity.yaml; relative paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    try:
        text = text_of(path)
    except UnreadableError as error:
        raise refusal(path, [error.finding]) from error
    return load_text(text, path)


def load_text(text: str, path: Path) -> Suite:
    """Load what a parity.yaml holds, or held.

    Raises:
        ConfigError: it is wrong, with every problem in file order.
    """
    try:
        document = read(text)
    except UnreadableError as error:
        raise refusal(path, [error.finding]) from error
    # Commands that somebody is to type name the file only where it is not the usual one.
    source = "" if path.name == USUAL else str(path)
    return replace(_suite(document, path), text=text, source=source)


def _suite(document: Document, path: Path) -> Suite:
    findings = [*document.findings, *checks.check(document.value)]
    file = None
    try:
        file = FileShape.model_validate(document.value)
    except ValidationError as error:
        findings += messages.findings(error, document)
    if findings or file is None:
        raise refusal(path, findings, document)
    return build(file, path.absolute().parent)


def text_of(path: Path) -> str:
    """What a file holds, without a byte order mark.

    Raises:
        UnreadableError: it is not there, not to be read, or no UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UnreadableError(
            "there is no such file; name yours with --config, or start from the parity.yaml that "
            "comes with the project"
        ) from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8 text; save it as UTF-8") from error


def refusal(
    path: Path, findings: Iterable[Finding], document: Document | None = None
) -> ConfigError:
    """The error that names every problem once, in file order."""
    problems = {_problem(finding, document or Document()): None for finding in findings}
    return ConfigError(str(path), tuple(sorted(problems, key=_in_file_order)))


def _problem(finding: Finding, document: Document) -> ConfigProblem:
    line = finding.line if finding.line is not None else document.line(finding.loc)
    return ConfigProblem(render(finding.loc), finding.message, line)


def _in_file_order(problem: ConfigProblem) -> tuple[int, str, str]:
    return (problem.line or 0, problem.path, problem.message)
