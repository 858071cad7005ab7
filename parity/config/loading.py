"""The one entry: read the file, collect everything that is wrong, or build the suite."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from parity.config import checks, messages
from parity.config.build import build
from parity.config.findings import Finding, render
from parity.config.reading import Document, UnreadableError, read
from parity.config.shape import FileShape
from parity.model.errors import ConfigError, ConfigProblem
from parity.model.suite import Suite

__all__ = ["load"]


def load(path: Path) -> Suite:
    """Load parity.yaml; relative paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read or is wrong, with every problem in file order.
    """
    try:
        document = read(_text(path))
    except UnreadableError as error:
        problems = (_problem(error.finding, Document()),)
        raise ConfigError(str(path), problems) from error
    return _suite(document, path)


def _suite(document: Document, path: Path) -> Suite:
    findings = [*document.findings, *checks.check(document.value)]
    file = None
    try:
        file = FileShape.model_validate(document.value)
    except ValidationError as error:
        findings += messages.findings(error, document)
    if findings or file is None:
        problems = {_problem(finding, document): None for finding in findings}
        raise ConfigError(str(path), tuple(sorted(problems, key=_in_file_order)))
    return build(file, path.absolute().parent)


def _text(path: Path) -> str:
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


def _problem(finding: Finding, document: Document) -> ConfigProblem:
    line = finding.line if finding.line is not None else document.line(finding.loc)
    return ConfigProblem(render(finding.loc), finding.message, line)


def _in_file_order(problem: ConfigProblem) -> tuple[int, str, str]:
    return (problem.line or 0, problem.path, problem.message)
