"""Rules of the house that import-linter cannot hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("parity", "prefect_flows")
SOURCES = [
    path.relative_to(ROOT) for folder in (*OURS, "legacy") for path in (ROOT / folder).rglob("*.py")
]
STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|SCHEMA|ROLE)"
    r"|DROP\s+(TABLE|SCHEMA|ROLE)|COPY\s+\S+\s+(FROM|TO)\s|WITH\s+\S+\s+AS\s)",
    re.DOTALL,
)


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_the_scripts_and_the_rest_do_not_know_each_other(path: Path) -> None:
    if path.parts[0] == "legacy":
        assert not imported(path) & {*OURS, "prefect"}
    else:
        assert "legacy" not in imported(path)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_sql_text_stands_in_modules_named_for_it(path: Path) -> None:
    if {"queries", "tables", "migrations"} & {path.stem, *path.parts}:
        return
    texts = [
        node.value
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in texts if STATEMENT.match(text)] == []


def test_the_rule_about_sql_finds_sql() -> None:
    for text in ("SELECT a\nFROM b", " INSERT INTO x", "COPY t FROM STDIN", "WITH l AS ("):
        assert STATEMENT.match(text)
    assert not STATEMENT.match("Select rows from the table")


def test_the_placeholders_of_the_config_know_the_roles_of_the_database() -> None:
    from parity.config.placeholders import ROLES
    from parity.database import Role

    assert set(ROLES) == {role.value for role in Role}
