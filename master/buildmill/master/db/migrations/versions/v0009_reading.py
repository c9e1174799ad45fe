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
    _partial("ix_build_requests_waiting", "build_requests", ["builder_id", "id"], waiting)
    _partial("ix_buildsets_rebuilt_build_id", "buildsets", ["rebuilt_build_id"], "rebuilt_build_id IS NOT NULL")
    op.create_index("ix_builds_results_id", "builds", ["results", "id"])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
