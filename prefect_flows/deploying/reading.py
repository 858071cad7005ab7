"""The two YAML files, read and checked; every mistake becomes one line that says where it is."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from prefect import Flow
from prefect.utilities.importtools import import_object
from pydantic import BaseModel, ValidationError

from prefect_flows.deploying.shapes import DeploymentShape, PoolsFile, PrefectFile
from prefect_flows.errors import SettingsError

__all__ = ["DEFAULT_POOLS", "DefinitionError", "Definitions", "load_flow", "read"]

DEFAULT_POOLS = Path(__file__).with_name("pools.yaml")

Shape = TypeVar("Shape", bound=BaseModel)


class DefinitionError(SettingsError):
    """A file is missing or wrong; the message has a line for each mistake."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """Both files, checked against each other and against the flows.

    Attributes:
        deployments: In the order of prefect.yaml.
        pull: Steps that a worker's process takes before it imports a flow.
        pools: Pools, limits, and when a silent run counts as dead.
    """

    deployments: tuple[DeploymentShape, ...]
    pull: list[dict[str, Any]]
    pools: PoolsFile


def read(deployments: Path, pools: Path = DEFAULT_POOLS) -> Definitions:
    """Read prefect.yaml and pools.yaml.

    Raises:
        DefinitionError: A file cannot be read, a key is unknown, a value wrong, a pool, flow or
            parameter does not exist.
    """
    file = _shape(deployments, PrefectFile)
    pools_file = _shape(pools, PoolsFile)
    problems = [f"{deployments}: {problem}" for problem in _problems(file, pools_file)]
    if problems:
        raise DefinitionError("\n".join(problems))
    return Definitions(tuple(file.deployments), list(file.pull), pools_file)


def load_flow(deployment: DeploymentShape) -> Flow[..., Any]:
    """Import a deployment's flow.

    Raises:
        DefinitionError: There is no such flow.
    """
    try:
        found = import_object(deployment.entrypoint)
    except (ImportError, AttributeError) as error:
        raise DefinitionError(f"{deployment.entrypoint} cannot be imported: {error}") from None
    if not isinstance(found, Flow):
        raise DefinitionError(f"{deployment.entrypoint} is not a flow")
    return cast("Flow[..., Any]", found)


def _shape(path: Path, shape: type[Shape]) -> Shape:
    try:
        value = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise DefinitionError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise DefinitionError(f"{path}: must hold keys and values")
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        lines = [
            f"{path}: {_where(one['loc'])}: {_what(cast('dict[str, Any]', one))}"
            for one in error.errors(include_url=False)
        ]
        raise DefinitionError("\n".join(lines)) from None


def _where(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        if part != "[key]":
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _what(error: dict[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "is missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            said = str(error["msg"])
            return f"{error['input']!r}: {said[0].lower()}{said[1:]}"[:200]


def _problems(file: PrefectFile, pools: PoolsFile) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(file.deployments):
        where = f"deployments[{number}] ({one.name})"
        if one.work_pool.name not in pools.pools:
            yield f"{where}: pools.yaml has no pool {one.work_pool.name!r}"
        try:
            flow = load_flow(one)
        except DefinitionError as error:
            yield f"{where}: {error}"
            continue
        if (flow.name, one.name) in seen:
            yield f"{where}: there are two deployments {flow.name}/{one.name}"
        seen.add((flow.name, one.name))
        for name in sorted(set(one.parameters) - set(inspect.signature(flow.fn).parameters)):
            yield f"{where}: the flow {flow.name} has no parameter {name!r}"
