"""The phase `prepare`: the app in the workspace, the buildpacks in the library, the cache unpacked."""

from __future__ import annotations

import platform
import time
from pathlib import Path

from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause, Outcome, Phase, Secrets
from buildmill.worker.staging.archives.zips import unzip
from buildmill.worker.staging.checksums import verify
from buildmill.worker.staging.cnb.cache import bounds, unpack_cache
from buildmill.worker.staging.cnb.failing import CnbError, failing_as
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.place import Place, Requested
from buildmill.worker.staging.cnb.sources import Sources
from buildmill.worker.staging.docker.http import Http
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage
from buildmill.worker.staging.supervision.disk import disk_bytes


def run(stage: Stage) -> Outcome:
    """Prepare.

    Raises:
        PhaseFailed: the package or a buildpack can't be had.
    """
    place = Place(stage.area)
    with failing_as(CnbError.GENERIC):
        place.clear()
        _unpack_package(stage, place)
        _write_variables(stage, place)
        unpack_cache(stage, place)
    with failing_as(CnbError.DOWNLOAD), stage.area.secrets() as secrets:
        place.leave(_bring_buildpacks(stage, place, secrets))
        stage.area.note_exempt(stage.supervisor.exempt_bytes)
        stage.supervisor.check_disk("package and buildpacks were unpacked")
    return Outcome(phase=Phase.PREPARE)


def _unpack_package(stage: Stage, place: Place) -> None:
    package = stage.task.package
    if package is None:
        raise PhaseFailed("the task has no package", cause=Cause.INTERNAL)
    path = stage.area.input(package)
    verify(path, package, "the package", stage.deadline)
    unzip(path, str(place.home.workspace), bounds(stage, "the package", path))


def _write_variables(stage: Stage, place: Place) -> None:
    directory = place.platform / "env"
    directory.mkdir(parents=True)
    (place.scratch / "home").mkdir()  # of scripts that want one
    for name, value in stage.task.environment.items():
        if not name or "/" in name or "\0" in name or name in (".", ".."):
            raise InvalidInput("environment", f"{name!r} is no name of a variable")
        (directory / name).write_bytes(value.encode("utf-8", "surrogateescape"))


def _bring_buildpacks(stage: Stage, place: Place, secrets: Secrets) -> Requested:
    task = stage.task
    sources = Sources(
        library=place.library(),
        scratch=place.scratch,
        deadline=stage.deadline,
        room_bytes=stage.supervisor.disk_room_bytes,
        http=lambda insecure: Http(insecure=insecure, deadline=stage.deadline, pause=time.sleep),
        insecure_registries=task.insecure_registries,
        registries=secrets.registries,
        machine=platform.machine(),
    )
    elements: list[Element] = []
    sha256: dict[str, str] = {}
    for buildpack in task.buildpacks:
        stage.log.say(f"Preparing the buildpack {buildpack.shown}")
        archive: Path | None = None
        if buildpack.archive is not None:
            archive = Path(stage.area.input(buildpack.archive))
            verify(str(archive), buildpack.archive, buildpack.shown, stage.deadline)
            if stage.shelf is not None:
                stage.shelf.keep(buildpack.archive, str(archive))
        before = disk_bytes(stage.area.buildpacks)
        brought = sources.bring(buildpack, archive)
        if archive is not None:
            stage.supervisor.exempt(disk_bytes(stage.area.buildpacks) - before)  # it is the master's own
        elements.append(brought.chief)
        sha256 = {element.shown: brought.sha256 for element in brought.all} | sha256  # what is there already stays
    return Requested(elements=elements, sha256=sha256)
