"""Compares sampled rows again and holds the result against what the diff claimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from parity.model.errors import ComparisonError
from parity.model.result import RowState, SecondOpinion
from parity.model.suite import Dataset
from parity.model.verdict import Side
from parity.opinion.keys import Claim, key_of
from parity.opinion.sides import Key, Rows, frame_of, sort_rows

__all__ = ["Claim", "second_opinion"]

EXAMPLES = 5


def second_opinion(
    dataset: Dataset,
    legacy: pd.DataFrame,
    candidate: pd.DataFrame,
    claimed: Mapping[tuple[Any, ...], Claim],
) -> SecondOpinion:
    """Compare sampled rows with datacompy and check the diff's claims about them.

    Columns in common are compared, without the key and the dataset's excluded columns. Rows with
    a NULL in the key and keys that occur more than once on a side are taken out first, the
    latter on both sides: a row is never paired with one of several.

    Args:
        dataset: key, tolerances, exclusions and the time zone of bare timestamps.
        legacy: the sampled rows, fetched separately, columns named by the legacy side. Build it
            with `dtype=object`: a NULL is None there, and NaN is NaN.
        candidate: the same keys on the other side, its columns also named by the legacy side.
        claimed: for every discrepancy among the sampled keys its state (one-sided, duplicate,
            null key) or the columns that mismatch. A key that is not here was claimed matched.

    Returns:
        The number of keys looked at, claimed ones included, the number of keys on which the two
        disagree, and examples. Rows are 0 when there was nothing to compare: no confirmation.

    Raises:
        ComparisonError: the rows cannot be read in one way only, or datacompy failed.
    """
    left_out = {*dataset.key, *dataset.exclude}
    columns = tuple(
        str(name) for name in legacy.columns if name in candidate.columns and name not in left_out
    )
    left = sort_rows(dataset, Side.LEGACY, legacy, columns)
    right = sort_rows(dataset, Side.CANDIDATE, candidate, columns)
    claims = {key_of(key, dataset.timezone): claim for key, claim in claimed.items()}
    found = _states(left, right) | _compare(dataset, left, right, columns)
    looked_at = dict.fromkeys([*found, *claims])
    lines = [
        f"{_show_key(dataset, key)}: claimed {_show(claim)}, second opinion {_show(opinion)}"
        for key in looked_at
        for claim, opinion in [(claims.get(key, RowState.MATCHED), found.get(key))]
        if claim != opinion
    ]
    return SecondOpinion(
        rows=len(looked_at), disagreements=len(lines), examples=tuple(lines[:EXAMPLES])
    )


def _states(left: Rows, right: Rows) -> dict[Key, Claim]:
    """The keys that cannot be paired because of a NULL or a duplicate."""
    found: dict[Key, Claim] = {}
    found |= dict.fromkeys(left.with_null | right.with_null, RowState.NULL_KEY)
    found |= dict.fromkeys(left.duplicated | right.duplicated, RowState.DUPLICATE_KEY)
    return found


def _compare(
    dataset: Dataset, left: Rows, right: Rows, columns: tuple[str, ...]
) -> dict[Key, Claim]:
    """What datacompy finds on the keys that are whole and alone on their side."""
    doubled = left.duplicated | right.duplicated
    pairable = dict.fromkeys(
        key for key in (*left.positions, *right.positions) if key not in doubled
    )
    numbers = {key: number for number, key in enumerate(pairable)}
    # datacompy derives column names of its own ("close_match"); safe names cannot meet them.
    names = {name: f"c{number}" for number, name in enumerate(columns)}
    comparison = _run_datacompy(
        dataset, frame_of(left, numbers, names), frame_of(right, numbers, names), names
    )
    keys = {number: key for key, number in numbers.items()}
    found: dict[Key, Claim] = {}
    found |= {keys[number]: RowState.LEGACY_ONLY for number in comparison.df1_unq_rows["key"]}
    found |= {keys[number]: RowState.CANDIDATE_ONLY for number in comparison.df2_unq_rows["key"]}
    both = comparison.intersect_rows
    matches = {name: both[f"{safe}_match"].tolist() for name, safe in names.items()}
    for row, number in enumerate(both["key"]):
        wrong = frozenset(name for name, match in matches.items() if not match[row])
        found[keys[number]] = wrong or RowState.MATCHED
    return found


def _run_datacompy(
    dataset: Dataset, legacy: pd.DataFrame, candidate: pd.DataFrame, names: Mapping[str, str]
) -> Any:
    # Imported where it is used, with Polars behind it: most commands never need it.
    from datacompy import PandasCompare

    from parity.opinion.equality import DesignEquality

    equality = DesignEquality(
        {f"{safe}_legacy": dataset.tolerance(name) for name, safe in names.items()}
    )
    try:
        with np.errstate(all="ignore"):  # its statistics subtract infinities
            comparison = PandasCompare(
                legacy,
                candidate,
                join_columns=["key"],
                df1_name="legacy",
                df2_name="candidate",
                cast_column_names_lower=False,
                custom_comparators=[equality],
            )
    except Exception as error:
        raise ComparisonError(
            f"dataset {dataset.name}: the second opinion failed: {type(error).__name__}: {error}"
        ) from error
    if sorted(equality.seen) != sorted(equality.tolerances):
        raise ComparisonError(
            f"dataset {dataset.name}: datacompy did not compare every column by our equality"
        )
    return comparison


def _show(claim: Claim | None) -> str:
    if claim is None:
        return "found on neither side"
    if isinstance(claim, RowState):
        return claim.value
    return "mismatched in " + (", ".join(sorted(claim)) or "no column")


def _show_key(dataset: Dataset, key: Key) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(dataset.key, key, strict=False))
