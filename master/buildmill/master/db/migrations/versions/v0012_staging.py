"""Staging: apps, packages, builds, droplets, buildpacks, their caches, and where they belong.

Revision ID: 0012_staging
Revises: 0011_schedules
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012_staging"
down_revision = "0011_schedules"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _organizations()
    _spaces()
    _stacks()
    _apps()
    _packages()
    _builds()
    _droplets()
    _sboms()
    _buildpacks()
    _caches()
    _notes()
    _jobs()


def _id() -> sa.Column[Any]:
    return sa.Column("id", ID, autoincrement=True, nullable=False)


def _guid() -> sa.Column[Any]:
    return sa.Column("guid", sa.String(36), nullable=False)


def _times() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )


def _bits() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("sha256", sa.String(64)), sa.Column("size_bytes", sa.BigInteger())


def _owner() -> sa.Column[Any]:
    return sa.Column("created_by", sa.Text(), server_default="{}", nullable=False)


def _organizations() -> None:
    op.create_table(
        "staging_organizations",
        _id(),
        _guid(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("suspended", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("configured", sa.SmallInteger(), server_default="1", nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_staging_organizations"),
        sa.UniqueConstraint("guid", name="uq_staging_organizations_guid"),
        sa.UniqueConstraint("name", name="uq_staging_organizations_name"),
    )


def _spaces() -> None:
    op.create_table(
        "staging_spaces",
        _id(),
        _guid(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("organization_guid", sa.String(36), nullable=False),
        sa.Column("suspended", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("configured", sa.SmallInteger(), server_default="1", nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["organization_guid"],
            ["staging_organizations.guid"],
            name="fk_staging_spaces_organization_guid",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_spaces"),
        sa.UniqueConstraint("guid", name="uq_staging_spaces_guid"),
        sa.UniqueConstraint("organization_guid", "name", name="uq_staging_spaces_organization_guid_name"),
    )


def _stacks() -> None:
    op.create_table(
        "staging_stacks",
        _id(),
        _guid(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("is_default", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("configured", sa.SmallInteger(), server_default="1", nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_staging_stacks"),
        sa.UniqueConstraint("guid", name="uq_staging_stacks_guid"),
        sa.UniqueConstraint("name", name="uq_staging_stacks_name"),
    )


def _apps() -> None:
    op.create_table(
        "staging_apps",
        _id(),
        _guid(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("space_guid", sa.String(36), nullable=False),
        sa.Column("lifecycle", sa.String(12), nullable=False),
        sa.Column("stack", sa.String(255), server_default="", nullable=False),
        sa.Column("lifecycle_data", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), server_default="{}", nullable=False),
        sa.Column("current_droplet_guid", sa.String(36), nullable=True),
        _owner(),
        *_times(),
        sa.ForeignKeyConstraint(
            ["space_guid"], ["staging_spaces.guid"], name="fk_staging_apps_space_guid", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_apps"),
        sa.UniqueConstraint("guid", name="uq_staging_apps_guid"),
        sa.UniqueConstraint("space_guid", "name", name="uq_staging_apps_space_guid_name"),
    )


def _packages() -> None:
    op.create_table(
        "staging_packages",
        _id(),
        _guid(),
        sa.Column("app_guid", sa.String(36), nullable=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        *_bits(),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("uploading_master_id", ID, nullable=True),
        _owner(),
        *_times(),
        sa.ForeignKeyConstraint(
            ["app_guid"], ["staging_apps.guid"], name="fk_staging_packages_app_guid", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["uploading_master_id"], ["masters.id"], name="fk_staging_packages_uploading_master_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_packages"),
        sa.UniqueConstraint("guid", name="uq_staging_packages_guid"),
    )
    op.create_index("ix_staging_packages_app_guid", "staging_packages", ["app_guid"])
    op.create_index("ix_staging_packages_sha256", "staging_packages", ["sha256"])


def _builds() -> None:
    op.create_table(
        "staging_builds",
        _id(),
        _guid(),
        sa.Column("app_guid", sa.String(36), nullable=False),
        sa.Column("package_guid", sa.String(36), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lifecycle", sa.String(12), nullable=False),
        sa.Column("stack", sa.String(255), server_default="", nullable=False),
        sa.Column("lifecycle_data", sa.Text(), nullable=False),
        sa.Column("memory_mb", sa.BigInteger(), nullable=False),
        sa.Column("disk_mb", sa.BigInteger(), nullable=False),
        sa.Column("log_rate", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(), server_default="{}", nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("droplet_guid", sa.String(36), nullable=True),
        sa.Column("droplet_sha256", sa.String(64), nullable=True),
        sa.Column("droplet_size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("builder_id", ID, nullable=True),
        sa.Column("build_request_id", ID, nullable=True),
        sa.Column("build_id", ID, nullable=True),
        _owner(),
        *_times(),
        sa.ForeignKeyConstraint(
            ["app_guid"], ["staging_apps.guid"], name="fk_staging_builds_app_guid", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_staging_builds_build_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["build_request_id"], ["build_requests.id"], name="fk_staging_builds_build_request_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["builder_id"], ["builders.id"], name="fk_staging_builds_builder_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_builds"),
        sa.UniqueConstraint("guid", name="uq_staging_builds_guid"),
    )
    op.create_index("ix_staging_builds_app_guid", "staging_builds", ["app_guid"])
    op.create_index("ix_staging_builds_build_id", "staging_builds", ["build_id"])
    op.create_index("ix_staging_builds_build_request_id", "staging_builds", ["build_request_id"])
    op.create_index("ix_staging_builds_package_guid", "staging_builds", ["package_guid"])
    op.create_index(
        "ix_staging_builds_staging",
        "staging_builds",
        ["app_guid"],
        unique=True,
        sqlite_where=sa.text("state = 'STAGING'"),
        postgresql_where=sa.text("state = 'STAGING'"),
    )


def _droplets() -> None:
    op.create_table(
        "staging_droplets",
        _id(),
        _guid(),
        sa.Column("app_guid", sa.String(36), nullable=False),
        sa.Column("package_guid", sa.String(36), nullable=True),
        sa.Column("build_guid", sa.String(36), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lifecycle", sa.String(12), nullable=False),
        *_bits(),
        sa.Column("buildpacks", sa.Text(), nullable=True),
        sa.Column("stack", sa.String(255), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("execution_metadata", sa.Text(), server_default="", nullable=False),
        sa.Column("process_types", sa.Text(), server_default="{}", nullable=False),
        sa.Column("attestation", sa.Text(), nullable=True),
        _owner(),
        *_times(),
        sa.ForeignKeyConstraint(
            ["app_guid"], ["staging_apps.guid"], name="fk_staging_droplets_app_guid", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_droplets"),
        sa.UniqueConstraint("guid", name="uq_staging_droplets_guid"),
    )
    op.create_index("ix_staging_droplets_app_guid", "staging_droplets", ["app_guid"])
    op.create_index("ix_staging_droplets_build_guid", "staging_droplets", ["build_guid"])
    op.create_index("ix_staging_droplets_package_guid", "staging_droplets", ["package_guid"])
    op.create_index("ix_staging_droplets_sha256", "staging_droplets", ["sha256"])


def _sboms() -> None:
    op.create_table(
        "staging_sboms",
        sa.Column("droplet_guid", sa.String(36), nullable=False),
        sa.Column("path", sa.String(255), nullable=False),
        *_bits(),
        sa.ForeignKeyConstraint(
            ["droplet_guid"], ["staging_droplets.guid"], name="fk_staging_sboms_droplet_guid", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("droplet_guid", "path", name="pk_staging_sboms"),
    )
    op.create_index("ix_staging_sboms_sha256", "staging_sboms", ["sha256"])


def _buildpacks() -> None:
    op.create_table(
        "staging_buildpacks",
        _id(),
        _guid(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("stack", sa.String(255), server_default="", nullable=False),
        sa.Column("lifecycle", sa.String(12), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        *_bits(),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), nullable=False),
        sa.Column("locked", sa.SmallInteger(), nullable=False),
        sa.Column("configured", sa.SmallInteger(), server_default="0", nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_staging_buildpacks"),
        sa.UniqueConstraint("guid", name="uq_staging_buildpacks_guid"),
        sa.UniqueConstraint("name", "stack", "lifecycle", name="uq_staging_buildpacks_name_stack_lifecycle"),
    )
    op.create_index("ix_staging_buildpacks_sha256", "staging_buildpacks", ["sha256"])


def _caches() -> None:
    op.create_table(
        "staging_caches",
        _id(),
        sa.Column("app_guid", sa.String(36), nullable=False),
        sa.Column("stack", sa.String(255), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        *_bits(),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_guid"], ["staging_apps.guid"], name="fk_staging_caches_app_guid", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staging_caches"),
        sa.UniqueConstraint("app_guid", "stack", "key", name="uq_staging_caches_app_guid_stack_key"),
    )
    op.create_index("ix_staging_caches_app_guid", "staging_caches", ["app_guid"])
    op.create_index("ix_staging_caches_sha256", "staging_caches", ["sha256"])


def _notes() -> None:
    op.create_table(
        "staging_notes",
        sa.Column("owner_guid", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("key", sa.String(320), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner_guid", "kind", "key", name="pk_staging_notes"),
    )
    op.create_index("ix_staging_notes_key", "staging_notes", ["kind", "key"])


def _jobs() -> None:
    op.create_table(
        "staging_jobs",
        _id(),
        _guid(),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("resource_kind", sa.String(20), nullable=False),
        sa.Column("resource_guid", sa.String(36), nullable=False),
        sa.Column("errors", sa.Text(), server_default="[]", nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name="pk_staging_jobs"),
        sa.UniqueConstraint("guid", name="uq_staging_jobs_guid"),
    )
