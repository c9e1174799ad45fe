"""Indexes for what pages ask: what waits, what has failed, what repeats a build.

Revision ID: 0009_reading
Revises: 0008_events
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_reading"
down_revision = "0008_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    _partial("ix_build_requests_unclaimed", "build_requests", ["id"], "claimed_at IS NULL")
    waiting = "complete = 0 AND claimed_by IS NULL"
    # with columns that have one value there: by them SQLite knows that fewer rows are in it than of the builder
    _partial("ix_build_requests_waiting", "build_requests", ["builder_id", "complete", "id"], waiting)
    of_builder = ["builder_id", "claimed_at", "id"]
    _partial("ix_build_requests_unclaimed_of_builder", "build_requests", of_builder, "claimed_at IS NULL")
    _partial("ix_buildsets_rebuilt_build_id", "buildsets", ["rebuilt_build_id"], "rebuilt_build_id IS NOT NULL")
    op.create_index("ix_builds_results_id", "builds", ["results", "id"])
    op.create_index("ix_builds_started_at", "builds", ["started_at"])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
