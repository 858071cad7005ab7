"""The audit trail: every decision in one chain. Phases, which had a table, move into it."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


# `ALSO` is what else it is given, `MOMENT` the time of the row.
APPENDING = """
        CREATE FUNCTION parity.append_trail(
            of_migration text, of_kind text, of_by text, of_content text ALSO
        ) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            last parity.trail;
            next parity.trail;
        BEGIN
            -- The hash joins its parts by line ends; only the last part may hold some.
            IF concat(of_migration, of_kind, of_by) ~ '[\r\n]' THEN
                RAISE EXCEPTION 'migration, kind and by are one line each';
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended(of_migration, 7301845));
            SELECT * INTO last FROM parity.trail t
            WHERE t.migration = of_migration ORDER BY t.number DESC LIMIT 1;
            next.number := coalesce(last.number, 0) + 1;
            -- The clock may be set back: a row is never older than the one before.
            next.at := greatest(MOMENT, last.at);
            next.previous := coalesce(last.hash, '');
            next.hash := encode(sha256(convert_to(
                concat_ws(E'\\n', next.previous, of_migration, next.number,
                    to_char(next.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    of_kind, of_by, of_content),
                'UTF8')), 'hex');
            INSERT INTO parity.trail (migration, number, at, kind, "by", content, previous, hash)
            VALUES (of_migration, next.number, next.at, of_kind, of_by, of_content,
                next.previous, next.hash);
            RETURN next.number;
        END $$
"""


def _appending(also: str, moment: str) -> str:
    return APPENDING.replace(" ALSO", also).replace("MOMENT", moment)


def upgrade() -> None:
    """Makes the trail and what guards it."""
    op.execute(
        """
        CREATE TABLE parity.trail (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            migration text NOT NULL,
            number bigint NOT NULL,  -- 1, 2, 3 ... within the migration
            at timestamptz NOT NULL,
            kind text NOT NULL,
            "by" text NOT NULL,
            content text NOT NULL,  -- JSON, as it was written
            previous text NOT NULL,  -- hash of the row before; empty for the first
            hash text NOT NULL,
            UNIQUE (migration, number)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION parity.refuse_change() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'the trail is only ever added to' USING ERRCODE = 'raise_exception';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON parity.trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION parity.refuse_change()"
    )
    # Changes of the phase keep their moments; no connection but this one ever sees this function.
    op.execute(_appending(", of_at timestamptz", "of_at"))
    op.execute(
        """
        DO $$ DECLARE c parity.phase_change; before text; BEGIN
            FOR c IN SELECT * FROM parity.phase_change ORDER BY id LOOP
                SELECT t.content::json ->> 'to' INTO before FROM parity.trail t
                WHERE t.migration = c.migration AND t.kind = 'phase'
                ORDER BY t.number DESC LIMIT 1;
                PERFORM parity.append_trail(c.migration, 'phase', c."by", json_build_object(
                    'from', coalesce(before, 'parallel_run'), 'to', c.phase, 'why', c.why,
                    'evidence', json_build_array(), 'forced', false)::text, c.at);
            END LOOP;
        END $$
        """
    )
    op.execute("DROP TABLE parity.phase_change")
    # From now on nobody dates a row: neither back nor ahead.
    op.execute("DROP FUNCTION parity.append_trail(text, text, text, text, timestamptz)")
    op.execute(_appending("", "clock_timestamp()"))
    op.execute("REVOKE ALL ON FUNCTION parity.append_trail(text, text, text, text) FROM PUBLIC")
    # The switch writes its row in the transaction that moves the views.
    op.execute(
        "GRANT EXECUTE ON FUNCTION parity.append_trail(text, text, text, text) TO parity_switch"
    )
    # What a rollback has copied from the candidate into legacy: as good as marked there.
    op.execute(
        """
        CREATE TABLE parity.copied_row (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            migration text NOT NULL,
            rollback text NOT NULL,  -- id of the rollback in the trail
            relation text NOT NULL,
            key jsonb NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (migration, rollback, relation, key)
        )
        """
    )


def downgrade() -> None:
    """Makes the table of phases again; the trail's other rows are lost."""
    op.execute(
        """
        CREATE TABLE parity.phase_change (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            migration text NOT NULL,
            phase text NOT NULL CONSTRAINT phase_known CHECK (
                phase IN ('parallel_run', 'validation', 'cutover', 'cleanup')),
            "by" text NOT NULL,
            why text NOT NULL,
            at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        'INSERT INTO parity.phase_change (migration, phase, "by", why, at) '
        "SELECT migration, content::json ->> 'to', \"by\", content::json ->> 'why', at "
        "FROM parity.trail WHERE kind = 'phase' ORDER BY id"
    )
    op.execute("DROP TABLE parity.copied_row")
    op.execute("DROP TABLE parity.trail")
    op.execute("DROP FUNCTION parity.refuse_change")
    op.execute("DROP FUNCTION parity.append_trail")
