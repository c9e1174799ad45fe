"""Questions about test results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db import test_results
from buildmill.master.db.reading.collection import Collection, flag, integer, text
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.result_resources import TestResult, TestResultSet

_s, _r = t.test_result_sets.c, t.test_results.c
_names, _paths = t.test_texts.alias("names"), t.test_texts.alias("paths")
_COMMITS_AT_ONCE = 500


def _sets(_connection: Connection, rows: Sequence[Row]) -> list[TestResultSet]:
    return [test_results.set_from_row(row) for row in rows]


def _results(_connection: Connection, rows: Sequence[Row]) -> list[TestResult]:
    return [TestResult(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]) for row in rows]


TEST_RESULT_SETS: Collection[TestResultSet] = Collection(
    columns=test_results.SET_COLUMNS,
    source=t.test_result_sets,
    make=_sets,
    key=_s.id,
    fields={
        "builderid": integer(_s.builder_id),
        "buildid": integer(_s.build_id),
        "category": text(_s.category),
        "complete": flag(_s.complete),
        "description": text(_s.description, null_differs=True),
        "stepid": integer(_s.step_id),
        "test_result_setid": integer(_s.id),
        "tests_failed": integer(_s.tests_failed, null_differs=True),
        "tests_passed": integer(_s.tests_passed, null_differs=True),
        "value_unit": text(_s.value_unit),
    },
    within=lambda sql: sql.builder(_s.builder_id),
)
TEST_RESULTS: Collection[TestResult] = Collection(
    columns=(
        _s.builder_id, _r.duration_ns, _r.line, _paths.c.text, _names.c.text, _r.test_result_set_id, _r.id, _r.value,
    ),
    source=t.test_results.join(t.test_result_sets)
    .outerjoin(_names, _names.c.id == _r.name_id)
    .outerjoin(_paths, _paths.c.id == _r.code_path_id),
    make=_results,
    key=_r.id,
    fields={
        "builderid": integer(_s.builder_id),
        "duration_ns": integer(_r.duration_ns, null_differs=True),
        "line": integer(_r.line, null_differs=True),
        "test_code_path": text(_paths.c.text, null_differs=True),
        "test_name": text(_names.c.text, null_differs=True),
        "test_result_setid": integer(_r.test_result_set_id),
        "test_resultid": integer(_r.id),
        "value": text(_r.value),
    },
    within=lambda sql: sql.builder(_s.builder_id),
)  # fmt: skip


def sets_of_commits(
    connection: Connection, commit_ids: Sequence[int], reach: Reach = EVERYTHING
) -> list[TestResultSet]:
    """Sets within reach, of the builds that had one of these commits among their sources, by id: each once.

    A source stamp belongs to a commit when it has its revision.
    """
    found: dict[int, TestResultSet] = {}
    for start in range(0, len(commit_ids), _COMMITS_AT_ONCE):
        wanted = sa.select(t.commits.c.revision).where(t.commits.c.id.in_(commit_ids[start : start + _COMMITS_AT_ONCE]))
        query: sa.Select[Any] = (
            sa.select(*test_results.SET_COLUMNS)
            .join(t.builds, t.builds.c.id == _s.build_id)
            .join(t.build_requests, t.build_requests.c.id == t.builds.c.build_request_id)
            .join(
                t.buildset_source_stamps,
                t.buildset_source_stamps.c.buildset_id == t.build_requests.c.buildset_id,
            )
            .join(t.source_stamps, t.source_stamps.c.id == t.buildset_source_stamps.c.source_stamp_id)
            .where(t.source_stamps.c.revision.in_(wanted), ReachSql(shape_of(reach)).builder(_s.builder_id))
        )
        for row in connection.sql.execute(query, parameters_of(reach)):
            found[row.id] = test_results.set_from_row(tuple(row))
    return [found[set_id] for set_id in sorted(found)]
