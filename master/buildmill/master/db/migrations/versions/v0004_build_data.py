"""Data of builds: what steps keep beside logs, for programs that read it.

Revision ID: 0004_build_data
Revises: 0003_handovers
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_build_data"
down_revision = "0003_handovers"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "build_data",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(256), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_build_data_build_id_builds", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_build_data"),
        sa.UniqueConstraint("build_id", "name", name="uq_build_data_build_id_name"),
    )
