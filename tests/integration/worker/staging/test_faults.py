"""Seeded faults: each staging fails for a reason of its own, and says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from buildmill.common.staging import TASK_PATH, Buildpack, Cause, Limits, Phase
from tests.staging_area import SAMPLER, StagingArea, zip_of
from tests.staging_zygote import QuickArea, Zygote

COMPILED = {"bin/compile": "true", "bin/release": "echo '{}'"}
NOT_EXECUTABLE = 0o100644


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, and what has to be said of it.

    Attributes:
        seed: makes a sound area a bad one.
        phase: the one that fails.
        said: is in the message.
        script_exit: None if no script has failed.
    """

    name: str
    seed: Callable[[StagingArea], object]
    phase: Phase
    cause: Cause
    error: str
    exit_code: int
    said: str
    script_exit: int | None = None


def spoiled_package(area: StagingArea) -> None:
    assert area.package is not None
    (area.root / area.package.path).write_bytes(b"x" * area.package.size_bytes)


def lost_package(area: StagingArea) -> None:
    assert area.package is not None
    (area.root / area.package.path).unlink()


def package_of(content: bytes) -> Callable[[StagingArea], None]:
    def seed(area: StagingArea) -> None:
        area.package = area.give(content)

    return seed


def of_buildpack(files: dict[str, str | bytes], modes: dict[str, int] | None = None) -> Callable[[StagingArea], None]:
    def seed(area: StagingArea) -> None:
        area.buildpacks.clear()
        area.with_buildpack("bad", files, modes)

    return seed


def of_supplier(files: dict[str, str | bytes], modes: dict[str, int] | None = None) -> Callable[[StagingArea], None]:
    def seed(area: StagingArea) -> None:
        area.with_buildpack("bad", files, modes)
        area.buildpacks.reverse()

    return seed


def of_url(url: str, shown: str = "") -> Callable[[StagingArea], None]:
    def seed(area: StagingArea) -> None:
        area.buildpacks[:] = [Buildpack(key=url, shown=shown or url)]

    return seed


def detecting(files: dict[str, str | bytes]) -> Callable[[StagingArea], None]:
    def seed(area: StagingArea) -> None:
        of_buildpack(files)(area)
        area.is_detecting = True

    return seed


def lying_archive(area: StagingArea) -> None:
    [buildpack] = area.buildpacks
    assert buildpack.archive is not None
    lie = msgspec.structs.replace(buildpack.archive, size_bytes=buildpack.archive.size_bytes + 1)
    area.buildpacks[:] = [msgspec.structs.replace(buildpack, archive=lie)]


def with_environment(name: str, value: str) -> Callable[[StagingArea], None]:
    return lambda area: area.environment.__setitem__(name, value)


LAUNCH = 'mkdir -p "$3/$4"; printf "%s" \'{}\' > "$3/$4/launch.yml"'
NO_APP, COMPILE, RELEASE, STAGING = (
    "NoAppDetectedError",
    "BuildpackCompileFailed",
    "BuildpackReleaseFailed",
    "StagingError",
)
PREPARE, DETECT, SUPPLY, FINALIZE, RELEASING = (
    Phase.PREPARE,
    Phase.DETECT,
    Phase.SUPPLY,
    Phase.FINALIZE,
    Phase.RELEASE,
)
FAULTS = [
    Fault(
        name="package is not the one that was sent",
        seed=spoiled_package,
        phase=PREPARE,
        cause=Cause.CHECKSUM,
        error=STAGING,
        exit_code=1,
        said="the package has the SHA-256 ",
    ),
    Fault(
        name="package was not sent",
        seed=lost_package,
        phase=PREPARE,
        cause=Cause.CHECKSUM,
        error=STAGING,
        exit_code=1,
        said="the package was not sent",
    ),
    Fault(
        name="package is no archive",
        seed=package_of(b"hello"),
        phase=PREPARE,
        cause=Cause.MALFORMED,
        error=STAGING,
        exit_code=1,
        said="the package: it is no zip archive",
    ),
    Fault(
        name="package leaves its directory",
        seed=package_of(zip_of({"../../x": ""})),
        phase=PREPARE,
        cause=Cause.MALFORMED,
        error=STAGING,
        exit_code=1,
        said="the package: '../../x' leads out of the tree",
    ),
    Fault(
        name="archive of a buildpack is shorter than it should be",
        seed=lying_archive,
        phase=PREPARE,
        cause=Cause.CHECKSUM,
        error=STAGING,
        exit_code=1,
        said="the buildpack 'good' has ",
    ),
    Fault(
        name="no buildpacks",
        seed=lambda area: area.buildpacks.clear(),
        phase=PREPARE,
        cause=Cause.NOT_DETECTED,
        error=NO_APP,
        exit_code=222,
        said="there are no buildpacks",
    ),
    Fault(
        name="final buildpack has no bin",
        seed=of_buildpack({"README": ""}),
        phase=PREPARE,
        cause=Cause.MALFORMED,
        error=COMPILE,
        exit_code=223,
        said="the buildpack 'bad' is malformed: it has no directory bin",
    ),
    Fault(
        name="supplier has no bin/supply",
        seed=of_supplier({"bin/compile": "true"}),
        phase=PREPARE,
        cause=Cause.MALFORMED,
        error=STAGING,
        exit_code=225,
        said="the buildpack 'bad' has no bin/supply",
    ),
    Fault(
        name="buildpack can't be downloaded",
        seed=of_url("http://u:secret@127.0.0.1:9/a.zip", "http://***@127.0.0.1:9/a.zip"),
        phase=PREPARE,
        cause=Cause.DOWNLOAD,
        error=STAGING,
        exit_code=1,
        said="the buildpack 'http://***@127.0.0.1:9/a.zip' can't be fetched: [Errno 111] Connection refused",
    ),
    Fault(
        name="buildpack can't be cloned",
        seed=of_url("http://127.0.0.1:9/a"),
        phase=PREPARE,
        cause=Cause.DOWNLOAD,
        error=STAGING,
        exit_code=1,
        said="the buildpack 'http://127.0.0.1:9/a' can't be fetched: git clone ended with exit code 128",
    ),
    Fault(
        name="buildpack is a file of the worker",
        seed=of_url("file:///etc/a.zip"),
        phase=PREPARE,
        cause=Cause.DOWNLOAD,
        error=STAGING,
        exit_code=1,
        said="archives are fetched over http or https",
    ),
    Fault(
        name="nothing detected",
        seed=detecting({"bin/detect": "exit 1"}),
        phase=DETECT,
        cause=Cause.NOT_DETECTED,
        error=NO_APP,
        exit_code=222,
        said="none of the buildpacks is for this app: bad",
    ),
    Fault(
        name="supplier fails",
        seed=of_supplier({"bin/supply": "exit 7"}),
        phase=SUPPLY,
        cause=Cause.SCRIPT,
        error=STAGING,
        exit_code=225,
        said="bin/supply of bad failed with exit code 7",
        script_exit=7,
    ),
    Fault(
        name="final supply fails",
        seed=of_buildpack({"bin/supply": "exit 8", "bin/finalize": "true"}),
        phase=FINALIZE,
        cause=Cause.SCRIPT,
        error=COMPILE,
        exit_code=223,
        said="bin/supply of bad failed with exit code 8",
        script_exit=8,
    ),
    Fault(
        name="finalize fails",
        seed=of_buildpack({"bin/finalize": "exit 9"}),
        phase=FINALIZE,
        cause=Cause.SCRIPT,
        error=COMPILE,
        exit_code=223,
        said="bin/finalize of bad failed with exit code 9",
        script_exit=9,
    ),
    Fault(
        name="compile fails",
        seed=of_buildpack({"bin/compile": "kill -SEGV $$"}),
        phase=FINALIZE,
        cause=Cause.SCRIPT,
        error=COMPILE,
        exit_code=223,
        said="bin/compile of bad failed with exit code 139",
        script_exit=139,
    ),
    Fault(
        name="buildpack can only release",
        seed=of_buildpack({"bin/release": "true"}),
        phase=FINALIZE,
        cause=Cause.MALFORMED,
        error=COMPILE,
        exit_code=223,
        said="the buildpack 'bad' has no bin/compile",
    ),
    Fault(
        name="compile is not executable",
        seed=of_buildpack({"bin/compile": "true"}, {"bin/compile": NOT_EXECUTABLE}),
        phase=FINALIZE,
        cause=Cause.MALFORMED,
        error=COMPILE,
        exit_code=223,
        said="bin/compile of bad is not executable",
    ),
    Fault(
        name="interpreter of compile is not there",
        seed=of_buildpack({"bin/compile": b"#!/nowhere/sh\n"}),
        phase=FINALIZE,
        cause=Cause.SCRIPT,
        error=COMPILE,
        exit_code=223,
        said="bin/compile of bad failed with exit code 127",
        script_exit=127,
    ),
    Fault(
        name="release fails",
        seed=of_buildpack({"bin/compile": "true", "bin/release": "exit 3"}),
        phase=RELEASING,
        cause=Cause.SCRIPT,
        error=RELEASE,
        exit_code=224,
        said="bin/release of bad failed with exit code 3",
        script_exit=3,
    ),
    Fault(
        name="release prints bad YAML",
        seed=of_buildpack({"bin/compile": "true", "bin/release": "echo 'a: ['"}),
        phase=RELEASING,
        cause=Cause.MALFORMED,
        error=RELEASE,
        exit_code=224,
        said="what bin/release of bad has printed is not as it should be: ",
    ),
    Fault(
        name="launch.yml is malformed",
        seed=of_buildpack({"bin/finalize": LAUNCH.replace("{}", "processes: [web]")}),
        phase=RELEASING,
        cause=Cause.MALFORMED,
        error=RELEASE,
        exit_code=224,
        said="launch.yml of bad is not as it should be: processes[0]: expected a map, not str",
    ),
    Fault(
        name="Procfile is malformed",
        seed=package_of(zip_of({"Procfile": "web: [a"})),
        phase=RELEASING,
        cause=Cause.MALFORMED,
        error=STAGING,
        exit_code=1,
        said="the app's Procfile is not as it should be: ",
    ),
    Fault(
        name="services are malformed",
        seed=with_environment("VCAP_SERVICES", "["),
        phase=FINALIZE,
        cause=Cause.MALFORMED,
        error=STAGING,
        exit_code=5,
        said="VCAP_SERVICES is malformed",
    ),
    Fault(
        name="package is larger than the disk",
        seed=lambda area: area.__setattr__("limits", Limits(memory_mb=64, disk_mb=0)),
        phase=PREPARE,
        cause=Cause.DISK,
        error=STAGING,
        exit_code=1,
        said="disk",
    ),
    Fault(
        name="task is of a later version",
        seed=lambda area: area.more.update(version=99),
        phase=PREPARE,
        cause=Cause.INTERNAL,
        error=STAGING,
        exit_code=1,
        said="the task has version 99; this worker knows version 1",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_fault_has_a_cause_of_its_own(tmp_path: Path, zygote: Zygote, fault: Fault) -> None:
    area = (
        QuickArea(root=tmp_path, zygote=zygote, options=(SAMPLER,))
        .with_package({"app.txt": ""})
        .with_buildpack("good", COMPILED)
    )
    fault.seed(area)

    last = area.stage()[-1]

    outcome = last.outcome
    assert (outcome.phase, outcome.cause, outcome.error) == (fault.phase, fault.cause, fault.error), last.log
    assert fault.said in outcome.message
    assert (outcome.exit_code, outcome.script_exit) == (fault.exit_code, fault.script_exit)
    assert last.exit_code == fault.exit_code
    assert last.log.endswith(f"{outcome.error}: {outcome.message}\n")
    assert "secret" not in last.log


@pytest.mark.parametrize(("text", "said"), [(b"{", "the task is malformed"), (None, "the task can't be read")])
def test_task_that_is_none_is_told(tmp_path: Path, text: bytes | None, said: str) -> None:
    if text is not None:
        (tmp_path / TASK_PATH).write_bytes(text)

    run = StagingArea(root=tmp_path).run_as_it_is(Phase.PREPARE)

    assert run.outcome.cause is Cause.INTERNAL
    assert said in run.outcome.message


def test_phases_out_of_order_are_told(tmp_path: Path) -> None:
    area = StagingArea(root=tmp_path).with_package({"a": ""}).with_buildpack("good", COMPILED)

    run = area.run(Phase.FINALIZE)

    assert run.outcome.message == "this phase comes after prepare or detect"
