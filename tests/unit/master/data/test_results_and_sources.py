"""Results of tests, commits, branches, projects and codebases: writing them, and what is at their paths."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from buildmill.common.errors import Conflict, InvalidInput, NotFound
from buildmill.common.results import RETRY
from buildmill.master.data import resultspec
from buildmill.master.data.api import Result
from buildmill.master.db import commits, source_stamps
from buildmill.master.db import steps as step_rows
from buildmill.master.db import tables as t
from buildmill.master.domain.result_resources import LONGEST_NAME, passed_and_failed
from tests.scene import Scene


def answer(scene: Scene, path: str) -> dict[str, Any]:
    """Rows and total at a path, which may have parameters."""
    path, _, query = path.partition("?")
    found = scene.data.find(path.split("/"))
    parameters = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
    wanted = resultspec.parse(parameters, found.endpoint.type, is_collection=found.endpoint.is_collection)

    def document(result: Result) -> dict[str, Any]:
        return {"rows": msgspec.json.decode(msgspec.json.encode(result.rows)), "total": result.total}

    return scene.stage.result(scene.data.read(found, wanted, document))


def column(scene: Scene, path: str, field: str) -> list[Any]:
    return [row[field] for row in answer(scene, path)["rows"]]


def events(scene: Scene, family: str) -> list[tuple[str, Any]]:
    """(joined key, message) of each key of the events of a family so far."""
    return [
        ("/".join(key), msgspec.json.decode(event.payload))
        for event in scene.stage.events
        for key in event.keys
        if key[0] == family
    ]


# -- results ----------------------------------------------------------------------------------------


def new_set(scene: Scene, category: str = "pass_fail", unit: str = "boolean") -> int:
    return scene.stage.result(
        scene.updates.addTestResultSet(scene.fast, scene.finished, scene.step, "unit tests", category, unit)
    )


def add(scene: Scene, set_id: int, *results: dict[str, Any]) -> None:
    scene.stage.result(scene.updates.addTestResults(scene.fast, set_id, results))


def test_a_set_is_told_when_it_begins_and_when_it_is_complete(scene: Scene) -> None:
    set_id = new_set(scene)
    scene.stage.result(scene.updates.completeTestResultSet(set_id, 3, 1))

    begun = {
        "builderid": scene.fast, "buildid": scene.finished, "category": "pass_fail", "complete": False,
        "description": "unit tests", "stepid": scene.step, "test_result_setid": set_id, "tests_failed": None,
        "tests_passed": None, "value_unit": "boolean",
    }  # fmt: skip
    ended = {**begun, "complete": True, "tests_failed": 1, "tests_passed": 3}
    key = f"test_result_sets/{set_id}"
    assert events(scene, "test_result_sets") == [(f"{key}/new", begun), (f"{key}/completed", ended)]
    assert answer(scene, key)["rows"] == [ended]


def test_results_are_as_they_were_given(scene: Scene) -> None:
    set_id = new_set(scene)
    add(
        scene,
        set_id,
        {"value": "1", "test_name": "a"},
        {"value": "0", "test_name": "a", "test_code_path": "t/a.py", "line": 7, "duration_ns": 5_000_000_000},
        {"value": "x", "test_code_path": "a"},
    )

    found = answer(scene, f"test_result_sets/{set_id}/results")

    assert found["total"] == 3
    assert [tuple(row.values()) for row in found["rows"]] == [
        (scene.fast, None, None, None, "a", set_id, found["rows"][0]["test_resultid"], "1"),
        (scene.fast, 5_000_000_000, 7, "t/a.py", "a", set_id, found["rows"][1]["test_resultid"], "0"),
        (scene.fast, None, None, "a", None, set_id, found["rows"][2]["test_resultid"], "x"),
    ]
    assert scene.stage.rows(sa.select(t.test_texts.c.text).order_by(t.test_texts.c.text)) == [("a",), ("t/a.py",)]


def test_many_results_are_all_kept_in_order(scene: Scene) -> None:
    set_id = new_set(scene)
    add(scene, set_id, *({"value": str(n % 2), "test_name": f"test {n}"} for n in range(2500)))

    found = answer(scene, f"test_result_sets/{set_id}/results?limit=2&offset=1999&field=test_name")

    assert found == {"rows": [{"test_name": "test 1999"}, {"test_name": "test 2000"}], "total": 2}
    assert answer(scene, f"test_result_sets/{set_id}/results")["total"] == 2500


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("value=0", ["b"]),
        ("test_name=a&test_name=b", ["a", "b"]),
        ("test_name__contains=b", ["b"]),
        ("test_code_path__contains=.py&order=-line", ["c", "a"]),
        ("duration_ns__gt=10", ["a"]),
        ("order=-duration_ns&limit=1", ["a"]),
        ("order=duration_ns&limit=1", ["b"]),
        ("line__ne=3", ["b", "c"]),
        ("line__notin=3&line__notin=9", ["b"]),
        ("test_code_path__ne=x.py", ["b", "c"]),
    ],
)
def test_results_are_filtered_and_ordered(scene: Scene, query: str, names: list[str]) -> None:
    set_id = new_set(scene)
    add(
        scene,
        set_id,
        {"value": "1", "test_name": "a", "duration_ns": 20, "test_code_path": "x.py", "line": 3},
        {"value": "0", "test_name": "b"},
        {"value": "1", "test_name": "c", "duration_ns": 10, "test_code_path": "y.py", "line": 9},
    )

    assert column(scene, f"test_result_sets/{set_id}/results?{query}", "test_name") == names


def test_sets_are_found_by_builder_build_and_step(scene: Scene) -> None:
    first, second = new_set(scene), new_set(scene, "performance", "ms")

    for path in (
        "test_result_sets",
        f"builders/{scene.fast}/test_result_sets",
        "builders/fast/test_result_sets",
        f"builds/{scene.finished}/test_result_sets",
        f"steps/{scene.step}/test_result_sets",
    ):
        assert column(scene, path, "test_result_setid") == [first, second], path
    for path in (
        f"builders/{scene.slow}/test_result_sets",
        "builders/nobody/test_result_sets",
        f"builds/{scene.running}/test_result_sets",
        "builds/99/test_result_sets",
        "steps/99/test_result_sets",
        "test_result_sets/99/results",
    ):
        assert answer(scene, path) == {"rows": [], "total": 0}, path
    assert column(scene, "test_result_sets?category=performance", "test_result_setid") == [second]
    assert column(scene, "test_result_sets?complete=false&order=-test_result_setid", "test_result_setid") == [
        second,
        first,
    ]
    with pytest.raises(NotFound, match="no such test_result_set"):
        answer(scene, "test_result_sets/99")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"test_name": "a"}, "value"),
        ({"value": 1, "test_name": "a"}, "value"),
        ({"value": "1"}, "test_name"),
        ({"value": "1", "test_name": 3}, "test_name"),
        ({"value": "1", "test_name": "a", "line": -1}, "line"),
        ({"value": "1", "test_name": "a", "line": 2**31}, "line"),
        ({"value": "1", "test_name": "a", "duration_ns": 1.5}, "duration_ns"),
        ({"value": "1", "test_name": "a", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_result_is_named_and_nothing_is_written(quick_scene: Scene, given: Any, field: str) -> None:
    set_id = new_set(quick_scene)

    with pytest.raises(InvalidInput) as error:
        add(quick_scene, set_id, {"value": "1", "test_name": "good"}, given)

    assert error.value.field == field
    assert quick_scene.stage.rows(sa.select(t.test_results.c.id)) == []


def test_texts_that_a_database_refuses_are_mended(scene: Scene) -> None:
    set_id = new_set(scene)
    add(scene, set_id, {"value": "a\0b", "test_name": "\udc80" + "x" * 5000, "test_code_path": "p\0"})

    [row] = answer(scene, f"test_result_sets/{set_id}/results")["rows"]

    assert (row["value"], row["test_code_path"]) == ("a\ufffdb", "p\ufffd")
    assert row["test_name"] == "?" + "x" * (LONGEST_NAME - 1)


def test_sets_and_results_must_belong_together(quick_scene: Scene) -> None:
    scene, updates, result = quick_scene, quick_scene.updates, quick_scene.stage.result
    set_id = new_set(scene)
    one = [{"value": "1", "test_name": "a"}]

    with pytest.raises(InvalidInput, match="builderid: expected"):
        result(updates.addTestResults(scene.slow, set_id, one))
    with pytest.raises(NotFound, match="no test result set 99"):
        result(updates.addTestResults(scene.fast, 99, one))
    with pytest.raises(InvalidInput, match="buildid: expected"):
        result(updates.addTestResultSet(scene.fast, scene.running, scene.step, "", "c", "u"))
    with pytest.raises(NotFound, match="no step 99"):
        result(updates.addTestResultSet(scene.fast, scene.finished, 99, "", "c", "u"))
    with pytest.raises(InvalidInput, match="category: expected text"):
        result(updates.addTestResultSet(scene.fast, scene.finished, scene.step, "", "", "u"))


def test_a_set_is_completed_once(quick_scene: Scene) -> None:
    set_id = new_set(quick_scene)
    complete = quick_scene.updates.completeTestResultSet
    quick_scene.stage.result(complete(set_id))

    with pytest.raises(Conflict, match="complete already"):
        quick_scene.stage.result(complete(set_id, 1, 1))
    with pytest.raises(NotFound, match="no test result set 99"):
        quick_scene.stage.result(complete(99))


def test_an_abandoned_step_leaves_no_set_open(scene: Scene) -> None:
    step, _, _ = scene.stage.result(scene.updates.addStep(scene.running, "tests"))
    set_id = scene.stage.result(
        scene.updates.addTestResultSet(scene.fast, scene.running, step, "", "pass_fail", "boolean")
    )

    scene.stage.result(scene.stage.database.write(step_rows.abandon_unfinished, scene.running, RETRY))

    [row] = answer(scene, f"test_result_sets/{set_id}")["rows"]
    assert (row["complete"], row["tests_passed"], row["tests_failed"]) == (True, None, None)


@pytest.mark.parametrize(
    ("category", "unit", "expected"),
    [
        ("pass_fail", "boolean", (3, 2)),
        ("pass_fail", "other", (None, None)),
        ("pass_only", "boolean", (5, 0)),
        ("fail_only", "boolean", (0, 5)),
        ("code_issue", "message", (0, 5)),
        ("performance", "ms", (None, None)),
        ("of one's own", "boolean", (None, None)),
    ],
)
def test_what_values_add_up_to(category: str, unit: str, expected: tuple[int | None, int | None]) -> None:
    assert passed_and_failed(category, unit, ["1", "0", "2", "-1", "no number"]) == expected


# -- sources ----------------------------------------------------------------------------------------


class History:
    """A codebase with commits: r1 <- r2 <- r3, r2 <- s3 <- s4, and one alone.

    Attributes:
        ids: of the commits, by revision.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene, updates, result = scene, scene.updates, scene.stage.result
        self.project = result(updates.find_project_id("a project"))
        assert self.project is not None
        self.codebase = result(updates.find_codebase_id(projectid=self.project, name="lib"))
        assert self.codebase is not None
        self.ids: dict[str, int] = {}
        for revision, parent in (
            ("r1", None), ("r2", "r1"), ("r3", "r2"), ("s3", "r2"), ("s4", "s3"), ("alone", None),
        ):  # fmt: skip
            self.ids[revision] = self.commit(revision, parent)

    def commit(self, revision: str, parent: str | None = None) -> int:
        assert self.codebase is not None
        parent_id = None if parent is None else self.ids[parent]
        added = self.scene.updates.add_commit(
            codebaseid=self.codebase, author="Ann", comments=f"to {revision}", when_timestamp=5, revision=revision,
            parent_commitid=parent_id,
        )  # fmt: skip
        return self.scene.stage.result(added)

    def revisions(self, ids: list[int]) -> list[str]:
        return [revision for id_ in ids for revision, known in self.ids.items() if known == id_]

    def range(self, first: str, second: str, what: str) -> str:
        return f"codebases/{self.codebase}/commit_range/{self.ids[first]}/{self.ids[second]}/{what}"


@pytest.fixture
def history(scene: Scene) -> History:
    return History(scene)


def test_a_commit_is_told_once_and_found_by_id_and_revision(scene: Scene, history: History) -> None:
    document = {
        "author": "Ann", "codebaseid": history.codebase, "comments": "to r2", "commitid": history.ids["r2"],
        "committer": None, "parent_commitid": history.ids["r1"], "revision": "r2", "when_timestamp": 5,
    }  # fmt: skip
    again = history.commit("r2")

    assert again == history.ids["r2"]
    assert answer(scene, f"commits/{again}")["rows"] == [document]
    assert answer(scene, f"codebases/{history.codebase}/commits_by_revision/r2")["rows"] == [document]
    assert events(scene, "commits")[1] == (f"commits/{again}/new", document)
    assert (f"codebases/{history.codebase}/commits/{again}/new", document) in events(scene, "codebases")
    assert len(events(scene, "commits")) == 6
    assert column(scene, f"codebases/{history.codebase}/commits?revision__contains=r&order=-commitid", "revision") == [
        "r3",
        "r2",
        "r1",
    ]
    assert answer(scene, "codebases/99/commits")["rows"] == []
    for path in ("commits/99", f"codebases/{history.codebase}/commits_by_revision/none"):
        with pytest.raises(NotFound, match="no such commit"):
            answer(scene, path)


@pytest.mark.parametrize(
    ("first", "second", "to1", "to2"),
    [
        ("r3", "s4", ["r2", "r3"], ["r2", "s3", "s4"]),
        ("s4", "r3", ["r2", "s3", "s4"], ["r2", "r3"]),
        ("r1", "r3", ["r1"], ["r1", "r2", "r3"]),
        ("r3", "r1", ["r1", "r2", "r3"], ["r1"]),
        ("r3", "r3", ["r3"], ["r3"]),
    ],
)
def test_how_two_commits_are_related(
    scene: Scene, history: History, first: str, second: str, to1: list[str], to2: list[str]
) -> None:
    [found] = answer(scene, history.range(first, second, "commits_common_parent"))["rows"]

    assert found["common"] == history.ids[to1[0]]
    assert (history.revisions(found["to1"]), history.revisions(found["to2"])) == (to1, to2)


def test_commits_that_have_nothing_in_common_are_not_related(scene: Scene, history: History) -> None:
    other = history.range("r1", "r3", "commits_common_parent").replace(f"codebases/{history.codebase}", "codebases/99")
    missing = f"codebases/{history.codebase}/commit_range/{history.ids['r1']}/999/commits_common_parent"

    for path in (history.range("r3", "alone", "commits_common_parent"), other, missing):
        with pytest.raises(NotFound, match="no such commit_graph"):
            answer(scene, path)


def test_a_range_has_an_end(quick_scene: Scene) -> None:
    history, stage = History(quick_scene), quick_scene.stage
    first, second = history.ids["r3"], history.ids["s4"]
    assert history.codebase is not None

    with pytest.raises(InvalidInput, match="expected at most 2 commits"):
        stage.result(stage.database.read(commits.common_parent, history.codebase, first, second, 2))


def test_sets_of_a_range_are_those_of_builds_of_its_commits(scene: Scene, history: History) -> None:
    sets = {}
    for revision in ("r1", "r2", "r3", "s4", "none"):
        stamp = {"revision": revision, "codebase": "lib"}
        scene.stamp = scene.stage.result(scene.stage.database.write(source_stamps.find_or_add, stamp))
        build, _ = scene.stage.result(scene._build(scene.fast, {}))
        step, _, _ = scene.stage.result(scene.updates.addStep(build, "tests"))
        sets[revision] = scene.stage.result(
            scene.updates.addTestResultSet(scene.fast, build, step, "", "pass_fail", "boolean")
        )

    def found(first: str, second: str, query: str = "") -> list[int]:
        return column(scene, history.range(first, second, "test_result_sets") + query, "test_result_setid")

    assert found("r1", "r3") == [sets["r1"], sets["r2"], sets["r3"]]
    assert found("r2", "s4") == [sets["r2"], sets["s4"]]
    assert found("r2", "s4", "?order=-test_result_setid&limit=1") == [sets["s4"]]
    assert found("r3", "r1") == found("r3", "s4") == found("r1", "alone") == []


def test_a_branch_is_where_it_was_last_seen(scene: Scene, history: History) -> None:
    assert history.codebase is not None
    update, result = scene.updates.update_branch, scene.stage.result
    result(update(codebaseid=history.codebase, name="main", commitid=history.ids["r2"], last_timestamp=6))
    result(update(codebaseid=history.codebase, name="empty", last_timestamp=7))
    result(update(codebaseid=history.codebase, name="main", commitid=history.ids["r3"], last_timestamp=8))

    found = answer(scene, f"codebases/{history.codebase}/branches")
    [main, empty] = found["rows"]

    assert main == {
        "branchid": main["branchid"], "codebaseid": history.codebase, "commitid": history.ids["r3"],
        "last_timestamp": 8, "name": "main",
    }  # fmt: skip
    assert (empty["name"], empty["commitid"], found["total"]) == ("empty", None, 2)
    assert answer(scene, f"branches/{main['branchid']}")["rows"] == [main]
    assert events(scene, "branches")[-1] == (f"branches/{main['branchid']}/update", main)
    with pytest.raises(NotFound, match="no such branch"):
        answer(scene, "branches/99")


def test_what_a_commit_or_branch_names_must_be_there(quick_scene: Scene) -> None:
    history, result, updates = History(quick_scene), quick_scene.stage.result, quick_scene.updates
    assert history.project is not None
    other = result(updates.find_codebase_id(projectid=history.project, name="other"))
    assert other is not None
    more: dict[str, Any] = {"author": "Ann", "comments": "", "when_timestamp": 1}

    with pytest.raises(NotFound, match="no codebase 99"):
        result(updates.add_commit(codebaseid=99, revision="x", **more))
    with pytest.raises(NotFound, match="no commit 99"):
        result(updates.add_commit(codebaseid=other, revision="x", parent_commitid=99, **more))
    with pytest.raises(InvalidInput, match="parent_commitid: expected a commit of codebase"):
        result(updates.add_commit(codebaseid=other, revision="x", parent_commitid=history.ids["r1"], **more))
    with pytest.raises(InvalidInput, match="revision: expected text of 1 to 255"):
        result(updates.add_commit(codebaseid=other, revision="x" * 256, **more))
    with pytest.raises(InvalidInput, match="commitid: expected a commit of codebase"):
        result(updates.update_branch(codebaseid=other, name="b", commitid=history.ids["r1"], last_timestamp=1))


def test_projects_and_codebases_are_found_and_described(scene: Scene) -> None:
    result, updates = scene.stage.result, scene.updates
    assert result(updates.find_project_id("my project", auto_create=False)) is None
    project = result(updates.find_project_id("my project"))
    assert project is not None
    assert result(updates.find_project_id("my project", auto_create=False)) == project
    assert result(updates.find_codebase_id(projectid=project, name="core", auto_create=False)) is None
    codebase = result(updates.find_codebase_id(projectid=project, name="core"))
    assert codebase is not None
    for _ in range(2):  # what is the same already is not told again
        result(updates.update_project_info(project, "mine", "*text*", "markdown", None))
        result(updates.update_codebase_info(codebaseid=codebase, projectid=project, slug="the-core"))

    document = {
        "active": None, "description": "*text*", "description_format": "markdown", "description_html": None,
        "name": "my project", "projectid": project, "slug": "mine",
    }  # fmt: skip
    assert events(scene, "projects") == [(f"projects/{project}/update", document)]
    assert answer(scene, f"projects/{project}")["rows"] == [document]
    described = {"codebaseid": codebase, "name": "core", "projectid": project, "slug": "the-core"}
    assert events(scene, "codebases") == [(f"codebases/{codebase}/update", described)]
    assert answer(scene, f"projects/{project}/codebases/core")["rows"] == [described]
    with pytest.raises(NotFound, match="no project 99"):
        result(updates.find_codebase_id(projectid=99, name="core"))


def test_who_asks_for_active_projects_gets_those_whose_builders_are_run(scene: Scene) -> None:
    result, updates = scene.stage.result, scene.updates
    ids = result(updates.configure_projects([{"name": "used", "slug": "u"}, {"name": "idle", "slug": "i"}], []))
    infos: list[dict[str, Any]] = [{"name": "fast"}, {"name": "slow one", "project_id": ids["used"]}]
    result(updates.configureBuilders(scene.master, infos))

    assert [(row["name"], row["active"]) for row in answer(scene, "projects?active=true")["rows"]] == [("used", True)]
    assert [(row["name"], row["active"]) for row in answer(scene, "projects?active=false")["rows"]] == [("idle", False)]
    assert column(scene, "projects", "active") == [None, None]


def test_two_codebases_of_a_project_have_two_names(quick_scene: Scene) -> None:
    result, updates = quick_scene.stage.result, quick_scene.updates
    one, two = (result(updates.find_project_id(name)) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    result(updates.find_codebase_id(projectid=one, name="core"))
    other = result(updates.find_codebase_id(projectid=two, name="core"))
    assert other is not None

    with pytest.raises(Conflict, match="has a codebase called core already"):
        result(updates.update_codebase_info(codebaseid=other, projectid=one, slug="core"))
