"""Job graphs: targets, versions, job specs, builds, jobs, attempts; retries and inputs of builds.

Revision ID: 0010_job_graphs
Revises: 0009_reading
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010_job_graphs"
down_revision = "0009_reading"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _targets()
    _specs()
    _builds()
    _attempts()
    _versions()
    _of_builds()
    op.create_table(
        "graph_happenings",
        _id(),
        sa.Column("kind", sa.String(20), nullable=False),
        _rid("target_rid", nullable=False),
        _text("branch"),
        _rid("build_rid"),
        _rid("schedule_rid"),
        sa.Column("status", sa.String(10)),
        _instant("happened_at_ms", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_graph_happenings"),
        sqlite_autoincrement=True,
    )


def _targets() -> None:
    op.create_table(
        "targets",
        _id(),
        _rid("rid", nullable=False),
        _text("name"),
        _rid("project_rid"),
        _flag("configured", default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_targets"),
        sa.UniqueConstraint("rid", name="uq_targets_rid"),
        sa.UniqueConstraint("name", name="uq_targets_name"),
    )
    op.create_table(
        "target_branches",
        _id(),
        _number("target_id"),
        _text("name"),
        _number("parent_id", nullable=True),
        _instant("created_at_ms", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_target_branches"),
        sa.UniqueConstraint("target_id", "name", name="uq_target_branches_target_id_name"),
        *_references("target_branches", target_id="targets", parent_id="target_branches?"),
    )


def _specs() -> None:
    op.create_table(
        "job_specs",
        _id(),
        _text("branch"),
        _text("builder"),
        _text("properties", default="{}"),
        sa.Column("logic", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        _flag("active", default="1"),
        _instant("published_at_ms", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_specs"),
    )
    _partial_index("ix_job_specs_active", "job_specs", ["id"], "active = 1")
    op.create_table(
        "job_spec_targets",
        _number("spec_id"),
        sa.Column("role", sa.String(6), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _number("target_id"),
        sa.PrimaryKeyConstraint("spec_id", "role", "position", name="pk_job_spec_targets"),
        *_references("job_spec_targets", spec_id="job_specs", target_id="targets"),
    )
    _index("job_spec_targets", "target_id")


def _builds() -> None:
    op.create_table(
        "graph_builds",
        _id(),
        _rid("rid", nullable=False),
        *(_text(name) for name in ("branch", "fallbacks", "target")),
        _instant("created_at_ms", nullable=False),
        _text("created_by"),
        sa.Column("created_by_id", sa.String(36), nullable=False),
        _flag("forced"),
        sa.Column("retry_count", sa.BigInteger(), nullable=False),
        sa.Column("retry_limit", sa.Integer(), nullable=False),
        sa.Column("backoff_value", sa.BigInteger(), nullable=False),
        sa.Column("backoff_unit", sa.String(12), nullable=False),
        _flag("abort_on_failure"),
        _flag("notifications"),
        sa.Column("status", sa.String(10), nullable=False),
        _instant("finished_at_ms"),
        _rid("schedule_rid"),
        sa.Column("ending", sa.String(10)),
        sa.Column("cancelled_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_graph_builds"),
        sa.UniqueConstraint("rid", name="uq_graph_builds_rid"),
    )
    _index("graph_builds", "created_at_ms")
    _index("graph_builds", "schedule_rid")
    _partial_index("ix_graph_builds_running", "graph_builds", ["id"], "finished_at_ms IS NULL")
    op.create_table(
        "graph_jobs",
        _id(),
        _rid("rid", nullable=False),
        _number("build_id"),
        _number("spec_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("phase", sa.String(8), nullable=False),
        sa.Column("waits_for", sa.Integer(), nullable=False),
        _instant("started_at_ms", nullable=False),
        *(_instant(name) for name in ("latest_attempt_at_ms", "finished_at_ms", "retry_at_ms")),
        _text("reason", default=""),
        sa.PrimaryKeyConstraint("id", name="pk_graph_jobs"),
        sa.UniqueConstraint("rid", name="uq_graph_jobs_rid"),
        sa.UniqueConstraint("build_id", "position", name="uq_graph_jobs_build_id_position"),
        *_references("graph_jobs", build_id="graph_builds", spec_id="job_specs"),
    )
    _partial_index("ix_graph_jobs_next", "graph_jobs", ["phase", "retry_at_ms"], "phase IN ('ready', 'paused')")
    _partial_index("ix_graph_jobs_open", "graph_jobs", ["build_id"], "phase != 'done'")
    op.create_table(
        "graph_job_dependencies",
        _number("job_id"),
        _number("needs_job_id"),
        sa.PrimaryKeyConstraint("job_id", "needs_job_id", name="pk_graph_job_dependencies"),
        *_references("graph_job_dependencies", job_id="graph_jobs", needs_job_id="graph_jobs"),
    )
    _index("graph_job_dependencies", "needs_job_id")
    op.create_table(
        "graph_locks",
        _number("target_id"),
        _text("branch"),
        _number("job_id"),
        sa.PrimaryKeyConstraint("target_id", "branch", name="pk_graph_locks"),
        *_references("graph_locks", target_id="targets", job_id="graph_jobs"),
    )
    _index("graph_locks", "job_id")


def _attempts() -> None:
    op.create_table(
        "graph_attempts",
        _id(),
        _number("job_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _number("build_request_id"),
        _number("build_id", nullable=True),
        _instant("requested_at_ms", nullable=False),
        _instant("started_at_ms"),
        _instant("finished_at_ms"),
        sa.Column("results", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_graph_attempts"),
        sa.UniqueConstraint("job_id", "number", name="uq_graph_attempts_job_id_number"),
        sa.UniqueConstraint("build_request_id", name="uq_graph_attempts_build_request_id"),
        *_references("graph_attempts", job_id="graph_jobs", build_request_id="build_requests", build_id="builds?"),
    )
    _partial_index("ix_graph_attempts_open", "graph_attempts", ["id"], "finished_at_ms IS NULL")


def _versions() -> None:
    op.create_table(
        "target_versions",
        _id(),
        _rid("rid", nullable=False),
        _number("branch_id"),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("logic", sa.String(64)),
        _number("attempt_id", nullable=True),
        _text("payload", default="{}"),
        _instant("opened_at_ms", nullable=False),
        _instant("closed_at_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_target_versions"),
        sa.UniqueConstraint("rid", name="uq_target_versions_rid"),
        *_references("target_versions", branch_id="target_branches", attempt_id="graph_attempts?"),
    )
    _index("target_versions", "branch_id")
    _index("target_versions", "attempt_id")
    _partial_index("ix_target_versions_open", "target_versions", ["branch_id"], "state = 'open'", unique=True)
    op.create_table(
        "target_heads",
        sa.Column("branch_id", ID, autoincrement=False, nullable=False),
        _number("version_id"),
        sa.PrimaryKeyConstraint("branch_id", name="pk_target_heads"),
        *_references("target_heads", branch_id="target_branches", version_id="target_versions"),
    )
    op.create_table(
        "graph_attempt_inputs",
        *(_number(name) for name in ("attempt_id", "target_id", "version_id")),
        sa.PrimaryKeyConstraint("attempt_id", "target_id", name="pk_graph_attempt_inputs"),
        *_references(
            "graph_attempt_inputs", attempt_id="graph_attempts", target_id="targets", version_id="target_versions"
        ),
    )
    op.create_table(
        "graph_job_outputs",
        _number("job_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        _number("target_id"),
        _number("version_id", nullable=True),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_graph_job_outputs"),
        *_references("graph_job_outputs", job_id="graph_jobs", target_id="targets", version_id="target_versions?"),
    )


def _of_builds() -> None:
    op.create_table(
        "build_retries",
        sa.Column("build_id", ID, autoincrement=False, nullable=False),
        _number("build_request_id"),
        _text("cause"),
        _instant("due_at_ms", nullable=False),
        _flag("released", default="0"),
        sa.PrimaryKeyConstraint("build_id", name="pk_build_retries"),
        *_references("build_retries", build_id="builds", build_request_id="build_requests"),
    )
    _index("build_retries", "build_request_id")
    _partial_index("ix_build_retries_waiting", "build_retries", ["due_at_ms"], "released = 0")
    op.create_table(
        "build_inputs",
        sa.Column("build_id", ID, autoincrement=False, nullable=False),
        _number("builder_id"),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("build_id", name="pk_build_inputs"),
        *_references("build_inputs", build_id="builds", builder_id="builders"),
    )
    op.create_index("ix_build_inputs_builder_id_digest", "build_inputs", ["builder_id", "digest"])


def _id() -> sa.Column[Any]:
    return sa.Column("id", ID, autoincrement=True, nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, ID, nullable=nullable)


def _rid(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(200), nullable=nullable)


def _text(name: str, *, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _flag(name: str, *, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger(), nullable=False, server_default=default)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])


def _partial_index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    """Foreign keys by column; a ``?`` says that the row outlives what it names."""
    return [
        sa.ForeignKeyConstraint(
            [column],
            [f"{target.removesuffix('?')}.id"],
            name=f"fk_{table}_{column}_{target.removesuffix('?')}",
            ondelete="SET NULL" if target.endswith("?") else "CASCADE",
        )
        for column, target in targets.items()
    ]
