"""What a build needs to outlive its master: fences, sessions, acknowledged records, plans, held locks.

Revision ID: 0002_durable
Revises: 0001_initial
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_durable"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there already was made without them, and is as it was."""
    op.add_column("masters", sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("workers", sa.Column("session", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("workers", sa.Column("install_id", sa.Text(), nullable=True))
    op.add_column("builds", sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("builds", sa.Column("plan", sa.Text(), nullable=True))
    op.add_column("builds", sa.Column("held_locks", sa.Text(), nullable=True))
    op.add_column("commands", sa.Column("fingerprint", sa.String(32), nullable=True))
    op.add_column("commands", sa.Column("acked", sa.BigInteger(), server_default="0", nullable=False))
