"""From an app to a droplet, in rows: what is refused, what is told, what is kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from buildmill.common.staging import Cache, File, Lifecycle
from buildmill.master.db import build_requests
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.staging import ending, looking
from buildmill.master.domain.staging import errors
from buildmill.master.domain.staging.configuration import (
    OrganizationConfig,
    SpaceConfig,
    StackConfig,
    StagingFlags,
)
from buildmill.master.domain.staging.requests import (
    AppChange,
    AppFilter,
    BuildFilter,
    BuildpackChange,
    BuildpackFilter,
    DropletFilter,
    LabelRule,
    LabelTest,
    Listing,
    NewApp,
    NewBuild,
    NewBuildpack,
    NewPackage,
    OrderField,
    PackageFilter,
    ReportedEnd,
    StackFilter,
    Times,
)
from buildmill.master.domain.staging.values import (
    BuildState,
    Checksum,
    DropletState,
    JobError,
    JobState,
    LifecycleSpec,
    MetadataChange,
    PackageState,
    PackageType,
    StackState,
)
from tests.database import NOW, Stage, open_stage
from tests.postgres import Cluster
from tests.programs import DEADLINE_SECONDS, wait_for
from tests.schema import create_schema
from tests.staging import ANN, BITS, STACK, StagedScene, made_droplet, staging_config


@pytest.fixture
def scene(stage: Stage) -> StagedScene:
    return StagedScene(stage)


def test_a_package_becomes_a_droplet(scene: StagedScene) -> None:
    app = scene.app()
    build = scene.build(scene.package(app), metadata=MetadataChange(labels={"tier": "x"}))
    assert (build.state, build.droplet_guid, build.memory_mb, build.disk_mb) == (BuildState.STAGING, None, 1024, 4096)
    assert build.created_by == ANN

    droplet_guid = scene.finish(build)

    ended = scene.stage.result(scene.reads.build(build.guid))
    droplet = scene.stage.result(scene.reads.droplet(droplet_guid))
    assert (ended.state, ended.droplet_guid) == (BuildState.STAGED, droplet_guid)
    assert ended.droplet == droplet.bits == Checksum(sha256="d" * 64, size_bytes=99)
    assert (droplet.state, droplet.build_guid, droplet.stack) == (DropletState.STAGED, build.guid, STACK)
    assert dict(droplet.process_types) == {"web": "run"}
    assert droplet.buildpacks is not None
    (used,) = droplet.buildpacks
    assert (used.name, used.detect_output, used.buildpack_name, used.version) == ("ruby", "Ruby", "ruby", "1.2")
    assert dict(ended.metadata.labels) == {"tier": "x"}
    assert scene.stage.result(scene.reads.app(app.guid)).current_droplet_guid is None
    assert f"staging_builds/{build.guid}/finished" in scene.stage.event_names()


def test_a_repeat_says_the_same_to_the_worker_and_a_late_result_is_refused(scene: StagedScene) -> None:
    build = scene.build(scene.package(scene.app(environment={"A": {"b": 1}, "N": None})), environment={"A": "x"})

    first, second = scene.compose(build), scene.compose(build)
    scene.finish(build)

    assert first == second
    assert first.task.is_detecting
    assert first.task.environment["A"] == "x"
    assert first.task.environment["CF_STACK"] == STACK
    assert first.task.environment["MEMORY_LIMIT"] == "1024m"
    application = json.loads(first.task.environment["VCAP_APPLICATION"])
    assert (application["space_id"], application["users"]) == (scene.space_guid, None)
    with pytest.raises(errors.InvalidResult):
        scene.finish(build)
    with pytest.raises(errors.InvalidResult):
        scene.stage.result(scene.updates.reportBuild(build.guid, ReportedEnd(state=BuildState.FAILED, error="late")))
    (kept,) = scene.stage.rows(sa.select(t.builds.c.task))
    assert kept == (None,)


def _refused(scene: StagedScene, new: NewBuild) -> errors.StagingRefused:
    with pytest.raises(errors.StagingRefused) as refused:
        scene.stage.result(scene.updates.createBuild(new, ANN))
    return refused.value


def test_refusals_come_in_the_order_of_the_api(scene: StagedScene) -> None:
    scene.configure(
        staging_config(
            organizations=(OrganizationConfig(name="org", is_suspended=True),),
            spaces=(SpaceConfig(name="space", organization="org", is_suspended=True),),
            stacks=(StackConfig(name=STACK, state=StackState.DISABLED), StackConfig(name="other")),
        )
    )
    app = scene.app()
    package = scene.package(app)
    waiting = scene.stage.result(scene.updates.createPackage(NewPackage(app_guid=app.guid, type=PackageType.BITS), ANN))
    docker = LifecycleSpec(type=Lifecycle.CNB)
    bad = NewBuild(package_guid=waiting.guid, lifecycle=docker, disk_mb=10**6)

    assert type(_refused(scene, NewBuild(package_guid="none"))) is errors.Unprocessable
    assert type(_refused(scene, bad)) is errors.OrganizationSuspended
    scene.configure(staging_config(spaces=(SpaceConfig(name="space", organization="org", is_suspended=True),)))
    assert type(_refused(scene, bad)) is errors.SpaceSuspended
    stacks = (StackConfig(name=STACK, state=StackState.DISABLED), StackConfig(name="other"))
    scene.configure(staging_config(stacks=stacks))
    assert str(_refused(scene, bad)) == "Feature Disabled: diego_cnb"
    scene.configure(staging_config(stacks=stacks, flags=StagingFlags(cnb=True)))
    unknown = dataclasses.replace(docker, stack="none")
    assert str(_refused(scene, dataclasses.replace(bad, lifecycle=unknown))) == "Stack must be an existing stack"
    assert type(_refused(scene, bad)) is errors.StackInvalid
    scene.configure(staging_config(flags=StagingFlags(cnb=True)))
    running = scene.build(package)
    assert type(_refused(scene, bad)) is errors.StagingInProgress
    scene.finish(running)
    assert str(_refused(scene, bad)) == "Bad request: Cannot stage package whose state is not ready."
    too_much = NewBuild(package_guid=package.guid, disk_mb=4097)
    assert str(_refused(scene, too_much)) == "disk limit exceeded"


def test_buildpacks_are_known_or_urls_and_may_be_disabled(scene: StagedScene) -> None:
    ruby = scene.stage.result(scene.updates.createBuildpack(NewBuildpack(name="ruby", stack=STACK)))
    package = scene.package(scene.app())

    def asked(*names: str) -> NewBuild:
        return NewBuild(package_guid=package.guid, lifecycle=LifecycleSpec(buildpacks=names))

    assert "must be an existing admin buildpack" in str(_refused(scene, asked("nobody")))
    scene.stage.result(scene.updates.updateBuildpack(ruby.guid, BuildpackChange(is_enabled=False)))
    assert str(_refused(scene, asked("ruby"))) == (
        "Buildpack is invalid: Requested buildpack(s) 'ruby' are disabled and cannot be used for staging"
    )
    scene.context.staging = staging_config(flags=StagingFlags(custom_buildpacks=False))
    assert type(_refused(scene, asked("https://example.org/x.git"))) is errors.CustomBuildpacksDisabled
    scene.context.staging = staging_config()

    build = scene.build(package, lifecycle=LifecycleSpec(buildpacks=("https://me:pw@example.org/x.git",)))

    (buildpack,) = scene.compose(build).task.buildpacks
    assert (buildpack.key, buildpack.shown) == (
        "https://me:pw@example.org/x.git", "https://***:***@example.org/x.git",
    )  # fmt: skip


def test_what_a_build_does_not_say_is_the_apps(memory: Stage) -> None:
    scene = StagedScene(memory)
    scene.stage.result(scene.updates.createBuildpack(NewBuildpack(name="ruby")))
    app = scene.app(lifecycle=LifecycleSpec(buildpacks=("ruby",), stack="other"))

    def asked(lifecycle: LifecycleSpec | None, **rest: Any) -> tuple[tuple[str, ...], str]:
        build = scene.build(scene.package(app), lifecycle=lifecycle, **rest)
        scene.stage.result(scene.updates.reportBuild(build.guid, ReportedEnd(state=BuildState.FAILED)))
        return build.lifecycle.buildpacks, build.lifecycle.stack

    assert asked(None) == (("ruby",), "other")
    assert asked(LifecycleSpec(stack=STACK)) == ((), STACK)
    assert asked(LifecycleSpec(stack=STACK), uses_app_buildpacks=True) == (("ruby",), STACK)


@pytest.mark.parametrize(
    ("limits", "asked", "effective"),
    [
        ({}, {}, (1024, 4096, -1)),
        ({}, {"memory_mb": 1, "disk_mb": 1, "log_rate_bytes_per_second": 0}, (1024, 4096, 0)),
        ({}, {"memory_mb": 3000, "disk_mb": 4096}, (3000, 4096, -1)),
        ({"disk_maximum_mb": 9000, "log_rate_default": 5}, {"disk_mb": 8000}, (1024, 8000, 5)),
    ],
)
def test_what_a_staging_gets(
    memory: Stage, limits: dict[str, Any], asked: dict[str, Any], effective: tuple[int, int, int]
) -> None:
    scene = StagedScene(memory)
    scene.limit(**limits)

    build = scene.build(scene.package(scene.app()), **asked)

    assert (build.memory_mb, build.disk_mb, build.log_rate_bytes_per_second) == effective


@pytest.mark.parametrize(
    ("limits", "asked", "text"),
    [
        (
            {"quota_memory_mb": 2000}, {"memory_mb": 2048},
            "space's memory limit exceeded: staging requires 2048M memory",
        ),
        (
            {"quota_log_rate": 10}, {"log_rate_bytes_per_second": 11},
            "space's log rate limit exceeded: staging requires 11 bytes per second",
        ),
        (
            {"quota_log_rate": 10}, {"log_rate_bytes_per_second": -1},
            "space's log rate limit exceeded: staging requires unlimited bytes per second",
        ),
    ],
)  # fmt: skip
def test_quotas(memory: Stage, limits: dict[str, Any], asked: dict[str, Any], text: str) -> None:
    scene = StagedScene(memory)
    scene.limit(**limits)
    package = scene.package(scene.app())

    assert str(_refused(scene, NewBuild(package_guid=package.guid, **asked))) == text


def test_a_restricted_stack_takes_only_apps_that_know_it(memory: Stage) -> None:
    scene = StagedScene(memory)
    old, new = scene.app("old"), scene.app("new")
    scene.staged(old)
    scene.configure(staging_config(stacks=(StackConfig(name=STACK, state=StackState.RESTRICTED),)))

    assert type(_refused(scene, NewBuild(package_guid=scene.package(new).guid))) is errors.StackInvalid
    assert scene.staged(old)


# -- the end ---------------------------------------------------------------------------------


def test_deleting_an_app_stops_its_staging_and_removes_everything(scene: StagedScene) -> None:
    app = scene.app()
    droplet_guid = scene.staged(app)
    build = scene.build(scene.package(app))

    job = scene.stage.result(scene.updates.deleteApp(app.guid, "ann"))

    assert (job.state, job.operation, job.resource_guid) == (JobState.COMPLETE, "app.delete", app.guid)
    assert build.buildrequestid is not None
    request = scene.stage.result(scene.stage.database.read(build_requests.get, build.buildrequestid))
    assert (request.complete, request.results) == (True, 6)
    for reading in (scene.reads.app(app.guid), scene.reads.build(build.guid), scene.reads.droplet(droplet_guid)):
        with pytest.raises(errors.StagingNotFound):
            scene.stage.result(reading)
    assert scene.stage.result(scene.stage.database.read(looking.needed_blobs)) == frozenset()


def test_a_staging_whose_build_ends_without_a_word_has_failed(scene: StagedScene) -> None:
    build = scene.build(scene.package(scene.app()))
    assert build.buildrequestid is not None
    assert scene.stage.result(scene.updates.lookAtStagings()).open == frozenset({build.buildrequestid})

    scene.stage.result(scene.updates.cancelBuildRequest(build.buildrequestid, "why", "bob"))
    looked = scene.stage.result(scene.updates.lookAtStagings())

    ended = scene.stage.result(scene.reads.build(build.guid))
    assert looked == looking.Looked(frozenset(), None)
    assert ended.state is BuildState.FAILED
    assert ended.error == "StagingError - Staging error: staging failed (no build was made: cancelled)"


def test_a_staging_that_takes_too_long_is_stopped(scene: StagedScene) -> None:
    scene.limit(seconds=100.0)
    build = scene.build(scene.package(scene.app()))
    looked = scene.stage.result(scene.updates.lookAtStagings())
    assert looked.next_at == NOW + 100 + 300 + 1

    scene.stage.advance(400)
    scene.stage.result(scene.updates.lookAtStagings())
    assert scene.stage.result(scene.reads.build(build.guid)).state is BuildState.STAGING
    scene.stage.advance(1)
    scene.stage.result(scene.updates.lookAtStagings())

    ended = scene.stage.result(scene.reads.build(build.guid))
    assert ended.error == "StagingTimeExpired - Staging time expired: staging failed"
    assert build.buildrequestid is not None
    assert scene.stage.result(scene.stage.database.read(build_requests.get, build.buildrequestid)).complete


def test_a_component_reports_the_end(scene: StagedScene) -> None:
    app = scene.app()
    first = scene.build(scene.package(app))
    ended = scene.stage.result(
        scene.updates.reportBuild(first.guid, ReportedEnd(state=BuildState.FAILED, error="no luck"))
    )
    assert ended.error == "StagerError - Stager error: no luck"

    second = scene.build(scene.package(app))
    end = ReportedEnd(state=BuildState.STAGED, image="img", process_types={"web": "go"})
    staged = scene.stage.result(scene.updates.reportBuild(second.guid, end))

    droplet_guid = scene.stage.result(scene.reads.app(app.guid)).current_droplet_guid
    assert staged.droplet_guid == droplet_guid
    assert droplet_guid is not None
    droplet = scene.stage.result(scene.reads.droplet(droplet_guid))
    assert (droplet.image, dict(droplet.process_types), droplet.bits) == ("img", {"web": "go"}, None)


def test_no_more_is_kept_than_the_limits_say(scene: StagedScene) -> None:
    scene.limit(kept_builds=2, kept_packages=2, kept_droplets=2)
    app = scene.app()
    current = scene.staged(app)
    scene.stage.result(scene.updates.setCurrentDroplet(app.guid, current))
    others = [scene.staged(app) for _ in range(4)]

    droplets = scene.stage.result(scene.reads.droplets(DropletFilter(), Listing())).values
    packages = scene.stage.result(scene.reads.packages(PackageFilter(), Listing())).values
    builds = scene.stage.result(scene.reads.builds(BuildFilter(), Listing())).values

    kept = [droplet.guid for droplet in droplets if droplet.state is DropletState.STAGED]
    assert kept == [current, *others[2:]]
    assert all(droplet.bits is None for droplet in droplets if droplet.state is DropletState.EXPIRED)
    assert [package.state is PackageState.READY for package in packages] == [True, False, False, True, True]
    assert len(builds) == 2
    assert droplets[0].build_guid is None


def test_caches_are_given_to_the_next_staging(scene: StagedScene) -> None:
    app = scene.app()
    cache = Cache(key="final", file=File(path="output/final", sha256="c" * 64, size_bytes=7))
    scene.finish(scene.build(scene.package(app)), made_droplet(caches=[cache]))

    again = scene.compose(scene.build(scene.package(app)))
    (size,) = scene.stage.result(scene.reads.caches(app.guid))

    assert [(kept.key, kept.file.path) for kept in again.task.caches] == [("final", "input/" + "c" * 64)]
    assert (size.key, size.stack, size.file.size_bytes) == ("final", STACK, 7)
    needed = scene.stage.result(scene.stage.database.read(looking.needed_blobs))
    assert needed == {"b" * 64, "c" * 64, "d" * 64}


# -- packages, buildpacks, lists ---------------------------------------------------------------


def test_a_package_is_uploaded_once(scene: StagedScene) -> None:
    app = scene.app()
    package = scene.stage.result(scene.updates.createPackage(NewPackage(app_guid=app.guid, type=PackageType.BITS), ANN))
    begun = scene.stage.result(scene.updates.beginUpload(package.guid))
    assert begun.state is PackageState.PROCESSING_UPLOAD
    with pytest.raises(errors.AlreadyUploaded):
        scene.stage.result(scene.updates.beginUpload(package.guid))

    assert scene.stage.result(scene.updates.abandonUploads()) == 1  # the master is started anew
    scene.stage.result(scene.updates.beginUpload(package.guid))
    ready = scene.stage.result(scene.updates.finishUpload(package.guid, BITS))

    assert (ready.state, ready.bits) == (PackageState.READY, BITS)
    with pytest.raises(errors.InvalidResult):
        scene.stage.result(scene.updates.failUpload(package.guid, "late"))
    copied = scene.stage.result(scene.updates.copyPackage(package.guid, scene.app("two").guid, ANN))
    assert (copied.state, copied.bits) == (PackageState.READY, BITS)


def test_packages_fit_their_apps(memory: Stage) -> None:
    scene = StagedScene(memory)
    classic, docker = scene.app(), scene.docker_app()

    for app, kind, text in (
        (classic, PackageType.DOCKER, "Cannot create Docker package for a buildpack app."),
        (docker, PackageType.BITS, "Cannot create bits package for a Docker app."),
    ):
        with pytest.raises(errors.Unprocessable, match=text):
            scene.stage.result(scene.updates.createPackage(NewPackage(app_guid=app.guid, type=kind), ANN))
    new = NewPackage(app_guid=docker.guid, type=PackageType.DOCKER, image="r:5/x", username="u", password="p")
    package = scene.stage.result(scene.updates.createPackage(new, ANN))
    assert package.state is PackageState.READY
    assert str(_refused(scene, NewBuild(package_guid=package.guid))) == "Feature Disabled: diego_docker"
    scene.context.staging = staging_config(flags=StagingFlags(docker=True))
    composed = scene.compose(scene.build(package))
    assert (composed.task.image, composed.task.lifecycle) == ("r:5/x", Lifecycle.DOCKER)
    assert composed.secrets.registries == {"r:5": {"username": "u", "password": "p"}}


def test_buildpacks_have_places(scene: StagedScene) -> None:
    a, b, c = (
        scene.stage.result(scene.updates.createBuildpack(NewBuildpack(name=name, position=position)))
        for name, position in (("a", None), ("b", None), ("c", 1))
    )

    def order() -> list[tuple[str, int]]:
        found = scene.stage.result(scene.reads.buildpacks(BuildpackFilter(), Listing()))
        return [(buildpack.name, buildpack.position) for buildpack in found.values]

    assert order() == [("c", 1), ("a", 2), ("b", 3)]
    scene.stage.result(scene.updates.updateBuildpack(a.guid, BuildpackChange(position=3)))
    assert order() == [("c", 1), ("b", 2), ("a", 3)]
    scene.stage.result(scene.updates.deleteBuildpack(c.guid))
    assert order() == [("b", 1), ("a", 2)]
    with pytest.raises(errors.NotUnique):
        scene.stage.result(scene.updates.createBuildpack(NewBuildpack(name="a")))

    job = scene.stage.result(scene.updates.beginBuildpackUpload(b.guid))
    ready = scene.stage.result(scene.updates.finishBuildpackUpload(job.guid, "b.zip", BITS))
    assert (ready.bits, ready.filename) == (BITS, "b.zip")
    assert scene.stage.result(scene.reads.job(job.guid)).state is JobState.COMPLETE
    with pytest.raises(errors.InvalidResult):
        scene.stage.result(scene.updates.failBuildpackUpload(job.guid, JobError(code=1, title="CF-X", detail="late")))
    scene.stage.result(scene.updates.updateBuildpack(b.guid, BuildpackChange(is_locked=True)))
    with pytest.raises(errors.BuildpackLocked):
        scene.stage.result(scene.updates.beginBuildpackUpload(b.guid))


def test_names_of_apps_are_unique_in_their_space(scene: StagedScene) -> None:
    one = scene.app("one")
    two = scene.app("two")

    with pytest.raises(errors.NotUnique, match="App with the name 'one' already exists"):
        scene.app("one")
    with pytest.raises(errors.NotUnique):
        scene.stage.result(scene.updates.updateApp(two.guid, AppChange(name="one")))
    with pytest.raises(errors.Unprocessable):
        scene.stage.result(scene.updates.createApp(NewApp(name="x", space_guid="none"), ANN))
    changed = scene.stage.result(
        scene.updates.updateApp(
            one.guid, AppChange(environment={"A": "1"}, metadata=MetadataChange(annotations={"k": "v"}))
        )
    )
    assert (dict(changed.environment), dict(changed.metadata.annotations)) == ({"A": "1"}, {"k": "v"})


def test_lists_are_filtered_ordered_and_paged(scene: StagedScene) -> None:
    guids = {}
    for number, name in enumerate(("c", "a", "b")):
        scene.stage.advance(1)
        labels = {"tier": name, "odd": "y"} if number % 2 else {"tier": name}
        guids[name] = scene.app(name, metadata=MetadataChange(labels=labels)).guid

    def names(where: AppFilter | None = None, **listing: Any) -> list[str]:
        found = scene.stage.result(scene.reads.apps(where or AppFilter(), Listing(**listing)))
        return [app.name for app in found.values]

    assert names() == ["c", "a", "b"]
    assert names(order=OrderField.NAME) == ["a", "b", "c"]
    assert names(order=OrderField.CREATED_AT, is_descending=True) == ["b", "a", "c"]
    assert names(page=2, per_page=2) == ["b"]
    assert scene.stage.result(scene.reads.apps(AppFilter(), Listing(page=9, per_page=2))).total == 3
    assert names(AppFilter(names=("a", "c"))) == ["c", "a"]
    assert names(AppFilter(stacks=("other",))) == []
    assert names(guids=(guids["b"],)) == ["b"]
    assert names(spaces=frozenset()) == []
    assert names(spaces=frozenset({scene.space_guid})) == ["c", "a", "b"]
    assert names(created=Times(any_of=(NOW + 1, NOW + 3))) == ["c", "b"]
    assert names(created=Times(after=NOW + 1, before=NOW + 3)) == ["a"]
    assert names(created=Times(not_before=NOW + 2, not_after=NOW + 3)) == ["a", "b"]
    assert names(labels=(LabelRule("odd", LabelTest.EXISTS),)) == ["a"]
    assert names(labels=(LabelRule("odd", LabelTest.ABSENT),)) == ["c", "b"]
    assert names(labels=(LabelRule("tier", LabelTest.IN, ("a", "b")),)) == ["a", "b"]
    both = (LabelRule("tier", LabelTest.NOT_IN, ("c",)), LabelRule("odd", LabelTest.NOT_IN, ("y",)))
    assert names(labels=both) == ["b"]


def test_stacks_of_an_old_configuration_are_hidden(scene: StagedScene) -> None:
    scene.configure(staging_config(stacks=(StackConfig(name="other", description="new"),), default_stack="other"))

    (stack,) = scene.stage.result(scene.reads.stacks(StackFilter(), Listing())).values

    assert (stack.name, stack.description, stack.is_default) == ("other", "new", True)
    with pytest.raises(errors.Unprocessable):
        scene.app(lifecycle=LifecycleSpec(stack=STACK))


def test_labels_have_a_limit(memory: Stage) -> None:
    scene = StagedScene(memory)
    app = scene.app()

    with pytest.raises(errors.TooManyLabels):
        scene.stage.result(
            scene.updates.updateApp(
                app.guid, AppChange(metadata=MetadataChange(labels={f"k{n}": "" for n in range(51)}))
            )
        )


def test_process_types_are_needed(memory: Stage) -> None:
    scene = StagedScene(memory)
    build = scene.build(scene.package(scene.app()))

    with pytest.raises(errors.InvalidResult, match="Start command not specified"):
        scene.finish(build, made_droplet(result={"process_types": {}}))


def test_failing_twice_changes_nothing(memory: Stage) -> None:
    scene = StagedScene(memory)
    build = scene.build(scene.package(scene.app()))
    means = scene.context.staging_means

    assert memory.result(memory.database.write(ending.failed, build.guid, "one", means)) is True
    assert memory.result(memory.database.write(ending.failed, build.guid, "two", means)) is False
    assert memory.result(scene.reads.build(build.guid)).error == "one"


class Rival:
    """Another process on the same database, in the middle of a transaction.

    Attributes:
        connection: of that process.
        scene: of this one.
    """

    def __init__(self, scene: StagedScene, connection: sa.Connection) -> None:
        self.scene = scene
        self.connection = connection

    def overtakes(self, work: Callable[[], object], statement: sa.Executable) -> None:
        """Let `work` begin, and wait for the rival; who does this meanwhile, and commits. Raises what `work` does."""
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(work)
            waits = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            wait_for(lambda: self.connection.execute(waits).scalar())
            self.connection.execute(statement)
            self.connection.commit()
            waiting.result(DEADLINE_SECONDS)


@pytest.fixture
def rival(postgres_cluster: Cluster) -> Iterator[Rival]:
    name = postgres_cluster.borrow("schema", create_schema)
    engine = create_engine(make_url(postgres_cluster.url(name)))
    stage = open_stage(postgres_cluster.url(name))
    scene = StagedScene(stage)
    try:
        with engine.connect() as connection:
            yield Rival(scene, connection)
    finally:
        stage.close()
        engine.dispose()
        postgres_cluster.give_back("schema", name)


@pytest.mark.postgres
def test_of_two_apps_of_one_name_at_the_same_time_the_second_is_refused(rival: Rival) -> None:
    rival.scene.app("one")
    rival.connection.execute(sa.select(t.spaces).with_for_update())
    row = rival.connection.execute(sa.select(t.apps)).mappings().one()
    copy = {key: value for key, value in row.items() if key != "id"}
    same_name = t.apps.insert().values({**copy, "guid": "f" * 36, "name": "two"})

    with pytest.raises(errors.NotUnique, match="App with the name 'two' already exists"):
        rival.overtakes(lambda: rival.scene.app("two"), same_name)


@pytest.mark.postgres
def test_of_two_who_end_a_staging_at_the_same_time_the_second_is_refused(rival: Rival) -> None:
    build = rival.scene.build(rival.scene.package(rival.scene.app()))
    rival.scene.compose(build)
    rival.connection.execute(sa.select(t.builds).with_for_update())
    ended = t.builds.update().values(state=str(BuildState.FAILED), error="StagerError - Stager error: late")

    with pytest.raises(errors.InvalidResult):
        rival.overtakes(lambda: rival.scene.finish(build), ended)

    assert rival.connection.execute(sa.select(sa.func.count()).select_from(t.droplets)).scalar() == 0
