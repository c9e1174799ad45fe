"""What steps that stage get of the master: ``self.master.staging``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildmill.master.data.updates_of_staging import StagingContext
from buildmill.master.db.staging.means import Means
from buildmill.master.domain.staging.ports import BlobStore
from buildmill.master.engine.pools import Pools
from buildmill.master.staging.blobs.files import FileBlobStore


def file_blobs(basedir: Path, pools: Pools, new_name: Callable[[], str]) -> FileBlobStore:
    """The store of a master's directory.

    Args:
        new_name: a name that nobody has had.
    """

    async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
        return await pools.run("staging", function, *args)

    return FileBlobStore(basedir / "staging" / "blobs", in_thread=in_thread, new_name=new_name)


@dataclass(frozen=True, slots=True)
class StagingTools:
    """Attributes: blobs: where bytes are."""

    blobs: BlobStore
    _context: StagingContext

    @property
    def means(self) -> Means:
        """What units of work are done with."""
        return self._context.staging_means
