"""Alembic's entry: migrates schema `parity` on the connection that `parity.store` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="parity",
)
with context.begin_transaction():
    context.run_migrations()
