"""Which of several targets an alert has reached: one that fails costs the others nothing."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.execute(
        """
        CREATE TABLE parity.alert_reached (
            alert bigint NOT NULL REFERENCES parity.alert (id) ON DELETE CASCADE,
            part text NOT NULL,  -- trouble, or recovery
            target text NOT NULL,  -- name of a variable or block, never an address
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (alert, part, target)
        )
        """
    )


def downgrade() -> None:
    """Drops it."""
    op.execute("DROP TABLE parity.alert_reached")
