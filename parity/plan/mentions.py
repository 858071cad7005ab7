"""What is left of the old side outside of the database: scripts, cron lines, docs, config keys.

Nothing here is changed or deleted: it is listed for a person, each with its file and line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.config.findings import render
from parity.config.reading import UnreadableError, read
from parity.model.suite import Suite
from parity.model.verdict import Side

__all__ = ["Mention", "Mentions", "mentions_of"]

KINDS = {
    ".md", ".txt", ".rst", ".adoc", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".conf", ".sh",
    ".service", ".timer",
}  # fmt: skip
NAMES = ("makefile", "dockerfile", "jenkinsfile", "procfile", "readme")
NOT_OURS = {"venv", "node_modules", "__pycache__"}  # nor what is hidden, but for these:
SEEN = {".github", ".gitlab", ".circleci"}
TESTS = {"test", "tests", "testing"}  # folders
LARGEST = 1 << 20  # bytes; what is larger is no text that somebody has written
CRONTAB = "crontab -l"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A line of a file below the folder of parity.yaml, counted from 1."""

    file: str
    line: int
    text: str

    @property
    def of_tests(self) -> bool:
        """True for a file of tests: it names the old side to try things out."""
        return bool(TESTS & set(Path(self.file).parts[:-1]))

    @property
    def place(self) -> str:
        """`docs/old.md:12`."""
        return f"{self.file}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"file": self.file, "line": self.line, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What a person deletes or changes, relative to the folder of parity.yaml.

    Attributes:
        scripts: files that the commands of the old side's jobs name.
        beside: what else is in the folders of the scripts; others may need it.
        cron: lines of crontabs that name a script; `crontab -l` is the user's own.
        config: keys of parity.yaml that name the old side.
        docs: lines of other texts that name a script or a table with its schema; those of tests
            come last.
    """

    scripts: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    cron: tuple[Mention, ...] = ()
    config: tuple[Mention, ...] = ()
    docs: tuple[Mention, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "scripts": list(self.scripts),
            "beside": list(self.beside),
            "cron": [one.to_json() for one in self.cron],
            "config": [one.to_json() for one in self.config],
            "docs": [one.to_json() for one in self.docs],
        }


def mentions_of(
    suite: Suite, config: Path, tables: Iterable[str], environ: Mapping[str, str]
) -> Mentions:
    """Looks for them below the folder of parity.yaml.

    Args:
        suite: whose jobs name the scripts.
        config: parity.yaml.
        tables: of the old side, as `legacy.prices`.
        environ: whose PATH may have `crontab`.
    """
    scripts = _scripts(suite)
    files = list(_files(suite))
    crontabs = [path for path in files if "crontab" in path.name.lower()]
    texts = [
        path
        for path in files
        if path not in crontabs and path != config.absolute() and _is_text(path)
    ]
    named = _naming([Path(one).name for one in scripts])
    about = _naming([*(Path(one).name for one in scripts), *tables])
    cron = [one for path in crontabs for one in _lines(path, _below(suite, path), named)]
    return Mentions(
        scripts=tuple(scripts),
        beside=tuple(_beside(suite, scripts)),
        cron=(*cron, *_own_crontab(named, environ)),
        config=tuple(_keys(suite, config)),
        docs=tuple(
            sorted(
                (one for path in texts for one in _lines(path, _below(suite, path), about)),
                key=lambda one: one.of_tests,  # else as they are
            )
        ),
    )


def _scripts(suite: Suite) -> list[str]:
    """Files below the root that a command of the old side names, each once."""
    found: dict[str, None] = {}
    for job in suite.jobs:
        if job.side is not Side.LEGACY:
            continue
        for part in job.command:
            path = Path(os.path.normpath(suite.root / part))
            if path.is_file() and path.is_relative_to(suite.root):
                found[_below(suite, path)] = None
    return list(found)


def _beside(suite: Suite, scripts: Sequence[str]) -> Iterator[str]:
    """Other files in folders that hold scripts, but not those in the root itself."""
    for folder in sorted({(suite.root / one).parent for one in scripts} - {suite.root}):
        for path in sorted(folder.iterdir()):
            if path.is_file() and _below(suite, path) not in scripts:
                yield _below(suite, path)


def _files(suite: Suite) -> Iterator[Path]:
    """Files below the root that are the project's own, by name."""
    left_out = {suite.state, suite.reports}
    for here, folders, names in os.walk(suite.root):
        folder = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if name not in NOT_OURS
            and (name in SEEN or not name.startswith("."))
            and folder / name not in left_out
            and not (folder / name / "pyvenv.cfg").exists()
        )
        yield from (folder / name for name in sorted(names))


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in KINDS or path.name.lower().startswith(NAMES)


def _naming(names: Iterable[str]) -> re.Pattern[str] | None:
    """Matches where one of the names stands on its own; None: there are no names."""
    words = "|".join(re.escape(name) for name in sorted(set(names)))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if words else None


def _lines(path: Path, name: str, wanted: re.Pattern[str] | None) -> Iterator[Mention]:
    if wanted is None:
        return
    try:
        if path.stat().st_size > LARGEST:
            return
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return
    yield from _matching(text, name, wanted)


def _matching(text: str, name: str, wanted: re.Pattern[str]) -> Iterator[Mention]:
    for number, line in enumerate(text.split("\n"), start=1):
        if wanted.search(line):
            yield Mention(file=name, line=number, text=line.strip())


def _own_crontab(
    wanted: re.Pattern[str] | None, environ: Mapping[str, str]
) -> Iterator[Mention]:  # fmt: skip
    """Lines of the user's own crontab, where there is such a program."""
    program = shutil.which("crontab", path=environ.get("PATH"))
    if program is None or wanted is None:
        return
    try:
        ended = subprocess.run(
            [program, "-l"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return
    if ended.returncode == 0:
        yield from _matching(ended.stdout.decode("utf-8", "replace"), CRONTAB, wanted)


def _keys(suite: Suite, config: Path) -> Iterator[Mention]:
    """Keys that name the old side, in the order of the file."""
    try:
        document = read(config.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, UnreadableError):
        return
    places: list[tuple[tuple[str | int, ...], str]] = []
    for number, job in enumerate(suite.jobs):
        if job.side is Side.LEGACY:
            places.append((("jobs", number), job.name))
    for number, dataset in enumerate(suite.datasets):
        places.append((("datasets", number, "legacy"), str(dataset.legacy)))
    if suite.flows.legacy is not None:
        places.append((("flows", "load_runs", "legacy"), str(suite.flows.legacy)))
    for number, _ in enumerate(document.value.get("serving") or ()):
        places.append((("serving", number, "legacy"), str(suite.plan.served[number].legacy)))
    found = [
        Mention(file=config.name, line=document.line(loc) or 1, text=f"{render(loc)}: {said}")
        for loc, said in places
    ]
    yield from sorted(found, key=lambda one: one.line)


def _below(suite: Suite, path: Path) -> str:
    return path.relative_to(suite.root).as_posix()
