"""Requests for the failed part of a build, builds that were taken over, who has stopped a build or a request.

Revision ID: 0014_rebuilds
Revises: 0013_graphs_and_reading
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_rebuilds"
down_revision = "0013_graphs_and_reading"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables and a column."""
    op.create_table(
        "failed_parts",
        sa.Column("build_request_id", ID, autoincrement=False, nullable=False),
        sa.Column("origin_build_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("build_request_id", name="pk_failed_parts"),
        *_references("failed_parts", build_request_id="build_requests", origin_build_id="builds"),
    )
    op.create_index("ix_failed_parts_origin_build_id", "failed_parts", ["origin_build_id"])
    op.create_table(
        "taken_builds",
        sa.Column("step_id", ID, nullable=False),
        sa.Column("taken_build_id", ID, nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("from_build_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("step_id", "taken_build_id", name="pk_taken_builds"),
        *_references("taken_builds", step_id="steps", taken_build_id="builds", build_id="builds"),
        sa.ForeignKeyConstraint(
            ["from_build_id"], ["builds.id"], name="fk_taken_builds_from_build_id", ondelete="SET NULL"
        ),
    )
    for column in ("build_id", "from_build_id", "taken_build_id"):
        op.create_index(f"ix_taken_builds_{column}", "taken_builds", [column])
    op.create_table(
        "request_stops",
        sa.Column("build_request_id", ID, autoincrement=False, nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=False),
        sa.Column("by_kind", sa.String(12), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("build_request_id", name="pk_request_stops"),
        *_references("request_stops", build_request_id="build_requests"),
    )
    op.add_column("builds", sa.Column("stop_by_kind", sa.String(12), nullable=True))


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")
        for column, target in targets.items()
    ]
