"""The audit log.

Revision ID: 0007_audit
Revises: 0006_test_results
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_audit"
down_revision = "0006_test_results"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    texts = ("actor", "username", "address", "via", "action", "method", "path")
    documents = ("parameters", "before", "after")
    op.create_table(
        "audit_entries",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*texts, *documents, "outcome", "reason")),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_happened_at", "audit_entries", ["happened_at"])
    op.create_table(
        "audit_ends",
        sa.Column("name", sa.String(8), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_ends"),
    )
