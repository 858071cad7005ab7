"""The part of the validated file that is about the migration plan -> `Plan`."""

from __future__ import annotations

import os.path
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path

from parity.config.shape import CutoverShape, FileShape, HookShape, RelationShape, ServedShape
from parity.model.plan import Gates, Hook, ManualItem, Plan, Served, Switching
from parity.model.suite import Relation

__all__ = ["below", "plan_of"]


def plan_of(file: FileShape, root: Path) -> Plan:
    """The plan; `root` is the absolute folder that relative paths start from."""
    return Plan(
        gates=_gates(file),
        checklist=tuple(
            ManualItem(id=item.id, text=item.text, phase=item.phase) for item in file.checklist
        ),
        served=tuple(_served(shape) for shape in file.serving) or _derived(file),
        kept=bool(file.serving),
        switching=_switching(file.cutover, root),
        waivers=below(root, file.waivers),
    )


def below(root: Path, path: str) -> Path:
    """An absolute path; a relative one starts from `root`."""
    # normpath, not resolve: a path that the user chose to be a link stays that link.
    return Path(os.path.normpath(root / path))


def _gates(file: FileShape) -> Gates:
    validation = file.gates.validation
    return Gates(
        compared=file.gates.parallel_run.sessions,
        passed=validation.sessions,
        coverage=validation.coverage,
        success_rate=validation.success_rate,
        flows_within=validation.flows_within,
        drill=validation.drill,
        primary=file.gates.cutover.sessions,
    )


def _served(shape: ServedShape) -> Served:
    return Served(
        view=shape.view,
        legacy=_relation(shape.legacy),
        candidate=_relation(shape.candidate),
        columns=tuple(shape.columns.items()),
        rename=tuple(shape.rename.items()),
    )


def _derived(file: FileShape) -> tuple[Served, ...]:
    """A view for each pair of relations that a dataset names, under the name of the legacy one."""
    found: dict[str, Served] = {}
    for dataset in file.datasets:
        pair = _relation(dataset.legacy), _relation(dataset.candidate)
        if pair in {(one.legacy, one.candidate) for one in found.values()}:
            continue
        legacy, candidate = pair
        view = _free([legacy.table, f"{legacy.schema}_{legacy.table}"], found)
        rename = tuple(dataset.rename.items())
        found[view] = Served(view=view, legacy=legacy, candidate=candidate, rename=rename)
    return tuple(found.values())


def _free(names: list[str], taken: Collection[str]) -> str:
    """The first name that is free, or the last one with a number."""
    numbered = (f"{names[-1]}_{number}" for number in count(2))
    return next(name for name in chain(names, numbered) if name not in taken)


def _switching(shape: CutoverShape, root: Path) -> Switching:
    return Switching(
        lock_timeout=shape.lock_timeout,
        attempts=shape.attempts,
        postpone_file=below(root, shape.postpone_file),
        panic_file=below(root, shape.panic_file),
        before=tuple(map(_hook, shape.hooks.before)),
        after=tuple(map(_hook, shape.hooks.after)),
        after_rollback=tuple(map(_hook, shape.hooks.after_rollback)),
        schedules=tuple(shape.schedules),
        quarantine=shape.quarantine,
    )


def _hook(shape: HookShape) -> Hook:
    return Hook(
        name=shape.name,
        command=tuple(shape.command),
        timeout=shape.timeout,
        env=tuple(shape.env.items()),
    )


def _relation(shape: RelationShape) -> Relation:
    return Relation(shape.schema_, shape.table)
