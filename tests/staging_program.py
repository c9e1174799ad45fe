"""A staging program for tests of the master: it speaks as the worker's does, and makes a droplet without any buildpack.

As a program it is called as the worker's: ``PHASE [--index N] --seconds S``, in the work area. Which phase fails, and
how, is said by variables of the task's environment: ``FAIL`` names a phase, ``ERROR`` the error.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

from buildmill.common.staging import (
    OUTPUT_DIRECTORY,
    TASK_PATH,
    Cache,
    Droplet,
    File,
    Outcome,
    Phase,
    Task,
    encode,
    outcome_path,
    read_task,
)

DROPLET_BYTES = 600_000


def droplet_bytes(task: Task) -> bytes:
    """What comes out: the package's checksum again and again, so that the master's copy can be checked."""
    line = (task.package.sha256 if task.package else task.image).encode() + b"\n"
    return (line * (DROPLET_BYTES // len(line) + 1))[:DROPLET_BYTES]


def carry_out(work: Path, phase: Phase, index: int | None) -> Outcome:
    """Do one phase, and write its outcome."""
    outcome = _outcome(work, read_task((work / TASK_PATH).read_bytes()), phase)
    path = work / outcome_path(phase, index)
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".part").write_bytes(encode(outcome) + b"\n")
    path.with_suffix(".part").replace(path)
    return outcome


def _outcome(work: Path, task: Task, phase: Phase) -> Outcome:
    if task.environment.get("FAIL") == phase:
        return Outcome(phase=phase, error=task.environment["ERROR"], message=f"{phase} went wrong", seconds=1.0)
    names = [buildpack.shown for buildpack in task.buildpacks]
    match phase:
        case Phase.SURVEY:
            files = [task.package, *(buildpack.archive for buildpack in task.buildpacks)]
            files += [cache.file for cache in task.caches]
            missing = {file.sha256 for file in files if file is not None and not (work / file.path).exists()}
            return Outcome(phase=phase, missing=sorted(missing))
        case Phase.PREPARE:
            _check(work, task)
            suppliers = None if task.is_detecting else len(names) - 1
            return Outcome(phase=phase, detected=[] if task.is_detecting else names, suppliers=suppliers, seconds=1.0)
        case Phase.DETECT:
            enforcement = {"memory": "sampler"}
            return Outcome(
                phase=phase, detected=names[:1], suppliers=0, seconds=1.0, peak_memory_mb=5, enforcement=enforcement
            )
        case Phase.EXPORT:
            return Outcome(phase=phase, droplet=_export(work, task), seconds=1.0)
        case Phase.INSPECT:
            result = {
                "lifecycle_type": "docker",
                "lifecycle_metadata": {"docker_image": task.image},
                "process_types": {"web": "serve"},
                "execution_metadata": '{"cmd":["serve"]}',
            }
            return Outcome(phase=phase, droplet=Droplet(result=result), seconds=1.0)
        case _:
            return Outcome(phase=phase, seconds=1.0)


def _check(work: Path, task: Task) -> None:
    assert task.package is not None
    for file in (task.package, *(buildpack.archive for buildpack in task.buildpacks)):
        if file is not None:
            assert hashlib.sha256((work / file.path).read_bytes()).hexdigest() == file.sha256


def _export(work: Path, task: Task) -> Droplet:
    (work / OUTPUT_DIRECTORY).mkdir(exist_ok=True)
    used = [{"key": buildpack.key, "name": buildpack.key, "version": "1"} for buildpack in task.buildpacks[:1]]
    types: object = {} if task.environment.get("NO_PROCESS") else {"web": "run it"}
    if task.environment.get("MALFORMED"):
        types = ["web"]
    result = {
        "lifecycle_type": "buildpack",
        "lifecycle_metadata": {
            "buildpack_key": task.buildpacks[0].key if task.buildpacks else "",
            "detected_buildpack": "Test",
            "buildpacks": used,
        },
        "process_types": types,
        "execution_metadata": "",
    }
    droplet = _write(work, "droplet.tgz", droplet_bytes(task))
    if task.environment.get("LIE"):
        (work / droplet.path).write_bytes(b"something else")
    return Droplet(
        result=result,
        file=droplet,
        caches=[Cache(key="final", file=_write(work, "cache-final.tgz", b"cache of " + task.guid.encode()))],
        sbom=[_write(work, "bom.cdx.json", b"{}")],
    )


def _write(work: Path, name: str, data: bytes) -> File:
    path = f"{OUTPUT_DIRECTORY}/{name}"
    (work / path).write_bytes(data)
    return File(path=path, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("phase", type=Phase)
    parser.add_argument("--index", type=int)
    parser.add_argument("--seconds", type=float, required=True)
    wanted = parser.parse_args()
    sys.stdout.write(f"{wanted.phase} begins\n")
    witness = os.environ.get("STAGING_WITNESS")
    if witness:
        with open(witness, "a") as file:
            file.write(f"{wanted.phase} {wanted.index}\n")
    gate = os.environ.get("STAGING_GATE")
    while gate and wanted.phase is Phase.FINALIZE and not Path(gate).exists():
        time.sleep(0.05)
    carry_out(Path.cwd(), wanted.phase, wanted.index)
    sys.stdout.write(f"{wanted.phase} ends\n")


if __name__ == "__main__":
    main()
