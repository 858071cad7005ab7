"""First tables: runs, attempts, discrepancies, jobs, quality checks, phases."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "parity"


def _now() -> sa.Column[datetime]:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _run_id(*, primary_key: bool) -> sa.Column[str]:
    return sa.Column(
        "run_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.run.run_id"),
        primary_key=primary_key, nullable=False,
    )  # fmt: skip


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "run",
        sa.Column("run_id", sa.Text, primary_key=True),
        _text("migration"),
        _text("phase"),
        sa.Column("session", sa.Date, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        _text("content"),
        _text("config"),
        sa.Column("result", sa.JSON, nullable=False),
        _now(),
        sa.CheckConstraint("verdict IN ('pass', 'fail', 'undecided')", name="run_verdict"),
        schema=SCHEMA,
    )
    op.create_table(
        "attempt",
        _id(),
        _run_id(primary_key=False),
        _text("migration"),
        sa.Column("session", sa.Date, nullable=False),
        _now(),
        schema=SCHEMA,
    )
    op.create_index("attempt_newest", "attempt", ["migration", "session", "id"], schema=SCHEMA)
    op.create_table(
        "discrepancy",
        _run_id(primary_key=True),
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("ordinal", sa.BigInteger, primary_key=True),
        _text("state"),
        sa.Column("key", JSONB, nullable=False),
        sa.Column("legacy", JSONB),
        sa.Column("candidate", JSONB),
        sa.Column("columns", sa.ARRAY(sa.Text), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "job_run",
        _id(),
        _text("migration"),
        sa.Column("session", sa.Date, nullable=False),
        _text("name"),
        _text("side"),
        sa.Column("exit_code", sa.Integer),
        sa.Column("seconds", sa.Double, nullable=False),
        _text("log"),
        _text("reason"),
        _now(),
        schema=SCHEMA,
    )
    op.create_index("job_run_session", "job_run", ["migration", "session"], schema=SCHEMA)
    op.create_table(
        "quality_check",
        _run_id(primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        _text("dataset"),
        _text("side"),
        _text("expectation"),
        sa.Column("column", sa.Text),
        sa.Column("success", sa.Boolean, nullable=False),
        sa.Column("unexpected", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        _text("detail"),
        schema=SCHEMA,
    )
    op.create_table(
        "phase_change",
        _id(),
        _text("migration"),
        sa.Column("phase", sa.Text, nullable=False),
        _text("by"),
        _text("why"),
        _now(),
        sa.CheckConstraint(
            "phase IN ('parallel_run', 'validation', 'cutover', 'cleanup')", name="phase_known"
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drops the tables."""
    for table in ("phase_change", "quality_check", "job_run", "discrepancy", "attempt", "run"):
        op.drop_table(table, schema=SCHEMA)
