"""All tables of the first release.

Revision ID: 0001_initial
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table, in an order that satisfies the references; see `_later` for the exceptions."""
    op.create_table(
        "masters",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_active", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_masters"),
        sa.UniqueConstraint("name", name="uq_masters_name"),
    )
    op.create_table(
        "projects",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(70), nullable=False),
        sa.Column("slug", sa.String(70), nullable=False),
        sa.Column("active", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("description_format", sa.Text(), nullable=True),
        sa.Column("description_html", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    op.create_table(
        "codebases",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.String(70), nullable=False),
        sa.Column("slug", sa.String(70), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_codebases_project_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_codebases"),
        sa.UniqueConstraint("project_id", "name", name="uq_codebases_project_id_name"),
    )
    op.create_table(
        "workers",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("info", sa.Text(), server_default="{}", nullable=False),
        sa.Column("paused", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("graceful", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        sa.UniqueConstraint("name", name="uq_workers_name"),
    )
    op.create_table(
        "builders",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("description_format", sa.Text(), nullable=True),
        sa.Column("description_html", sa.Text(), nullable=True),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("tags", sa.Text(), server_default="[]", nullable=False),
        sa.Column("last_build_number", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_builders_project_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_builders"),
        sa.UniqueConstraint("name", name="uq_builders_name"),
    )
    op.create_index("ix_builders_project_id", "builders", ["project_id"])
    op.create_table(
        "builder_masters",
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("master_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["builder_id"], ["builders.id"], name="fk_builder_masters_builder_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["master_id"], ["masters.id"], name="fk_builder_masters_master_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("builder_id", "master_id", name="pk_builder_masters"),
    )
    op.create_index("ix_builder_masters_master_id", "builder_masters", ["master_id"])
    op.create_table(
        "configured_workers",
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("master_id", ID, nullable=False),
        sa.Column("worker_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["builder_id"], ["builders.id"], name="fk_configured_workers_builder_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["master_id"], ["masters.id"], name="fk_configured_workers_master_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.id"], name="fk_configured_workers_worker_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("worker_id", "builder_id", "master_id", name="pk_configured_workers"),
    )
    op.create_index("ix_configured_workers_master_id", "configured_workers", ["master_id"])
    op.create_index("ix_configured_workers_worker_id", "configured_workers", ["worker_id"])
    op.create_table(
        "connected_workers",
        sa.Column("worker_id", ID, nullable=False),
        sa.Column("master_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["master_id"], ["masters.id"], name="fk_connected_workers_master_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.id"], name="fk_connected_workers_worker_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("worker_id", "master_id", name="pk_connected_workers"),
    )
    op.create_index("ix_connected_workers_master_id", "connected_workers", ["master_id"])
    op.create_table(
        "schedulers",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("master_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["master_id"], ["masters.id"], name="fk_schedulers_master_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_schedulers"),
        sa.UniqueConstraint("name", name="uq_schedulers_name"),
    )
    op.create_index("ix_schedulers_master_id", "schedulers", ["master_id"])
    op.create_table(
        "change_sources",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("master_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["master_id"], ["masters.id"], name="fk_change_sources_master_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_change_sources"),
        sa.UniqueConstraint("name", name="uq_change_sources_name"),
    )
    op.create_index("ix_change_sources_master_id", "change_sources", ["master_id"])
    op.create_table(
        "object_states",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_name", sa.String(128), nullable=False),
        sa.Column("object_name", sa.String(256), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_object_states"),
        sa.UniqueConstraint("class_name", "object_name", "name", name="uq_object_states_class_name_object_name_name"),
    )
    op.create_table(
        "patches",
        sa.Column("id", ID, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("subdir", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_patches"),
    )
    op.create_table(
        "source_stamps",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(40), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), server_default="", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("codebase", sa.Text(), server_default="", nullable=False),
        sa.Column("patch_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patch_id"], ["patches.id"], name="fk_source_stamps_patch_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_source_stamps"),
        sa.UniqueConstraint("digest", name="uq_source_stamps_digest"),
    )
    op.create_table(
        "changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("committer", sa.Text(), nullable=True),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), server_default="[]", nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("revlink", sa.Text(), nullable=True),
        sa.Column("when_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), server_default="", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("codebase", sa.Text(), server_default="", nullable=False),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.Column("source_stamp_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["changes.id"], name="fk_changes_parent_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["source_stamp_id"], ["source_stamps.id"], name="fk_changes_source_stamp_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_branch_id", "changes", ["branch", "id"])
    op.create_index("ix_changes_revision", "changes", ["revision"])
    op.create_index("ix_changes_source_stamp_id", "changes", ["source_stamp_id"])
    op.create_table(
        "scheduler_changes",
        sa.Column("scheduler_id", ID, nullable=False),
        sa.Column("change_id", ID, nullable=False),
        sa.Column("important", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["changes.id"], name="fk_scheduler_changes_change_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheduler_id"], ["schedulers.id"], name="fk_scheduler_changes_scheduler_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scheduler_id", "change_id", name="pk_scheduler_changes"),
    )
    op.create_index("ix_scheduler_changes_change_id", "scheduler_changes", ["change_id"])
    op.create_table(
        "buildsets",
        sa.Column("id", ID, nullable=False),
        sa.Column("external_idstring", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("results", sa.SmallInteger(), nullable=True),
        sa.Column("waiting_requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parent_build_id", ID, nullable=True),
        sa.Column("parent_relationship", sa.Text(), nullable=True),
        sa.Column("rebuilt_build_id", ID, nullable=True),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        *_later("parent_build_id", "builds", "SET NULL", name="fk_buildsets_parent_build_id"),
        *_later("rebuilt_build_id", "builds", "SET NULL", name="fk_buildsets_rebuilt_build_id"),
        sa.PrimaryKeyConstraint("id", name="pk_buildsets"),
    )
    op.create_index(
        "ix_buildsets_incomplete",
        "buildsets",
        ["id"],
        sqlite_where=sa.text("complete = 0"),
        postgresql_where=sa.text("complete = 0"),
    )
    op.create_index("ix_buildsets_parent_build_id", "buildsets", ["parent_build_id"])
    op.create_index("ix_buildsets_submitted_at", "buildsets", ["submitted_at"])
    op.create_table(
        "buildset_source_stamps",
        sa.Column("buildset_id", ID, nullable=False),
        sa.Column("source_stamp_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["buildset_id"], ["buildsets.id"], name="fk_buildset_source_stamps_buildset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_stamp_id"],
            ["source_stamps.id"],
            name="fk_buildset_source_stamps_source_stamp_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("buildset_id", "source_stamp_id", name="pk_buildset_source_stamps"),
    )
    op.create_index("ix_buildset_source_stamps_source_stamp_id", "buildset_source_stamps", ["source_stamp_id"])
    op.create_table(
        "build_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("buildset_id", ID, nullable=False),
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("waited_for", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("claimed_by", ID, nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("complete", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("results", sa.SmallInteger(), nullable=True),
        sa.Column("collapse_key", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["builder_id"], ["builders.id"], name="fk_build_requests_builder_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["buildset_id"], ["buildsets.id"], name="fk_build_requests_buildset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["masters.id"], name="fk_build_requests_claimed_by", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_build_requests"),
    )
    op.create_index("ix_build_requests_builder_id_id", "build_requests", ["builder_id", "id"])
    op.create_index("ix_build_requests_buildset_id", "build_requests", ["buildset_id"])
    op.create_index(
        "ix_build_requests_collapse",
        "build_requests",
        ["builder_id", "collapse_key"],
        sqlite_where=sa.text("complete = 0 AND claimed_by IS NULL AND collapse_key IS NOT NULL"),
        postgresql_where=sa.text("complete = 0 AND claimed_by IS NULL AND collapse_key IS NOT NULL"),
    )
    op.create_index(
        "ix_build_requests_incomplete",
        "build_requests",
        ["id"],
        sqlite_where=sa.text("complete = 0"),
        postgresql_where=sa.text("complete = 0"),
    )
    op.create_table(
        "builds",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("build_request_id", ID, nullable=False),
        sa.Column("worker_id", ID, nullable=True),
        sa.Column("master_id", ID, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("locks_duration_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state_string", sa.Text(), server_default="", nullable=False),
        sa.Column("results", sa.SmallInteger(), nullable=True),
        sa.Column("stop_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("stop_results", sa.SmallInteger(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("stop_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["build_request_id"], ["build_requests.id"], name="fk_builds_build_request_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["builder_id"], ["builders.id"], name="fk_builds_builder_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["master_id"], ["masters.id"], name="fk_builds_master_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name="fk_builds_worker_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_builds"),
        sa.UniqueConstraint("builder_id", "number", name="uq_builds_builder_id_number"),
    )
    op.create_index("ix_builds_build_request_id", "builds", ["build_request_id"])
    op.create_index(
        "ix_builds_incomplete",
        "builds",
        ["id"],
        sqlite_where=sa.text("complete_at IS NULL"),
        postgresql_where=sa.text("complete_at IS NULL"),
    )
    op.create_index("ix_builds_worker_id_id", "builds", ["worker_id", "id"])
    op.create_table(
        "build_properties",
        sa.Column("build_id", ID, autoincrement=False, nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_build_properties_build_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("build_id", name="pk_build_properties"),
    )
    op.create_table(
        "steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("locks_acquired_at", sa.BigInteger(), nullable=True),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("state_string", sa.Text(), server_default="", nullable=False),
        sa.Column("results", sa.SmallInteger(), nullable=True),
        sa.Column("urls", sa.Text(), server_default="[]", nullable=False),
        sa.Column("hidden", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_steps_build_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_steps"),
        sa.UniqueConstraint("build_id", "name", name="uq_steps_build_id_name"),
        sa.UniqueConstraint("build_id", "number", name="uq_steps_build_id_number"),
    )
    op.create_table(
        "step_calls",
        sa.Column("step_id", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_step_calls_step_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("step_id", "ordinal", name="pk_step_calls"),
    )
    op.create_table(
        "commands",
        sa.Column("uid", sa.String(80), nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("step_id", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("worker_id", ID, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("rc", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_commands_build_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_commands_step_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name="fk_commands_worker_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uid", name="pk_commands"),
    )
    op.create_index(
        "ix_commands_open",
        "commands",
        ["worker_id"],
        sqlite_where=sa.text("state IN ('assigned', 'lost')"),
        postgresql_where=sa.text("state IN ('assigned', 'lost')"),
    )
    op.create_index("ix_commands_step_id", "commands", ["step_id"])
    op.create_table(
        "logs",
        sa.Column("id", ID, nullable=False),
        sa.Column("step_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.String(50), nullable=False),
        sa.Column("type", sa.String(1), nullable=False),
        sa.Column("complete", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("num_lines", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_logs_step_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_logs"),
        sa.UniqueConstraint("step_id", "slug", name="uq_logs_step_id_slug"),
    )
    op.create_table(
        "log_frames",
        sa.Column("log_id", ID, nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("first_byte", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("file_offset", sa.BigInteger(), nullable=True),
        sa.Column("file_length", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["log_id"], ["logs.id"], name="fk_log_frames_log_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("log_id", "first_line", name="pk_log_frames"),
    )
    if not _is_sqlite():
        op.create_foreign_key(
            "fk_buildsets_parent_build_id", "buildsets", "builds", ["parent_build_id"], ["id"], ondelete="SET NULL"
        )
        op.create_foreign_key(
            "fk_buildsets_rebuilt_build_id", "buildsets", "builds", ["rebuilt_build_id"], ["id"], ondelete="SET NULL"
        )


def _later(column: str, target: str, ondelete: str, *, name: str) -> list[sa.ForeignKeyConstraint]:
    """A reference to a table that is made further down.

    SQLite takes it with the table and could not add it later; PostgreSQL the other way round.
    """
    if not _is_sqlite():
        return []
    return [sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)]


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"
