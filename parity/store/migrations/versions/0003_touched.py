"""The log of touched segments, and up to where it has been pruned."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables; triggers come with `parity track on`."""
    op.execute(
        """
        CREATE TABLE parity.touched (
            relation_schema text NOT NULL,
            relation_table text NOT NULL,
            symbol text,  -- NULL: any symbol
            first timestamptz,
            last timestamptz,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        "CREATE INDEX touched_relation ON parity.touched (relation_schema, relation_table, xid)"
    )
    op.execute(
        """
        CREATE TABLE parity.touched_pruned (
            relation_schema text,
            relation_table text,
            snapshot pg_snapshot NOT NULL,  -- what it sees may be gone from the log
            PRIMARY KEY (relation_schema, relation_table)
        )
        """
    )


def downgrade() -> None:
    """Drops the tables, and first the triggers, which would fail without them."""
    op.execute("DROP FUNCTION IF EXISTS parity.note_touched() CASCADE")
    op.execute("DROP TABLE parity.touched, parity.touched_pruned")
