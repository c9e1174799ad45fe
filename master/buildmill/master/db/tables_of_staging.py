"""Tables of staging: apps, packages, builds of droplets, droplets, buildpacks, and what these need; part of `tables`.

Rows refer to one another by guids, which never change. Instants are seconds.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db.columns import Flag, Instant, Json, id_column, metadata, reference


def _guid() -> sa.Column[str]:
    return sa.Column("guid", sa.String(36), nullable=False, unique=True)


def _times() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
    )


def _of_app() -> sa.Column[str]:
    return sa.Column(
        "app_guid", sa.String(36), sa.ForeignKey("staging_apps.guid", ondelete="CASCADE"), nullable=False, index=True
    )


def _bits() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """Bytes in the blob store; NULL where there are none."""
    return sa.Column("sha256", sa.String(64), index=True), sa.Column("size_bytes", sa.BigInteger)


def _owner() -> sa.Column[str]:
    """Guid, name and email of whoever made it, as they were then."""
    return sa.Column("created_by", Json, nullable=False, server_default="{}")


organizations = sa.Table(
    "staging_organizations",
    metadata,
    id_column(),
    _guid(),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("suspended", Flag, nullable=False, server_default="0"),
    # 0 once the configuration does not name it any more
    sa.Column("configured", Flag, nullable=False, server_default="1"),
    *_times(),
)

spaces = sa.Table(
    "staging_spaces",
    metadata,
    id_column(),
    _guid(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column(
        "organization_guid",
        sa.String(36),
        sa.ForeignKey("staging_organizations.guid", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("suspended", Flag, nullable=False, server_default="0"),
    sa.Column("configured", Flag, nullable=False, server_default="1"),
    *_times(),
    sa.UniqueConstraint("organization_guid", "name"),
)

stacks = sa.Table(
    "staging_stacks",
    metadata,
    id_column(),
    _guid(),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("is_default", Flag, nullable=False, server_default="0"),
    sa.Column("configured", Flag, nullable=False, server_default="1"),
    *_times(),
)

apps = sa.Table(
    "staging_apps",
    metadata,
    id_column(),
    _guid(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("space_guid", sa.String(36), sa.ForeignKey("staging_spaces.guid", ondelete="CASCADE"), nullable=False),
    sa.Column("lifecycle", sa.String(12), nullable=False),
    sa.Column("stack", sa.String(255), nullable=False, server_default=""),
    # what else was asked for: buildpacks, credentials
    sa.Column("lifecycle_data", Json, nullable=False),
    sa.Column("environment", Json, nullable=False, server_default="{}"),
    # no foreign key: droplets refer to apps
    sa.Column("current_droplet_guid", sa.String(36)),
    _owner(),
    *_times(),
    sa.UniqueConstraint("space_guid", "name"),
)

packages = sa.Table(
    "staging_packages",
    metadata,
    id_column(),
    _guid(),
    _of_app(),
    sa.Column("type", sa.String(8), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("error", sa.Text),
    *_bits(),
    sa.Column("image", sa.Text),
    sa.Column("username", sa.Text),
    sa.Column("password", sa.Text),
    # the master whose face is taking in its bytes: when that one starts anew, nobody is
    reference("uploading_master_id", "masters.id", ondelete="SET NULL", nullable=True),
    _owner(),
    *_times(),
)

builds = sa.Table(
    "staging_builds",
    metadata,
    id_column(),
    _guid(),
    _of_app(),
    # no foreign key: a build outlives its package
    sa.Column("package_guid", sa.String(36), nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("lifecycle", sa.String(12), nullable=False),
    sa.Column("stack", sa.String(255), nullable=False, server_default=""),
    sa.Column("lifecycle_data", Json, nullable=False),
    sa.Column("memory_mb", sa.BigInteger, nullable=False),
    sa.Column("disk_mb", sa.BigInteger, nullable=False),
    sa.Column("log_rate", sa.BigInteger, nullable=False),
    sa.Column("environment", Json, nullable=False, server_default="{}"),
    # what the worker was told, while it is STAGING; NULL before a worker has it, and after the end
    sa.Column("task", Json),
    sa.Column("droplet_guid", sa.String(36)),
    sa.Column("droplet_sha256", sa.String(64)),
    sa.Column("droplet_size_bytes", sa.BigInteger),
    reference("builder_id", "builders.id", ondelete="SET NULL", nullable=True),
    reference("build_request_id", "build_requests.id", ondelete="SET NULL", nullable=True, index=True),
    # of the engine: the latest build of the request
    reference("build_id", "builds.id", ondelete="SET NULL", nullable=True, index=True),
    _owner(),
    *_times(),
    # whatever happens: one at a time
    sa.Index(
        "ix_staging_builds_staging",
        "app_guid",
        unique=True,
        sqlite_where=sa.text("state = 'STAGING'"),
        postgresql_where=sa.text("state = 'STAGING'"),
    ),
)

droplets = sa.Table(
    "staging_droplets",
    metadata,
    id_column(),
    _guid(),
    _of_app(),
    sa.Column("package_guid", sa.String(36), index=True),
    sa.Column("build_guid", sa.String(36), index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("lifecycle", sa.String(12), nullable=False),
    *_bits(),
    sa.Column("buildpacks", Json),
    sa.Column("stack", sa.String(255)),
    sa.Column("image", sa.Text),
    # of the image
    sa.Column("username", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("execution_metadata", sa.Text, nullable=False, server_default=""),
    sa.Column("process_types", Json, nullable=False, server_default="{}"),
    # signed statement of who has made it of what
    sa.Column("attestation", sa.Text),
    _owner(),
    *_times(),
)

sboms = sa.Table(
    "staging_sboms",
    metadata,
    sa.Column(
        "droplet_guid", sa.String(36), sa.ForeignKey("staging_droplets.guid", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("path", sa.String(255), nullable=False),
    *_bits(),
    sa.PrimaryKeyConstraint("droplet_guid", "path"),
)

buildpacks = sa.Table(
    "staging_buildpacks",
    metadata,
    id_column(),
    _guid(),
    sa.Column("name", sa.String(255), nullable=False),
    # empty fits every one
    sa.Column("stack", sa.String(255), nullable=False, server_default=""),
    sa.Column("lifecycle", sa.String(12), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("filename", sa.Text),
    *_bits(),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("enabled", Flag, nullable=False),
    sa.Column("locked", Flag, nullable=False),
    # 1: of the configuration's folder
    sa.Column("configured", Flag, nullable=False, server_default="0"),
    *_times(),
    sa.UniqueConstraint("name", "stack", "lifecycle"),
)

# what stagings of an app on a stack leave for the next
caches = sa.Table(
    "staging_caches",
    metadata,
    id_column(),
    _of_app(),
    sa.Column("stack", sa.String(255), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    *_bits(),
    sa.Column("used_at", Instant, nullable=False),
    sa.UniqueConstraint("app_guid", "stack", "key"),
)

# labels and annotations of everything; `owner_guid` is a guid of any of these tables
notes = sa.Table(
    "staging_notes",
    metadata,
    sa.Column("owner_guid", sa.String(36), nullable=False),
    # label or annotation
    sa.Column("kind", sa.String(10), nullable=False),
    # prefix and name, of 253 and 63 characters at most
    sa.Column("key", sa.String(320), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("owner_guid", "kind", "key"),
    sa.Index("ix_staging_notes_key", "kind", "key"),
)

jobs = sa.Table(
    "staging_jobs",
    metadata,
    id_column(),
    _guid(),
    sa.Column("operation", sa.String(40), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("resource_kind", sa.String(20), nullable=False),
    sa.Column("resource_guid", sa.String(36), nullable=False),
    sa.Column("errors", Json, nullable=False, server_default="[]"),
    *_times(),
)
