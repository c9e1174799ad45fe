"""Events and questions between processes.

Revision ID: 0008_events
Revises: 0007_audit
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_events"
down_revision = "0007_audit"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "event_batches",
        sa.Column("last_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_number", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("last_number", name="pk_event_batches"),
    )
    op.create_table(
        "event_ends",
        sa.Column("name", sa.String(8), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_event_ends"),
    )
    op.create_table(
        "engine_calls",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("master_id", ID, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_engine_calls"),
        sa.ForeignKeyConstraint(["master_id"], ["masters.id"], name="fk_engine_calls_master_id", ondelete="CASCADE"),
    )
    op.create_index("ix_engine_calls_master_id", "engine_calls", ["master_id"])
