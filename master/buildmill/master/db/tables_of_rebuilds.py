"""The tables of what is built again in part, and of who has stopped what was asked for.

Part of `tables`.
"""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.columns import Id, Instant, metadata, reference

# requests that ask for the failed part of a build only, and which build that is
failed_parts = sa.Table(
    "failed_parts",
    metadata,
    sa.Column(
        "build_request_id",
        Id,
        sa.ForeignKey("build_requests.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    reference("origin_build_id", "builds.id", index=True),
)

# builds that a step has taken over instead of having them built once more
taken_builds = sa.Table(
    "taken_builds",
    metadata,
    reference("step_id", "steps.id"),
    reference("taken_build_id", "builds.id", index=True),
    # the build of the step
    reference("build_id", "builds.id", index=True),
    # the build that has triggered it
    reference("from_build_id", "builds.id", ondelete="SET NULL", nullable=True, index=True),
    sa.PrimaryKeyConstraint("step_id", "taken_build_id"),
)

# who has cancelled a request of which no build ran; of one that runs it is in the build's row
request_stops = sa.Table(
    "request_stops",
    metadata,
    sa.Column(
        "build_request_id",
        Id,
        sa.ForeignKey("build_requests.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("stopped_at", Instant, nullable=False),
    # a `domain.stopping.Stopper`
    sa.Column("by_kind", sa.String(12), nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
