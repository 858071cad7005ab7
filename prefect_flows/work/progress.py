"""A bar of progress in Prefect's UI."""

from __future__ import annotations

import time
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

__all__ = ["Bar"]


class Bar:
    """Shows how many of some things are done. A server that does not answer costs the bar only.

    Args:
        key: Of the artifact: letters, digits and dashes.
        description: What is counted.
        total: How many there are, at least 1.
        every_seconds: Move it no more often, but for the last time.
    """

    def __init__(
        self, key: str, description: str, total: int, *, every_seconds: float = 0.0
    ) -> None:
        self._total = total
        self._every = every_seconds
        self._shown = time.monotonic()
        self._artifact: UUID | None = None
        try:
            made = create_progress_artifact(0.0, key=key, description=description)
            assert isinstance(made, UUID)  # a coroutine only where a loop is running
            self._artifact = made
        except Exception as error:  # noqa: BLE001
            get_run_logger().warning("no bar of progress: %s", type(error).__name__)

    def move(self, done: int) -> None:
        """Show so many as done, if it is time for that."""
        if self._artifact is None:
            return
        if done < self._total and time.monotonic() - self._shown < self._every:
            return
        self._shown = time.monotonic()
        try:
            update_progress_artifact(self._artifact, 100.0 * done / self._total)
        except Exception:  # noqa: BLE001
            self._artifact = None
