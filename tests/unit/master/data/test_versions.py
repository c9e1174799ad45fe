"""An answer counts as old as soon as a change that it shows has been told."""

from __future__ import annotations

import pytest

from buildmill.master.data.versions import Stamp
from buildmill.master.domain.rights import Actor
from tests.scene import Scene


def stamp(scene: Scene, path: str) -> Stamp | None:
    return scene.data.stamp(scene.data.find(path.split("/")))


@pytest.mark.parametrize("path", ["builds", "builds/1", "builders/fast/builds", "builds/1/properties", "workers"])
def test_a_new_state_of_a_build_makes_it_old(quick_scene: Scene, path: str) -> None:
    before = stamp(quick_scene, path)

    quick_scene.stage.result(quick_scene.updates.setBuildStateString(quick_scene.running, "busy"))

    assert stamp(quick_scene, path) != before


def test_changes_of_other_kinds_leave_it_alone(quick_scene: Scene) -> None:
    before = stamp(quick_scene, "builds")

    quick_scene.stage.result(quick_scene.updates.addChange(author="x"))

    assert stamp(quick_scene, "builds") == before


def test_rows_written_without_an_event_are_seen(quick_scene: Scene) -> None:
    before = stamp(quick_scene, "masters")

    quick_scene.stage.result(quick_scene.updates.masterActive(quick_scene.master))

    assert stamp(quick_scene, "masters") != before


def test_an_action_makes_everything_old(quick_scene: Scene) -> None:
    """Some of them change a row without telling it: the priority of a request that runs."""
    before = stamp(quick_scene, "changes")

    quick_scene.stage.result(
        quick_scene.data.control("set_priority", {"priority": 1}, ["buildrequests", "1"], Actor("ann"))
    )

    assert stamp(quick_scene, "changes") != before


@pytest.mark.parametrize("path", ["logs/1/raw", "forceschedulers"])
def test_what_cannot_be_followed_is_never_kept(quick_scene: Scene, path: str) -> None:
    assert stamp(quick_scene, path) is None


def test_nothing_is_kept_by_who_does_not_listen(quick_scene: Scene) -> None:
    quick_scene.data.stop()

    assert stamp(quick_scene, "builds") is None
