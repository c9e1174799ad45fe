"""Questions to the database: what SQL finds is what the same question finds in memory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.master.data.endpoints.sources import of_elements
from buildmill.master.data.resultspec import apply
from buildmill.master.data.types import TYPES
from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.collection import MAX_SHAPES
from buildmill.master.db.reading.requests import BUILDSETS, REQUESTS
from buildmill.master.db.reading.sources import CHANGES
from buildmill.master.db.reading.test_results import TEST_RESULT_SETS, TEST_RESULTS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Filter, Operator, Page, Query, only
from tests.database import NOW, Stage


@pytest.fixture(scope="module")
def many(shared_stage: Stage) -> Stage:
    """A stage with 40 builds of 3 builders, some running, and as many requests, some waiting."""

    def fill(tx: Any) -> None:
        def insert(table: sa.Table, rows: list[dict[str, Any]]) -> None:
            tx.sql.execute(table.insert(), rows)

        insert(t.masters, [{"id": 1, "name": "m", "last_active": NOW}])
        insert(t.builders, [{"id": i, "name": f"b{i}"} for i in (1, 2, 3)])
        insert(
            t.buildsets, [{"id": i, "submitted_at": NOW, "complete": i % 2, "reason": f"r{i}"} for i in range(1, 41)]
        )
        insert(
            t.build_requests,
            [
                {
                    "id": i, "buildset_id": i, "builder_id": i % 3 + 1, "submitted_at": NOW + i, "priority": i % 4,
                    "claimed_by": 1 if i % 5 else None, "claimed_at": NOW if i % 5 else None,
                    "complete": int(i % 7 == 1), "complete_at": NOW if i % 7 == 1 else None,
                    "results": 0 if i % 7 == 1 else None,
                }
                for i in range(1, 41)
            ],
        )  # fmt: skip
        insert(
            t.builds,
            [
                {
                    "id": i, "number": i, "builder_id": i % 3 + 1, "build_request_id": i, "master_id": 1,
                    "started_at": NOW - i, "complete_at": NOW + i % 6 if i % 4 else None,
                    "results": i % 3 if i % 4 else None, "state_string": f"state {i} 100% a_b",
                }
                for i in range(1, 41)
            ],
        )  # fmt: skip

    shared_stage.result(shared_stage.database.write(fill))
    return shared_stage


def one(field: str, operator: Operator, *values: Any) -> Query:
    return Query((Filter(field, operator, values),))


E, N, C = Operator.EQ, Operator.NE, Operator.CONTAINS


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(order=("-buildid",), limit=5),
        Query(order=("-buildid",), offset=35),
        Query(order=("results", "-complete_at"), limit=20, offset=3),
        Query(order=("-results",)),
        Query(order=("-complete", "started_at")),
        one("number", E, 3),
        one("number", E, 3, 5, 99),
        one("number", Operator.IN, 3, 5),
        one("number", Operator.NOTIN, 3, 5),
        one("number", N, 3),
        one("number", Operator.LT, 7),
        one("number", Operator.LE, 7),
        one("number", Operator.GT, 30),
        one("number", Operator.GE, 30),
        one("complete", E, True),
        one("complete", E, False),
        one("complete", N, True),
        one("complete", E, True, False),
        one("complete", N, True, False),
        one("complete", Operator.NOTIN, False),
        one("state_string", C, "state 1"),
        one("state_string", C, "0%", "state 2"),
        one("state_string", C, "a_b"),
        one("state_string", C, "aXb"),
        one("state_string", C, "\\"),
        one("state_string", E, "state 7 100% a_b"),
        one("results", E, 0, 2),
        one("results", Operator.GT, 0),
        Query((only("builderid", 2), only("complete", False)), ("-number",), 3),
        one("buildid", E),
    ],
)
def test_sql_finds_what_memory_finds(many: Stage, query: Query) -> None:
    everything = many.result(many.database.read(BUILDS.select, Query()))

    found = many.result(many.database.read(BUILDS.select, query))

    assert found == list(apply(everything, query, TYPES["build"]).rows)


def test_null_is_no_other_value(many: Stage) -> None:
    """As in the published API: an unfinished build is not found by "result is not 0"."""
    found = many.result(many.database.read(BUILDS.select, one("results", N, 0)))

    assert found
    assert all(build.results is not None for build in found)


def test_unfinished_requests_have_result_minus_one(many: Stage) -> None:
    found = many.result(many.database.read(REQUESTS.select, one("results", E, -1)))

    assert found
    assert {(request.complete, request.results) for request in found} == {(False, -1)}


def test_requests_by_claim(many: Stage) -> None:
    found = many.result(many.database.read(REQUESTS.select, one("claimed", E, False)))

    assert [request.buildrequestid for request in found] == [5, 10, 15, 20, 25, 30, 35, 40]


def test_the_total_of_a_page_is_counted_when_asked_for(many: Stage) -> None:
    query = Query((only("complete", True),), limit=2)

    def read(connection: Connection) -> Page[Any]:
        return BUILDSETS.page(connection, query, count=True)

    page = many.result(many.database.read(read))
    assert (len(page.rows), page.total) == (2, 20)


@pytest.mark.parametrize(
    "query",
    [
        one("colour", E, 1),
        Query(order=("colour",)),
        one("number", C, "1"),
        one("complete", Operator.LT, True),
        Query((Filter("number", E, tuple(range(2000))),)),
    ],
)
def test_what_a_column_does_not_know_is_refused(many: Stage, query: Query) -> None:
    with pytest.raises(InvalidInput):
        many.result(many.database.read(BUILDS.select, query))


def test_ids_that_no_column_can_hold_find_nothing(many: Stage) -> None:
    assert many.result(many.database.read(BUILDS.select, one("number", E, 2**63 - 1))) == []
    assert many.result(many.database.read(BUILDS.select, one("number", Operator.GT, -(2**63) + 1)))


def test_kept_statements_are_bounded(many: Stage) -> None:
    def ask(connection: Connection) -> None:
        for count in range(1, 40):
            for field in ("number", "buildid", "builderid", "masterid", "workerid", "results", "buildrequestid"):
                for operator in (E, N):
                    BUILDS.select(connection, Query((Filter(field, operator, tuple(range(count))),), limit=1))

    many.result(many.database.read(ask))

    assert len(BUILDS._statements) <= MAX_SHAPES


def plan(stage: Stage, collection: Any, query: Query) -> str:
    """What the database says of how it would run `query`; on PostgreSQL as if the tables were long."""

    def explain(connection: Connection) -> str:
        clause = collection._compile(query)
        values = {f"p{i}_{n}": v for i, f in enumerate(query.filters) for n, v in enumerate(f.values)}
        if query.limit is not None:
            values["limit"] = query.limit
        sql = str(clause.params(**values).compile(connection.sql.engine, compile_kwargs={"literal_binds": True}))
        if connection.is_postgresql:
            connection.sql.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN " if connection.is_postgresql else "EXPLAIN QUERY PLAN "
        return "\n".join(str(tuple(row)) for row in connection.sql.execute(sa.text(prefix + sql)))

    return stage.result(stage.database.read(explain))


@pytest.mark.parametrize(
    ("collection", "query", "index"),
    [
        (BUILDS, Query((only("complete", False),)), "ix_builds_incomplete|ix_builds_complete_at_id"),
        (BUILDS, Query((), ("-started_at",), 5), "ix_builds_started_at"),
        (BUILDS, Query((), ("-complete_at",), 5), "ix_builds_complete_at_id"),
        (BUILDS, Query((), ("complete_at",), 5), "ix_builds_complete_at_id"),
        (BUILDS, Query((only("complete", True),), ("-complete_at",), 5), "ix_builds_complete_at_id"),
        (BUILDS, Query((only("results", 2),), ("-buildid",), 5), "ix_builds_results_id"),
        (BUILDS, Query((only("repeating", 7),)), "ix_buildsets_rebuilt_build_id"),
        (REQUESTS, Query((only("claimed", False),), ("-buildrequestid",), 5), "ix_build_requests_unclaimed"),
        (REQUESTS, Query((only("builderid", 1), only("claimed", False)), (), 5), "unclaimed_of_builder"),
        (REQUESTS, Query((only("waiting on", 1),), (), 5), "ix_build_requests_waiting"),
        (REQUESTS, Query((only("complete", False),)), "ix_build_requests_incomplete"),
        (BUILDSETS, Query((only("complete", False),)), "ix_buildsets_incomplete"),
        (BUILDS, Query((only("workerid", 1),), ("-buildid",), 5), "ix_builds_worker_id_id"),
        (BUILDS, Query((only("buildrequestid", 1),)), "ix_builds_build_request_id"),
        (TEST_RESULTS, Query((only("test_result_setid", 1),), (), 10), "ix_test_results_test_result_set_id_id"),
        (TEST_RESULT_SETS, Query((only("buildid", 1),)), "ix_test_result_sets_build_id"),
        (TEST_RESULT_SETS, Query((only("stepid", 1),)), "ix_test_result_sets_step_id"),
    ],
)
def test_indexes_are_used(many: Stage, collection: Any, query: Query, index: str) -> None:
    found = plan(many, collection, query)

    assert any(name in found for name in index.split("|"))


@pytest.mark.parametrize("order", ["complete_at", "-complete_at"])
def test_builds_are_read_in_the_order_of_their_ends_and_never_sorted_whole(many: Stage, order: str) -> None:
    found = plan(many, BUILDS, Query((), (order,), 20))

    # those that ended in the same second are: by their ids
    assert "TEMP B-TREE" not in found.replace("TEMP B-TREE FOR LAST TERM", "").replace("B-TREE FOR RIGHT PART", "")
    assert "Sort" not in found.replace("Incremental Sort", "").replace("Sort Key", "")


def test_the_newest_builds_of_a_builder_are_read_in_their_order(many: Stage) -> None:
    found = plan(many, BUILDS, Query((only("builderid", 1),), ("-number",), 20))

    assert "uq_builds_builder_id_number" in found or "sqlite_autoindex_builds" in found
    assert "TEMP B-TREE" not in found.replace("TEMP B-TREE FOR LAST TERM", "")


FILES = [
    ["a.c"], ["b/c.h", "a.c"], ["A.C"], ["a.c.orig"], ['odd"a.c', 'x"'], ["ü", "back\\slash"], [], ["100%", "a_c"],
    ['"a.c"'], ["x,a.c", "[a.c"], ["x,", "a.c"],
]  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [("a.c",), ("A.C",), ('odd"a.c',), ("ü",), ("back\\slash",), ("100%",), ("a_c",), ("c",), ('"a.c"',), ("", "ü")],
)
def test_changes_are_found_by_their_files_as_they_would_be_in_memory(stage: Stage, wanted: tuple[str, ...]) -> None:
    """The database looks, so that nobody reads all changes for a name."""

    def fill(tx: Any) -> None:
        tx.sql.execute(t.source_stamps.insert().values(id=1, digest="d", created_at=NOW))
        same = {"author": "a", "comments": "", "when_timestamp": NOW, "source_stamp_id": 1}
        rows = [{**same, "files": msgspec.json.encode(files).decode()} for files in FILES]
        tx.sql.execute(t.changes.insert(), rows)

    stage.result(stage.database.write(fill))
    contains = Filter("files", Operator.CONTAINS, wanted)
    filters = of_elements([contains], {"files": "file", "parent_changeids": "parent"})
    assert filters is not None

    found = stage.result(stage.database.read(CHANGES.page, Query(filters)))

    every = stage.result(stage.database.read(CHANGES.select, Query()))
    assert found.rows == apply(every, Query((contains,)), TYPES["change"]).rows
