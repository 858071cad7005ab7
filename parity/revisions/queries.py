"""SQL of the journal of revisions. Identifiers are quoted by psycopg, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

__all__ = ["FIND", "PRUNE", "SETTINGS", "WHOLE_TABLES", "keep"]

# However the session is set, a value has one text.
SETTINGS = sql.SQL(
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; "
    "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; "
    "SET LOCAL extra_float_digits = 1; SET LOCAL row_security = off; SET LOCAL jit = off; "
    "SET LOCAL work_mem = '64MB'"
)
# Old statistics would have it look up row by row.
WHOLE_TABLES = sql.SQL("SET LOCAL enable_nestloop = off")

_KEEP = sql.SQL(
    "WITH said AS MATERIALIZED (SELECT r.*, jsonb_hash_extended({key}, 0) AS key_hash, "
    "md5({p} || {row}::text)::uuid AS digest FROM ({rows}) r WHERE {whole}), "
    # Of a key that occurs twice nobody can say which row it is.
    "once AS (SELECT key_hash FROM said GROUP BY key_hash HAVING count(*) = 1), "
    "newest AS (SELECT DISTINCT ON (key_hash) key_hash, key, digest FROM parity.revision "
    "WHERE migration = {p} AND dataset = {p} AND side = {p} AND session >= {p} AND session <= {p} "
    "ORDER BY key_hash, session DESC) "
    "INSERT INTO parity.revision (migration, dataset, side, session, key, digest, row) "
    "SELECT {p}, {p}, {p}, {p}::date, {key}, r.digest, {object} "
    "FROM said r JOIN once USING (key_hash) LEFT JOIN newest USING (key_hash) "
    "CROSS JOIN LATERAL (SELECT {columns}) v "
    "WHERE newest.digest IS NULL OR newest.digest <> r.digest AND newest.key = {key} "
    "ORDER BY key_hash "
    "ON CONFLICT (migration, dataset, side, key_hash, session) DO UPDATE "
    "SET digest = excluded.digest, row = excluded.row, at = excluded.at "
    "WHERE revision.key = excluded.key"
)

# OFFSET 0 keeps the planner from reading the table first: each key is looked up by the index,
# however old the statistics are.
FIND = sql.SQL(
    "SELECT w.place - 1, r.session, r.row::text "
    "FROM jsonb_array_elements({p}::jsonb) WITH ORDINALITY w(key, place) "
    "CROSS JOIN LATERAL (SELECT session, row FROM parity.revision WHERE migration = {p} "
    "AND dataset = {p} AND side = {p} AND key_hash = jsonb_hash_extended(w.key, 0) "
    "AND key = w.key AND session < {p} OFFSET 0) r ORDER BY r.session DESC, w.place"
).format(p=sql.Placeholder())

NEWEST = sql.SQL("SELECT max(session) FROM parity.revision WHERE migration = %s AND dataset = %s")

# A revision holds until the next one of its row. What held at no session of the horizon goes, and
# so does an old one that nothing has followed: its row would have been kept anew.
PRUNE = sql.SQL(
    "DELETE FROM parity.revision r USING (SELECT side, key_hash, session, lead(session) "
    "OVER (PARTITION BY side, key_hash ORDER BY session) AS next FROM parity.revision "
    "WHERE migration = {p} AND dataset = {p}) o "
    "WHERE r.migration = {p} AND r.dataset = {p} AND r.side = o.side "
    "AND r.key_hash = o.key_hash AND r.session = o.session "
    "AND o.session < {p} AND (o.next IS NULL OR o.next <= {p})"
).format(p=sql.Placeholder())


def keep(rows: sql.Composable, keys: int, columns: Sequence[str]) -> sql.Composed:
    """INSERT of those rows that say something new.

    Its values: the columns' names, in any form; those of `rows`; migration, dataset, side, first
    and last session to look back at; migration, dataset, side and session of the new revisions.

    Args:
        rows: SELECT whose columns are named k0, k1 … and c0, c1 …, with its placeholders.
        keys: how many columns the key has.
        columns: the names of the others.
    """
    key = [sql.Identifier("r", f"k{place}") for place in range(keys)]
    row = [sql.Identifier("r", f"c{place}") for place in range(len(columns))]
    named = [
        sql.SQL("{} AS {}").format(value, _name(column))
        for value, column in zip(row, columns, strict=True)
    ]
    return _KEEP.format(
        rows=rows,
        key=sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(key)),
        row=sql.SQL("ROW({})").format(sql.SQL(", ").join(row)),
        object=sql.SQL("to_jsonb(v)" if columns else "'{}'::jsonb"),
        columns=sql.SQL(", ").join(named),
        whole=sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(one) for one in key),
        p=sql.Placeholder(),
    )


def _name(column: str) -> sql.Identifier:
    """An identifier; psycopg reads a percent sign as a placeholder unless it is doubled."""
    return sql.Identifier(column.replace("%", "%%"))
