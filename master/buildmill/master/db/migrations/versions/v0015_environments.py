"""What builds ran in; when workers were connected, and masters started.

Revision ID: 0015_environments
Revises: 0014_rebuilds
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_environments"
down_revision = "0014_rebuilds"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables and four columns."""
    op.create_table(
        "environments",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("os", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("digest", name="uq_environments_digest"),
    )
    op.create_table(
        "build_environments",
        sa.Column("build_id", ID, autoincrement=False, nullable=False),
        sa.Column("worker_environment_id", ID, nullable=False),
        sa.Column("builder_environment_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("build_id", name="pk_build_environments"),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_build_environments_build_id", ondelete="CASCADE"),
        *(
            sa.ForeignKeyConstraint(
                [name], ["environments.id"], name=f"fk_build_environments_{name}", ondelete="CASCADE"
            )
            for name in ("worker_environment_id", "builder_environment_id")
        ),
    )
    for name in ("worker_environment_id", "builder_environment_id"):
        op.create_index(f"ix_build_environments_{name}", "build_environments", [name])
    op.create_table(
        "worker_environments",
        sa.Column("worker_id", ID, autoincrement=False, nullable=False),
        sa.Column("environment_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name="pk_worker_environments"),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.id"], name="fk_worker_environments_worker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_worker_environments_environment_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_worker_environments_environment_id", "worker_environments", ["environment_id"])
    op.add_column("workers", sa.Column("connected_at", sa.BigInteger()))
    op.add_column("workers", sa.Column("left_at", sa.BigInteger()))
    op.add_column("masters", sa.Column("started_at", sa.BigInteger()))
    op.add_column("masters", sa.Column("version", sa.Text()))
