"""The phase `survey`: an empty work area, and what of the master's files is missing there."""

from __future__ import annotations

import os
from collections.abc import Iterator

from buildmill.common.staging import File, Outcome, Phase
from buildmill.worker.staging.checksums import has_checksum
from buildmill.worker.staging.stage import Stage


def run(stage: Stage) -> Outcome:
    """Clear the area; name what the master has to send."""
    area = stage.area
    area.clear()
    wanted = {file.sha256: file for file in _files(stage)}
    for name in os.listdir(area.inputs):
        path = os.path.join(area.inputs, name)
        if name not in wanted or not has_checksum(path, wanted[name], stage.deadline):
            os.unlink(path)
    present = set(os.listdir(area.inputs))
    archives = {buildpack.archive for buildpack in stage.task.buildpacks if buildpack.archive is not None}
    absent = [file for file in archives if file.sha256 not in present]
    present |= {file.sha256 for file in absent if _take_from_shelf(stage, file)}
    return Outcome(phase=Phase.SURVEY, missing=sorted(set(wanted) - present))


def _take_from_shelf(stage: Stage, wanted: File) -> bool:
    path = stage.area.input(wanted)
    if stage.shelf is None or not stage.shelf.take(wanted, path):
        return False
    if has_checksum(path, wanted, stage.deadline):
        return True
    stage.shelf.drop(wanted)
    os.unlink(path)
    return False


def _files(stage: Stage) -> Iterator[File]:
    task = stage.task
    if task.package is not None:
        yield task.package
    for buildpack in task.buildpacks:
        if buildpack.archive is not None:
            yield buildpack.archive
    for cache in task.caches:
        yield cache.file
