"""The second opinion in a process of its own.

datacompy brings pandas and Polars: 100 MB and most of a second, while the database works. A child
takes them on, and the command that compares stays small.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO

from parity.model.errors import ComparisonError
from parity.model.result import SecondOpinion
from parity.model.suite import Dataset
from parity.opinion.keys import Claim

__all__ = ["Apart"]

Rows = Sequence[tuple[Any, ...]]


class Apart:
    """A child that gets ready at once and gives second opinions when it is asked."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "parity.opinion.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def __call__(
        self,
        dataset: Dataset,
        names: Sequence[str],
        legacy: Rows,
        candidate: Rows,
        claimed: Mapping[tuple[Any, ...], Claim],
    ) -> SecondOpinion:
        """As `second_opinion`, with rows instead of frames and the names of their columns.

        Raises:
            ComparisonError: the rows cannot be read in one way only, or the child failed.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            pickle.dump((dataset, list(names), legacy, candidate, claimed), self._child.stdin)
            self._child.stdin.flush()
            answer = pickle.load(self._child.stdout)  # noqa: S301  # of a child of ours
        except (OSError, EOFError) as error:
            raise ComparisonError(
                f"dataset {dataset.name}: the second opinion's process ended: {error}"
            ) from error
        if isinstance(answer, SecondOpinion):
            return answer
        raise ComparisonError(str(answer))


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answers until the orders end."""
    import pandas as pd

    import parity.opinion.equality  # noqa: F401  # brings datacompy before it is asked for
    from parity.opinion.second import second_opinion

    while True:
        try:
            dataset, names, legacy, candidate, claimed = pickle.load(orders)  # noqa: S301
        except EOFError:
            return
        frames = [pd.DataFrame(rows, columns=names, dtype=object) for rows in (legacy, candidate)]
        answer: SecondOpinion | str
        try:
            answer = second_opinion(dataset, frames[0], frames[1], claimed)
        except ComparisonError as error:
            answer = str(error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
