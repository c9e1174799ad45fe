"""Rows of staging as values, and as documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.redaction import without_user_information
from buildmill.master.domain.staging.resources import (
    StagingAppResource,
    StagingBuildpackResource,
    StagingBuildResource,
    StagingCacheResource,
    StagingDropletResource,
    StagingPackageResource,
)
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    BuildpackState,
    BuildState,
    CacheSize,
    Checksum,
    Droplet,
    DropletState,
    Job,
    JobError,
    JobState,
    LifecycleSpec,
    Metadata,
    Organization,
    Owner,
    Package,
    PackageState,
    PackageType,
    SbomFile,
    Space,
    Stack,
    StackState,
    StagingBuild,
    UsedBuildpack,
)

Row = Any
"""A row with all columns of its table."""

_encode = msgspec.json.Encoder().encode


def json_text(value: Any) -> str:
    """What a column of JSON holds."""
    return _encode(value).decode()


def lifecycle_columns(spec: LifecycleSpec) -> dict[str, str]:
    """The columns that `lifecycle_of` reads."""
    data = {"buildpacks": list(spec.buildpacks), "credentials": spec.credentials}
    return {"lifecycle": str(spec.type), "stack": spec.stack, "lifecycle_data": json_text(data)}


def lifecycle_of(row: Row) -> LifecycleSpec:
    data = msgspec.json.decode(row.lifecycle_data)
    return LifecycleSpec(
        type=Lifecycle(row.lifecycle),
        buildpacks=tuple(data["buildpacks"]),
        stack=row.stack,
        credentials=data["credentials"],
    )


def owner_text(owner: Owner) -> str:
    """What the column ``created_by`` holds."""
    return json_text({"guid": owner.guid, "name": owner.name, "email": owner.email})


def _owner(row: Row) -> Owner:
    return Owner(**msgspec.json.decode(row.created_by))


def _bits(row: Row) -> Checksum | None:
    return None if row.sha256 is None else Checksum(sha256=row.sha256, size_bytes=row.size_bytes)


def organization(row: Row) -> Organization:
    return Organization(
        guid=row.guid, name=row.name, created_at=row.created_at, updated_at=row.updated_at,
        is_suspended=bool(row.suspended),
    )  # fmt: skip


def space(row: Row) -> Space:
    return Space(
        guid=row.guid, name=row.name, organization_guid=row.organization_guid, created_at=row.created_at,
        updated_at=row.updated_at, is_suspended=bool(row.suspended),
    )  # fmt: skip


def stack(row: Row) -> Stack:
    return Stack(
        guid=row.guid, name=row.name, description=row.description, state=StackState(row.state),
        is_default=bool(row.is_default), created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def app(row: Row, metadata: Metadata) -> App:
    return App(
        guid=row.guid, name=row.name, space_guid=row.space_guid, lifecycle=lifecycle_of(row),
        environment=msgspec.json.decode(row.environment), current_droplet_guid=row.current_droplet_guid,
        created_by=_owner(row), metadata=metadata, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def package(row: Row, metadata: Metadata) -> Package:
    return Package(
        guid=row.guid, app_guid=row.app_guid, type=PackageType(row.type), state=PackageState(row.state),
        error=row.error, bits=_bits(row), image=row.image, username=row.username, password=row.password,
        created_by=_owner(row), metadata=metadata, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def build(row: Row, metadata: Metadata) -> StagingBuild:
    droplet = None
    if row.droplet_sha256 is not None:
        droplet = Checksum(sha256=row.droplet_sha256, size_bytes=row.droplet_size_bytes)
    return StagingBuild(
        guid=row.guid, app_guid=row.app_guid, package_guid=row.package_guid, state=BuildState(row.state),
        error=row.error, lifecycle=lifecycle_of(row), memory_mb=row.memory_mb, disk_mb=row.disk_mb,
        log_rate_bytes_per_second=row.log_rate, droplet_guid=row.droplet_guid, droplet=droplet,
        builderid=row.builder_id, buildrequestid=row.build_request_id, buildid=row.build_id, created_by=_owner(row),
        metadata=metadata, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def used_text(used: tuple[UsedBuildpack, ...] | None) -> str | None:
    """What the column ``buildpacks`` of a droplet holds."""
    return None if used is None else json_text(used)


def _used(row: Row) -> tuple[UsedBuildpack, ...] | None:
    if row.buildpacks is None:
        return None
    return msgspec.json.decode(row.buildpacks, type=tuple[UsedBuildpack, ...])


def droplet(row: Row, metadata: Metadata, sboms: tuple[SbomFile, ...]) -> Droplet:
    return Droplet(
        guid=row.guid, app_guid=row.app_guid, package_guid=row.package_guid, build_guid=row.build_guid,
        state=DropletState(row.state), error=row.error, lifecycle=Lifecycle(row.lifecycle), bits=_bits(row),
        buildpacks=_used(row), stack=row.stack, image=row.image, execution_metadata=row.execution_metadata,
        process_types=msgspec.json.decode(row.process_types), sboms=sboms, created_by=_owner(row),
        metadata=metadata, created_at=row.created_at, updated_at=row.updated_at, attestation=row.attestation,
    )  # fmt: skip


def buildpack(row: Row, metadata: Metadata) -> Buildpack:
    return Buildpack(
        guid=row.guid, name=row.name, stack=row.stack or None, lifecycle=Lifecycle(row.lifecycle),
        state=BuildpackState(row.state), filename=row.filename, bits=_bits(row), position=row.position,
        is_enabled=bool(row.enabled), is_locked=bool(row.locked), is_configured=bool(row.configured),
        metadata=metadata, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def job(row: Row) -> Job:
    return Job(
        guid=row.guid, operation=row.operation, state=JobState(row.state), resource_kind=row.resource_kind,
        resource_guid=row.resource_guid, errors=msgspec.json.decode(row.errors, type=tuple[JobError, ...]),
        created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def cache(row: Row) -> CacheSize:
    return CacheSize(
        app_guid=row.app_guid, stack=row.stack, key=row.key, used_at=row.used_at,
        file=Checksum(sha256=row.sha256, size_bytes=row.size_bytes),
    )  # fmt: skip


# -- documents ---------------------------------------------------------------------------------


def _shown(data: str) -> list[str]:
    asked: Mapping[str, Any] = msgspec.json.decode(data)
    return [without_user_information(key) for key in asked["buildpacks"]]


def app_resource(row: Row) -> StagingAppResource:
    return StagingAppResource(
        buildpacks=_shown(row.lifecycle_data), created_at=row.created_at,
        current_droplet_guid=row.current_droplet_guid, guid=row.guid, lifecycle=row.lifecycle, name=row.name,
        space_guid=row.space_guid, stack=row.stack, staging_appid=row.id, updated_at=row.updated_at,
    )  # fmt: skip


def package_resource(row: Row) -> StagingPackageResource:
    return StagingPackageResource(
        app_guid=row.app_guid, created_at=row.created_at, error=row.error, guid=row.guid, image=row.image,
        sha256=row.sha256, size_bytes=row.size_bytes, staging_packageid=row.id, state=row.state, type=row.type,
        updated_at=row.updated_at,
    )  # fmt: skip


def build_resource(row: Row) -> StagingBuildResource:
    return StagingBuildResource(
        app_guid=row.app_guid, builderid=row.builder_id, buildid=row.build_id, buildpacks=_shown(row.lifecycle_data),
        buildrequestid=row.build_request_id, created_at=row.created_at, created_by=_owner(row).name,
        disk_mb=row.disk_mb, droplet_guid=row.droplet_guid, droplet_sha256=row.droplet_sha256, error=row.error,
        guid=row.guid, lifecycle=row.lifecycle, log_rate_bytes_per_second=row.log_rate, memory_mb=row.memory_mb,
        package_guid=row.package_guid, stack=row.stack, staging_buildid=row.id, state=row.state,
        updated_at=row.updated_at,
    )  # fmt: skip


def droplet_resource(row: Row) -> StagingDropletResource:
    return StagingDropletResource(
        app_guid=row.app_guid, attested=row.attestation is not None, build_guid=row.build_guid,
        buildpacks=[used.name for used in _used(row) or ()], created_at=row.created_at, error=row.error,
        guid=row.guid, image=row.image, lifecycle=row.lifecycle, package_guid=row.package_guid, sha256=row.sha256,
        size_bytes=row.size_bytes, stack=row.stack, staging_dropletid=row.id, state=row.state,
        updated_at=row.updated_at,
    )  # fmt: skip


def buildpack_resource(row: Row) -> StagingBuildpackResource:
    return StagingBuildpackResource(
        configured=bool(row.configured), created_at=row.created_at, enabled=bool(row.enabled),
        filename=row.filename, guid=row.guid, lifecycle=row.lifecycle, locked=bool(row.locked), name=row.name,
        position=row.position, sha256=row.sha256, size_bytes=row.size_bytes, stack=row.stack or None,
        staging_buildpackid=row.id, state=row.state, updated_at=row.updated_at,
    )  # fmt: skip


def cache_resource(row: Row) -> StagingCacheResource:
    return StagingCacheResource(
        app_guid=row.app_guid, key=row.key, sha256=row.sha256, size_bytes=row.size_bytes, stack=row.stack,
        staging_cacheid=row.id, used_at=row.used_at,
    )  # fmt: skip
