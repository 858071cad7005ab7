"""The demo's own config: the given one with gates that ten nights can open, as a file beside it.

All commands read it with `--config`, so that whoever looks around judges by the same gates and
finds the same state folder as the demo did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from parity.config import load

__all__ = ["GATES", "demo_path", "demo_text", "write_demo_config"]

GATES: Mapping[str, Mapping[str, int]] = {
    "parallel_run": {"sessions": 2},
    "validation": {"sessions": 3},
}
_NOTE = """\
# Written by `parity demo`, anew each time: {name} with gates that ten nights can open, a state
# folder of its own, and no schedules, as the demo's Prefect server has no deployments.
"""


def demo_path(config: Path) -> Path:
    """`parity.demo.yaml` for `parity.yaml`: in the same folder, from which relative paths start."""
    return config.with_name(f"{config.stem}.demo{config.suffix}")


def write_demo_config(config: Path) -> Path:
    """Writes the demo's config beside the given one; returns its path.

    Raises:
        ConfigError: the given one is wrong.
        OSError: the file cannot be written.
    """
    suite = load(config)
    state = suite.state / "demo"
    near = state.relative_to(suite.root) if state.is_relative_to(suite.root) else state
    path = demo_path(config)
    path.write_text(demo_text(suite.text, config.name, near.as_posix()), encoding="utf-8")
    return path


def demo_text(text: str, name: str, state: str) -> str:
    """The text of a config with the demo's gates and state, and without Prefect's schedules.

    Args:
        text: a valid config; what is not about these stays, with its comments.
        name: of its file.
        state: the folder that the demo works in.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    top, own = _values(root), ""
    cutover = top.get("cutover")
    schedules = _values(cutover).get("schedules") if cutover else None
    # JSON is YAML.
    changes = [(schedules, "[]")] if schedules else []
    for key, value in (
        ("state", json.dumps(state, ensure_ascii=False)), ("gates", json.dumps(_gates(root)))
    ):  # fmt: skip
        if key in top:
            changes.append((top[key], value))
        else:
            own += f"{key}: {value}\n"
    for node, value in sorted(changes, key=lambda change: -change[0].start_mark.index):
        text = f"{text[: node.start_mark.index]}{value}{text[max(_ends(node)) :]}"
    return f"{_NOTE.format(name=name)}{own}\n{text}"


def _gates(root: yaml.Node) -> dict[str, Any]:
    """What the config asks for, but for the sessions in a row."""
    node = _values(root).get("gates")
    asked = yaml.SafeLoader("").construct_object(node, deep=True) if node else {}
    return {phase: {**asked.get(phase, {}), **GATES.get(phase, {})} for phase in {**asked, **GATES}}


def _values(node: yaml.Node) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {key.value: value for key, value in pairs}


def _ends(node: yaml.Node) -> Iterator[int]:
    """Where what is written in a block ends: its own end is where the next token begins."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        yield node.end_mark.index
        return
    for item in node.value:
        for one in item if isinstance(item, tuple) else (item,):
            yield from _ends(one)
