"""Documents of the pages of tests: what fails since when, what is flaky, in few statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from buildmill.common.errors import NotFound
from buildmill.master.data.resultspec import EVERYTHING
from buildmill.master.domain.test_documents import TestsPage
from tests.scene import Scene
from tests.unit.master.data.test_pages import read


class History:
    """Builds of the builder ``fast`` with results of tests."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.builds: list[int] = []

    def build(self, revision: str | None, *steps: Mapping[str, bool], got_revision: str | None = None) -> int:
        """A build in which each of these steps has run tests; its id."""
        build: int = self.scene.stage.result(self._build(revision, steps, got_revision))
        self.builds.append(build)
        return build

    async def _build(self, revision: str | None, steps: tuple[Mapping[str, bool], ...], got: str | None) -> int:
        scene, updates = self.scene, self.scene.updates
        _, requests = await updates.addBuildset(
            sourcestamps=[{"codebase": "", "revision": revision, "branch": "main"}],
            builderids=[scene.fast],
            reason="test",
        )
        await updates.claimBuildRequests([requests[scene.fast]])
        build, _ = await updates.newBuild(scene.fast, requests[scene.fast], scene.worker)
        if got is not None:
            await updates.setBuildProperties(build, {"got_revision": (got, "Source")})
        for number, outcomes in enumerate(steps):
            step, _, _ = await updates.addStep(build, f"test{number}")
            await updates.startStep(step, True)
            tests = await updates.addTestResultSet(scene.fast, build, step, "unit tests", "pass_fail", "boolean")
            results = [
                {"value": str(int(good)), "test_name": name, "test_code_path": "t.py", "line": 7, "duration_ns": 5}
                for name, good in outcomes.items()
            ]
            await updates.addTestResults(scene.fast, tests, results)
            failed = sum(not good for good in outcomes.values())
            await updates.completeTestResultSet(tests, tests_passed=len(outcomes) - failed, tests_failed=failed)
            await updates.finishStep(step, 0, False)
        await updates.finishBuild(build, 0)
        return build

    def page(self, path: str) -> TestsPage:
        page: TestsPage = read(self.scene, path)
        return page


@pytest.fixture
def history(scene: Scene) -> History:
    return History(scene)


def test_tests_that_fail_are_told_with_their_history(history: History) -> None:
    history.build("r1", {"a": True, "b": True, "c": True, "d": True})
    history.build("r2", {"a": True, "b": False, "c": True, "d": True})
    history.build("r2", {"a": True, "b": False, "c": True, "d": False})
    history.build("r3", {"a": True, "b": False, "d": True})

    page = history.page(f"pages/builders/{history.scene.fast}/tests")

    assert [build.number for build in page.builds] == [6, 5, 4, 3]
    assert [(build.failed, build.passed, build.revision) for build in page.builds] == [
        (1, 2, "r3"), (2, 2, "r2"), (1, 3, "r2"), (0, 4, "r1"),
    ]  # fmt: skip
    assert [(one.name, one.outcomes, one.failing, one.since_number, one.flaky) for one in page.tests] == [
        ("b", "fffp", 3, 4, False),
        ("d", "pfpp", 0, None, True),
    ]
    assert (page.tests[0].path, page.tests[0].line, page.tests[0].duration_ns) == ("t.py", 7, 5)
    assert (page.tests_total, page.build, page.builder.name) == (2, None, "fast")
    assert [one.description for one in page.sets] == ["unit tests"]


def test_the_page_of_a_build_knows_nothing_of_later_ones(history: History) -> None:
    history.build("r1", {"a": False})
    second = history.build("r2", {"a": True, "b": False})
    history.build("r3", {"a": False, "b": True})

    page = history.page(f"pages/builds/{second}/tests")

    assert page.build is not None
    assert page.build.buildid == second
    assert [(one.name, one.outcomes, one.failing) for one in page.tests] == [("b", "f-", 1), ("a", "pf", 0)]
    assert history.page(f"pages/builders/{history.scene.fast}/builds/{page.build.number}/tests") == page


def test_a_test_is_flaky_when_steps_of_one_build_disagree(history: History) -> None:
    history.build(None, {"a": False, "b": True}, {"a": True})

    (found,) = history.page(f"pages/builders/{history.scene.fast}/tests").tests

    assert (found.name, found.outcomes, found.flaky) == ("a", "b", True)


def test_revisions_that_steps_have_found_count(history: History) -> None:
    history.build(None, {"a": True}, got_revision="x")
    history.build(None, {"a": False}, got_revision="x")
    history.build(None, {"a": False})

    page = history.page(f"pages/builders/{history.scene.fast}/tests")

    assert [build.revision for build in page.builds] == [None, "x", "x"]
    assert page.tests[0].flaky


def test_one_test_is_told_whether_it_fails_or_not(history: History) -> None:
    history.build("r1", {"a/b c": True})
    history.build("r2", {"other": False})

    found = history.scene.data.find(["pages", "builders", str(history.scene.fast), "tests", "a/b c"])
    page: Any = history.scene.stage.result(history.scene.data.read(found, EVERYTHING, lambda result: result.rows[0]))

    assert [(one.name, one.outcomes) for one in page.tests] == [("a/b c", "-p")]
    with pytest.raises(NotFound):
        history.page(f"pages/builders/{history.scene.fast}/tests/unknown")


def test_failures_alone_have_a_message(history: History) -> None:
    scene = history.scene

    async def fill() -> None:
        found = await scene.updates.addTestResultSet(
            scene.fast, scene.finished, scene.step, "x", "fail_only", "message"
        )
        await scene.updates.addTestResults(scene.fast, found, [{"value": "expected 1", "test_code_path": "x.c"}])
        await scene.updates.completeTestResultSet(found, tests_passed=0, tests_failed=1)

    scene.stage.result(fill())

    (found,) = history.page(f"pages/builds/{scene.finished}/tests").tests

    assert (found.name, found.path, found.message, found.outcomes) == ("x.c", "x.c", "expected 1", "f")


def test_there_is_a_page_without_tests_but_none_without_a_builder(history: History) -> None:
    scene = history.scene

    page = history.page(f"pages/builds/{scene.finished}/tests")

    assert (page.builds, page.tests, page.sets, page.tests_total) == ([], [], [], 0)
    for path in ("pages/builders/99/tests", "pages/builds/99/tests"):
        with pytest.raises(NotFound):
            history.page(path)


def test_only_the_newest_builds_and_the_first_tests_are_looked_at(quick_scene: Scene) -> None:
    history = History(quick_scene)
    for number in range(33):
        history.build(f"r{number}", {f"t{n:03}": False for n in range(220 if number == 32 else 1)})

    page = history.page(f"pages/builders/{quick_scene.fast}/tests")

    assert (len(page.builds), len(page.tests), page.tests_total) == (30, 200, 220)
    assert page.tests[0].outcomes == "f" * 30


def test_as_many_statements_are_needed_for_much_as_for_little(quick_scene: Scene) -> None:
    history, statements = History(quick_scene), list[str]()
    path = f"pages/builders/{quick_scene.fast}/tests"
    quick_scene.stage.result(quick_scene.stage.database.read(_trace, statements))

    def count() -> int:
        statements.clear()
        history.page(path)
        return sum(statement.lstrip().startswith("SELECT") for statement in statements)

    history.build("r1", {"a": False})
    few = count()
    for number in range(10):
        history.build(f"r{number}", {f"t{n}": n % 2 == 0 for n in range(100)})

    assert count() == few == 8


def _trace(connection: Any, statements: list[str]) -> None:
    connection.sql.connection.dbapi_connection.set_trace_callback(statements.append)
