"""Who has stopped builds and cancelled requests is told to whoever may read them."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.results import CANCELLED
from buildmill.master.domain.page_documents import BuildPage
from buildmill.master.domain.resources import Stop
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.stopping import PARENT, StoppedBy, Stopper
from tests.scene import Scene
from tests.unit.master.data.test_pages import build_page

ANN = Actor("ann@example.org", username="ann")


def act(scene: Scene, path: str, method: str, actor: Actor, **params: Any) -> None:
    scene.stage.result(scene.data.control(method, params, path.split("/"), actor))


def stops(scene: Scene, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.stage.result(scene.data.get([*path.split("/"), "stops"]))
    return [dict(one) for one in found]


@pytest.mark.parametrize(("actor", "by", "kind"), [(ANN, "ann@example.org", "user"), (Actor(), None, "anonymous")])
def test_a_stopped_build_tells_who_and_why(scene: Scene, actor: Actor, by: str | None, kind: str) -> None:
    assert stops(scene, f"builds/{scene.running}") == []

    act(scene, f"builds/{scene.running}", "stop", actor, reason="wrong branch")

    (stop,) = stops(scene, f"builds/{scene.running}")
    assert (stop["by"], stop["by_kind"], stop["reason"]) == (by, kind, "wrong branch")
    assert stop["buildid"] == scene.running
    assert stop["stopped_at"].timestamp() == scene.stage.clock.seconds()
    assert stops(scene, "builders/fast/builds/2") == [stop]
    assert stops(scene, f"buildrequests/{stop['buildrequestid']}") == [stop]
    page: BuildPage = build_page(scene, scene.running)
    assert page.stop == Stop(**{**stop, "stopped_at": int(scene.stage.clock.seconds())})
    assert build_page(scene, scene.finished).stop is None


def test_the_first_who_stops_is_told(scene: Scene) -> None:
    act(scene, f"builds/{scene.running}", "stop", Actor(), reason="one")
    act(scene, f"builds/{scene.running}", "stop", ANN, reason="two")

    (stop,) = stops(scene, f"builds/{scene.running}")
    assert (stop["by"], stop["by_kind"], stop["reason"]) == (None, "anonymous", "one")


def test_a_request_that_waits_tells_who_has_cancelled_it(scene: Scene) -> None:
    act(scene, f"buildrequests/{scene.waiting}", "cancel", ANN, reason="not needed")

    (stop,) = stops(scene, f"buildrequests/{scene.waiting}")
    assert (stop["buildid"], stop["by"], stop["by_kind"]) == (None, "ann@example.org", "user")
    assert stop["reason"] == "not needed"


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (StoppedBy(Stopper.SERVICE, "old builds"), ("old builds", "service")),
        (PARENT, (None, "parent")),
        (StoppedBy(Stopper.MASTER, "the job graph"), ("the job graph", "master")),
    ],
)
def test_others_than_users_are_told_as_what_they_are(scene: Scene, by: StoppedBy, told: tuple[str | None, str]) -> None:
    scene.stage.result(scene.updates.cancelBuildRequest(scene.waiting, "superseded", by.name, by))

    (stop,) = stops(scene, f"buildrequests/{scene.waiting}")
    assert (stop["by"], stop["by_kind"]) == told


def test_a_request_that_runs_has_its_build_stopped_by_the_same(scene: Scene) -> None:
    (request,) = {
        build["buildrequestid"]
        for build in scene.stage.result(scene.data.get(["builds"]))
        if build["buildid"] == scene.running
    }

    act(scene, f"buildrequests/{request}", "cancel", ANN, reason="enough")

    (stop,) = stops(scene, f"buildrequests/{request}")
    assert (stop["buildid"], stop["by"], stop["reason"]) == (scene.running, "ann@example.org", "enough")


def test_what_an_earlier_version_has_written_is_told_as_far_as_it_says(scene: Scene) -> None:
    def as_before(tx: Any) -> None:
        tx.sql.exec_driver_sql(
            "UPDATE builds SET stop_requested_at = 5, stop_results = 6, stop_reason = 'old',"
            f" stop_by = CASE id WHEN {scene.running} THEN 'ada' ELSE 'anonymous' END"
        )

    scene.stage.result(scene.stage.database.write(as_before))

    told = [(one["by"], one["by_kind"]) for build in (1, 2) for one in stops(scene, f"builds/{build}")]
    assert told == [(None, "anonymous"), ("ada", None)]


def test_a_stop_is_not_part_of_the_build_that_buildbots_clients_know(scene: Scene) -> None:
    before = set(scene.stage.result(scene.data.get(["builds", scene.running])))

    scene.stage.result(scene.updates.requestBuildStop(scene.running, "why", CANCELLED, "ann"))

    assert set(scene.stage.result(scene.data.get(["builds", scene.running]))) == before
