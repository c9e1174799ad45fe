"""What staging is about: apps, their packages, builds that make droplets of them, and what these need.

All are snapshots of what is committed. Guids are ours and never change; instants are seconds since the epoch, UTC.
What is secret (passwords, credentials, URLs with user information) stands here as it was given: whoever shows a value
to somebody makes it unreadable first (`domain.staging.redaction`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from buildmill.common.staging import Lifecycle


class PackageType(StrEnum):
    BITS = "bits"
    DOCKER = "docker"


class PackageState(StrEnum):
    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    PROCESSING_UPLOAD = "PROCESSING_UPLOAD"
    READY = "READY"
    FAILED = "FAILED"
    COPYING = "COPYING"
    EXPIRED = "EXPIRED"


class BuildState(StrEnum):
    STAGING = "STAGING"
    STAGED = "STAGED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        return self is not BuildState.STAGING


class DropletState(StrEnum):
    """Ours are STAGED from the beginning: there is no droplet before its bytes are complete and verified."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    PROCESSING_UPLOAD = "PROCESSING_UPLOAD"
    STAGING = "STAGING"
    COPYING = "COPYING"
    STAGED = "STAGED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class BuildpackState(StrEnum):
    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    READY = "READY"


class StackState(StrEnum):
    """A deprecated stack warns; a restricted one takes no app that was never staged on it; a disabled one nothing."""

    ACTIVE = "ACTIVE"
    DEPRECATED = "DEPRECATED"
    RESTRICTED = "RESTRICTED"
    DISABLED = "DISABLED"


class JobState(StrEnum):
    PROCESSING = "PROCESSING"
    POLLING = "POLLING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who has made something, as it was called then; None where nobody knows."""

    guid: str | None = None
    name: str | None = None
    email: str | None = None


NOBODY = Owner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Labels, by which things are found, and annotations; keys in full, as ``prefix/name``."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataChange:
    """A None deletes the key; what is not named stays."""

    labels: Mapping[str, str | None] = field(default_factory=dict)
    annotations: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleSpec:
    """How to stage, as it was asked for.

    Attributes:
        buildpacks: names of admin buildpacks, or URLs; none to detect. None of `docker`.
        stack: its name; empty of `docker`.
        credentials: registry host to user name and password, or token; of `cnb`. Secret.
    """

    type: Lifecycle = Lifecycle.BUILDPACK
    buildpacks: tuple[str, ...] = ()
    stack: str = ""
    credentials: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """Attributes: sha256: hexadecimal."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    guid: str
    name: str
    created_at: int
    updated_at: int
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    guid: str
    name: str
    organization_guid: str
    created_at: int
    updated_at: int
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    guid: str
    name: str
    description: str
    state: StackState
    is_default: bool
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Attributes: environment: variables of staging and running; keys to JSON values. Secret."""

    guid: str
    name: str
    space_guid: str
    lifecycle: LifecycleSpec
    environment: Mapping[str, Any]
    current_droplet_guid: str | None
    created_by: Owner
    metadata: Metadata
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is to be staged.

    Attributes:
        error: why it FAILED.
        bits: of a READY package of bits.
        image, username, password: of `docker`; the password is secret.
    """

    guid: str
    app_guid: str
    type: PackageType
    state: PackageState
    error: str | None
    bits: Checksum | None
    image: str | None
    username: str | None
    password: str | None
    created_by: Owner
    metadata: Metadata
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingBuild:
    """One staging.

    Attributes:
        error: ``<name> - <message>`` of one that FAILED.
        lifecycle: what was asked for; what was found is at the droplet.
        memory_mb, disk_mb, log_rate_bytes_per_second: what it really gets; the rate is -1 without a limit.
        droplet_guid, droplet: there once it is STAGED; `droplet` is None where there are no bytes (`docker`).
        buildrequestid, buildid: of the engine; the first tells why it waits. None before they are known.
        builderid: of the builder that stages on that stack.
    """

    guid: str
    app_guid: str
    package_guid: str
    state: BuildState
    error: str | None
    lifecycle: LifecycleSpec
    memory_mb: int
    disk_mb: int
    log_rate_bytes_per_second: int
    droplet_guid: str | None
    droplet: Checksum | None
    builderid: int | None
    buildrequestid: int | None
    buildid: int | None
    created_by: Owner
    metadata: Metadata
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedBuildpack:
    """A buildpack that has taken part.

    Attributes:
        name: of the admin buildpack, or the URL with user information made unreadable.
        detect_output: of the one that has detected the app.
        buildpack_name, version: what it says of itself.
        sha256: of its archive; None of a URL.
    """

    name: str
    detect_output: str | None = None
    buildpack_name: str | None = None
    version: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomFile:
    """A bill of materials that a buildpack has left; `path` names it below the droplet."""

    path: str
    file: Checksum


@dataclass(frozen=True, slots=True, kw_only=True)
class Droplet:
    """What came out.

    Attributes:
        package_guid: None once the package is gone.
        build_guid: None once the build is gone.
        bits: None of `docker`, and of one that is EXPIRED.
        buildpacks, stack: None of `docker`.
        image: of `docker` only.
        execution_metadata: a text; of `docker` it holds JSON.
        process_types: type to command. Secret.
        attestation: a signed statement of who has made it of what, as JSON; None without one.
    """

    guid: str
    app_guid: str
    package_guid: str | None
    build_guid: str | None
    state: DropletState
    error: str | None
    lifecycle: Lifecycle
    bits: Checksum | None
    buildpacks: tuple[UsedBuildpack, ...] | None
    stack: str | None
    image: str | None
    execution_metadata: str
    process_types: Mapping[str, str]
    sboms: tuple[SbomFile, ...]
    created_by: Owner
    metadata: Metadata
    created_at: int
    updated_at: int
    attestation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildpack:
    """An admin buildpack.

    Attributes:
        stack: None fits every one.
        position: from 1, within the buildpacks of its lifecycle; the order of detection.
        is_configured: it comes from the folder that the configuration names, and is changed only there.
    """

    guid: str
    name: str
    stack: str | None
    lifecycle: Lifecycle
    state: BuildpackState
    filename: str | None
    bits: Checksum | None
    position: int
    is_enabled: bool
    is_locked: bool
    is_configured: bool
    metadata: Metadata
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Attributes: code, title: of the v3 API."""

    code: int
    title: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that goes on, or went on, behind an answer.

    Attributes:
        operation: as ``app.delete``.
        resource_kind, resource_guid: what it is about: ``app``, ``package``, ``droplet``, ``buildpack``.
    """

    guid: str
    operation: str
    state: JobState
    resource_kind: str
    resource_guid: str
    errors: tuple[JobError, ...]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSize:
    """What stagings of an app on a stack leave for the next.

    Attributes:
        key: which buildpack's; ``final`` for the one that finishes.
    """

    app_guid: str
    stack: str
    key: str
    file: Checksum
    used_at: int
