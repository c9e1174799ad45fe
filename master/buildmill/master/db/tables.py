"""All tables. Names are plural, instants are integer seconds since the epoch (UTC) and end in ``_at``.

The schema is made and changed by the migrations only; a test compares both.
"""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.columns import Flag, Id, Instant, Json
from buildmill.master.db.columns import id_column as _id
from buildmill.master.db.columns import metadata as metadata
from buildmill.master.db.columns import reference as _ref


def _text(
    name: str, length: int | None = None, *, nullable: bool = False, default: str | None = None
) -> sa.Column[str]:
    kind = sa.String(length) if length else sa.Text()
    return sa.Column(name, kind, nullable=nullable, server_default=default)


masters = sa.Table(
    "masters",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("active", Flag, nullable=False, server_default="0"),
    sa.Column("last_active", Instant, nullable=False),
    # by the clock of the database; a master whose lease has passed grants nothing to workers
    sa.Column("lease_until", Instant, nullable=False, server_default="0"),
    # when its program was started last, and which release that was
    sa.Column("started_at", Instant),
    sa.Column("version", sa.Text),
    # which logs the steps of its configuration delete; null until it has been configured
    sa.Column("log_horizons", Json),
)

projects = sa.Table(
    "projects",
    metadata,
    _id(),
    sa.Column("name", sa.String(70), nullable=False, unique=True),
    sa.Column("slug", sa.String(70), nullable=False),
    sa.Column("active", Flag, nullable=False, server_default="1"),
    sa.Column("description", sa.Text),
    sa.Column("description_format", sa.Text),
    sa.Column("description_html", sa.Text),
)

codebases = sa.Table(
    "codebases",
    metadata,
    _id(),
    _ref("project_id", "projects.id"),
    sa.Column("name", sa.String(70), nullable=False),
    sa.Column("slug", sa.String(70), nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

# what builds ran in, each once; see `db.environments`
environments = sa.Table(
    "environments",
    metadata,
    _id(),
    # SHA-256 of the document
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    # for lists; before the document, so that they do not read that
    sa.Column("os", sa.Text, nullable=False, server_default=""),
    sa.Column("document", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    _id(),
    sa.Column("name", sa.String(50), nullable=False, unique=True),
    sa.Column("info", Json, nullable=False, server_default="{}"),
    sa.Column("paused", Flag, nullable=False, server_default="0"),
    sa.Column("pause_reason", sa.Text),
    sa.Column("graceful", Flag, nullable=False, server_default="0"),
    # of a worker with durable commands: the last connection that was taken, and which directory it came from
    sa.Column("session", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("install_id", sa.Text),
    # when it was connected last, and when that ended, if anybody saw it
    sa.Column("connected_at", Instant),
    sa.Column("left_at", Instant),
)

worker_environments = sa.Table(
    "worker_environments",
    metadata,
    sa.Column("worker_id", Id, sa.ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _ref("environment_id", "environments.id", index=True),
)

builders = sa.Table(
    "builders",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("description", sa.Text),
    sa.Column("description_format", sa.Text),
    sa.Column("description_html", sa.Text),
    _ref("project_id", "projects.id", ondelete="SET NULL", nullable=True, index=True),
    sa.Column("tags", Json, nullable=False, server_default="[]"),
    sa.Column("last_build_number", sa.Integer, nullable=False, server_default="0"),
)

builder_masters = sa.Table(
    "builder_masters",
    metadata,
    _ref("builder_id", "builders.id"),
    _ref("master_id", "masters.id", index=True),
    sa.PrimaryKeyConstraint("builder_id", "master_id"),
)

configured_workers = sa.Table(
    "configured_workers",
    metadata,
    _ref("builder_id", "builders.id"),
    _ref("master_id", "masters.id", index=True),
    _ref("worker_id", "workers.id", index=True),
    sa.PrimaryKeyConstraint("worker_id", "builder_id", "master_id"),
)

connected_workers = sa.Table(
    "connected_workers",
    metadata,
    _ref("worker_id", "workers.id"),
    _ref("master_id", "masters.id", index=True),
    sa.PrimaryKeyConstraint("worker_id", "master_id"),
)

schedulers = sa.Table(
    "schedulers",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("enabled", Flag, nullable=False, server_default="1"),
    _ref("master_id", "masters.id", ondelete="SET NULL", nullable=True, index=True),
    # told by the master that runs it
    sa.Column("kind", sa.Text),
    sa.Column("builder_names", Json),
    sa.Column("can_run", Flag, nullable=False, server_default="0"),
    sa.Column("next_run_at", Instant),
    sa.Column("run_asked", Json),
)

change_sources = sa.Table(
    "change_sources",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _ref("master_id", "masters.id", ondelete="SET NULL", nullable=True, index=True),
)

object_states = sa.Table(
    "object_states",
    metadata,
    _id(),
    sa.Column("class_name", sa.String(128), nullable=False),
    sa.Column("object_name", sa.String(256), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("value", Json, nullable=False),
    sa.UniqueConstraint("class_name", "object_name", "name"),
)

patches = sa.Table(
    "patches",
    metadata,
    _id(),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("author", sa.Text, nullable=False, server_default=""),
    sa.Column("comment", sa.Text, nullable=False, server_default=""),
    sa.Column("subdir", sa.Text),
)

source_stamps = sa.Table(
    "source_stamps",
    metadata,
    _id(),
    # digest over all that makes two source stamps equal, its patch included
    sa.Column("digest", sa.String(40), nullable=False, unique=True),
    sa.Column("branch", sa.Text),
    sa.Column("revision", sa.Text),
    sa.Column("repository", sa.Text, nullable=False, server_default=""),
    sa.Column("project", sa.Text, nullable=False, server_default=""),
    sa.Column("codebase", sa.Text, nullable=False, server_default=""),
    _ref("patch_id", "patches.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
)

changes = sa.Table(
    "changes",
    metadata,
    _id(),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("committer", sa.Text),
    sa.Column("comments", sa.Text, nullable=False),
    sa.Column("files", Json, nullable=False, server_default="[]"),
    sa.Column("branch", sa.Text),
    sa.Column("revision", sa.Text),
    sa.Column("revlink", sa.Text),
    sa.Column("when_timestamp", Instant, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("repository", sa.Text, nullable=False, server_default=""),
    sa.Column("project", sa.Text, nullable=False, server_default=""),
    sa.Column("codebase", sa.Text, nullable=False, server_default=""),
    sa.Column("properties", Json, nullable=False, server_default="{}"),
    _ref("source_stamp_id", "source_stamps.id", index=True),
    _ref("parent_id", "changes.id", ondelete="SET NULL", nullable=True),
    sa.Index("ix_changes_branch_id", "branch", "id"),
    sa.Index("ix_changes_revision", "revision"),
)

scheduler_changes = sa.Table(
    "scheduler_changes",
    metadata,
    _ref("scheduler_id", "schedulers.id"),
    _ref("change_id", "changes.id", index=True),
    sa.Column("important", Flag, nullable=False),
    sa.PrimaryKeyConstraint("scheduler_id", "change_id"),
)

buildsets = sa.Table(
    "buildsets",
    metadata,
    _id(),
    sa.Column("external_idstring", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("submitted_at", Instant, nullable=False),
    sa.Column("complete", Flag, nullable=False, server_default="0"),
    sa.Column("complete_at", Instant),
    sa.Column("results", sa.SmallInteger),
    sa.Column("waiting_requests", sa.Integer, nullable=False, server_default="0"),
    _ref("parent_build_id", "builds.id", ondelete="SET NULL", nullable=True, index=True),
    sa.Column("parent_relationship", sa.Text),
    _ref("rebuilt_build_id", "builds.id", ondelete="SET NULL", nullable=True),
    sa.Column("properties", Json, nullable=False, server_default="{}"),
    sa.Column("scheduler", sa.Text),
    sa.Index("ix_buildsets_scheduler_id", "scheduler", "id"),
    sa.Index(
        "ix_buildsets_incomplete",
        "id",
        sqlite_where=sa.text("complete = 0"),
        postgresql_where=sa.text("complete = 0"),
    ),
    sa.Index("ix_buildsets_submitted_at", "submitted_at"),
    sa.Index(
        "ix_buildsets_rebuilt_build_id",
        "rebuilt_build_id",
        sqlite_where=sa.text("rebuilt_build_id IS NOT NULL"),
        postgresql_where=sa.text("rebuilt_build_id IS NOT NULL"),
    ),
)

buildset_source_stamps = sa.Table(
    "buildset_source_stamps",
    metadata,
    _ref("buildset_id", "buildsets.id"),
    _ref("source_stamp_id", "source_stamps.id", index=True),
    sa.PrimaryKeyConstraint("buildset_id", "source_stamp_id"),
)

build_requests = sa.Table(
    "build_requests",
    metadata,
    _id(),
    _ref("buildset_id", "buildsets.id", index=True),
    _ref("builder_id", "builders.id"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("submitted_at", Instant, nullable=False),
    sa.Column("waited_for", Flag, nullable=False, server_default="0"),
    _ref("claimed_by", "masters.id", ondelete="SET NULL", nullable=True),
    sa.Column("claimed_at", Instant),
    sa.Column("complete", Flag, nullable=False, server_default="0"),
    sa.Column("complete_at", Instant),
    sa.Column("results", sa.SmallInteger),
    # requests of a builder with the same key do the same work: see `db.collapse`
    sa.Column("collapse_key", sa.String(32)),
    sa.Index("ix_build_requests_builder_id_id", "builder_id", "id"),
    sa.Index(
        "ix_build_requests_collapse",
        "builder_id",
        "collapse_key",
        sqlite_where=sa.text("complete = 0 AND claimed_by IS NULL AND collapse_key IS NOT NULL"),
        postgresql_where=sa.text("complete = 0 AND claimed_by IS NULL AND collapse_key IS NOT NULL"),
    ),
    sa.Index(
        "ix_build_requests_incomplete",
        "id",
        sqlite_where=sa.text("complete = 0"),
        postgresql_where=sa.text("complete = 0"),
    ),
    sa.Index(
        "ix_build_requests_unclaimed",
        "id",
        sqlite_where=sa.text("claimed_at IS NULL"),
        postgresql_where=sa.text("claimed_at IS NULL"),
    ),
    sa.Index(
        "ix_build_requests_unclaimed_of_builder",
        "builder_id",
        "claimed_at",
        "id",
        sqlite_where=sa.text("claimed_at IS NULL"),
        postgresql_where=sa.text("claimed_at IS NULL"),
    ),
    # `complete` has one value there: by it SQLite knows that fewer rows are in it than of the builder
    sa.Index(
        "ix_build_requests_waiting",
        "builder_id",
        "complete",
        "id",
        sqlite_where=sa.text("complete = 0 AND claimed_by IS NULL"),
        postgresql_where=sa.text("complete = 0 AND claimed_by IS NULL"),
    ),
)

builds = sa.Table(
    "builds",
    metadata,
    _id(),
    sa.Column("number", sa.Integer, nullable=False),
    _ref("builder_id", "builders.id"),
    _ref("build_request_id", "build_requests.id", index=True),
    _ref("worker_id", "workers.id", ondelete="SET NULL", nullable=True),
    _ref("master_id", "masters.id"),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("complete_at", Instant),
    sa.Column("locks_duration_s", sa.Integer, nullable=False, server_default="0"),
    sa.Column("state_string", sa.Text, nullable=False, server_default=""),
    sa.Column("results", sa.SmallInteger),
    # a request to stop is a row first, so that no restart forgets it
    sa.Column("stop_requested_at", Instant),
    sa.Column("stop_results", sa.SmallInteger),
    sa.Column("stop_reason", sa.Text),
    sa.Column("stop_by", sa.Text),
    # a `domain.stopping.Stopper`; NULL where an earlier version has written the rest
    sa.Column("stop_by_kind", sa.String(12)),
    # grows with each change of who may write about the build's commands
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    # how often another master has taken it over: who has not noticed writes nothing more (see `db.ownership`)
    sa.Column("handovers", sa.Integer, nullable=False, server_default="0"),
    # what its steps were when it began (see `engine.plan`), and the locks that it holds (see `db.resuming`)
    sa.Column("plan", Json),
    sa.Column("held_locks", Json),
    sa.UniqueConstraint("builder_id", "number"),
    sa.Index("ix_builds_worker_id_id", "worker_id", "id"),
    sa.Index("ix_builds_results_id", "results", "id"),
    sa.Index("ix_builds_started_at", "started_at"),
    sa.Index(
        "ix_builds_incomplete",
        "id",
        sqlite_where=sa.text("complete_at IS NULL"),
        postgresql_where=sa.text("complete_at IS NULL"),
    ),
)

# those that run stand before all that have ended; SQLite has NULL first by itself, and knows no word for it
sa.Index("ix_builds_complete_at_id", builds.c.complete_at, builds.c.id).ddl_if(dialect="sqlite")
sa.Index("ix_builds_complete_at_id_pg", builds.c.complete_at.nulls_first(), builds.c.id).ddl_if(dialect="postgresql")

build_properties = sa.Table(
    "build_properties",
    metadata,
    sa.Column("build_id", Id, sa.ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # one document {name: [value, source]}: written as a whole, read as it is sent
    sa.Column("properties", Json, nullable=False),
)

build_environments = sa.Table(
    "build_environments",
    metadata,
    sa.Column("build_id", Id, sa.ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _ref("worker_environment_id", "environments.id", index=True),
    _ref("builder_environment_id", "environments.id", index=True),
)

build_data = sa.Table(
    "build_data",
    metadata,
    _id(),
    _ref("build_id", "builds.id"),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    sa.Column("source", sa.String(256), nullable=False),
    sa.UniqueConstraint("build_id", "name"),
)

steps = sa.Table(
    "steps",
    metadata,
    _id(),
    _ref("build_id", "builds.id"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("locks_acquired_at", Instant),
    sa.Column("complete_at", Instant),
    sa.Column("state_string", sa.Text, nullable=False, server_default=""),
    sa.Column("results", sa.SmallInteger),
    sa.Column("urls", Json, nullable=False, server_default="[]"),
    sa.Column("hidden", Flag, nullable=False, server_default="0"),
    sa.UniqueConstraint("build_id", "number"),
    sa.UniqueConstraint("build_id", "name"),
)

step_calls = sa.Table(
    "step_calls",
    metadata,
    # one row for each recorded effect of a step, in the order in which its code asked for them
    _ref("step_id", "steps.id"),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("fingerprint", sa.String(32), nullable=False),
    sa.Column("outcome", Json),
    sa.PrimaryKeyConstraint("step_id", "ordinal"),
)

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("uid", sa.String(80), primary_key=True),
    _ref("build_id", "builds.id"),
    _ref("step_id", "steps.id", index=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    _ref("worker_id", "workers.id"),
    sa.Column("name", sa.String(40), nullable=False),
    # assigned, ended, lost (its end is unknown), confirmed (lost, and proved dead)
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("rc", sa.Integer),
    # what was asked for: a step that is entered again must ask for the same
    sa.Column("fingerprint", sa.String(32)),
    # number of the last of a durable command's records that was taken; 0: none, or not durable
    sa.Column("acked", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index(
        "ix_commands_open",
        "worker_id",
        sqlite_where=sa.text("state IN ('assigned', 'lost')"),
        postgresql_where=sa.text("state IN ('assigned', 'lost')"),
    ),
)

logs = sa.Table(
    "logs",
    metadata,
    _id(),
    _ref("step_id", "steps.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.String(50), nullable=False),
    sa.Column("type", sa.String(1), nullable=False),
    sa.Column("complete", Flag, nullable=False, server_default="0"),
    sa.Column("num_lines", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("step_id", "slug"),
)

log_frames = sa.Table(
    "log_frames",
    metadata,
    _ref("log_id", "logs.id"),
    sa.Column("first_line", sa.BigInteger, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    # where the frame's first byte of output stands among all bytes of the log
    sa.Column("first_byte", sa.BigInteger, nullable=False),
    sa.Column("byte_count", sa.Integer, nullable=False),
    # a small frame is kept here; a large one in the log's file, at this place
    sa.Column("content", sa.LargeBinary),
    sa.Column("file_offset", sa.BigInteger),
    sa.Column("file_length", sa.Integer),
    sa.PrimaryKeyConstraint("log_id", "first_line"),
)

commits = sa.Table(
    "commits",
    metadata,
    _id(),
    _ref("codebase_id", "codebases.id"),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("committer", sa.Text),
    sa.Column("comments", sa.Text, nullable=False),
    sa.Column("when_timestamp", Instant, nullable=False),
    sa.Column("revision", sa.String(255), nullable=False),
    # a commit is told after its parent, so a parent has the smaller id
    _ref("parent_id", "commits.id", ondelete="SET NULL", nullable=True),
    sa.UniqueConstraint("codebase_id", "revision"),
)

branches = sa.Table(
    "branches",
    metadata,
    _id(),
    _ref("codebase_id", "codebases.id"),
    sa.Column("name", sa.String(255), nullable=False),
    _ref("commit_id", "commits.id", ondelete="SET NULL", nullable=True),
    sa.Column("last_timestamp", Instant, nullable=False),
    sa.UniqueConstraint("codebase_id", "name"),
)

test_result_sets = sa.Table(
    "test_result_sets",
    metadata,
    _id(),
    _ref("builder_id", "builders.id", index=True),
    _ref("build_id", "builds.id", index=True),
    _ref("step_id", "steps.id", index=True),
    sa.Column("description", sa.Text),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("value_unit", sa.Text, nullable=False),
    sa.Column("tests_passed", sa.Integer),
    sa.Column("tests_failed", sa.Integer),
    sa.Column("complete", Flag, nullable=False, server_default="0"),
)

# names of tests and paths of their code: the same in every build of a builder, so each is kept once
test_texts = sa.Table(
    "test_texts",
    metadata,
    _id(),
    _ref("builder_id", "builders.id"),
    # of the text, which can be too long for an index
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.UniqueConstraint("builder_id", "digest"),
)

test_results = sa.Table(
    "test_results",
    metadata,
    _id(),
    _ref("test_result_set_id", "test_result_sets.id"),
    _ref("name_id", "test_texts.id", nullable=True),
    _ref("code_path_id", "test_texts.id", nullable=True),
    sa.Column("line", sa.Integer),
    sa.Column("duration_ns", sa.BigInteger),
    sa.Column("value", sa.Text, nullable=False),
    sa.Index("ix_test_results_test_result_set_id_id", "test_result_set_id", "id"),
)

web_sessions = sa.Table(
    "web_sessions",
    metadata,
    # SHA-256 of what the cookie holds: who reads the table cannot log in with it
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("user_info", Json, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    _id(),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("username", sa.String(256), nullable=False, index=True),
    sa.Column("user_info", Json, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
)

# entries are added and, when they are old, removed; numbers are given under the lock of the row `last` of the next one
audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("happened_at", Instant, nullable=False, index=True),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for name in (
            "actor", "username", "address", "via", "action", "method", "path", "parameters", "before", "after",
            "outcome", "reason",
        )
    ),
    sa.Column("digest", sa.String(64), nullable=False),
)  # fmt: skip

audit_ends = sa.Table(
    "audit_ends",
    metadata,
    sa.Column("name", sa.String(8), primary_key=True),
    sa.Column("entry_id", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)

# what each commit of a process that tells others has told, in commit order; the newest only, see `db.outbox`
event_batches = sa.Table(
    "event_batches",
    metadata,
    # number of its last event; numbers have no gaps
    sa.Column("last_number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_number", sa.BigInteger, nullable=False),
    sa.Column("origin", sa.String(32), nullable=False),
    sa.Column("told_at", Instant, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# one row, `last`: its lock gives commits their order
event_ends = sa.Table(
    "event_ends",
    metadata,
    sa.Column("name", sa.String(8), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    # stands before the number in ids of events; new when numbers may come again
    sa.Column("epoch", sa.String(32), nullable=False),
)

# what a process asks of the engine of a master, and its answer
engine_calls = sa.Table(
    "engine_calls",
    metadata,
    _id(),
    _ref("master_id", "masters.id", index=True),
    sa.Column("origin", sa.String(32), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("taken_at", Instant),
    sa.Column("answered_at", Instant),
    # emptied with the answer: it may hold what somebody typed into a form
    sa.Column("question", Json, nullable=False),
    sa.Column("answer", Json),
)
# last (E402): rows are copied in the order of the tables, and theirs name those above. Nothing here uses them (F401):
# by being imported they are part of `metadata`. That holds for each of these lines.
from buildmill.master.db import tables_of_graphs as graphs  # noqa: E402, F401
from buildmill.master.db import tables_of_rebuilds as of_rebuilds  # noqa: E402, F401
from buildmill.master.db import tables_of_schedules as of_schedules  # noqa: E402, F401
from buildmill.master.db import tables_of_staging as of_staging  # noqa: E402, F401
