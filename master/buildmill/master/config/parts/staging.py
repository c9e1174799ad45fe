"""Staging: stacks, spaces and the buildpacks of the configured folder are published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.common.staging import Lifecycle
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.data.updates import Updates
from buildmill.master.db.staging.buildpacks import Packed
from buildmill.master.domain.staging.attestation import Voucher
from buildmill.master.domain.staging.configuration import FolderBuildpack
from buildmill.master.domain.staging.ports import BlobStore
from buildmill.master.staging.packing import archive_name, pieces_blocking
from buildmill.master.staging.signing_key import UnusableKey, signer_blocking


class StagingPart:
    """Puts what a configuration says of staging in force.

    Args:
        updates: writes, and knows the settings.
        blobs: gets the archives of buildpacks.
        in_thread: calls a blocking function in a thread.
        keys: the folder with the key that statements about droplets are signed with.
    """

    name = "staging"

    def __init__(
        self, *, updates: Updates, blobs: BlobStore, in_thread: Callable[..., Awaitable[Any]], keys: Path
    ) -> None:
        self._updates = updates
        self._blobs = blobs
        self._in_thread = in_thread
        self._keys = keys

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`.

        Raises:
            ConfigError: a buildpack of the folder cannot be read, or the key.
        """
        wanted = config.staging
        if not wanted.is_on and (config.multiMaster or not self._updates.context.staging.is_on):
            self._updates.context.staging = wanted
            return  # another master may have it, or there never was any
        packed = [await self._pack(buildpack, config) for buildpack in wanted.buildpacks]
        if wanted.is_on:
            self._updates.context.voucher = await self._voucher(config)
        self._updates.context.staging = wanted
        await self._updates.publishStaging(packed)

    async def _voucher(self, config: MasterConfig) -> Voucher:
        try:
            signer = await self._in_thread(signer_blocking, self._keys)
        except (OSError, UnusableKey) as error:
            raise ConfigError([ConfigProblem(f"staging: {error}", str(config.file))]) from error
        return Voucher(signer=signer, url=config.buildbotURL, version=version("buildmill"))

    async def _pack(self, buildpack: FolderBuildpack, config: MasterConfig) -> Packed:
        path = Path(buildpack.path)
        writer = await self._blobs.open_write(config.staging.limits.buildpack_bytes)
        try:
            pieces = pieces_blocking(path)
            while piece := await self._in_thread(next, pieces, b""):
                await writer.write(piece)
            bits = await writer.finish()
        except (OSError, ValueError) as error:
            problem = f"staging: the buildpack {buildpack.name!r} cannot be read: {error}"
            raise ConfigError([ConfigProblem(problem, str(config.file))]) from error
        finally:
            await writer.discard()
        return Packed(
            name=buildpack.name,
            stack=None,
            lifecycle=Lifecycle(buildpack.lifecycle),
            filename=archive_name(path),
            bits=bits,
        )

    def settle(self) -> None:
        """Nothing was kept for going back."""
