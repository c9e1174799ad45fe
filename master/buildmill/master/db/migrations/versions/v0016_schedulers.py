"""What schedulers are about to do, and which buildsets are theirs.

Revision ID: 0016_schedulers
Revises: 0015_environments
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_schedulers"
down_revision = "0015_environments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; buildsets that there are get the scheduler that their properties name."""
    op.add_column("schedulers", sa.Column("kind", sa.Text()))
    op.add_column("schedulers", sa.Column("builder_names", sa.Text()))
    op.add_column("schedulers", sa.Column("can_run", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("schedulers", sa.Column("next_run_at", sa.BigInteger()))
    op.add_column("schedulers", sa.Column("run_asked", sa.Text()))
    op.add_column("buildsets", sa.Column("scheduler", sa.Text()))
    named = "properties::json -> 'scheduler' ->> 0"
    if op.get_bind().dialect.name != "postgresql":
        named = "json_extract(properties, '$.scheduler[0]')"
    # one that repeats a build has its properties, and is of no scheduler
    op.execute(f"UPDATE buildsets SET scheduler = {named} WHERE rebuilt_build_id IS NULL")  # noqa: S608  # a constant
    op.create_index("ix_buildsets_scheduler_id", "buildsets", ["scheduler", "id"])
