"""The document of the page of an app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from buildmill.common.errors import NotFound
from buildmill.master.data.api import DataAPI
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.domain.staging.page_documents import StagingAppPage
from tests.database import Stage
from tests.staging import StagedScene


@pytest.fixture
def scene(stage: Stage) -> StagedScene:
    return StagedScene(stage)


@pytest.fixture
def data(scene: StagedScene) -> Iterator[DataAPI[Any]]:
    data = DataAPI(database=scene.stage.database, updates=scene.updates, bus=scene.stage.bus)
    data.start()
    yield data
    data.stop()


def read(scene: StagedScene, data: DataAPI[Any], guid: str, *withheld: str) -> StagingAppPage:
    found = data.find(["pages", "staging_apps", guid])
    page: StagingAppPage = scene.stage.result(
        data.read(found, ResultSpec(withheld=frozenset(withheld)), lambda result: result.rows[0])
    )
    return page


def test_an_app_is_told_with_all_that_belongs_to_it(scene: StagedScene, data: DataAPI[Any]) -> None:
    app, other = scene.app("shop"), scene.app("other")
    first = scene.staged(app)
    scene.staged(other)
    waiting = scene.build(scene.package(app))

    page = read(scene, data, app.guid)

    assert (page.app.name, page.withheld) == ("shop", [])
    assert page.builds is not None
    assert page.droplets is not None
    assert page.packages is not None
    assert [(build.state, build.droplet_guid) for build in page.builds] == [("STAGING", None), ("STAGED", first)]
    assert page.builds[0].buildrequestid == waiting.buildrequestid
    assert [(droplet.guid, droplet.size_bytes) for droplet in page.droplets] == [(first, 99)]
    assert [package.state for package in page.packages] == ["READY", "READY"]


def test_parts_are_withheld_and_what_is_not_there_is_not_found(scene: StagedScene, data: DataAPI[Any]) -> None:
    app = scene.app()

    page = read(scene, data, app.guid, "builds", "droplets", "packages")

    assert (page.builds, page.droplets, page.packages) == (None, None, None)
    assert page.withheld == ["builds", "droplets", "packages"]
    with pytest.raises(NotFound):
        read(scene, data, "none")
