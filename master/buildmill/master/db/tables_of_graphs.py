"""The tables of job graphs: targets with their versions, job specs, builds of graphs, jobs and attempts.

Part of `tables`; instants are in milliseconds.
"""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.columns import Flag, Id, Json, id_column, metadata, reference

InstantMs = sa.BigInteger

targets = sa.Table(
    "targets",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(200), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("project_rid", sa.String(200)),
    sa.Column("configured", Flag, nullable=False, server_default="1"),
)

target_branches = sa.Table(
    "target_branches",
    metadata,
    id_column(),
    reference("target_id", "targets.id"),
    sa.Column("name", sa.Text, nullable=False),
    # the branch that it was made off
    reference("parent_id", "target_branches.id", ondelete="SET NULL", nullable=True),
    sa.Column("created_at_ms", InstantMs, nullable=False),
    sa.UniqueConstraint("target_id", "name"),
)

target_versions = sa.Table(
    "target_versions",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(200), nullable=False, unique=True),
    reference("branch_id", "target_branches.id", index=True),
    # open, committed or aborted
    sa.Column("state", sa.String(10), nullable=False),
    # of the job that writes it; NULL for what comes from outside
    sa.Column("logic", sa.String(64)),
    reference("attempt_id", "graph_attempts.id", ondelete="SET NULL", nullable=True, index=True),
    sa.Column("payload", Json, nullable=False, server_default="{}"),
    sa.Column("opened_at_ms", InstantMs, nullable=False),
    sa.Column("closed_at_ms", InstantMs),
    # whatever happens: one writer at a time
    sa.Index(
        "ix_target_versions_open",
        "branch_id",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)

# the newest committed version of each branch that has one
target_heads = sa.Table(
    "target_heads",
    metadata,
    sa.Column(
        "branch_id", Id, sa.ForeignKey("target_branches.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    reference("version_id", "target_versions.id"),
)

# never changed: a spec that says something else is another row, and the old one is not active
job_specs = sa.Table(
    "job_specs",
    metadata,
    id_column(),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("builder", sa.Text, nullable=False),
    sa.Column("properties", Json, nullable=False, server_default="{}"),
    sa.Column("logic", sa.String(64), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("active", Flag, nullable=False, server_default="1"),
    sa.Column("published_at_ms", InstantMs, nullable=False),
    sa.Index(
        "ix_job_specs_active",
        "id",
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active = 1"),
    ),
)

job_spec_targets = sa.Table(
    "job_spec_targets",
    metadata,
    reference("spec_id", "job_specs.id"),
    # output or input
    sa.Column("role", sa.String(6), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    reference("target_id", "targets.id", index=True),
    sa.PrimaryKeyConstraint("spec_id", "role", "position"),
)

graph_builds = sa.Table(
    "graph_builds",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(200), nullable=False, unique=True),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("fallbacks", Json, nullable=False),
    sa.Column("target", Json, nullable=False),
    sa.Column("created_at_ms", InstantMs, nullable=False, index=True),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_by_id", sa.String(36), nullable=False),
    sa.Column("forced", Flag, nullable=False),
    # what was asked for, and what is allowed of it
    sa.Column("retry_count", sa.BigInteger, nullable=False),
    sa.Column("retry_limit", sa.Integer, nullable=False),
    sa.Column("backoff_value", sa.BigInteger, nullable=False),
    sa.Column("backoff_unit", sa.String(12), nullable=False),
    sa.Column("abort_on_failure", Flag, nullable=False),
    sa.Column("notifications", Flag, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("finished_at_ms", InstantMs),
    sa.Column("schedule_rid", sa.String(200), index=True),
    # why nothing more is begun: cancelled or aborted
    sa.Column("ending", sa.String(10)),
    sa.Column("cancelled_by", sa.Text),
    sa.Index(
        "ix_graph_builds_running",
        "id",
        sqlite_where=sa.text("finished_at_ms IS NULL"),
        postgresql_where=sa.text("finished_at_ms IS NULL"),
    ),
)

graph_jobs = sa.Table(
    "graph_jobs",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(200), nullable=False, unique=True),
    reference("build_id", "graph_builds.id"),
    reference("spec_id", "job_specs.id"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    # finer than the status: see `domain.orchestration.running.Phase`
    sa.Column("phase", sa.String(8), nullable=False),
    # how many of the jobs that it depends on have not ended
    sa.Column("waits_for", sa.Integer, nullable=False),
    sa.Column("started_at_ms", InstantMs, nullable=False),
    sa.Column("latest_attempt_at_ms", InstantMs),
    sa.Column("finished_at_ms", InstantMs),
    sa.Column("retry_at_ms", InstantMs),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("build_id", "position"),
    sa.Index(
        "ix_graph_jobs_next",
        "phase",
        "retry_at_ms",
        sqlite_where=sa.text("phase IN ('ready', 'paused')"),
        postgresql_where=sa.text("phase IN ('ready', 'paused')"),
    ),
    # in the order in which they are served
    sa.Index(
        "ix_graph_jobs_ready",
        "build_id",
        "position",
        sqlite_where=sa.text("phase = 'ready'"),
        postgresql_where=sa.text("phase = 'ready'"),
    ),
    sa.Index(
        "ix_graph_jobs_open",
        "build_id",
        sqlite_where=sa.text("phase != 'done'"),
        postgresql_where=sa.text("phase != 'done'"),
    ),
)

graph_job_dependencies = sa.Table(
    "graph_job_dependencies",
    metadata,
    reference("job_id", "graph_jobs.id"),
    reference("needs_job_id", "graph_jobs.id", index=True),
    sa.PrimaryKeyConstraint("job_id", "needs_job_id"),
)

# outputs that a job has for itself, from before its first attempt until after its last one
graph_locks = sa.Table(
    "graph_locks",
    metadata,
    reference("target_id", "targets.id"),
    sa.Column("branch", sa.Text, nullable=False),
    reference("job_id", "graph_jobs.id", index=True),
    sa.PrimaryKeyConstraint("target_id", "branch"),
)

graph_attempts = sa.Table(
    "graph_attempts",
    metadata,
    id_column(),
    reference("job_id", "graph_jobs.id"),
    sa.Column("number", sa.Integer, nullable=False),
    reference("build_request_id", "build_requests.id"),
    # the latest build of the request
    reference("build_id", "builds.id", ondelete="SET NULL", nullable=True),
    sa.Column("requested_at_ms", InstantMs, nullable=False),
    sa.Column("started_at_ms", InstantMs),
    sa.Column("finished_at_ms", InstantMs),
    sa.Column("results", sa.SmallInteger),
    sa.UniqueConstraint("job_id", "number"),
    sa.UniqueConstraint("build_request_id"),
    sa.Index(
        "ix_graph_attempts_open",
        "id",
        sqlite_where=sa.text("finished_at_ms IS NULL"),
        postgresql_where=sa.text("finished_at_ms IS NULL"),
    ),
)

# what an attempt reads: the provenance of the versions that it commits
graph_attempt_inputs = sa.Table(
    "graph_attempt_inputs",
    metadata,
    reference("attempt_id", "graph_attempts.id"),
    reference("target_id", "targets.id"),
    reference("version_id", "target_versions.id"),
    sa.PrimaryKeyConstraint("attempt_id", "target_id"),
)

graph_job_outputs = sa.Table(
    "graph_job_outputs",
    metadata,
    reference("job_id", "graph_jobs.id"),
    sa.Column("position", sa.Integer, nullable=False),
    reference("target_id", "targets.id"),
    # what the last attempt has opened
    reference("version_id", "target_versions.id", ondelete="SET NULL", nullable=True),
    sa.PrimaryKeyConstraint("job_id", "position"),
)

# what schedules wait for, in the order in which it was committed
graph_happenings = sa.Table(
    "graph_happenings",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("target_rid", sa.String(200), nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("build_rid", sa.String(200)),
    sa.Column("schedule_rid", sa.String(200)),
    sa.Column("status", sa.String(10)),
    sa.Column("happened_at_ms", InstantMs, nullable=False),
    sqlite_autoincrement=True,  # a number never comes again, even after the newest rows are gone
)

# a build that has ended badly and is followed by another one of its request: when, and why
build_retries = sa.Table(
    "build_retries",
    metadata,
    sa.Column("build_id", Id, sa.ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    reference("build_request_id", "build_requests.id", index=True),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("due_at_ms", InstantMs, nullable=False),
    # 1 once the request is in the queue again
    sa.Column("released", Flag, nullable=False, server_default="0"),
    sa.Index(
        "ix_build_retries_waiting",
        "due_at_ms",
        sqlite_where=sa.text("released = 0"),
        postgresql_where=sa.text("released = 0"),
    ),
)

# what builds were made of, of builders that ask for it: see `engine.freshness`
build_inputs = sa.Table(
    "build_inputs",
    metadata,
    sa.Column("build_id", Id, sa.ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    reference("builder_id", "builders.id"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Index("ix_build_inputs_builder_id_digest", "builder_id", "digest"),
)
