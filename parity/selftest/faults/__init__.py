"""The faults, one small module for each family of causes."""

from __future__ import annotations

from parity.model.suite import Kind
from parity.selftest.fault import Fault
from parity.selftest.faults import (
    bars,
    cells,
    computed,
    controls,
    pairs,
    presence,
    rounded,
    said,
    scaling,
    times,
)

__all__ = ["ALL", "causes_of", "faults_of"]

ALL: tuple[Fault, ...] = (
    *times.FAULTS,
    *presence.FAULTS,
    *bars.FAULTS,
    *cells.FAULTS,
    *said.FAULTS,
    *scaling.FAULTS,
    *rounded.FAULTS,
    *computed.FAULTS,
    *pairs.FAULTS,
    *controls.FAULTS,
)


def causes_of(kind: Kind) -> tuple[str, ...]:
    """The causes that can be seeded in datasets of a kind."""
    return tuple(dict.fromkeys(fault.cause for fault in ALL if kind in fault.kinds))


def faults_of(cause: str, kind: Kind) -> tuple[Fault, ...]:
    """The faults of a cause for a kind; more than one where there are several ways to seed it."""
    return tuple(fault for fault in ALL if fault.cause == cause and kind in fault.kinds)
