"""Schedules of job graphs.

Revision ID: 0011_schedules
Revises: 0010_job_graphs
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_schedules"
down_revision = "0010_job_graphs"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _schedules()
    _versions()
    _events()
    _runs()
    op.create_table(
        "schedule_settings",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_schedule_settings"),
    )


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.String(128), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("version_rid", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(36), nullable=False),
        sa.Column("updated_by_name", sa.Text(), nullable=False),
        sa.Column("paused_by", sa.String(16), server_default="", nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.Column("missed_at", sa.BigInteger(), nullable=True),
        sa.Column("pending", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("active_run_rid", sa.String(128), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_seed", sa.String(32), nullable=False),
        sa.Column("run_count", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("rid", name="uq_schedules_rid"),
    )
    op.create_index("ix_schedules_next_due_at", "schedules", ["next_due_at"])


def _versions() -> None:
    op.create_table(
        "schedule_versions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.String(128), nullable=False),
        sa.Column("schedule_rid", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_versions"),
        sa.UniqueConstraint("rid", name="uq_schedule_versions_rid"),
    )
    op.create_index("ix_schedule_versions_schedule_rid", "schedule_versions", ["schedule_rid"])


def _events() -> None:
    op.create_table(
        "schedule_events",
        sa.Column("schedule_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("schedule_id", "kind", "subject", "branch", name="pk_schedule_events"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_schedule_events_schedule_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_schedule_events_subject_kind_branch", "schedule_events", ["subject", "kind", "branch"])


def _runs() -> None:
    op.create_table(
        "schedule_runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.String(128), nullable=False),
        sa.Column("schedule_rid", sa.String(128), nullable=False),
        sa.Column("version_rid", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("build_rid", sa.String(128), nullable=True),
        sa.Column("error", sa.String(32), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_runs"),
        sa.UniqueConstraint("rid", name="uq_schedule_runs_rid"),
    )
    op.create_index("ix_schedule_runs_outcome", "schedule_runs", ["outcome"])
    op.create_index("ix_schedule_runs_build_rid", "schedule_runs", ["build_rid"])
    op.create_index("ix_schedule_runs_schedule_rid_id", "schedule_runs", ["schedule_rid", "id"])
