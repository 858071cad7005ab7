"""The demo's own config: the given one, but for gates, state and schedules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parity.config import load, load_text
from parity.demo.config import demo_text, write_demo_config

BARE = """version: 1
migration: toy
datasets:
  - {name: prices, kind: table, legacy: legacy.p, candidate: prefect.p, key: [day]}
"""


def test_the_demos_config_differs_from_the_given_one_only_where_it_must(tmp_path: Path) -> None:
    given = Path("parity.yaml").read_text(encoding="utf-8")
    (tmp_path / "parity.yaml").write_text(given, encoding="utf-8")
    path = write_demo_config(tmp_path / "parity.yaml")
    assert path == tmp_path / "parity.demo.yaml"
    plain, own = load(tmp_path / "parity.yaml"), load(path)
    assert own.plan.gates == replace(plain.plan.gates, compared=2, passed=3)
    assert own.plan.switching == replace(plain.plan.switching, schedules=())
    assert plain.plan.switching.schedules
    assert own.state == tmp_path / ".parity" / "demo"
    plan = replace(own.plan, gates=plain.plan.gates, switching=plain.plan.switching)
    assert replace(own, plan=plan, state=plain.state, config_hash=plain.config_hash) == plain
    assert own.text.startswith("# Written by `parity demo`")
    assert (tmp_path / "parity.yaml").read_text(encoding="utf-8") == given


@pytest.mark.parametrize(
    ("more", "drill"),
    [
        ("", 7),
        (
            "state: 'a b'  # here\nat: 20:00\ngates:\n  validation: {drill: 3d, sessions: 9}\n",
            3,
        ),
        ("gates: {validation: {drill: 3d}, parallel_run: {sessions: 4}}\n", 3),
        ("cutover:\n  schedules: [a/b]\n  attempts: 3\n", 7),
        ("cutover: {attempts: 3, schedules: [a/b]}\n", 7),
        ("cutover:\n  schedules:\n    - a/b   # one\n\n    - c/d\n", 7),
    ],
)
def test_whatever_the_layout(tmp_path: Path, more: str, drill: int) -> None:
    path = tmp_path / "parity.yaml"
    plain = load_text(BARE + more, path)
    own = load_text(demo_text(BARE + more, path.name, "s: #"), path)
    assert (own.plan.gates.compared, own.plan.gates.passed) == (2, 3)
    assert (own.plan.gates.drill.days, own.plan.switching.schedules) == (drill, ())
    assert own.plan.switching.attempts == plain.plan.switching.attempts
    assert (own.state, own.at) == (tmp_path / "s: #", plain.at)
