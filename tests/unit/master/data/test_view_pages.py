"""Builds by time, and changes with what was built of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Forbidden
from buildmill.master.data.api import Result
from buildmill.master.data.endpoints import view_pages
from buildmill.master.data.resultspec import ResultSpec, parse
from buildmill.master.db import tables as t
from buildmill.master.db.reading import views
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Query
from tests.database import NOW
from tests.scene import Scene
from tests.unit.master.data.test_pages import add

NOTHING = Reach(only=True)


def read(scene: Scene, page: str, parameters: Sequence[tuple[str, str]] = (), **more: Any) -> Result:
    """Rows of a page, with where the next ones begin."""
    found = scene.data.find(["pages", page])
    spec = parse(parameters, found.endpoint.type, is_collection=True)
    wanted = ResultSpec(spec.fields, spec.query, tells_next=spec.tells_next, **more)
    if "reach" in more:
        wanted = wanted.within(more["reach"])
    result: Result = scene.stage.result(scene.data.read(found, wanted, lambda result: result))
    return result


# -- the waterfall ---------------------------------------------------------------------


def test_builds_are_told_with_their_times_and_workers(scene: Scene) -> None:
    builds = add(scene, builds=2, results={1: None})

    rows = read(scene, "waterfall", [("order", "-buildid"), ("limit", "2")]).rows

    assert [(row.buildid, row.complete, row.started_at, row.complete_at, row.worker) for row in rows] == [
        (builds[1], False, NOW + 1, None, "w1"),
        (builds[0], True, NOW, NOW + 1, "w1"),
    ]


def test_older_builds_follow_the_place_that_is_told(scene: Scene) -> None:
    builds = add(scene, builds=3)

    first = read(scene, "waterfall", [("order", "-buildid"), ("after", ""), ("limit", "2")])
    assert first.next is not None
    second = read(scene, "waterfall", [("after", first.next), ("limit", "2")])

    assert [row.buildid for row in (*first.rows, *second.rows)][:3] == builds[::-1]


def test_builds_that_run_and_those_of_some_builders_are_found(scene: Scene) -> None:
    builds = add(scene, builds=3, results={1: None})
    only = ("builderid", str(scene.slow))

    assert [row.buildid for row in read(scene, "waterfall", [only, ("complete", "false")]).rows] == [builds[1]]
    assert [row.buildid for row in read(scene, "waterfall", [only, ("order", "-started_at")]).rows] == builds[::-1]


def test_workers_are_not_told_where_they_are_withheld(scene: Scene) -> None:
    (row, *_) = read(scene, "waterfall", [("limit", "1")], withheld=frozenset({"workers"})).rows

    assert (row.worker, row.workerid) == (None, None)
    for asked in (("worker", "w1"), ("workerid__gt", "0"), ("order", "-worker")):
        with pytest.raises(Forbidden, match="you may not read workers"):  # nor be found out by asking
            read(scene, "waterfall", [asked], withheld=frozenset({"workers"}))


# -- changes ---------------------------------------------------------------------------


def again(scene: Scene, change: int, builder: int) -> int:
    """One more build of a change."""

    def fill(tx: Any) -> int:
        def insert(table: sa.Table, **values: Any) -> int:
            return int(tx.sql.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

        stamp = tx.sql.execute(sa.select(t.changes.c.source_stamp_id).where(t.changes.c.id == change)).scalar_one()
        last = tx.sql.execute(sa.select(sa.func.max(t.builds.c.number)).where(t.builds.c.builder_id == builder))
        buildset = insert(t.buildsets, submitted_at=NOW)
        tx.sql.execute(t.buildset_source_stamps.insert().values(buildset_id=buildset, source_stamp_id=stamp))
        request = insert(t.build_requests, buildset_id=buildset, builder_id=builder, submitted_at=NOW)
        return insert(
            t.builds, number=(last.scalar() or 0) + 1, builder_id=builder, build_request_id=request,
            master_id=scene.master, started_at=NOW,
        )  # fmt: skip

    return scene.stage.result(scene.stage.database.write(fill))


def newest(scene: Scene, number: int) -> list[int]:
    """Ids of the newest changes, newest first."""
    rows = scene.stage.rows(sa.select(t.changes.c.id).order_by(t.changes.c.id.desc()).limit(number))
    return [row[0] for row in rows]


def test_changes_are_told_with_their_builds(scene: Scene) -> None:
    builds = add(scene, builds=2, results={1: 2})
    change, older = newest(scene, 2)
    other = again(scene, change, scene.fast)

    rows = read(scene, "changes", [("order", "-changeid"), ("limit", "2")]).rows

    assert [(row.changeid, row.revision, row.comments) for row in rows] == [
        (change, "r1", "change 1"),
        (older, "r0", "change 0"),
    ]
    assert [[(one.buildid, one.builderid, one.results) for one in row.builds or ()] for row in rows] == [
        [(other, scene.fast, None), (builds[1], scene.slow, 2)],
        [(builds[0], scene.slow, 0)],
    ]
    assert not any(row.more_builds for row in rows)


def test_changes_are_filtered_as_elsewhere(scene: Scene) -> None:
    add(scene, builds=2)

    assert read(scene, "changes", [("branch", "elsewhere")]).rows == []
    assert [row.revision for row in read(scene, "changes", [("revision", "r1")]).rows][:1] == ["r1"]
    first = read(scene, "changes", [("order", "-changeid"), ("after", ""), ("limit", "1")])
    assert first.next is not None
    (second,) = read(scene, "changes", [("after", first.next), ("limit", "1")]).rows
    assert second.changeid == newest(scene, 2)[1]


def test_of_many_builds_the_newest_are_told(scene: Scene) -> None:
    add(scene, builds=1)
    (change,) = newest(scene, 1)
    more = [again(scene, change, scene.fast) for _ in range(3)]
    spec = ResultSpec(query=Query(order=("-changeid",), limit=1))

    page = scene.stage.result(scene.stage.database.read(view_pages.built_changes, spec, 2))

    (row,) = page.rows

    assert [one.buildid for one in row.builds or ()] == more[:0:-1]
    assert row.more_builds


def test_builds_are_not_told_where_they_are_withheld_or_not_asked_for(scene: Scene) -> None:
    add(scene, builds=1)

    (row,) = read(scene, "changes", [("limit", "1"), ("order", "-changeid")], withheld=frozenset({"builds"})).rows
    assert row.builds is None
    asked = [("limit", "1"), ("order", "-changeid"), ("field", "changeid"), ("field", "author")]
    assert read(scene, "changes", asked).rows == [{"author": "a", "changeid": row.changeid}]


def test_builds_out_of_reach_are_not_told(scene: Scene) -> None:
    add(scene, builds=1)
    (change,) = newest(scene, 1)
    (stamp,) = scene.stage.rows(sa.select(t.changes.c.source_stamp_id).where(t.changes.c.id == change))

    def found(reach: Reach) -> list[int]:
        read = scene.stage.database.read(views.builds_of_stamp, stamp[0], 10, reach)
        return [one.number for one in scene.stage.result(read)]

    assert len(found(Reach())) == 1
    assert found(NOTHING) == []
    within = scene.stage.result(scene.stage.database.read(views.TIMED_BUILDS.select, Query(reach=NOTHING)))
    assert within == []
