"""Tables of schedules; part of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.columns import Flag, Instant, Json, id_column, metadata, reference

# what schedules wait for and do is in their versions, which outlive them; a version never changes
schedules = sa.Table(
    "schedules",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(128), nullable=False, unique=True),
    sa.Column("name", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("version_rid", sa.String(128), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.String(36), nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("updated_by", sa.String(36), nullable=False),
    sa.Column("updated_by_name", sa.Text, nullable=False),
    # a list: its runs may build what somebody with these may
    sa.Column("updated_by_roles", Json, nullable=False, server_default="[]"),
    # user, failures, or empty
    sa.Column("paused_by", sa.String(16), nullable=False, server_default=""),
    sa.Column("next_due_at", Instant, index=True),
    sa.Column("missed_at", Instant),
    # one more fire when the run in progress ends; there is none in progress without an active run
    sa.Column("pending", Flag, nullable=False, server_default="0"),
    sa.Column("active_run_rid", sa.String(128)),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    # RIDs of runs are made of these: whoever tells of an event has no randomness
    sa.Column("run_seed", sa.String(32), nullable=False),
    sa.Column("run_count", sa.Integer, nullable=False, server_default="0"),
)

versions = sa.Table(
    "schedule_versions",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(128), nullable=False, unique=True),
    sa.Column("schedule_rid", sa.String(128), nullable=False, index=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.String(36), nullable=False),
    sa.Column("trigger", Json, nullable=False),
    sa.Column("action", Json, nullable=False),
    sa.Column("scope", Json, nullable=False),
)

# the events that a schedule waits for, and since when each holds
events = sa.Table(
    "schedule_events",
    metadata,
    reference("schedule_id", "schedules.id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("branch", sa.String(255), nullable=False),
    sa.Column("happened_at", Instant),
    sa.PrimaryKeyConstraint("schedule_id", "kind", "subject", "branch"),
    sa.Index("ix_schedule_events_subject_kind_branch", "subject", "kind", "branch"),
)

# what schedules were told and have not looked at: telling is one statement, looking is done in slices
inbox = sa.Table(
    "schedule_inbox",
    metadata,
    id_column(),
    reference("schedule_id", "schedules.id", index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("branch", sa.String(255), nullable=False),
    sa.Column("happened_at", Instant, nullable=False),
)

runs = sa.Table(
    "schedule_runs",
    metadata,
    id_column(),
    sa.Column("rid", sa.String(128), nullable=False, unique=True),
    sa.Column("schedule_rid", sa.String(128), nullable=False),
    sa.Column("version_rid", sa.String(128), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    # of whoever has run it by hand
    sa.Column("created_by", sa.String(36)),
    # ignored, submitted, error; none while it is being asked for
    sa.Column("outcome", sa.String(16), index=True),
    sa.Column("build_rid", sa.String(128), index=True),
    sa.Column("error", sa.String(32)),
    sa.Column("description", sa.Text),
    sa.Index("ix_schedule_runs_schedule_rid_id", "schedule_rid", "id"),
)

# settings of the configuration that units of work need which know nothing of it
settings = sa.Table(
    "schedule_settings",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)
