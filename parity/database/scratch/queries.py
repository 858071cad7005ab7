"""SQL of scratch databases. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql

__all__ = ["DATABASE", "EXTENSIONS", "create_database", "create_extension", "drop_database"]

# As JSON: the columns about locales differ from version to version.
DATABASE = sql.SQL(
    "SELECT to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(d.encoding)) "
    "FROM pg_database d WHERE d.datname = current_database()"
)
EXTENSIONS = sql.SQL(
    "SELECT e.extname::text, n.nspname::text FROM pg_extension e "
    "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' "
    # A schema that is copied must not be there yet, but for the one that always is.
    "AND (n.nspname = 'public' OR n.nspname <> ALL(%s)) ORDER BY e.oid"
)

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def create_database(name: str, like: Mapping[str, Any]) -> sql.Composed:
    """CREATE DATABASE with the encoding and the locale of another one, as DATABASE tells it."""
    options = [
        ("ENCODING", like["encoding"]),
        ("LC_COLLATE", like["datcollate"]),
        ("LC_CTYPE", like["datctype"]),
    ]
    locale = like.get("datlocale") or like.get("daticulocale")
    provider = like.get("datlocprovider")  # none before PostgreSQL 15
    if provider is not None:
        options.append(("LOCALE_PROVIDER", _PROVIDERS[provider]))
    if provider in ("i", "b"):
        options.append(("ICU_LOCALE" if provider == "i" else "BUILTIN_LOCALE", locale))
    if like.get("daticurules"):
        options.append(("ICU_RULES", like["daticurules"]))
    words = [
        sql.SQL("{} {}").format(sql.SQL(option), sql.Literal(value)) for option, value in options
    ]
    return sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(
        sql.Identifier(name), sql.SQL(" ").join(words)
    )


def drop_database(name: str) -> sql.Composed:
    """DROP DATABASE IF EXISTS, whoever is still in it."""
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def create_extension(name: str, schema: str) -> sql.Composed:
    """CREATE EXTENSION in its schema."""
    return sql.SQL(
        "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION {name} SCHEMA {schema}"
    ).format(name=sql.Identifier(name), schema=sql.Identifier(schema))
