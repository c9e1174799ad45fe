"""Reading what is staged, as values: `domain.staging.ports.StagingReads`, which says what each does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import BinaryIO, TypeVar

from buildmill.common.errors import Unavailable
from buildmill.master.db.database import Database
from buildmill.master.db.staging import reading
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.domain.staging.ports import BlobStore, BlobWriter
from buildmill.master.domain.staging.requests import (
    AppFilter,
    BuildFilter,
    BuildpackFilter,
    DropletFilter,
    Listed,
    Listing,
    OrganizationFilter,
    PackageFilter,
    SpaceFilter,
    StackFilter,
)
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    CacheSize,
    Droplet,
    Job,
    Organization,
    Package,
    Space,
    Stack,
    StagingBuild,
)

T = TypeVar("T")


class NoBlobs:
    """The store of a process that has none."""

    def _refuse(self) -> Unavailable:
        return Unavailable("this process has no store of packages and droplets")

    async def open_write(self, limit_bytes: int | None = None) -> BlobWriter:
        raise self._refuse()

    async def size(self, sha256: str) -> int | None:
        raise self._refuse()

    def read(self, sha256: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        raise self._refuse()

    async def examine(self, sha256: str, check: Callable[[BinaryIO], T]) -> T:
        raise self._refuse()


class StagingReading:
    """See the module.

    Args:
        database: where rows are.
        settings: tells what the configuration in force says.
        blobs: where bytes are.
    """

    def __init__(self, database: Database, settings: Callable[[], StagingConfig], blobs: BlobStore) -> None:
        self._database = database
        self._settings = settings
        self.blobs = blobs

    def settings(self) -> StagingConfig:
        return self._settings()

    async def app(self, guid: str) -> App:
        return await self._database.read(reading.app, guid)

    async def package(self, guid: str) -> Package:
        return await self._database.read(reading.package, guid)

    async def build(self, guid: str) -> StagingBuild:
        return await self._database.read(reading.build, guid)

    async def droplet(self, guid: str) -> Droplet:
        return await self._database.read(reading.droplet, guid)

    async def buildpack(self, guid: str) -> Buildpack:
        return await self._database.read(reading.buildpack, guid)

    async def stack(self, guid: str) -> Stack:
        return await self._database.read(reading.stack, guid)

    async def space(self, guid: str) -> Space:
        return await self._database.read(reading.space, guid)

    async def organization(self, guid: str) -> Organization:
        return await self._database.read(reading.organization, guid)

    async def job(self, guid: str) -> Job:
        return await self._database.read(reading.job, guid)

    async def apps(self, where: AppFilter, listing: Listing) -> Listed[App]:
        return await self._database.read(reading.apps, where, listing)

    async def packages(self, where: PackageFilter, listing: Listing) -> Listed[Package]:
        return await self._database.read(reading.packages, where, listing)

    async def builds(self, where: BuildFilter, listing: Listing) -> Listed[StagingBuild]:
        return await self._database.read(reading.builds, where, listing)

    async def droplets(self, where: DropletFilter, listing: Listing) -> Listed[Droplet]:
        return await self._database.read(reading.droplets, where, listing)

    async def buildpacks(self, where: BuildpackFilter, listing: Listing) -> Listed[Buildpack]:
        return await self._database.read(reading.buildpacks, where, listing)

    async def stacks(self, where: StackFilter, listing: Listing) -> Listed[Stack]:
        return await self._database.read(reading.stacks, where, listing)

    async def spaces(self, where: SpaceFilter, listing: Listing) -> Listed[Space]:
        return await self._database.read(reading.spaces, where, listing)

    async def organizations(self, where: OrganizationFilter, listing: Listing) -> Listed[Organization]:
        return await self._database.read(reading.organizations, where, listing)

    async def space_of(self, app_guids: Sequence[str]) -> dict[str, str]:
        return await self._database.read(reading.space_of, app_guids)

    async def caches(self, app_guid: str) -> tuple[CacheSize, ...]:
        return await self._database.read(reading.caches, app_guid)
