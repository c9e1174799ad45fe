"""Staging in the data API: what can be found, and that nothing secret is in it."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.staging import Cache, File, Lifecycle
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import Updates
from buildmill.master.domain.queries import Filter, Operator
from buildmill.master.domain.staging.configuration import StagingFlags
from buildmill.master.domain.staging.requests import NewBuildpack, NewPackage
from buildmill.master.domain.staging.values import LifecycleSpec, PackageType
from tests.database import Stage
from tests.staging import ANN, StagedScene, made_droplet, staging_config


class Shown:
    """A scene, looked at by the data API."""

    def __init__(self, stage: Stage) -> None:
        self.scene = StagedScene(stage, staging_config(flags=StagingFlags(docker=True)))
        self.data: DataAPI[Updates] = DataAPI(database=stage.database, updates=self.scene.updates, bus=stage.bus)

    def get(self, *path: str, **filters: Any) -> Any:
        wanted = [Filter(name, Operator.EQ, (value,)) for name, value in filters.items()]
        return self.scene.stage.result(self.data.get(path, filters=wanted))


@pytest.fixture
def shown(stage: Stage) -> Shown:
    return Shown(stage)


def test_all_of_a_staging_can_be_found(shown: Shown) -> None:
    scene = shown.scene
    app, other = scene.app(), scene.app("other")
    cache = Cache(key="final", file=File(path="output/final", sha256="c" * 64, size_bytes=7))
    build = scene.build(scene.package(app))
    droplet_guid = scene.finish(build, made_droplet(caches=[cache]))
    scene.build(scene.package(other))
    scene.stage.result(scene.updates.createBuildpack(NewBuildpack(name="ruby")))

    (found,) = shown.get("staging_builds", state="STAGED")
    assert (found["guid"], found["droplet_guid"], found["created_by"]) == (build.guid, droplet_guid, "ann")
    assert found["buildrequestid"] == build.buildrequestid
    assert shown.get("staging_builds", build.guid) == found
    assert shown.get("staging_apps", app.guid, "staging_builds") == [found]
    (droplet,) = shown.get("staging_apps", app.guid, "staging_droplets")
    assert (droplet["guid"], droplet["sha256"], droplet["buildpacks"]) == (droplet_guid, "d" * 64, ["ruby"])
    assert shown.get("staging_droplets", attested=True) == []
    (size,) = shown.get("staging_apps", app.guid, "staging_caches")
    assert (size["key"], size["size_bytes"]) == ("final", 7)
    assert [row["name"] for row in shown.get("staging_apps")] == ["app", "other"]
    assert [row["stack"] for row in shown.get("staging_buildpacks", name="ruby")] == [None]
    assert len(shown.get("staging_packages", app_guid=app.guid)) == 1
    assert shown.get("staging_droplets", "none") is None


def test_nothing_secret_is_shown_or_told(shown: Shown) -> None:
    scene = shown.scene
    urls = LifecycleSpec(buildpacks=("https://me:secret@example.org/a.git",))
    app = scene.app(environment={"KEY": "secret"}, lifecycle=urls)
    scene.finish(
        scene.build(scene.package(app), environment={"KEY": "secret"}),
        made_droplet(result={**made_droplet().result, "process_types": {"web": "secret"}}),
    )
    docker = scene.app("docker", lifecycle=LifecycleSpec(type=Lifecycle.DOCKER, credentials={"h": {"token": "secret"}}))
    new = NewPackage(app_guid=docker.guid, type=PackageType.DOCKER, image="x", username="u", password="secret")
    scene.build(scene.stage.result(scene.updates.createPackage(new, ANN)))

    kinds = ("apps", "packages", "builds", "droplets", "buildpacks")
    documents = [repr(shown.get(f"staging_{kind}")) for kind in kinds]
    events = [event.payload.decode() for event in scene.stage.events]

    assert len(documents) == len(kinds)
    assert not [text for text in (*documents, *events) if "secret" in text]
