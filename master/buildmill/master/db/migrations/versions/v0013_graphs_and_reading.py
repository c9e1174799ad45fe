"""What schedules were told, with whose rights they run; jobs in the order of service, builds in that of their ends.

Revision ID: 0013_graphs_and_reading
Revises: 0012_staging
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_graphs_and_reading"
down_revision = "0012_staging"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table, a column and two indexes."""
    op.create_table(
        "schedule_inbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("schedule_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_inbox"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_schedule_inbox_schedule_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_schedule_inbox_schedule_id", "schedule_inbox", ["schedule_id"])
    op.add_column("schedules", sa.Column("updated_by_roles", sa.Text(), server_default="[]", nullable=False))
    ready = sa.text("phase = 'ready'")
    op.create_index(
        "ix_graph_jobs_ready", "graph_jobs", ["build_id", "position"], sqlite_where=ready, postgresql_where=ready
    )
    # those that run stand before all that have ended; SQLite has NULL first by itself, and knows no word for it
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_builds_complete_at_id_pg", "builds", [sa.text("complete_at NULLS FIRST"), "id"])
    else:
        op.create_index("ix_builds_complete_at_id", "builds", ["complete_at", "id"])
