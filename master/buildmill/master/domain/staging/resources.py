"""Staging as the data API publishes it: nothing secret is in it. Instants are seconds since the epoch, UTC."""

from __future__ import annotations

from buildmill.master.domain.events import Key
from buildmill.master.domain.resources import Instant, Resource


def _keys(plural: str, guid: str, app_guid: str, name: str) -> tuple[Key, ...]:
    """Of something that belongs to an app."""
    return ((plural, guid, name), ("staging_apps", app_guid, plural, guid, name))


class StagingAppResource(Resource, frozen=True):
    """An app; told as it comes, changes and goes."""

    type_name = "staging_app"
    plural = "staging_apps"
    id_field = "guid"
    unfiltered = frozenset({"buildpacks"})

    buildpacks: list[str]
    created_at: Instant
    current_droplet_guid: str | None
    guid: str
    lifecycle: str
    name: str
    space_guid: str
    stack: str
    staging_appid: int
    updated_at: Instant

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("staging_apps", self.guid, name),)


class StagingPackageResource(Resource, frozen=True):
    """What is to be staged; told of each change of its state."""

    type_name = "staging_package"
    plural = "staging_packages"
    id_field = "guid"

    app_guid: str
    created_at: Instant
    error: str | None
    guid: str
    image: str | None
    sha256: str | None
    size_bytes: int | None
    staging_packageid: int
    state: str
    type: str
    updated_at: Instant

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (
            ("staging_packages", self.guid, name),
            ("staging_apps", self.app_guid, "staging_packages", self.guid, name),
        )


class StagingBuildResource(Resource, frozen=True):
    """One staging; told as it begins, when the engine's build has begun, and as it ends.

    Attributes:
        buildrequestid: why it waits is at ``buildrequests/{buildrequestid}/explain``.
        buildid: of the engine; its steps are the phases.
    """

    type_name = "staging_build"
    plural = "staging_builds"
    id_field = "guid"
    unfiltered = frozenset({"buildpacks", "created_by"})

    app_guid: str
    builderid: int | None
    buildid: int | None
    buildpacks: list[str]
    buildrequestid: int | None
    created_at: Instant
    created_by: str | None
    disk_mb: int
    droplet_guid: str | None
    droplet_sha256: str | None
    error: str | None
    guid: str
    lifecycle: str
    log_rate_bytes_per_second: int
    memory_mb: int
    package_guid: str
    stack: str
    staging_buildid: int
    state: str
    updated_at: Instant

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return _keys("staging_builds", self.guid, self.app_guid, name)


class StagingDropletResource(Resource, frozen=True):
    """What came out; told as it comes, changes and goes.

    Attributes:
        buildpacks: names of those that have taken part, in order.
        attested: there is a signed statement of who has made it of what.
    """

    type_name = "staging_droplet"
    plural = "staging_droplets"
    id_field = "guid"
    unfiltered = frozenset({"buildpacks"})

    app_guid: str
    attested: bool
    build_guid: str | None
    buildpacks: list[str]
    created_at: Instant
    error: str | None
    guid: str
    image: str | None
    lifecycle: str
    package_guid: str | None
    sha256: str | None
    size_bytes: int | None
    stack: str | None
    staging_dropletid: int
    state: str
    updated_at: Instant

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (
            ("staging_droplets", self.guid, name),
            ("staging_apps", self.app_guid, "staging_droplets", self.guid, name),
        )


class StagingAttestationResource(Resource, frozen=True):
    """The signed statement of who has made a droplet of what.

    Attributes:
        attestation: a DSSE envelope, as JSON text; see ``docs/reference/attestations.md``.
    """

    type_name = "staging_attestation"
    plural = "staging_attestations"
    id_field = "droplet_guid"

    attestation: str
    droplet_guid: str


class StagingBuildpackResource(Resource, frozen=True):
    """An admin buildpack; told as it comes, changes and goes.

    Attributes:
        configured: it comes from the folder that the configuration names.
        stack: None fits every one.
    """

    type_name = "staging_buildpack"
    plural = "staging_buildpacks"
    id_field = "guid"

    configured: bool
    created_at: Instant
    enabled: bool
    filename: str | None
    guid: str
    lifecycle: str
    locked: bool
    name: str
    position: int
    sha256: str | None
    size_bytes: int | None
    stack: str | None
    staging_buildpackid: int
    state: str
    updated_at: Instant

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("staging_buildpacks", self.guid, name),)


class StagingCacheResource(Resource, frozen=True):
    """What stagings of an app on a stack leave for the next.

    Attributes:
        key: which buildpack's; ``final`` for the one that finishes.
    """

    type_name = "staging_cache"
    plural = "staging_caches"
    id_field = "staging_cacheid"

    app_guid: str
    key: str
    sha256: str
    size_bytes: int
    stack: str
    staging_cacheid: int
    used_at: Instant
