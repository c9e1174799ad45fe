"""Results of tests: the sets of builds, builders and steps, and what is in each."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.data.endpoints.builds import builder_id
from buildmill.master.data.endpoints.endpoint import Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import commits
from buildmill.master.db.reading.test_results import TEST_RESULT_SETS, TEST_RESULTS, sets_of_commits
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import NO_ROWS, Filter, Page, only
from buildmill.master.domain.result_resources import TestResult, TestResultSet


def _list(connection: Connection, spec: ResultSpec, *filters: Filter) -> Page[TestResultSet]:
    return TEST_RESULT_SETS.page(connection, spec.query.narrowed(*filters), count=_counts(spec))


def _counts(spec: ResultSpec) -> bool:
    """As clients know it: all are counted for those who ask for an order."""
    return bool(spec.query.order)


def _all(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[TestResultSet]:
    return _list(connection, spec)


def _of_builder(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[TestResultSet]:
    builder = builder_id(connection, keys)
    return NO_ROWS if builder is None else _list(connection, spec, only("builderid", builder))


def _of_build(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[TestResultSet]:
    return _list(connection, spec, only("buildid", keys["buildid"]))


def _of_step(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[TestResultSet]:
    return _list(connection, spec, only("stepid", keys["stepid"]))


def _of_commits(connection: Connection, keys: Keys, spec: ResultSpec) -> Sequence[TestResultSet]:
    """Sets of the commits from one to the other, both included; none unless the first leads to the second."""
    graph = commits.common_parent(connection, keys["codebaseid"], keys["commitid1"], keys["commitid2"])
    if graph is None or graph.common != keys["commitid1"]:
        return []
    return sets_of_commits(connection, graph.to2, spec.query.reach)


def _one(connection: Connection, keys: Keys, _spec: ResultSpec) -> TestResultSet | None:
    return TEST_RESULT_SETS.one(connection, test_result_setid=keys["test_result_setid"])


def _results(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[TestResult]:
    query = spec.query.narrowed(only("test_result_setid", keys["test_result_setid"]))
    return TEST_RESULTS.page(connection, query, count=_counts(spec))


ENDPOINTS: list[Endpoint] = [
    *single("test_result_set", "test_result_sets.read", _one, "test_result_sets/n:test_result_setid"),
    *collection("test_result_set", "test_result_sets.read", _all, "test_result_sets"),
    *collection(
        "test_result_set",
        "test_result_sets.read",
        _of_builder,
        "builders/n:builderid/test_result_sets",
        "builders/s:buildername/test_result_sets",
    ),
    *collection("test_result_set", "test_result_sets.read", _of_build, "builds/n:buildid/test_result_sets"),
    *collection("test_result_set", "test_result_sets.read", _of_step, "steps/n:stepid/test_result_sets"),
    *collection(
        "test_result_set",
        "test_result_sets.read",
        _of_commits,
        "codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2/test_result_sets",
    ),
    *collection("test_result", "test_result_sets.read", _results, "test_result_sets/n:test_result_setid/results"),
]
