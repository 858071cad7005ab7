"""Counts differing rows with datacompy, loading included: FRAMES SPECIFICATION (JSON)."""

from __future__ import annotations

import json
import sys
from typing import Any

import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-not-found]


def main() -> None:
    """Prints how many rows differ."""
    frames, asked = sys.argv[1], json.loads(sys.argv[2])
    count = _polars if frames == "polars" else _pandas
    print(json.dumps({"differing": count(asked)}))


def _tables(asked: dict[str, Any]) -> list[Any]:
    """Both tables as Arrow, by binary COPY: the quickest way there is into either library."""
    with adbc.connect(asked["url"]) as connection, connection.cursor() as cursor:
        tables = []
        for relation in (asked["legacy"], asked["candidate"]):
            cursor.execute(f"SELECT * FROM {relation}")
            tables.append(cursor.fetch_arrow_table())
    return tables


def _polars(asked: dict[str, Any]) -> int:
    import polars
    from datacompy import PolarsCompare

    legacy, candidate = (polars.from_arrow(table) for table in _tables(asked))
    assert isinstance(legacy, polars.DataFrame)
    assert isinstance(candidate, polars.DataFrame)
    return _differing(
        PolarsCompare(legacy, candidate, join_columns=asked["key"], rel_tol=asked["relative"])
    )


def _pandas(asked: dict[str, Any]) -> int:
    from datacompy import PandasCompare

    legacy, candidate = (table.to_pandas() for table in _tables(asked))
    return _differing(
        PandasCompare(legacy, candidate, join_columns=asked["key"], rel_tol=asked["relative"])
    )


def _differing(compared: Any) -> int:
    pairs = len(compared.intersect_rows) - int(compared.count_matching_rows())
    return pairs + len(compared.df1_unq_rows) + len(compared.df2_unq_rows)


if __name__ == "__main__":
    main()
