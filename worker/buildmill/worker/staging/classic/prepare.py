"""The phase `prepare`: package, buildpacks and caches, verified and unpacked."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil

import xxhash

from buildmill.common.archives.bounds import Bounds
from buildmill.common.staging import Buildpack, Cache, Cause, Outcome, Phase
from buildmill.worker.staging.archives.untar import untar
from buildmill.worker.staging.archives.zips import unzip
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.checksums import has_checksum, verify
from buildmill.worker.staging.classic.fetching import fetch_buildpack
from buildmill.worker.staging.classic.plan import Buildpacks, Ready, write_candidates, write_plan
from buildmill.worker.staging.classic.scripts import COMPILE, SUPPLY, Failing, has_script, missing
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage
from buildmill.worker.staging.supervision.disk import disk_bytes


def run(stage: Stage) -> Outcome:
    """Make all ready for the first script."""
    area, task = stage.area, stage.task
    if task.package is None:
        raise PhaseFailed("the task has no package", cause=Cause.INTERNAL)
    if not task.buildpacks:
        raise PhaseFailed(
            "there are no buildpacks", cause=Cause.NOT_DETECTED, error="NoAppDetectedError", exit_code=222
        )
    for directory in (area.home, area.buildpacks, area.cache, area.scratch):
        remove_tree(directory)
        os.makedirs(directory)
    package = area.input(task.package)
    verify(package, task.package, "the package", stage.deadline)
    unzip(package, os.path.join(area.home, "app"), bounds(stage, "the package", package))
    for name in ("deps", "logs", "profile.d", "tmp"):
        os.mkdir(os.path.join(area.home, name))
    buildpacks = Buildpacks(items=[_ready(stage, buildpack) for buildpack in task.buildpacks])
    area.note_exempt(stage.supervisor.exempt_bytes)
    stage.supervisor.check_disk("package and buildpacks were unpacked")
    if task.is_detecting:
        write_candidates(area, buildpacks)
    else:
        _check(stage, buildpacks)
        write_plan(area, buildpacks)
    _restore_caches(stage, buildpacks)
    return Outcome(
        phase=Phase.PREPARE,
        detected=[] if task.is_detecting else [buildpack.shown for buildpack in buildpacks.items],
        suppliers=None if task.is_detecting else buildpacks.final_index,
    )


def bounds(stage: Stage, shown: str, archive: str, *, links_stay_inside: bool = True) -> Bounds:
    """What an archive may come to in this staging."""
    return Bounds(
        shown=shown,
        archive_bytes=os.stat(archive).st_size,
        room_bytes=stage.supervisor.disk_room_bytes(),
        check=stage.deadline.check,
        links_stay_inside=links_stay_inside,
    )


def _ready(stage: Stage, buildpack: Buildpack) -> Ready:
    name = xxhash.xxh64_hexdigest(buildpack.key.encode())
    target = os.path.join(stage.area.buildpacks, name)
    shown = f"the buildpack {buildpack.shown!r}"
    if not os.path.exists(target):  # one may be named twice
        if buildpack.archive is None:
            fetch_buildpack(stage, buildpack, target)
        else:
            archive = stage.area.input(buildpack.archive)
            verify(archive, buildpack.archive, shown, stage.deadline)
            if stage.shelf is not None:
                stage.shelf.keep(buildpack.archive, archive)
            free = shutil.disk_usage(stage.area.buildpacks).free
            unzip(archive, target, dataclasses.replace(bounds(stage, shown, archive), room_bytes=free))
            stage.supervisor.exempt(disk_bytes(target))  # it is the master's own
    return Ready(key=buildpack.key, shown=buildpack.shown, name=name, root=_root(stage.area.buildpacks, name))


def _root(buildpacks: str, name: str) -> str | None:
    if os.path.isdir(os.path.join(buildpacks, name, "bin")):
        return name
    inner = os.listdir(os.path.join(buildpacks, name))
    if len(inner) == 1 and os.path.isdir(os.path.join(buildpacks, name, inner[0], "bin")):
        return os.path.join(name, inner[0])
    return None


def _check(stage: Stage, buildpacks: Buildpacks) -> None:
    """Nothing is run unless all can be."""
    for index, buildpack in enumerate(buildpacks.items):
        failing = COMPILE if index == buildpacks.final_index else SUPPLY
        if buildpack.root is None:
            raise _malformed(buildpack, failing)
        if index < buildpacks.final_index and not has_script(stage.area, buildpack, "supply"):
            raise missing(buildpack, "supply", failing)


def _malformed(buildpack: Ready, failing: Failing) -> PhaseFailed:
    return PhaseFailed(
        f"the buildpack {buildpack.shown!r} is malformed: it has no directory bin",
        cause=Cause.MALFORMED,
        error=failing.error,
        exit_code=failing.exit_code,
    )


def _restore_caches(stage: Stage, buildpacks: Buildpacks) -> None:
    """Those of the buildpacks that are used. One that can't be had only costs time."""
    keys = {buildpacks.cache_key(index) for index in range(len(buildpacks.items))}
    for cache in stage.task.caches:
        if cache.key in keys:
            target = os.path.join(stage.area.cache, cache.key)
            try:
                _restore(stage, cache, target)
            except PhaseFailed as problem:
                if problem.cause is Cause.TIME:
                    raise
                stage.log.say(f"the cache {cache.key!r} is left out: {problem}")
                with contextlib.suppress(FileNotFoundError):
                    remove_tree(target)
    for key in keys:
        os.makedirs(os.path.join(stage.area.cache, key), exist_ok=True)


def _restore(stage: Stage, cache: Cache, target: str) -> None:
    path = stage.area.input(cache.file)
    if not has_checksum(path, cache.file, stage.deadline):
        raise PhaseFailed("it was not sent, or is not the one that was stored", cause=Cause.CHECKSUM)
    untar(path, target, bounds(stage, f"the cache {cache.key!r}", path, links_stay_inside=False))
