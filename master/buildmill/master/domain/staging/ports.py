"""How faces and commands change and see what is staged: updates, reads and the store of bytes, as interfaces.

`StagingUpdates` is a part of ``data.updates`` and ``data.updates.impatient``; `StagingReads` is ``data.staging``;
`BlobStore` is ``data.staging.blobs``. Specification: docs/internals/staging.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import BinaryIO, Protocol, TypeVar

from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.domain.staging.requests import (
    AppChange,
    AppFilter,
    BuildFilter,
    BuildpackChange,
    BuildpackFilter,
    DropletFilter,
    Listed,
    Listing,
    NewApp,
    NewBuild,
    NewBuildpack,
    NewPackage,
    OrganizationFilter,
    PackageFilter,
    ReportedEnd,
    SpaceFilter,
    StackFilter,
)
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    CacheSize,
    Checksum,
    Droplet,
    Job,
    JobError,
    MetadataChange,
    Organization,
    Owner,
    Package,
    Space,
    Stack,
    StagingBuild,
)

T = TypeVar("T")


class BlobWriter(Protocol):
    """Bytes on their way into the store; nothing of them is seen, or left behind, until `finish` has returned."""

    async def write(self, piece: bytes) -> None:
        """Add a piece; await it before the next, so that whoever sends is held up by the disk.

        Raises:
            BlobTooLarge: the limit is passed; nothing more can be added.
        """

    async def examine(self, check: Callable[[BinaryIO], T]) -> T:
        """Let `check` read what has come so far, in a thread, from a file that can be sought in; gives its result."""

    async def finish(self, expected_sha256: str | None = None) -> Checksum:
        """Keep the bytes; they are on the disk when this returns. One that nothing refers to stays for an hour.

        Raises:
            ChecksumMismatch: they are others than expected; they are gone.
        """

    async def discard(self) -> None:
        """Forget them; harmless after `finish`, and when called twice."""


class BlobStore(Protocol):
    """Bytes by their SHA-256."""

    async def open_write(self, limit_bytes: int | None = None) -> BlobWriter: ...

    async def size(self, sha256: str) -> int | None:
        """In bytes; None if there is none."""

    def read(self, sha256: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """From byte `first` to before `end`, piece by piece; the consumer sets the pace.

        Raises:
            BlobMissing: there is none.
        """

    async def examine(self, sha256: str, check: Callable[[BinaryIO], T]) -> T:
        """As `BlobWriter.examine`; raises BlobMissing."""


class StagingUpdates(Protocol):
    """Each is one unit of work: all of it is committed, or nothing. Any may raise StagingRefused or StagingNotFound.

    Who may do it is decided before by whoever calls.
    """

    async def createApp(self, new: NewApp, by: Owner) -> App:  # noqa: N802  # as all updates are named
        """Raises NotUnique: the name is taken in that space."""

    async def updateApp(self, guid: str, change: AppChange) -> App:  # noqa: N802  # as all updates are named
        """Change an app."""

    async def deleteApp(self, guid: str, by: str) -> Job:  # noqa: N802  # as all updates are named
        """Remove an app with all that belongs to it; what is staged of it is stopped.

        Args:
            by: name of whoever asks, for the reason of the stop.
        """

    async def setCurrentDroplet(self, app_guid: str, droplet_guid: str) -> App:  # noqa: N802  # as all updates are named
        """Raises Unprocessable: no such droplet, not this app's, or not STAGED."""

    async def createPackage(self, new: NewPackage, by: Owner) -> Package:  # noqa: N802  # as all updates are named
        """One of `docker` is READY at once."""

    async def copyPackage(self, source_guid: str, app_guid: str, by: Owner) -> Package:  # noqa: N802  # as all are
        """A package of another app (or the same) with the same bytes; READY at once, since bytes are stored once."""

    async def updatePackage(self, guid: str, change: MetadataChange) -> Package: ...  # noqa: N802  # as all are

    async def deletePackage(self, guid: str) -> Job: ...  # noqa: N802  # as all updates are named

    async def beginUpload(self, package_guid: str) -> Package:  # noqa: N802  # as all updates are named
        """Have the only upload of a package: it is PROCESSING_UPLOAD.

        To be followed by one of `finishUpload`, `failUpload`, `abandonUpload`; a master that dies in between abandons
        it when it starts.

        Raises:
            AlreadyUploaded: it has its bytes, or somebody else is uploading.
            Unprocessable: a package of `docker`.
        """

    async def finishUpload(self, package_guid: str, bits: Checksum) -> Package:  # noqa: N802  # as all are
        """It is READY with a blob of the store; packages of the app beyond the most that are kept become EXPIRED."""

    async def failUpload(self, package_guid: str, error: str) -> Package:  # noqa: N802  # as all updates are named
        """It is FAILED for good."""

    async def abandonUpload(self, package_guid: str) -> Package:  # noqa: N802  # as all updates are named
        """It is AWAITING_UPLOAD again: nothing of it has arrived."""

    async def createBuild(self, new: NewBuild, by: Owner) -> StagingBuild:  # noqa: N802  # as all updates are named
        """Begin to stage: the row, and a build request of the engine, in one unit of work.

        Refusals come in the order of the v3 API, of what is decided here: package, suspended, flags, lifecycle, stack,
        another that is STAGING, state of the package, disabled buildpacks, memory, disk, log rate.
        """

    async def updateBuild(self, guid: str, change: MetadataChange) -> StagingBuild: ...  # noqa: N802  # as all are

    async def reportBuild(  # noqa: N802  # as all updates are named
        self, guid: str, end: ReportedEnd, by: str = "a component"
    ) -> StagingBuild:
        """End a staging from outside; the engine's build is stopped. A STAGED one makes its droplet the current one.

        Raises:
            InvalidResult: it has ended.
        """

    async def updateDroplet(self, guid: str, change: MetadataChange) -> Droplet: ...  # noqa: N802  # as all are

    async def deleteDroplet(self, guid: str) -> Job: ...  # noqa: N802  # as all updates are named

    async def createBuildpack(self, new: NewBuildpack) -> Buildpack:  # noqa: N802  # as all updates are named
        """Those behind its position move on."""

    async def updateBuildpack(self, guid: str, change: BuildpackChange) -> Buildpack: ...  # noqa: N802  # as all are

    async def deleteBuildpack(self, guid: str) -> Job: ...  # noqa: N802  # as all updates are named

    async def beginBuildpackUpload(self, guid: str) -> Job:  # noqa: N802  # as all updates are named
        """Raises BuildpackLocked."""

    async def finishBuildpackUpload(self, job_guid: str, filename: str, bits: Checksum) -> Buildpack:  # noqa: N802  # as all are
        """The buildpack is READY with these bytes, and the job COMPLETE."""

    async def failBuildpackUpload(self, job_guid: str, error: JobError) -> Job: ...  # noqa: N802  # as all are


class StagingReads(Protocol):
    """Questions; all see what is committed. Those about one thing raise StagingNotFound.

    Attributes:
        blobs: bytes of packages, droplets and buildpacks.
    """

    blobs: BlobStore

    def settings(self) -> StagingConfig:
        """What the configuration in force says of staging; its `is_on` is false where it says nothing."""

    async def app(self, guid: str) -> App: ...

    async def package(self, guid: str) -> Package: ...

    async def build(self, guid: str) -> StagingBuild: ...

    async def droplet(self, guid: str) -> Droplet: ...

    async def buildpack(self, guid: str) -> Buildpack: ...

    async def stack(self, guid: str) -> Stack: ...

    async def space(self, guid: str) -> Space: ...

    async def organization(self, guid: str) -> Organization: ...

    async def job(self, guid: str) -> Job: ...

    async def apps(self, where: AppFilter, listing: Listing) -> Listed[App]: ...

    async def packages(self, where: PackageFilter, listing: Listing) -> Listed[Package]: ...

    async def builds(self, where: BuildFilter, listing: Listing) -> Listed[StagingBuild]: ...

    async def droplets(self, where: DropletFilter, listing: Listing) -> Listed[Droplet]: ...

    async def buildpacks(self, where: BuildpackFilter, listing: Listing) -> Listed[Buildpack]: ...

    async def stacks(self, where: StackFilter, listing: Listing) -> Listed[Stack]: ...

    async def spaces(self, where: SpaceFilter, listing: Listing) -> Listed[Space]: ...

    async def organizations(self, where: OrganizationFilter, listing: Listing) -> Listed[Organization]: ...

    async def space_of(self, app_guids: Sequence[str]) -> dict[str, str]:
        """The space of each app that is there."""

    async def caches(self, app_guid: str) -> tuple[CacheSize, ...]:
        """What is kept for the next staging of an app."""
