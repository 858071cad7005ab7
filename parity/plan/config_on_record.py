"""The config that the trail holds, for a rollback at a moment when parity.yaml is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from parity.config import load_text
from parity.database import connect_database
from parity.model.errors import ConfigError, ParityError
from parity.model.suite import Suite
from parity.plan.patience import patient
from parity.plan.queries import rolling_back as queries

__all__ = ["OnRecord", "suite_on_record"]

STATE = ".parity"  # as in a config that names none


@dataclass(frozen=True, slots=True)
class OnRecord:
    """The suite as it was when the config was last put on record, and what is to be said of it."""

    suite: Suite
    told: str


def suite_on_record(
    path: Path, broken: ConfigError, migration: str | None, environ: Mapping[str, str]
) -> OnRecord:
    """The newest config of the trail, read as if it stood in the file.

    Args:
        path: the file that cannot be read.
        broken: why.
        migration: whose trail; None: the one that the file names, or the only one.
        environ: PARITY_DATABASE_URL, PARITY_STATE.

    Raises:
        ParityError: no config is on record where it was looked for; the message says where, and
            what is wrong with the file.
    """
    why = _why(path, broken)
    text = _text_of(path)
    named = environ.get("PARITY_STATE") or _said(text, "state") or STATE
    state = (Path() if environ.get("PARITY_STATE") else path.parent) / named
    if not environ.get("PARITY_DATABASE_URL", "").strip() and not (state / "pg").is_dir():
        raise ParityError(
            f"{why}; and no database has the one on record: PARITY_DATABASE_URL is not set, and "
            f"there is none in {state}; mend the file, or set it"
        )
    with patient(connect_database(state, environ), "the trail (parity.trail)") as connection:
        name = _name(connection, why, migration or _said(text, "migration"))
        row = connection.execute(queries.CONFIG, [name]).fetchone()
    content = json.loads(row[1]) if row else {}
    if row is None or not content.get("text"):
        raise ParityError(f"{why}; and none of migration {name} is on record; mend the file")
    try:
        suite = load_text(content["text"], path)
    except ConfigError as error:
        raise ParityError(f"{why}; and the one on record is too: {_first(error)}") from None
    told = f"{why}; going on with the one on record of {row[0]:%Y-%m-%d %H:%M %Z}"
    return OnRecord(replace(suite, state=state.absolute()), told)


def _name(connection: psycopg.Connection, why: str, wanted: str | None) -> str:
    names = [name for (name,) in connection.execute(queries.MIGRATIONS)]
    if wanted in names or (wanted is None and len(names) == 1):
        return wanted or names[0]
    there = f"on record are {_listed(names)}" if names else "nothing is on record"
    whose = f"migration {wanted} is not on record" if wanted else "it does not say whose it is"
    raise ParityError(f"{why}; and {whose}: {there}; say which with --migration NAME")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _why(path: Path, broken: ConfigError) -> str:
    more = len(broken.problems) - 1
    return f"{path} is broken: {_first(broken)}" + (f" (and {more} more)" if more > 0 else "")


def _first(error: ConfigError) -> str:
    return str(error.problems[0]) if error.problems else "it cannot be read"


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _said(text: str, key: str) -> str | None:
    """What a line of the file says of a key at the top, whatever is wrong with the others."""
    found = re.search(rf"^{key}:[ \t]*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
    return found[1] if found else None
