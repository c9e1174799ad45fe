"""Documents of the pages of tests; see `page_documents`."""

from __future__ import annotations

from typing import ClassVar

from buildmill.master.domain.resources import Build, Builder, Instant, Resource
from buildmill.master.domain.result_resources import TestResultSet


class TestedBuild(Resource, frozen=True):
    """A build that has results of tests.

    Attributes:
        failed, passed: how many tests did in it; null where that is not known.
        revision: of its sources, if there is only one and it is known.
    """

    __test__: ClassVar[bool] = False  # pytest takes names that begin with Test

    type_name = "tested_build"
    plural = "tested_builds"
    id_field = "buildid"

    buildid: int
    failed: int | None
    number: int
    passed: int | None
    results: int | None
    revision: str | None
    started_at: Instant


class TestLine(Resource, frozen=True):
    """A test over the builds of a page.

    Attributes:
        duration_ns, line, message, path: of its newest result; the message is what a step has kept of a failure.
        failing: how many builds in a row it has failed in, from the newest that has it.
        flaky: it has both passed and failed with the same sources.
        outcomes: a letter for each build of the page: ``p`` passed, ``f`` failed, ``b`` both, ``-`` is not there.
        since_number: of the first of these builds.
    """

    __test__: ClassVar[bool] = False

    type_name = "test_line"
    plural = "test_lines"
    id_field = "name"

    duration_ns: int | None
    failing: int
    flaky: bool
    line: int | None
    message: str | None
    name: str
    outcomes: str
    path: str | None
    since_number: int | None


class TestsPage(Resource, frozen=True):
    """The tests of a builder, or of one of its builds and those before it.

    Attributes:
        build: the one that was asked about; null where it was the builder.
        builds: the newest that have results of tests, newest first.
        sets: those of the first of them.
        tests: those that have failed in any of the builds: those that fail now first, then those that are flaky.
        tests_total: how many have failed; more than are listed, perhaps.
    """

    __test__: ClassVar[bool] = False

    type_name = "tests_page"
    plural = "tests_pages"
    id_field = ""

    build: Build | None
    builder: Builder
    builds: list[TestedBuild]
    sets: list[TestResultSet]
    tests: list[TestLine]
    tests_total: int
    withheld: list[str]
