"""Masters that take builds over from one another: how often that has happened to a build.

Revision ID: 0003_handovers
Revises: 0002_durable
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_handovers"
down_revision = "0002_durable"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is there already has stayed with its master."""
    op.add_column("builds", sa.Column("handovers", sa.Integer(), server_default="0", nullable=False))
