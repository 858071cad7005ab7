"""Nothing is compared while the old side is in quarantine, or after it was dropped."""

from __future__ import annotations

import psycopg

from parity.database import Role
from parity.database.complaint import first_line
from parity.database.quarantined import dropped, quarantined
from parity.model.errors import DatabaseError, ParityError
from parity.nightly.harness import Harness

__all__ = ["refuse_quarantined"]


def refuse_quarantined(harness: Harness) -> None:
    """Goes on where the old side is in use.

    Raises:
        ParityError: a schema of it is in quarantine, or gone; the message says what to do.
    """
    suite = harness.suite
    schemas = {dataset.legacy.schema for dataset in suite.datasets}
    try:
        with harness.database.connect_as(Role.PARITY_HARNESS) as connection:
            held = quarantined(connection)
            gone = dropped(connection) & schemas
    except psycopg.Error as error:
        raise DatabaseError(f"the schemas cannot be looked at: {first_line(error)}") from None
    for one in held:
        if one.of in schemas:
            until = f" until {one.until}" if one.until else ""
            raise ParityError(
                f"schema {one.of} of migration {one.migration or suite.migration} is in quarantine "
                f"as {one.schema}{until}; nothing is left to compare (parity cleanup --undo "
                "--execute brings it back)"
            )
    if gone:
        raise ParityError(
            f"schema {min(gone)} of migration {suite.migration} was dropped after its quarantine; "
            "nothing is left to compare (parity cleanup says where its archive is)"
        )
