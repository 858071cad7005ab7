"""The way back and every row are proved without anybody noticing, a drill neither."""

from __future__ import annotations

import pytest

from parity.database import Database
from parity.model.errors import DatabaseError
from parity.model.verdict import Side
from parity.store import Store
from parity.switch import make_anew, prove_way_back, proving, require_every_row
from tests.switch.toy import admin, make, resolved, serve, served

IN_DRILL = (
    "SELECT c.relname, c.oid, w.xmin FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid "
    "WHERE c.relnamespace = 'market_drill'::regnamespace ORDER BY 1"
)


def test_a_drill_that_runs_does_not_suffer(database: Database) -> None:
    """A proof waits for none of its readers, and they wait for none of the proof."""
    Store(database.engine_as("parity_harness")).migrate()
    views = serve(database, "a", "b")
    make_anew(database, [view.with_mark() for view in views], Side.LEGACY, "market_drill")
    with admin(database) as connection:
        before = connection.execute(IN_DRILL).fetchall()
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute("LOCK TABLE market_drill.a, market_drill.b IN ACCESS SHARE MODE")
            prove_way_back(database, views)
        assert connection.execute(IN_DRILL).fetchall() == before
    assert len(before) == 5  # two views, what each reads now, and the gate


def test_a_step_that_fails_is_named_with_the_view(database: Database) -> None:
    Store(database.engine_as("parity_harness")).migrate()
    views = serve(database, "a", "b")
    with admin(database) as connection:
        connection.execute("REVOKE SELECT ON prefect.b FROM parity_switch")
    with pytest.raises(DatabaseError, match="not usable: view b over the candidate side: permiss"):
        prove_way_back(database, views)


@pytest.mark.parametrize("side", list(Side))
def test_a_row_that_does_not_fit_is_found_on_either_side(database: Database, side: Side) -> None:
    serve(database, "a")
    columns = (("symbol", "text"), ("price", "numeric(3,1)"))
    (view,) = resolved(database, served("a", columns=columns))
    assert require_every_row(database, [view], side, pytest.fail) == 1
    schema = view.served.relation(side).schema
    make(database, schema, f"INSERT INTO {schema}.a VALUES ('x', 1234.5)")
    with pytest.raises(
        DatabaseError,
        match=rf"view a cannot serve every row of {schema}\.a of the {side} side: numeric field ov",
    ):
        require_every_row(database, [view], side, pytest.fail)


def test_a_large_table_is_told_before_it_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = serve(database, "a")
    monkeypatch.setattr(proving, "LARGE", 1)
    said: list[str] = []
    assert require_every_row(database, views, Side.CANDIDATE, said.append) == 1
    assert said == ["Reading all rows of prefect.a (0 MiB), to see that each can be served."]
