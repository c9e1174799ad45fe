"""Documents of the pages that are lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from buildmill.common.errors import Forbidden, InvalidInput, NotFound
from buildmill.master.data import resultspec
from buildmill.master.data.api import Result
from buildmill.master.data.endpoints import view_pages
from buildmill.master.db import schedulers as scheduler_rows
from buildmill.master.db import tables as t
from buildmill.master.db.reading.schedulers import SHOWN_REQUESTS
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.rights import Actor
from tests.scene import Scene

NOTHING = Reach(only=True)
ANN = Actor("ann")


def ask(scene: Scene, path: str, query: str = "", reach: Reach | None = None) -> Result:
    """What is at a path, as a client asks for it."""
    found = scene.data.find(path.split("/"))
    parts = [pair.partition("=") for pair in query.split("&") if pair]
    parameters = [(name, value) for name, _, value in parts]
    spec = resultspec.parse(parameters, found.endpoint.type, is_collection=found.endpoint.is_collection)
    if reach is not None:
        found = scene.stage.result(scene.data.narrowed(found, reach))

    def same(result: Result) -> Result:
        return result

    return scene.stage.result(scene.data.read(found, spec, same))


def one(scene: Scene, path: str, **more: Any) -> Any:
    return ask(scene, path, **more).rows[0]


def wanted(scene: Scene, *, scheduler: str, builders: list[int], **more: Any) -> tuple[int, dict[int, int]]:
    """A buildset of a scheduler."""
    asked = scene.updates.addBuildset(sourcestamps=[scene.stamp], builderids=builders, scheduler=scheduler, **more)
    found: tuple[int, dict[int, int]] = scene.stage.result(asked)
    return found


# -- schedulers ------------------------------------------------------------------------


def test_schedulers_are_told_with_what_they_have_done_and_will_do(scene: Scene) -> None:
    wanted(scene, scheduler="any", builders=[scene.fast], reason="first")
    bsid, requests = wanted(scene, scheduler="any", builders=[scene.fast, scene.slow], reason="second")
    wanted(scene, scheduler="another", builders=[scene.slow])
    scene.stage.result(scene.updates.claimBuildRequests([requests[scene.slow]]))
    build, number = scene.stage.result(scene.updates.newBuild(scene.slow, requests[scene.slow], scene.worker))
    scene.stage.result(scene.updates.describeScheduler(scene.scheduler, "Nightly", ["fast"], True))
    scene.stage.result(scene.updates.planScheduler(scene.scheduler, 1_800_000_000))
    scene.stage.result(scene.updates.classifyChanges(scene.scheduler, {scene.change: True}))

    (state,) = one(scene, "pages/schedulers").schedulers

    assert (state.kind, state.builder_names, state.can_run) == ("Nightly", ["fast"], True)
    assert (state.next_run_at, state.waiting_changes, state.run_asked_by) == (1_800_000_000, 1, None)
    run = state.last_run
    assert (run.buildset.bsid, run.buildset.reason, run.requests_total) == (bsid, "second", 2)
    assert [(r.builder, r.buildrequestid) for r in run.requests] == [
        ("fast", requests[scene.fast]),
        ("slow one", requests[scene.slow]),
    ]
    assert run.requests[0].build is None
    assert (run.requests[1].build.buildid, run.requests[1].build.number) == (build, number)


def test_a_scheduler_that_nobody_runs_has_no_next_time(scene: Scene) -> None:
    scene.stage.result(scene.updates.planScheduler(scene.scheduler, 1_800_000_000))
    scene.stage.result(scene.updates.masterStopped(scene.master))

    assert one(scene, f"pages/schedulers/{scene.scheduler}").scheduler.next_run_at is None


def test_a_scheduler_has_its_runs_newest_first_and_the_first_requests_of_each(scene: Scene) -> None:
    infos = [{"name": f"b{i}", "tags": []} for i in range(SHOWN_REQUESTS + 5)]
    builders = scene.stage.result(scene.updates.configureBuilders(scene.master, infos))
    first, _ = wanted(scene, scheduler="any", builders=[scene.fast])
    second, _ = wanted(scene, scheduler="any", builders=sorted(builders.values()))

    page = one(scene, f"pages/schedulers/{scene.scheduler}")

    assert [run.buildset.bsid for run in page.runs] == [second, first]
    assert len(page.runs[0].requests) == SHOWN_REQUESTS
    assert page.runs[0].requests_total == SHOWN_REQUESTS + 5


def test_builds_out_of_reach_are_not_told_of_schedulers(scene: Scene) -> None:
    wanted(scene, scheduler="any", builders=[scene.fast])
    scene.stage.result(scene.updates.describeScheduler(scene.scheduler, "Nightly", ["fast"], True))

    page = one(scene, f"pages/schedulers/{scene.scheduler}", reach=NOTHING)

    assert page.runs == []
    assert page.scheduler.last_run is None
    assert page.scheduler.builder_names == []


def test_a_scheduler_that_is_not_there_is_told(scene: Scene) -> None:
    with pytest.raises(NotFound):
        one(scene, "pages/schedulers/99")


# -- what waits ------------------------------------------------------------------------


def waiting(scene: Scene, query: str = "", reach: Reach | None = None) -> list[int]:
    return [row.buildrequestid for row in ask(scene, "pages/pending", query, reach).rows]


def test_requests_wait_in_the_order_in_which_they_are_taken(scene: Scene) -> None:
    _, early = wanted(scene, scheduler="s", builders=[scene.fast])
    scene.stage.clock.advance(5)
    _, late = wanted(scene, scheduler="s", builders=[scene.fast], priority=3)

    assert waiting(scene) == [late[scene.fast], scene.waiting, early[scene.fast]]
    row = ask(scene, "pages/pending").rows[0]
    assert (row.builder, row.tags, row.priority) == ("fast", ["t1", "t2"], 3)


def test_requests_that_wait_are_found_by_builder_and_tag_and_page_by_page(scene: Scene) -> None:
    fast = [wanted(scene, scheduler="s", builders=[scene.fast])[1][scene.fast] for _ in range(3)]

    assert waiting(scene, "builder=fast") == fast
    assert waiting(scene, "builder__contains=as") == fast
    assert waiting(scene, "tags__contains=t2") == fast
    assert waiting(scene, "tags__contains=t") == []
    first = ask(scene, "pages/pending", "builder=fast&limit=2&after=")
    assert ([row.buildrequestid for row in first.rows], first.total) == (fast[:2], 3)
    rest = ask(scene, "pages/pending", f"builder=fast&limit=2&after={first.next}")
    assert ([row.buildrequestid for row in rest.rows], rest.next) == (fast[2:], None)


def test_requests_out_of_reach_do_not_wait(scene: Scene) -> None:
    assert waiting(scene, reach=NOTHING) == []


def test_reasons_of_several_requests_come_in_one_answer(scene: Scene) -> None:
    (row,) = ask(scene, "pages/reasons", f"buildrequestid={scene.waiting}&buildrequestid=99").rows

    assert row.buildrequestid == scene.waiting
    assert row.reasons


@pytest.mark.parametrize("query", ["", "buildrequestid__gt=1", "&".join(f"buildrequestid={i}" for i in range(61))])
def test_reasons_are_only_told_of_a_few_named_requests(scene: Scene, query: str) -> None:
    with pytest.raises(InvalidInput, match="buildrequestid must be there"):
        ask(scene, "pages/reasons", query)


# -- several at once -------------------------------------------------------------------


def act(scene: Scene, method: str, params: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.stage.result(scene.data.control(method, params, ["buildrequests"], ANN, **more))
    return found


def test_several_requests_are_cancelled_and_each_is_told(scene: Scene) -> None:
    ids = [scene.waiting, wanted(scene, scheduler="s", builders=[scene.fast])[1][scene.fast], 99]

    told = act(scene, "cancel", {"buildrequestids": ids, "reason": "enough"})

    assert [(one["buildrequestid"], one["done"]) for one in told] == [(ids[0], True), (ids[1], True), (99, False)]
    assert "99" in told[2]["problem"]
    assert waiting(scene) == []
    entries = scene.stage.result(scene.data.get("audit", order=["auditid"]))
    assert [(e["path"], e["outcome"]) for e in entries] == [
        (f"buildrequests/{ids[0]}", "done"),
        (f"buildrequests/{ids[1]}", "done"),
        ("buildrequests/99", "refused"),
    ]
    assert entries[0]["parameters"] == {"reason": "enough"}


def test_several_requests_get_another_priority(scene: Scene) -> None:
    ids = [wanted(scene, scheduler="s", builders=[scene.fast])[1][scene.fast] for _ in range(2)]

    act(scene, "set_priority", {"buildrequestids": ids, "priority": 7})

    assert [row.priority for row in ask(scene, "pages/pending").rows] == [7, 7, 0]


def test_each_of_several_requests_needs_the_right_to_it(scene: Scene) -> None:
    other = wanted(scene, scheduler="s", builders=[scene.fast])[1][scene.fast]

    async def admit(path: Any, method: str, params: Any) -> None:
        assert (method, params) == ("cancel", {"reason": "no reason"})
        if path == ("buildrequests", str(other)):
            raise Forbidden("not yours")

    told = act(scene, "cancel", {"buildrequestids": [other, scene.waiting]}, admit=admit)

    assert [one["problem"] for one in told] == ["not yours", None]
    assert waiting(scene) == [other]
    (refused,) = [e for e in scene.stage.result(scene.data.get("audit")) if e["outcome"] == "refused"]
    assert (refused["path"], refused["reason"]) == (f"buildrequests/{other}", "not yours")


@pytest.mark.parametrize("ids", [None, [], [0], ["x"], [1.5], list(range(1, 502)), "1"])
def test_a_list_of_requests_that_is_none_is_refused(scene: Scene, ids: Any) -> None:
    with pytest.raises(InvalidInput, match="buildrequestids"):
        act(scene, "cancel", {"buildrequestids": ids})


# -- changes ---------------------------------------------------------------------------


def test_changes_are_told_with_their_builds(scene: Scene) -> None:
    later = scene.stage.result(scene.updates.addChange(author="bob", comments="second", branch="dev"))

    rows = ask(scene, "pages/change_list", "order=-changeid&after=&limit=5").rows

    assert [row.changeid for row in rows] == [later, scene.change]
    assert (rows[0].builds, rows[0].more_builds) == ([], False)
    assert [build.buildid for build in rows[1].builds] == [scene.running, scene.finished]
    assert not rows[1].more_builds


def test_no_more_builds_of_a_change_are_told_than_fit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_pages, "LISTED_BUILDS", 1)

    (row,) = ask(scene, "pages/change_list").rows

    assert ([build.buildid for build in row.builds], row.more_builds) == ([scene.running], True)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("author__contains=Ann", True), ("branch=main", True), ("branch=dev", False), ("files__contains=a.c", True),
        ("category=x", False), ("revision=abc", True), ("repository=", True), ("comments__contains=irs", True),
    ],
)  # fmt: skip
def test_changes_are_found_by_what_they_are(shown: Scene, query: str, is_found: bool) -> None:
    assert len(ask(shown, "pages/change_list", query).rows) == is_found


def test_builds_of_changes_out_of_reach_are_not_told(shown: Scene) -> None:
    rows = ask(shown, "pages/change_list", reach=Reach(frozenset({"secret"}), only=False)).rows

    assert [len(row.builds) for row in rows] == [2]
    assert ask(shown, "pages/change_list", reach=NOTHING).rows == []


def test_builds_of_a_change_are_for_those_who_may_read_builds(shown: Scene) -> None:
    found = shown.data.find(["pages", "change_list"])
    spec = resultspec.ResultSpec(withheld=frozenset({"builds"}))

    def rows(result: Result) -> Any:
        return result.rows

    (row,) = shown.stage.result(shown.data.read(found, spec, rows))

    assert row.builds is None


def test_a_change_has_its_builds_its_parents_and_its_children(scene: Scene) -> None:
    child = scene.stage.result(scene.updates.addChange(author="bob", comments="next", branch="main"))

    def adopt(tx: Any) -> None:
        tx.sql.execute(t.changes.update().where(t.changes.c.id == child).values(parent_id=scene.change))

    scene.stage.result(scene.stage.database.write(adopt))

    page = one(scene, f"pages/changes/{scene.change}")
    assert [found.build.buildid for found in page.builds] == [scene.running, scene.finished]
    assert [found.builder for found in page.builds] == ["fast", "fast"]
    assert [change.changeid for change in page.children] == [child]
    assert [change.changeid for change in one(scene, f"pages/changes/{child}").parents] == [scene.change]
    with pytest.raises(NotFound, match="no such change"):
        one(scene, "pages/changes/99")


# -- builds of a builder -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "numbers"),
    [("", [2, 1]), ("results=2", [1]), ("results=0", []), ("branch=main", [2, 1]), ("branch=dev", [])],
)
def test_builds_of_a_builder_are_found_by_result_and_branch(shown: Scene, query: str, numbers: list[int]) -> None:
    found = ask(shown, f"pages/builders/{shown.fast}/builds", query)

    assert [row.number for row in found.rows] == numbers
    assert all(row.branch == "main" for row in found.rows)


def test_an_unknown_scheduler_has_asked_for_nothing(scene: Scene) -> None:
    assert scene.stage.result(scene.stage.database.read(scheduler_rows.asked_run, 99)) is None
