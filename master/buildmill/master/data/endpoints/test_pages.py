"""Documents of the pages of tests: those of a builder, of a build, and one test over many builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.builds import find_build
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind, Part
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import EVERYTHING, ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db import builders
from buildmill.master.db.reading import test_history as reading
from buildmill.master.db.reading.test_history import Looked, Result, Test
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Build
from buildmill.master.domain.test_documents import TestLine, TestsPage
from buildmill.master.domain.test_history import History, history_of

LOOKED_AT: Final = 30
"""Builds of a page."""
LOOKED_AT_FOR_ONE: Final = 60
"""Builds of the history of one test."""
LISTED: Final = 200
"""Tests of a page."""


def _of_builder(connection: Connection, keys: Keys, spec: ResultSpec) -> TestsPage:
    looked = reading.look(connection, keys["builderid"], LOOKED_AT)
    return _page(connection, keys["builderid"], None, looked, reading.failures(connection, looked), spec)


def _of_build(connection: Connection, keys: Keys, spec: ResultSpec) -> TestsPage | None:
    build = find_build(connection, keys, EVERYTHING)
    if build is None:
        return None
    looked = reading.look(connection, build.builderid, LOOKED_AT, build.buildid)
    return _page(connection, build.builderid, build, looked, reading.failures(connection, looked), spec)


def _of_test(connection: Connection, keys: Keys, spec: ResultSpec) -> TestsPage | None:
    test = reading.test_named(connection, keys["builderid"], keys["test_name"])
    if test is None:
        return None
    looked = reading.look(connection, keys["builderid"], LOOKED_AT_FOR_ONE)
    return _page(connection, keys["builderid"], None, looked, {test: 0}, spec)


def _page(
    connection: Connection,
    builder_id: int,
    build: Build | None,
    looked: Looked,
    failures: Mapping[Test, int],
    spec: ResultSpec,
) -> TestsPage:
    try:
        builder = builders.get(connection, builder_id)
    except NotFound:
        raise NotFound("no such builder") from None
    # the failures of the newest builds come first: what is cut off has not failed for long
    results = reading.results_of(connection, looked, list(failures)[:LISTED])
    judged = [
        (history_of(reading.outcomes_of(looked, of_test), looked.sources), of_test) for of_test in results.values()
    ]
    judged.sort(key=lambda one: (one[0].rank, _newest(looked, one[1]).name or ""))
    return TestsPage(
        build=build,
        builder=builder,
        builds=list(looked.builds),
        sets=list(looked.sets[looked.builds[0].buildid]) if looked.builds else [],
        tests=[_line(looked, history, of_test) for history, of_test in judged],
        tests_total=len(failures),
        withheld=sorted(spec.withheld),
    )


def _line(looked: Looked, history: History, results: Mapping[int, Result]) -> TestLine:
    newest = _newest(looked, results)
    present = [build for build, outcome in zip(looked.builds, history.outcomes, strict=True) if outcome != "-"]
    return TestLine(
        duration_ns=newest.duration_ns,
        failing=history.failing,
        flaky=history.is_flaky,
        line=newest.line,
        message=newest.value if newest.set_id in looked.set_ids["fail_only"] else None,
        name=newest.name or newest.path or "",
        outcomes=history.text,
        path=newest.path,
        since_number=present[history.failing - 1].number if history.failing else None,
    )


def _newest(looked: Looked, results: Mapping[int, Result]) -> Result:
    ids: Sequence[int] = [one.test_result_setid for build in looked.builds for one in looked.sets[build.buildid]]
    return next(results[number] for number in ids if number in results)


_BUILDER = Part("builder", "builders.read", "builders/n:builderid", is_required=True)

ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "pages/builders/n:builderid/tests",
        Kind.SINGLE,
        TYPES["tests_page"],
        "test_result_sets.read",
        _of_builder,
        depends=EVERY_CHANGE,
        parts=(
            Part("tests", "test_result_sets.read", "builders/n:builderid/test_result_sets", is_required=True),
            _BUILDER,
            Part("builds", "builds.read", "builders/n:builderid/builds", is_required=True),
        ),
    ),
    Endpoint(
        "pages/builders/n:builderid/tests/s:test_name",
        Kind.SINGLE,
        TYPES["tests_page"],
        "test_result_sets.read",
        _of_test,
        depends=EVERY_CHANGE,
        parts=(
            Part("tests", "test_result_sets.read", "builders/n:builderid/test_result_sets", is_required=True),
            _BUILDER,
            Part("builds", "builds.read", "builders/n:builderid/builds", is_required=True),
        ),
    ),
    *(
        Endpoint(
            f"pages/{build}/tests",
            Kind.SINGLE,
            TYPES["tests_page"],
            "test_result_sets.read",
            _of_build,
            depends=EVERY_CHANGE,
            parts=(
                Part("tests", "test_result_sets.read", f"{build}/test_result_sets", is_required=True),
                Part("build", "builds.read", build, is_required=True),
                Part("builder", "builders.read", "builders", is_required=True),
            ),
        )
        for build in ("builds/n:buildid", "builders/n:builderid/builds/n:build_number")
    ),
]
