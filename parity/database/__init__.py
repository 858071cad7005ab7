"""The database: the embedded server, roles and schemas, and who connects as whom."""

from __future__ import annotations

from parity.database.access import Database, connect_database
from parity.database.embedded import EmbeddedServer
from parity.database.provision import ROLES, Role, provision

__all__ = ["ROLES", "Database", "EmbeddedServer", "Role", "connect_database", "provision"]
