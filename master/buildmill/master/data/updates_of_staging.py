"""Updates about staging: `domain.staging.ports.StagingUpdates`, which says what each does."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.updates_of_graphs import GraphContext
from buildmill.master.data.writing import Writing
from buildmill.master.db.staging import (
    apps,
    buildpacks,
    droplets,
    ending,
    jobs,
    looking,
    packages,
    places,
    starting,
)
from buildmill.master.db.staging.looking import Looked
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.staging.attestation import Voucher
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.domain.staging.requests import (
    AppChange,
    BuildpackChange,
    NewApp,
    NewBuild,
    NewBuildpack,
    NewPackage,
    ReportedEnd,
)
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    Checksum,
    Droplet,
    Job,
    JobError,
    MetadataChange,
    Owner,
    Package,
    StagingBuild,
)


class StagingContext(GraphContext):
    """What updates of staging need to know of the master that makes them.

    Attributes:
        staging: what the configuration in force says.
        voucher: makes the statements about droplets.
    """

    def __init__(self, random_bytes: RandomBytes) -> None:
        super().__init__(random_bytes)
        self.staging = StagingConfig()
        self.voucher: Voucher | None = None

    @property
    def staging_means(self) -> Means:
        """What units of work are done with."""
        return Means(self.masterid, self.staging, self.random_bytes, self.voucher)


class UpdatesOfStaging(Writing):
    """A part of `Updates`, which sets who writes."""

    _staging: StagingContext

    @property
    def staging(self) -> StagingConfig:
        """What the configuration in force says of staging."""
        return self._staging.staging

    async def createApp(self, new: NewApp, by: Owner) -> App:
        return await self._write(apps.create, new, self._staging.staging_means, by)

    async def updateApp(self, guid: str, change: AppChange) -> App:
        return await self._write(apps.update, guid, change, self._staging.staging_means)

    async def deleteApp(self, guid: str, by: str) -> Job:
        return await self._write(apps.delete, guid, self._staging.staging_means, by)

    async def setCurrentDroplet(self, app_guid: str, droplet_guid: str) -> App:
        return await self._write(apps.set_current_droplet, app_guid, droplet_guid)

    # -- packages ------------------------------------------------------------------------------

    async def createPackage(self, new: NewPackage, by: Owner) -> Package:
        return await self._write(packages.create, new, self._staging.staging_means, by)

    async def copyPackage(self, source_guid: str, app_guid: str, by: Owner) -> Package:
        return await self._write(packages.copy, source_guid, app_guid, self._staging.staging_means, by)

    async def updatePackage(self, guid: str, change: MetadataChange) -> Package:
        return await self._write(packages.update, guid, change)

    async def deletePackage(self, guid: str) -> Job:
        return await self._write(packages.delete, guid, self._staging.staging_means)

    async def beginUpload(self, package_guid: str) -> Package:
        return await self._write(packages.begin_upload, package_guid, self._staging.staging_means)

    async def finishUpload(self, package_guid: str, bits: Checksum) -> Package:
        return await self._write(packages.finish_upload, package_guid, bits, self._staging.staging_means)

    async def failUpload(self, package_guid: str, error: str) -> Package:
        return await self._write(packages.fail_upload, package_guid, error)

    async def abandonUpload(self, package_guid: str) -> Package:
        return await self._write(packages.abandon_upload, package_guid)

    # -- builds and droplets -------------------------------------------------------------------

    async def createBuild(self, new: NewBuild, by: Owner) -> StagingBuild:
        return await self._write(starting.create, new, self._staging.staging_means, by)

    async def updateBuild(self, guid: str, change: MetadataChange) -> StagingBuild:
        return await self._write(ending.update, guid, change)

    async def reportBuild(self, guid: str, end: ReportedEnd, by: str = "a component") -> StagingBuild:
        return await self._write(ending.reported, guid, end, self._staging.staging_means, by)

    async def updateDroplet(self, guid: str, change: MetadataChange) -> Droplet:
        return await self._write(droplets.update, guid, change)

    async def deleteDroplet(self, guid: str) -> Job:
        return await self._write(droplets.delete, guid, self._staging.staging_means)

    # -- buildpacks ----------------------------------------------------------------------------

    async def createBuildpack(self, new: NewBuildpack) -> Buildpack:
        return await self._write(buildpacks.create, new, self._staging.staging_means)

    async def updateBuildpack(self, guid: str, change: BuildpackChange) -> Buildpack:
        return await self._write(buildpacks.update, guid, change)

    async def deleteBuildpack(self, guid: str) -> Job:
        return await self._write(buildpacks.delete, guid, self._staging.staging_means)

    async def beginBuildpackUpload(self, guid: str) -> Job:
        return await self._write(buildpacks.begin_upload, guid, self._staging.staging_means)

    async def finishBuildpackUpload(self, job_guid: str, filename: str, bits: Checksum) -> Buildpack:
        return await self._write(buildpacks.finish_upload, job_guid, filename, bits)

    async def failBuildpackUpload(self, job_guid: str, error: JobError) -> Job:
        return await self._write(buildpacks.fail_upload, job_guid, error)

    # -- of the master itself ------------------------------------------------------------------

    async def publishStaging(self, packed: Sequence[buildpacks.Packed]) -> None:
        """Put stacks, spaces, organizations and buildpacks of a configuration in force."""
        means = self._staging.staging_means

        def unit(tx: Transaction) -> None:
            places.publish(tx, means)
            buildpacks.publish(tx, packed, means)

        await self._write(unit)

    async def lookAtStagings(self) -> Looked:
        """See `db.staging.looking.look`."""
        return await self._write(looking.look, self._staging.staging_means)

    async def tidyStaging(self) -> int:
        """Forget old jobs; how many."""
        return await self._write(jobs.forget_old)

    async def abandonUploads(self) -> int:
        """Uploads of an earlier run of this master are lost; how many there were."""
        return await self._write(packages.abandon_uploads, self._staging.masterid)
