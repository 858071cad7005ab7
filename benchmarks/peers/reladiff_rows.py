"""Counts differing rows with reladiff: ALGORITHM SPECIFICATION (JSON)."""

from __future__ import annotations

import json
import sys
import warnings
from urllib.parse import parse_qs, urlsplit

# Its own dependencies warn about their future; nothing of it is about the measurement.
warnings.simplefilter("ignore")


def main() -> None:
    """Prints how many keys differ. A changed row comes as two lines of one key."""
    import reladiff  # type: ignore[import-not-found]

    algorithm, asked = sys.argv[1], json.loads(sys.argv[2])
    parts = urlsplit(asked["url"])
    server = {
        "driver": "postgresql",
        "host": parse_qs(parts.query)["host"][0],
        "user": parts.username,
        "database": parts.path.lstrip("/"),
    }
    tables = [
        reladiff.connect_to_table(
            server,
            tuple(asked[side].split(".")),
            tuple(asked["key"]),
            extra_columns=tuple(asked["columns"]),
            thread_count=2,
        )
        for side in ("legacy", "candidate")
    ]
    differing = set()
    width = len(asked["key"])
    # What its manual recommends for speed: the primary key needs no check of uniqueness, and the
    # pool has twice as many threads as there are connections.
    found = reladiff.diff_tables(
        *tables,
        algorithm=reladiff.Algorithm(algorithm),
        validate_unique_key=False,
        max_threadpool_size=4,
    )
    for _, row in found:
        differing.add(tuple(row[:width]))
    for table in tables:
        table.database.close()
    print(json.dumps({"differing": len(differing)}))


if __name__ == "__main__":
    main()
