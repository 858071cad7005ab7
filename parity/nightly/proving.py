"""The night's self-test: faults seeded in copies of the night's own rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime

from parity.database import Database, Role
from parity.exchange import Exchange
from parity.model.selftest import SelfTest
from parity.model.suite import Suite
from parity.selftest import Asking, run_selftest

__all__ = ["prove"]


def prove(
    suite: Suite,
    database: Database,
    exchange: Exchange,
    *,
    session: date,
    as_of: datetime,
    now: Callable[[], float] = time.monotonic,
) -> SelfTest:
    """Seeds faults for `selftest_seconds`, the same ones each time the session is looked at.

    A self-test that cannot run counts as a fault that was not found: the night is undecided.
    """
    if not suite.selftest_seconds:
        return SelfTest()
    seed = f"{suite.migration} {session}"
    asking = Asking(seed=seed, seconds=suite.selftest_seconds)
    try:
        with database.connect_as(Role.PARITY_HARNESS) as connection:
            return run_selftest(connection, suite, exchange, asking, as_of=as_of, now=now).result
    except Exception as error:  # noqa: BLE001
        # Whatever it is, what the night has found must not be lost for it.
        line = (str(error).splitlines() or [type(error).__name__])[0]
        return SelfTest(seed=seed, undetected=(f"the self-test could not run: {line}",))
