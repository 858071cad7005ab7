"""The tables of schema `parity`, as SQLAlchemy sees them; Alembic makes them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    column,
    func,
    table,
)
from sqlalchemy.dialects.postgresql import JSONB

__all__ = [
    "attempt",
    "audit",
    "copied_row",
    "discrepancy",
    "job_run",
    "metadata",
    "quality_check",
    "run",
    "schema_version",
    "trail",
]

metadata = MetaData(schema="parity")
# Alembic's own.
schema_version = table("schema_version", column("version_num"), schema="parity")


def _now() -> Column[datetime]:
    return Column("at", DateTime(timezone=True), nullable=False, server_default=func.now())


# A finding: one comparison of one session. Never changed once written.
run = Table(
    "run",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("migration", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("content", Text, nullable=False),  # digest of everything found
    Column("config", Text, nullable=False),  # digest of parity.yaml
    Column("result", JSON, nullable=False),  # reports are made from it; JSONB would lose its order
    _now(),
)

# Each time a session was compared; the newest one says which run holds for the session.
attempt = Table(
    "attempt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Text, ForeignKey("parity.run.run_id"), nullable=False),
    Column("migration", Text, nullable=False),
    Column("session", Date, nullable=False),
    _now(),
)

discrepancy = Table(
    "discrepancy",
    metadata,
    Column("run_id", Text, ForeignKey("parity.run.run_id"), primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),  # the order of the key
    Column("state", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    Column("legacy", JSONB),
    Column("candidate", JSONB),
    Column("columns", ARRAY(Text), nullable=False),
    Column("incident", Text, nullable=False, server_default=""),  # its id in the run's result
)

# How far a dataset that is compared by windows has been verified, as of the run.
audit = Table(
    "audit",
    metadata,
    Column("run_id", Text, ForeignKey("parity.run.run_id"), primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of how it was compared
    Column("snapshot", Text, nullable=False),  # pg_current_snapshot
    Column("at", DateTime(timezone=True), nullable=False),  # the database's clock
    Column("verified", JSONB, nullable=False),  # symbol: session
    Column("differing", JSONB, nullable=False),  # symbols
)

# Jobs are kept for every attempt, whatever the comparison found.
job_run = Table(
    "job_run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("migration", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("name", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("exit_code", Integer),
    Column("seconds", Double, nullable=False),
    Column("log", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cpu_seconds", Double),
    Column("peak_memory", BigInteger),  # bytes
    _now(),
)

quality_check = Table(
    "quality_check",
    metadata,
    Column("run_id", Text, ForeignKey("parity.run.run_id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("expectation", Text, nullable=False),
    Column("column", Text),
    Column("success", Boolean, nullable=False),
    Column("unexpected", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)

# What was decided, by whom: only ever added to, through a function that chains the rows.
trail = Table(
    "trail",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("migration", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# What a rollback has copied from the candidate into legacy.
copied_row = Table(
    "copied_row",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("migration", Text, nullable=False),
    Column("rollback", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    _now(),
)

# How much legacy differs from itself; the newest measurement of a dataset holds.
noise = Table(
    "noise",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True, server_default=func.now()),
    Column("column", Text, primary_key=True),
    Column("session", Date, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("differing", BigInteger, nullable=False),
    Column("max_abs_delta", Double),
    Column("max_rel_delta", Double),
    Column("only_once", BigInteger, nullable=False),
)

# Troubles that somebody is told of: once when they begin, once when they are over.
alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("migration", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("session", Date),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("link", Text, nullable=False, server_default=""),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("told_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("recovery", Text),
    Column("recovery_told_at", DateTime(timezone=True)),
)

# Which targets have which of an alert's messages.
alert_reached = Table(
    "alert_reached",
    metadata,
    Column("alert", BigInteger, ForeignKey("parity.alert.id"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    _now(),
)
__all__ += ["alert", "alert_reached", "noise"]
