"""What jobs cost, and who has been told of what."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the columns and the table."""
    op.execute(
        """
        ALTER TABLE parity.job_run
            ADD COLUMN cpu_seconds double precision,
            ADD COLUMN peak_memory bigint
        """
    )
    op.execute(
        """
        CREATE TABLE parity.alert (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            migration text NOT NULL,
            identity text NOT NULL,  -- of the trouble: night, lateness, a flow
            kind text NOT NULL,
            session date,
            title text NOT NULL,
            body text NOT NULL,
            link text NOT NULL DEFAULT '',
            opened_at timestamptz NOT NULL DEFAULT now(),
            told_at timestamptz,
            closed_at timestamptz,
            recovery text,
            recovery_told_at timestamptz
        )
        """
    )
    # One open alert for a trouble, whoever finds it first.
    op.execute(
        """
        CREATE UNIQUE INDEX alert_open ON parity.alert (migration, identity)
        WHERE closed_at IS NULL
        """
    )


def downgrade() -> None:
    """Drops them."""
    op.execute("DROP TABLE parity.alert")
    op.execute("ALTER TABLE parity.job_run DROP COLUMN cpu_seconds, DROP COLUMN peak_memory")
