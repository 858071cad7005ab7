"""Audits: what a night leaves to the next one about datasets compared by windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "parity"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "audit",
        sa.Column("run_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.run.run_id"), primary_key=True),
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified", JSONB, nullable=False),
        sa.Column("differing", JSONB, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drops the table."""
    op.drop_table("audit", schema=SCHEMA)
