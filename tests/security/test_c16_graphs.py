"""C-16 for job graphs and their schedules: each action on them leaves one entry, done or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from buildmill.master.data.api import ENDPOINTS
from tests.database import Stage
from tests.security.place import Place, Visitor, admins_act
from tests.security.test_c16 import OF_GRAPHS, entries, problems
from tests.unit.master.orchestration.graphs import rid
from tests.unit.master.web.foundry.house import House, manual, schedule

CALLS = [
    (endpoint.pattern, method)
    for endpoint in ENDPOINTS
    if endpoint.pattern.startswith(OF_GRAPHS)
    for method in sorted(endpoint.actions)
    if not endpoint.actions[method].only_reads
]
PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("schedules", "create"): schedule("report"),
    ("schedules/i:rid", "replace"): schedule("extra"),
    ("graph_builds", "create"): {"target": manual("clean"), "fallbacks": []},
    ("targets/s:target", "commit"): {"branch": "master"},
}
IS_MADE = {"schedules.create", "schedules.run", "graph_builds.create", "targets.commit"}
CHANGES = {"schedules.pause": ["paused_by"], "schedules.unpause": ["paused_by"]}
"""What some change, beside what they make and tell."""


@pytest.fixture
def place(memory: Stage) -> Iterator[Place]:
    house = House(memory)
    scene: Any = house
    place = Place(scene, authz=admins_act())
    yield place
    place.close()
    house.end_all()


def prepared(place: Place, ann: Visitor, pattern: str, method: str) -> str:
    """The path of something that this can be done to."""
    if pattern == "schedules/i:rid":
        key = ann.act("schedules", "create", schedule("report")).json["result"]["rid"]
        if method == "unpause":
            ann.act(f"schedules/{key}", "pause")
        return f"schedules/{key}"
    if pattern == "graph_builds/s:graph_build_rid":
        made = ann.act("graph_builds", "create", {"target": manual("clean"), "fallbacks": []})
        return f"graph_builds/{made.json['result']}"
    return pattern.replace("s:target", rid("raw"))


@pytest.mark.parametrize(("pattern", "method"), CALLS)
def test_each_action_leaves_one_entry(place: Place, pattern: str, method: str) -> None:
    ann = place.logged_in("ann")
    path = prepared(place, ann, pattern, method)
    place.scene.stage.turn()
    before = len(entries(place.scene.stage))

    answer = ann.act(path, method, PARAMETERS.get((pattern, method)))

    assert answer.status == 200, answer.body
    (entry,) = entries(place.scene.stage)[before:]
    control = next(e.actions[method] for e in ENDPOINTS if e.pattern == pattern and method in e.actions)
    assert (entry.actor, entry.username, entry.via) == ("ann", "ann", "session")
    assert (entry.action, entry.method, entry.path) == (control.action, method, path)
    assert (entry.outcome, entry.reason) == ("done", "")
    assert problems(place.scene.stage) == []
    if control.action in IS_MADE:
        assert entry.after
    if control.action in CHANGES:
        assert list(entry.before) == list(entry.after) == CHANGES[control.action]


@pytest.mark.parametrize(("pattern", "method"), CALLS)
def test_each_refusal_leaves_one_entry(place: Place, pattern: str, method: str) -> None:
    bob = place.program("bob", "builds.read", number=7)
    path = pattern.replace("i:rid", "ri.x").replace("s:graph_build_rid", "ri.y").replace("s:target", "t")

    assert bob.act(path, method, PARAMETERS.get((pattern, method))).status == 403

    (entry,) = entries(place.scene.stage)
    assert (entry.username, entry.via, entry.method, entry.path) == ("bob", "token", method, path)
    assert (entry.outcome, entry.before, entry.after) == ("refused", {}, {})
    assert entry.reason == f"this token is not for {entry.action}"


def test_a_plan_changes_nothing_and_leaves_none(place: Place) -> None:
    ann, bob = place.logged_in("ann"), place.program("bob", "builds.read", number=7)
    before = len(entries(place.scene.stage))

    assert ann.act("graph_builds", "plan", {"target": manual("clean")}).status == 200
    assert ann.act("graph_builds", "plan", {"target": manual("nowhere")}).status == 404
    assert bob.act("graph_builds", "plan", {"target": manual("clean")}).status == 403

    assert len(entries(place.scene.stage)) == before
