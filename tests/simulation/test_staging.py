"""Staging from the request to the droplet, with a master that dies in between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.common.staging import Lifecycle, Offer
from buildmill.master.db import tables as engine_tables
from buildmill.master.db import tables_of_staging as t
from buildmill.master.domain.staging.requests import NewBuild
from buildmill.master.domain.staging.values import BuildState, LifecycleSpec
from tests.simulation.staging import PACKAGE, StagingHarness, StagingWorker, only_droplet
from tests.staging import ANN
from tests.staging_program import DROPLET_BYTES


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[StagingHarness]:
    harness = StagingHarness(tmp_path)
    yield harness
    harness.result(harness.runner.stop())


CLASSIC = ["survey", "prepare", "detect", "finalize", "release", "export"]


def test_a_package_is_staged(harness: StagingHarness) -> None:
    worker = harness.begin()
    harness.buildpack("ruby")
    harness.buildpack("node")
    guid = harness.stage(harness.package(harness.app()))

    build = harness.staging(guid)
    assert (build.state, build.error) == (BuildState.STAGED, None)
    assert worker.phases == CLASSIC
    droplet = only_droplet(harness)
    assert build.droplet_guid == droplet.guid
    assert build.droplet == droplet.bits
    data = harness.bytes_of(droplet.bits)
    assert len(data) == DROPLET_BYTES
    assert harness.bytes_of(droplet.sboms[0].file) == b"{}"
    assert droplet.buildpacks is not None
    assert [(used.name, used.detect_output, used.version) for used in droplet.buildpacks] == [("ruby", "Test", "1")]
    (cache,) = harness.result(harness.reads.caches(build.app_guid))
    assert harness.bytes_of(cache.file) == b"cache of " + guid.encode()
    assert build.buildid is not None
    steps = harness.steps(build.buildid)
    assert [step.name for step in steps] == [
        "send",
        *CLASSIC[1:3],
        "finalize ruby",
        *CLASSIC[4:],
        "receive",
        "clean up",
    ]
    assert {step.results for step in steps} == {SUCCESS}
    text = harness.log_text(steps[2])
    assert "odetect says something\n" in text
    assert "htook 1.0 s, at most 5 MiB of memory and 0 MiB of disk; limits by sampler (memory)\n" in text
    assert not (worker.machine.root / "staging-cflinuxfs4" / "build").exists()
    assert harness.incoming() == []


def test_each_supplier_has_a_step(harness: StagingHarness) -> None:
    worker = harness.begin()
    for name in ("ruby", "node", "go"):
        harness.buildpack(name)

    guid = harness.stage(harness.package(harness.app()), "ruby", "https://me:pw@example.org/x.git", "go")

    build = harness.staging(guid)
    assert (build.state, build.error) == (BuildState.STAGED, None)
    assert worker.phases == [
        "survey", "prepare", "supply --index 0", "supply --index 1", "finalize", "release", "export",
    ]  # fmt: skip
    assert build.buildid is not None
    names = [step.name for step in harness.steps(build.buildid)]
    assert (
        names[2:5] == ["supply ruby", "supply https___x__x__x_example_org_x_git", "finalize go"]
        or names[2] == "supply ruby"
    )
    assert not any("pw" in name for name in names)


def test_other_lifecycles_have_their_phases(harness: StagingHarness) -> None:
    worker = harness.begin()

    cnb = harness.app("cnb", lifecycle=LifecycleSpec(type=Lifecycle.CNB))
    first = harness.stage(harness.package(cnb))
    cnb_phases, worker.phases = worker.phases, []
    docker = harness.app("docker", lifecycle=LifecycleSpec(type=Lifecycle.DOCKER))
    second = harness.stage(harness.docker_package(docker))

    assert harness.staging(first).state is BuildState.STAGED
    assert cnb_phases == ["survey", "prepare", "detect", "restore", "build", "export"]
    build = harness.staging(second)
    assert (build.state, build.droplet) == (BuildState.STAGED, None)
    assert worker.phases == ["survey", "inspect"]
    assert build.droplet_guid is not None
    droplet = harness.droplet(build.droplet_guid)
    assert (droplet.image, droplet.stack, droplet.buildpacks) == ("registry:5000/x", None, None)
    assert droplet.execution_metadata == '{"cmd":["serve"]}'


def test_the_next_staging_gets_the_cache_and_sends_no_more_than_what_has_changed(harness: StagingHarness) -> None:
    worker = harness.begin()
    app = harness.app()
    first = harness.stage(harness.package(app))
    seen: list[bool] = []
    keeping = worker.go_on

    def look(command: object) -> None:
        work = worker.machine.root / "staging-cflinuxfs4" / "build" / "input"
        seen.append(any(path.read_bytes() == b"cache of " + first.encode() for path in work.glob("*")))
        keeping(command)  # type: ignore[arg-type]  # as it is given

    worker.script = lambda _self, command: look(command)
    second = harness.stage(harness.package(app))

    assert harness.staging(second).state is BuildState.STAGED
    assert seen[0] is False
    assert all(seen[1:])


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        (
            {"FAIL": "detect", "ERROR": "NoAppDetectedError"},
            "NoAppDetectedError - An app was not successfully detected by any available buildpack (detect went wrong)",
        ),
        (
            {"FAIL": "finalize", "ERROR": "BuildpackCompileFailed"},
            "BuildpackCompileFailed - App staging failed in the buildpack compile phase (finalize went wrong)",
        ),
        (
            {"FAIL": "prepare", "ERROR": "Whatever"},
            "StagingError - Staging error: staging failed (prepare went wrong)",
        ),
        ({"NO_PROCESS": "1"}, "StagingError - Staging error: Start command not specified"),
        ({"MALFORMED": "1"}, "StagingError - Staging error: Malformed message from the stager"),
    ],
)
def test_a_failure_has_its_error(harness: StagingHarness, variables: dict[str, str], error: str) -> None:
    harness.begin()

    guid = harness.stage(harness.package(harness.app()), environment=variables)

    build = harness.staging(guid)
    assert (build.state, build.error, build.droplet_guid) == (BuildState.FAILED, error, None)
    assert harness.results() == [FAILURE]
    assert build.buildid is not None
    *_, last, clean = harness.steps(build.buildid)
    assert (last.results, clean.name, clean.results) == (FAILURE, "clean up", SUCCESS)


def test_a_droplet_that_is_not_what_was_announced_is_refused(harness: StagingHarness) -> None:
    harness.begin()

    guid = harness.stage(harness.package(harness.app()), environment={"LIE": "1"})

    build = harness.staging(guid)
    assert build.state is BuildState.FAILED
    assert build.error is not None
    assert build.error.startswith("StagingError - Staging error: staging failed (the droplet: checksum: expected")
    assert harness.rows(sa.select(t.droplets.c.guid)) == []
    assert harness.incoming() == []


@pytest.mark.parametrize(
    ("offer", "error"),
    [
        (None, "NoCompatibleCell - Found no compatible cell (worker w1 does not stage)"),
        (
            Offer(program=["stage"], lifecycles=[Lifecycle.CNB]),
            "NoCompatibleCell - Found no compatible cell (worker w1 does not know the lifecycle buildpack)",
        ),
        (
            Offer(program=["stage"], lifecycles=[Lifecycle.BUILDPACK], memory_mb=1000),
            "InsufficientResources - Insufficient resources (worker w1 has 1000 MiB of memory, 1024 are needed)",
        ),
    ],
)
def test_a_worker_that_cannot_is_told_of(
    harness: StagingHarness, monkeypatch: pytest.MonkeyPatch, offer: Offer | None, error: str
) -> None:
    monkeypatch.setattr(StagingWorker, "offer", offer)  # what the worker says as it connects
    harness.begin()

    guid = harness.stage(harness.package(harness.app()))

    assert harness.staging(guid).error == error


def test_a_package_that_is_gone_fails_its_staging(harness: StagingHarness) -> None:
    harness.begin().cut()
    package = harness.package(harness.app())
    guid = harness.stage(package)
    harness.result(harness.updates.deletePackage(package))
    harness.come_back()

    assert harness.staging(guid).error == "StagingError - Staging error: staging failed (the package is gone)"


# -- stopping ----------------------------------------------------------------------------------


def test_deleting_the_app_stops_what_runs(harness: StagingHarness) -> None:
    worker = harness.begin()
    worker.holds = "finalize"
    app = harness.app()
    harness.stage(harness.package(app))
    assert worker.held is not None

    harness.result(harness.updates.deleteApp(app.guid, "ann"))
    harness.turn()

    assert worker.killed == [worker.held.start.cmd_uid]
    assert harness.results() == [CANCELLED]
    assert harness.rows(sa.select(t.builds.c.guid)) == []


def test_stopping_the_engines_build_fails_the_staging(harness: StagingHarness) -> None:
    worker = harness.begin()
    worker.holds = "finalize"
    guid = harness.stage(harness.package(harness.app()))
    build_id = harness.staging(guid).buildid
    assert build_id is not None

    harness.result(harness.updates.requestBuildStop(build_id, "I say so"))
    harness.turn()

    build = harness.staging(guid)
    assert build.state is BuildState.FAILED
    assert build.error is not None
    assert "I say so" in build.error


def test_a_staging_without_a_worker_expires(harness: StagingHarness) -> None:
    harness.begin().cut()
    guid = harness.stage(harness.package(harness.app()))

    harness.advance(900 + 299)
    assert harness.staging(guid).state is BuildState.STAGING
    harness.advance(60)

    assert harness.staging(guid).error == "StagingTimeExpired - Staging time expired: staging failed"
    ((complete,),) = harness.rows(sa.select(engine_tables.build_requests.c.complete))
    assert complete == 1


# -- a master that dies ------------------------------------------------------------------------


@pytest.mark.parametrize("phase", CLASSIC)
def test_a_staging_outlives_its_master_in_every_phase(harness: StagingHarness, phase: str) -> None:
    worker = harness.begin()
    harness.buildpack("ruby")
    worker.holds = phase
    guid = harness.stage(harness.package(harness.app()))
    assert worker.held is not None

    harness.crash()
    worker.go_on(worker.held)  # it ends while there is no master
    worker.holds = None
    harness.restart()
    harness.come_back()

    build = harness.staging(guid)
    assert (build.state, build.error) == (BuildState.STAGED, None)
    assert worker.phases == CLASSIC  # nothing ran twice
    assert len(harness.results()) == 1
    assert harness.bytes_of(only_droplet(harness).bits).startswith(hashlib.sha256(PACKAGE).hexdigest().encode())


def test_a_staging_outlives_its_master_wherever_it_is(harness: StagingHarness) -> None:
    """The master dies after so many calls of the clock: between commits, in the middle of a transfer, at the end."""
    worker = harness.begin()
    harness.buildpack("ruby")
    package = harness.package(harness.app())
    began = harness.clock.made
    harness.stage(package)
    calls = harness.clock.made - began

    seen = set[str]()
    for number in range(1, 60):
        worker.phases.clear()
        known = _guids(harness)
        Deferred.fromCoroutine(harness.updates.createBuild(NewBuild(package_guid=package), ANN))
        harness.clock.left = calls * number // 60
        harness.clock.advance(0)
        seen.add(" ".join(worker.phases))
        harness.clock.left = None
        harness.crash()
        harness.restart()
        harness.come_back()
        harness.advance(60)

        new = _guids(harness) - known
        assert len(new) <= 1  # none: the request was not committed yet
        for guid in new:
            build = harness.staging(guid)
            assert (build.state, build.error) == (BuildState.STAGED, None), number
            assert worker.phases == CLASSIC, number
            assert build.droplet_guid is not None
            harness.bytes_of(harness.droplet(build.droplet_guid).bits)
        assert harness.incoming() == []
    assert len(seen) == len(CLASSIC) + 1  # it died before, in and between all phases


def _guids(harness: StagingHarness) -> set[str]:
    return {guid for (guid,) in harness.rows(sa.select(t.builds.c.guid))}
