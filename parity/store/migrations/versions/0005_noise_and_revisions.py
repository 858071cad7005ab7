"""How much legacy differs from itself, and what each side said at which night."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.execute(
        """
        CREATE TABLE parity.noise (
            migration text NOT NULL,
            dataset text NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            "column" text NOT NULL,
            session date NOT NULL,
            rows bigint NOT NULL,
            differing bigint NOT NULL,
            max_abs_delta double precision,
            max_rel_delta double precision,
            only_once bigint NOT NULL,
            PRIMARY KEY (migration, dataset, at, "column")
        )
        """
    )
    # The hash is generated, so that it is made anew wherever a dump is restored.
    op.execute(
        """
        CREATE TABLE parity.revision (
            migration text COLLATE "C" NOT NULL,
            dataset text COLLATE "C" NOT NULL,
            side text COLLATE "C" NOT NULL,
            key_hash bigint NOT NULL GENERATED ALWAYS AS (jsonb_hash_extended(key, 0)) STORED,
            session date NOT NULL,
            key jsonb NOT NULL,
            digest uuid NOT NULL,  -- of the row, by which changes are seen
            row jsonb NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (migration, dataset, side, key_hash, session)
        )
        """
    )


def downgrade() -> None:
    """Drops the tables."""
    op.execute("DROP TABLE parity.noise, parity.revision")
