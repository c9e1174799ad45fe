"""What is at each path, and what the control actions do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from buildmill.common.errors import InvalidInput, NotFound, NotSupported
from buildmill.master.data.api import Result
from buildmill.master.data.endpoints.endpoint import Kind
from buildmill.master.data.paths import Key, parse_pattern
from buildmill.master.data.resultspec import EVERYTHING, ResultSpec
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.queries import Filter, Operator, Query, only
from buildmill.master.domain.rights import Actor
from tests.database import NOW, Stage
from tests.scene import OUTPUT, Scene


def rows(scene: Scene, path: str, spec: ResultSpec = EVERYTHING) -> list[dict[str, Any]]:
    """The documents at a path."""

    def documents(result: Result) -> Any:
        return msgspec.json.decode(msgspec.json.encode(result.rows))

    found: list[dict[str, Any]] = scene.stage.result(scene.data.read(scene.data.find(path.split("/")), spec, documents))
    return found


def ids(scene: Scene, path: str, field: str) -> list[Any]:
    return [row[field] for row in rows(scene, path)]


def test_a_build_is_complete_as_published(scene: Scene) -> None:
    (build,) = rows(scene, f"builds/{scene.finished}")

    assert build == {
        "builderid": scene.fast,
        "buildid": scene.finished,
        "buildrequestid": 1,
        "complete": True,
        "complete_at": NOW,
        "locks_duration_s": 0,
        "masterid": scene.master,
        "number": 1,
        "properties": {},
        "results": 2,
        "started_at": NOW,
        "state_string": build["state_string"],
        "workerid": scene.worker,
    }


@pytest.mark.parametrize(
    ("path", "field", "expected"),
    [
        ("builds", "number", [1, 2]),
        ("builders/{fast}/builds", "number", [1, 2]),
        ("builders/fast/builds", "number", [1, 2]),
        ("builders/slow one/builds", "number", []),
        ("builders/nobody/builds", "number", []),
        ("builders/99/builds", "number", []),
        ("builders/{fast}/builds/2", "buildid", ["{running}"]),
        ("builders/fast/builds/2", "buildid", ["{running}"]),
        ("buildrequests/1/builds", "number", [1]),
        ("changes/{change}/builds", "number", [1, 2]),
        ("workers/{worker}/builds", "number", [1, 2]),
        ("builds/{running}/triggered_builds", "number", []),
        ("builders", "name", ["fast", "slow one"]),
        ("builders/{fast}", "name", ["fast"]),
        ("builders/slow one", "name", ["slow one"]),
        ("masters/{master}/builders", "name", ["fast", "slow one"]),
        ("masters/99/builders", "name", []),
        ("masters/{master}/builders/{fast}", "name", ["fast"]),
        ("workers/{worker}/builders", "name", ["fast", "slow one"]),
        ("workers/99/builders", "name", []),
        ("projects/1/builders", "name", []),
        ("workers", "name", ["w1"]),
        ("workers/w1", "workerid", ["{worker}"]),
        ("workers/{worker}", "name", ["w1"]),
        ("masters/{master}/workers", "name", ["w1"]),
        ("masters/{master}/workers/w1", "name", ["w1"]),
        ("builders/{fast}/workers", "name", ["w1"]),
        ("builders/{fast}/workers/{worker}", "name", ["w1"]),
        ("masters/{master}/builders/{fast}/workers/w1", "name", ["w1"]),
        ("masters/99/workers", "name", []),
        ("masters", "name", ["here"]),
        ("builders/{fast}/masters", "name", ["here"]),
        ("builders/{fast}/masters/{master}", "name", ["here"]),
        ("builders/99/masters", "name", []),
        ("schedulers", "name", ["any"]),
        ("schedulers/{scheduler}", "name", ["any"]),
        ("masters/{master}/schedulers", "name", ["any"]),
        ("masters/99/schedulers", "name", []),
        ("changesources", "name", ["poller"]),
        ("masters/{master}/changesources", "name", []),
        ("changes", "changeid", ["{change}"]),
        ("changes/{change}", "author", ["Ann <a@example.org>"]),
        ("builds/{finished}/changes", "changeid", ["{change}"]),
        ("builders/{fast}/builds/1/changes", "changeid", ["{change}"]),
        ("builders/{fast}/builds/9/changes", "changeid", []),
        ("sourcestamps/{stamp}/changes", "changeid", ["{change}"]),
        ("sourcestamps", "revision", ["abc"]),
        ("sourcestamps/{stamp}", "branch", ["main"]),
        ("buildsets/1/sourcestamps", "ssid", ["{stamp}"]),
        ("buildsets/x/sourcestamps", "ssid", []),
        ("buildsets", "reason", ["because", "because", "later"]),
        ("buildsets/3", "parent_buildid", ["{running}"]),
        ("buildrequests", "results", [2, -1, -1]),
        ("buildrequests/{waiting}", "claimed", [False]),
        ("builders/{slow}/buildrequests", "buildrequestid", ["{waiting}"]),
        ("builds/{finished}/steps", "name", ["prepare", "compile"]),
        ("builders/{fast}/builds/1/steps", "number", [0, 1]),
        ("builders/fast/builds/1/steps", "number", [0, 1]),
        ("builds/999/steps", "number", []),
        ("builds/{finished}/steps/1", "name", ["compile"]),
        ("builds/{finished}/steps/compile", "number", [1]),
        ("builders/fast/builds/1/steps/compile", "number", [1]),
        ("steps/{step}", "name", ["compile"]),
        ("steps/{step}/logs", "slug", ["stdio"]),
        ("steps/{step}/logs/stdio", "logid", ["{log}"]),
        ("builders/fast/builds/1/steps/compile/logs/stdio", "logid", ["{log}"]),
        ("builders/fast/builds/1/steps/compile/logs", "logid", ["{log}"]),
        ("builds/{finished}/steps/1/logs/stdio", "logid", ["{log}"]),
        ("builds/{finished}/steps/9/logs", "logid", []),
        ("logs/{log}", "complete", [True]),
        ("forceschedulers", "name", ["force"]),
        ("forceschedulers/force", "label", ["go"]),
        ("builders/{slow}/forceschedulers", "name", ["force"]),
        ("builders/{fast}/forceschedulers", "name", []),
        ("builders/x/forceschedulers", "name", []),
        ("builds/{finished}/property_list", "name", ["color", "size"]),
        ("buildsets/1/properties_list", "value", ['"ü"']),
        ("buildsets/99/properties_list", "value", []),
        ("changes/{change}/properties_list", "source", ["Change"]),
        ("projects", "name", []),
        ("codebases", "name", []),
    ],
)
def test_what_is_at_each_path(shown: Scene, path: str, field: str, expected: list[Any]) -> None:
    known = vars(shown)

    found = ids(shown, path.format(**known), field)

    assert found == [known[e[1:-1]] if isinstance(e, str) and e.startswith("{") else e for e in expected]


def nowhere(pattern: str) -> list[str]:
    """A path of this pattern that leads to nothing."""
    return [
        element if isinstance(element, str) else "999" if element.kind == "n" else "nothing"
        for element in parse_pattern(pattern)
    ]


def test_every_path_answers_also_when_there_is_nothing(scene: Scene) -> None:
    for endpoint in scene.data.endpoints:
        if endpoint.kind in (Kind.RAW, Kind.RAW_INLINE, Kind.SEARCH):
            continue
        found = scene.data.find(nowhere(endpoint.pattern))
        assert found.endpoint.type is endpoint.type
        reading = scene.data.read(found, EVERYTHING, lambda result: list(result.rows))
        if endpoint.is_collection and not endpoint.pattern.endswith(("n:build_number/steps", "/explain", "/reasons")):
            assert isinstance(scene.stage.result(reading), list)
        elif any(isinstance(element, Key) for element in parse_pattern(endpoint.pattern)):
            with pytest.raises(NotFound):
                scene.stage.result(reading)
        else:
            reading.addErrback(lambda failure: None)
            scene.stage.turn()


def test_names_with_nul_are_no_path(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.data.find(["builders", "a\0b"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {}),
        (("*",), {"color": ["red", "Build"], "size": [3, "Step"]}),
        (("size", "none"), {"size": [3, "Step"]}),
    ],
)
def test_properties_are_filled_only_when_asked(scene: Scene, names: tuple[str, ...], expected: Any) -> None:
    one = rows(scene, f"builds/{scene.finished}", ResultSpec(properties=names))
    listed = rows(scene, "builders/fast/builds", ResultSpec(properties=names))

    assert one[0]["properties"] == expected
    assert listed[0]["properties"] == expected


def test_properties_of_requests_are_those_of_their_set(scene: Scene) -> None:
    assert rows(scene, "buildrequests/1")[0]["properties"] is None
    found = rows(scene, "buildrequests", ResultSpec(properties=("reason",)))
    assert [row["properties"] for row in found] == [{"reason": ["ü", "Force"]}, {}, {}]


def test_unselected_properties_are_not_read(scene: Scene) -> None:
    spec = ResultSpec(fields=("number",), properties=("*",))

    assert rows(scene, f"builds/{scene.finished}", spec) == [{"number": 1}]


def test_properties_have_a_path_of_their_own(scene: Scene) -> None:
    assert rows(scene, f"builds/{scene.finished}/properties") == [{"color": ["red", "Build"], "size": [3, "Step"]}]
    assert rows(scene, "buildsets/1/properties") == [{"reason": ["ü", "Force"]}]


def test_changes_are_filtered_by_their_files(scene: Scene) -> None:
    def found(name: str) -> list[Any]:
        query = EVERYTHING.query.narrowed(Filter("files", Operator.CONTAINS, (name,)))
        return rows(scene, "changes", ResultSpec(query=query))

    assert len(found("a.c")) == 1
    assert found("nothing") == []


def test_the_urls_of_a_step(scene: Scene) -> None:
    assert rows(scene, f"steps/{scene.step}")[0]["urls"] == [{"name": "docs", "url": "https://example.org/"}]


def contents(scene: Scene, offset: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
    return rows(scene, f"logs/{scene.log}/contents", ResultSpec(query=Query(limit=limit, offset=offset)))


def test_lines_of_a_log(scene: Scene) -> None:
    everything = "hmake\nocompiling\no\ufffd\x00 odd bytes\nono newline\n"

    assert contents(scene) == [{"content": everything, "firstline": 0, "logid": scene.log}]
    assert contents(scene, 1, 1) == [{"content": "ocompiling\n", "firstline": 1, "logid": scene.log}]
    assert contents(scene, 99, 1) == [{"content": "", "firstline": 99, "logid": scene.log}]
    assert contents(scene, 2**63 - 1, 2**63 - 1)[0]["content"] == ""


@pytest.mark.parametrize(("offset", "limit"), [(0, 0), (4, None), (99, None)])
def test_lines_that_are_not_there(scene: Scene, offset: int, limit: int | None) -> None:
    with pytest.raises(NotFound):
        contents(scene, offset, limit)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ("oeh", b"Builder: fast\nBuild number: 1\nWorker name: w1\nmake\n" + OUTPUT),
        ("o", OUTPUT),
        ("h", b"make\n"),
    ],
)
def test_a_log_as_a_download(scene: Scene, streams: str, expected: bytes) -> None:
    found = scene.data.find(["logs", str(scene.log), "raw"])

    download = scene.stage.result(scene.data.raw(found, streams))

    assert download.preamble + b"".join(scene.stage.collect(download.chunks)) == expected
    assert download.filename == "fast_build_1_step_compile_log_stdio"


@pytest.mark.parametrize("streams", ["", "x", "oo\0"])
def test_unknown_streams_are_refused(quick_scene: Scene, streams: str) -> None:
    found = quick_scene.data.find(["logs", str(quick_scene.log), "raw"])

    with pytest.raises(InvalidInput, match="stream"):
        quick_scene.stage.result(quick_scene.data.raw(found, streams))


# -- actions ---------------------------------------------------------------------------


def act(scene: Scene, path: str, method: str, **params: Any) -> Any:
    return scene.stage.result(scene.data.control(method, params, path.split("/"), Actor("ann")))


def last_event(stage: Stage) -> tuple[str, Any]:
    event = stage.events[-1]
    return "/".join(event.keys[0]), event.message


@pytest.mark.parametrize("path", ["builds/{running}", "builders/{fast}/builds/2", "builders/fast/builds/2"])
def test_stop_asks_the_owner_of_the_build(scene: Scene, path: str) -> None:
    assert act(scene, path.format(**vars(scene)), "stop", reason="enough") is None

    assert last_event(scene.stage) == (
        f"control/builds/{scene.running}/stop",
        {"reason": "enough", "results": 6, "by": "ann"},
    )


def test_stop_takes_another_result(scene: Scene) -> None:
    act(scene, f"builds/{scene.running}", "stop", results=4)

    assert last_event(scene.stage)[1] == {"reason": "no reason", "results": 4, "by": "ann"}


def test_stopping_what_has_ended_does_nothing(scene: Scene) -> None:
    before = len(scene.stage.events)

    assert act(scene, f"builds/{scene.finished}", "stop") is None
    assert len(scene.stage.events) == before


@pytest.mark.parametrize(
    "params", [{"results": 7}, {"results": -1}, {"results": "0"}, {"results": True}, {"reason": 5}, {"reason": "a\0"}]
)
def test_stop_refuses_odd_parameters_by_name(quick_scene: Scene, params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(InvalidInput) as error:
        act(quick_scene, f"builds/{quick_scene.running}", "stop", **params)

    assert error.value.field == name


@pytest.mark.parametrize("path", ["builds/{finished}", "builders/{fast}/builds/1", "builders/fast/builds/1"])
def test_rebuild_asks_for_the_same_again(scene: Scene, path: str) -> None:
    buildset, requests = act(scene, path.format(**vars(scene)), "rebuild")

    (found,) = rows(scene, f"buildsets/{buildset}")
    assert (found["reason"], found["rebuilt_buildid"]) == ("rebuild", scene.finished)
    assert list(requests) == [str(scene.fast)]


@pytest.mark.parametrize("method", ["stop", "rebuild"])
@pytest.mark.parametrize("path", ["builds/99", "builders/fast/builds/99", "builders/nobody/builds/1"])
def test_acting_on_no_build(quick_scene: Scene, path: str, method: str) -> None:
    with pytest.raises(NotFound):
        act(quick_scene, path, method)


def test_cancel_completes_a_waiting_request(scene: Scene) -> None:
    act(scene, f"buildrequests/{scene.waiting}", "cancel")

    assert ids(scene, f"buildrequests/{scene.waiting}", "results") == [6]


def test_set_priority(scene: Scene) -> None:
    act(scene, f"buildrequests/{scene.waiting}", "set_priority", priority=5)

    assert ids(scene, f"buildrequests/{scene.waiting}", "priority") == [5]
    for wrong in ("5", 10**30, True):
        with pytest.raises(InvalidInput, match="priority"):
            act(scene, f"buildrequests/{scene.waiting}", "set_priority", priority=wrong)


def test_workers_are_paused_and_stopped(scene: Scene) -> None:
    act(scene, "workers/w1", "pause", reason="dusty")
    (paused,) = rows(scene, "workers/w1")
    act(scene, f"workers/{scene.worker}", "unpause")
    act(scene, f"builders/{scene.fast}/workers/w1", "stop")
    (stopped,) = rows(scene, "workers/w1")
    stop = last_event(scene.stage)
    act(scene, "workers/w1", "kill", reason="now")

    assert (paused["paused"], paused["pause_reason"]) == (True, "dusty")
    assert (stopped["paused"], stopped["pause_reason"], stopped["graceful"]) == (False, None, True)
    assert stop == (f"control/worker/{scene.worker}/stop", {"reason": "no reason"})
    assert last_event(scene.stage) == (f"control/worker/{scene.worker}/kill", {"reason": "now"})
    with pytest.raises(NotFound):
        act(scene, "workers/nobody", "pause")


def test_a_scheduler_is_enabled(scene: Scene) -> None:
    act(scene, f"schedulers/{scene.scheduler}", "enable", enabled=False)

    assert ids(scene, "schedulers", "enabled") == [False]
    with pytest.raises(InvalidInput, match="enabled"):
        act(scene, f"schedulers/{scene.scheduler}", "enable", enabled="yes")
    with pytest.raises(NotFound):
        act(scene, "schedulers/99", "enable", enabled=True)


def test_force_goes_to_the_scheduler_with_the_owner_of_the_session(quick_scene: Scene) -> None:
    assert list(act(quick_scene, "forceschedulers/force", "force", builderid="2", owner="root")) == [7, {"1": 8}]

    assert quick_scene.force.asked == [("force", "ann", {"builderid": "2", "owner": "ann"})]


def test_force_says_what_is_wrong_with_each_field(quick_scene: Scene) -> None:
    quick_scene.force.problems = {"reason": "too short"}

    with pytest.raises(InvalidParameters) as error:
        act(quick_scene, "forceschedulers/force", "force")
    assert error.value.fields == {"reason": "too short"}
    with pytest.raises(NotFound):
        act(quick_scene, "forceschedulers/nobody", "force")


@pytest.mark.parametrize("path", ["builds/1", "buildrequests/1", "schedulers/1", "forceschedulers/force", "masters/1"])
def test_unknown_methods_are_told(quick_scene: Scene, path: str) -> None:
    with pytest.raises(NotSupported, match="explode"):
        act(quick_scene, path, "explode")


# -- for plugins -----------------------------------------------------------------------


def get(scene: Scene, *args: Any, **kwargs: Any) -> Any:
    return scene.stage.result(scene.data.get(*args, **kwargs))


def test_plugins_get_dictionaries_with_datetimes(scene: Scene) -> None:
    build = get(scene, ("builds", scene.finished))

    assert build["started_at"] == datetime.fromtimestamp(NOW, UTC)
    assert build["properties"] == {"color": ("red", "Build"), "size": (3, "Step")}


def test_plugins_get_nested_resources(scene: Scene) -> None:
    (change,) = get(scene, "changes")
    (scheduler,) = get(scene, "/schedulers/")

    assert change["sourcestamp"]["created_at"] == datetime.fromtimestamp(NOW, UTC)
    assert change["files"] == ["a.c", "b/c.h"]
    assert scheduler["master"]["name"] == "here"
    assert get(scene, ("buildsets", 1))["sourcestamps"][0]["revision"] == "abc"


def test_plugins_filter_and_page(scene: Scene) -> None:
    found = get(
        scene, "builds", filters=[only("complete", False)], fields=["number"], order=["-number"], limit=1, offset=0
    )

    assert found == [{"number": 2}]
    assert get(scene, ("builds", 99)) is None
    with pytest.raises(InvalidInput):
        get(scene, "builds", order=["colour"])
    with pytest.raises(NotFound):
        get(scene, "nothing")


@pytest.mark.parametrize(
    ("order", "expected"), [((), [1, 2]), (("-buildid",), [2, 1]), (("complete", "buildid"), [2, 1])]
)
def test_builds_of_a_builder_in_an_order(scene: Scene, order: tuple[str, ...], expected: list[int]) -> None:
    found = rows(scene, "builders/fast/builds", ResultSpec(query=Query(order=order)))

    assert [build["number"] for build in found] == expected
