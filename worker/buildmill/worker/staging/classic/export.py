"""The phase `export`: droplet, caches and result document."""

from __future__ import annotations

import glob
import os

from buildmill.common.staging import OUTPUT_DIRECTORY, Cache, Cause, Droplet, File, Outcome, Phase
from buildmill.worker.staging.archives.tars import Packed, Packing, pack
from buildmill.worker.staging.checksums import sha256_of
from buildmill.worker.staging.classic.plan import Buildpacks, read_plan
from buildmill.worker.staging.classic.results import read_processes, result_document, staging_info
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage

DROPLET_FILE = "droplet.tgz"
STAGING_INFO_FILE = "staging_info.yml"
CACHE_LEVEL = 1  # of compression: a cache is there to save time
_SBOM = "*.sbom.*.json"


def run(stage: Stage) -> Outcome:
    """Write what the master fetches."""
    area = stage.area
    buildpacks, processes = read_plan(area), read_processes(area)
    if processes is None:
        raise PhaseFailed("this phase comes after release", cause=Cause.INTERNAL)
    result = result_document(area, buildpacks, processes)
    with open(os.path.join(area.home, STAGING_INFO_FILE), "wb") as file:
        file.write(staging_info(result))
    droplet = Droplet(
        result=result,
        file=_packed(stage, area.home, DROPLET_FILE, "the droplet", prefix="./"),
        caches=_caches(stage, buildpacks),
        sbom=_sbom(stage),
    )
    stage.supervisor.check_disk("the droplet was packed")
    return Outcome(
        phase=Phase.EXPORT,
        detected=[entry["name"] for entry in result["lifecycle_metadata"]["buildpacks"]],
        droplet=droplet,
    )


def _caches(stage: Stage, buildpacks: Buildpacks) -> list[Cache]:
    """Those that have something in them."""
    found: list[Cache] = []
    for key in dict.fromkeys(buildpacks.cache_key(index) for index in range(len(buildpacks.items))):
        directory = os.path.join(stage.area.cache, key)
        if os.path.isdir(directory) and os.listdir(directory):
            name = f"cache-{key}.tgz"
            file = _packed(stage, directory, name, f"the cache {key!r}", level=CACHE_LEVEL)
            found.append(Cache(key=key, file=file))
    return found


def _sbom(stage: Stage) -> list[File]:
    """Documents that buildpacks have left beside what they supply."""
    found: list[File] = []
    for path in sorted(glob.glob(os.path.join(glob.escape(stage.area.home), "deps", "*", _SBOM))):
        if os.path.isfile(path) and not os.path.islink(path):
            shown = os.path.relpath(path, stage.area.root)
            found.append(File(path=shown, sha256=sha256_of(path, stage.deadline), size_bytes=os.stat(path).st_size))
    return found


def _packed(stage: Stage, source: str, name: str, shown: str, *, prefix: str = "", level: int = 6) -> File:
    packed: Packed = pack(
        source,
        os.path.join(stage.area.outputs, name),
        Packing(
            shown=shown,
            deadline=stage.deadline,
            room_bytes=stage.supervisor.disk_room_bytes(),
            prefix=prefix,
            level=level,
        ),
    )
    return File(path=f"{OUTPUT_DIRECTORY}/{name}", sha256=packed.sha256, size_bytes=packed.size_bytes)
