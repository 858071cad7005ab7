"""A value that a task hands to the next one as it is."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Sealed"]

T = TypeVar("T")


class Sealed(Generic[T]):
    """Holds a value that Prefect must not look into.

    Prefect walks through the lists and dataclasses among a task's parameters in search of
    futures; with thousands of bars that takes longer than the task.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value
