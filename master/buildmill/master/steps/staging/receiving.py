"""The droplet, what the next staging gets, and bills of materials come to the master."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from buildmill.common import staging as wire
from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.master.db.staging import ending
from buildmill.master.domain.staging.errors import ChecksumMismatch, InvalidResult, StagingNotFound
from buildmill.master.domain.staging.outcomes import STAGING_ERROR
from buildmill.master.engine.remote_command import RemoteCommandFailed
from buildmill.master.steps.staging.base import Ended, StagingStep
from buildmill.master.steps.staging.transfers import BlobSink


class ReceiveDroplet(StagingStep):
    """Brings all that was made into the store, and then says that the app is staged.

    Args:
        droplet: what was made, as JSON of a `buildmill.common.staging.Droplet`.
        unchanged: keys of the caches that are in the store already.
    """

    name: Any = "receive"

    def __init__(self, droplet: str, unchanged: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.droplet = droplet
        self.unchanged = list(unchanged)

    async def stage(self) -> int:
        """See the class."""
        droplet = msgspec.json.decode(self.droplet, type=wire.Droplet)
        limits = self.tools.means.config.limits
        files = [] if droplet.file is None else [("the droplet", droplet.file, limits.droplet_bytes)]
        files += [(f"the bill of materials {file.path}", file, limits.cache_bytes) for file in droplet.sbom]
        keeps_caches = sum(cache.file.size_bytes for cache in droplet.caches) <= limits.cache_bytes
        if keeps_caches:
            files += [
                (f"the cache {cache.key}", cache.file, limits.cache_bytes)
                for cache in droplet.caches
                if cache.key not in self.unchanged
            ]
        else:
            self.logs["stdio"].addHeader("the caches are too large: they are not kept\n")
        for what, file, limit_bytes in files:
            if (problem := await self._receive(file, limit_bytes)) is not None:
                return await self.fail(STAGING_ERROR, f"{what}: {problem}")
            if self.stopped:
                return CANCELLED
        await self._staged(droplet, keeps_caches)
        self._tell("staged")
        return SUCCESS

    async def _receive(self, file: wire.File, limit_bytes: int) -> str | None:
        """Bring one file; what is wrong, if it cannot be had."""
        self._tell(f"receiving {file.path}")
        sink = BlobSink(self.tools.blobs, limit_bytes)
        args = {"workersrc": file.path, "keepstamp": False}
        try:
            command = await self._transfer("upload_file", self._worker_path(file.path), sink, args)
            if command.rc != 0:
                return sink.refused or f"the worker cannot send it (exit code {command.rc})"
            await sink.keep(file.sha256)
        except RemoteCommandFailed as error:  # some workers report our refusal as their own breakdown
            return sink.refused or str(error)
        except ChecksumMismatch as error:
            return str(error)
        finally:
            await sink.discard()
        return None

    async def _staged(self, droplet: wire.Droplet, keeps_caches: bool) -> None:
        guid, means, worker = self.guid, self.tools.means, str(self.getWorkerName())

        def unit(tx: Any) -> str:
            return ending.staged_by_worker(tx, guid, droplet, means, worker=worker, keeps_caches=keeps_caches)

        try:
            await self.calls.write_once("staged", guid, unit)
        except (InvalidResult, StagingNotFound) as error:
            raise Ended from error
