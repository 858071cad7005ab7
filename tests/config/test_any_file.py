"""Whatever the file holds, it loads or raises ConfigError: never anything else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from parity.config import load
from parity.config.shape import (
    CutoverShape,
    DatasetShape,
    FileShape,
    HookShape,
    JobShape,
    ManualItemShape,
    RelationShape,
    ServedShape,
    ToleranceShape,
    WindowShape,
)
from parity.model.errors import ConfigError
from parity.model.suite import Suite

SHAPES = (
    *(FileShape, DatasetShape, JobShape, RelationShape, ToleranceShape, WindowShape),
    *(CutoverShape, HookShape, ManualItemShape, ServedShape),
)
KEYS = sorted({field.alias or name for s in SHAPES for name, field in s.model_fields.items()})
WORDS = [
    *("exact", "bars", "table", "legacy", "a.b", "c.d", "id", "10m", "20:00", "XNYS", "UTC", "m"),
    *("{python}", "{database_url:legacy_writer}", "{as_of", "{x}", "default", "1s", "<<", "~", ""),
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=5),
    st.sampled_from(WORDS),
    st.text(max_size=10),
)
keys = st.one_of(st.sampled_from(KEYS), st.sampled_from(WORDS), st.integers(), st.text(max_size=5))
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


def outcome(content: bytes) -> Suite | ConfigError:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "parity.yaml"
        file.write_bytes(content)
        try:
            return load(file)
        except ConfigError as error:
            return error


def check(content: bytes) -> None:
    result = outcome(content)
    if isinstance(result, Suite):
        assert result.datasets
        return
    assert result.problems
    for problem in result.problems:
        assert problem.path
        assert problem.message
        assert len(str(problem).splitlines()) == 1
    assert str(result).encode()


good_file: dict[str, object] = {"version": 1, "migration": "m"}
good_dataset: dict[str, object] = {
    "name": "a",
    "kind": "bars",
    "legacy": "l.t",
    "candidate": "c.t",
    "key": ["id"],
}
good_job: dict[str, object] = {"name": "a", "side": "legacy", "command": ["x"]}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_any_structure(content: object) -> None:
    check(yaml.safe_dump(content).encode())


def some_of(shape: type[BaseModel]) -> st.SearchStrategy[dict[str, object]]:
    """Up to three fields of a shape, each with any value."""
    return st.dictionaries(st.sampled_from(sorted(shape.model_fields)), anything, max_size=3)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_of(FileShape), some_of(DatasetShape), some_of(JobShape), some_of(WindowShape))
def test_any_values_in_the_right_places(
    file: dict[str, object],
    dataset: dict[str, object],
    job: dict[str, object],
    window: dict[str, object],
) -> None:
    content = {
        **good_file,
        "jobs": [good_job | job],
        "datasets": [
            good_dataset,
            good_dataset | {"name": "b"} | dataset,
            good_dataset | {"name": "c", "symbol": "s", "time": "t", "window": window},
        ],
        **file,
    }
    check(yaml.safe_dump(content).encode())


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("ab1: -[]{},&*!|>'\"#%@?~<.\n\t\\\0\ufeff\u2028e+\x85U"), max_size=40)
)
def test_any_text(text: str) -> None:
    check(text.encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes(content: bytes) -> None:
    check(content)
