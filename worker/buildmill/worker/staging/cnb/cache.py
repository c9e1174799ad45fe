"""The cache of an app and a stack, as the master has it."""

from __future__ import annotations

import os

from buildmill.common.archives.bounds import Bounds
from buildmill.common.errors import BuildmillError
from buildmill.worker.staging.archives.untar import untar
from buildmill.worker.staging.checksums import verify
from buildmill.worker.staging.cnb.place import Place
from buildmill.worker.staging.stage import Stage

CACHE_KEY = "layers"


def unpack_cache(stage: Stage, place: Place) -> None:
    """Unpack it, if there is one. A cache that can't be used is none: the build takes longer, that is all.

    Raises:
        PhaseFailed: there is no time left.
    """
    place.drop_kept()
    for cache in stage.task.caches:
        if cache.key != CACHE_KEY:
            continue
        path = stage.area.input(cache.file)
        try:
            verify(path, cache.file, "the cache", stage.deadline)
            untar(path, str(place.kept), bounds(stage, "the cache", path, links_stay_inside=False))
        except BuildmillError as problem:
            stage.deadline.check("the cache was unpacked")
            stage.log.say(f"The cache is not used: {problem}")
            place.drop_kept()


def bounds(stage: Stage, shown: str, path: str, *, links_stay_inside: bool = True) -> Bounds:
    """What an archive may come to in this staging."""
    return Bounds(
        shown=shown,
        archive_bytes=os.stat(path).st_size,
        room_bytes=stage.supervisor.disk_room_bytes(),
        check=stage.deadline.check,
        links_stay_inside=links_stay_inside,
    )
