"""Which incident a discrepancy belongs to; empty for rows of runs from before there were causes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "parity"


def upgrade() -> None:
    """Adds the column; with a constant default no row is written again."""
    op.add_column(
        "discrepancy",
        sa.Column("incident", sa.Text, nullable=False, server_default=""),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drops the column."""
    op.drop_column("discrepancy", "incident", schema=SCHEMA)
