"""What each store promises, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Conflict, NotFound
from buildmill.common.results import CANCELLED, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.db import (
    build_requests,
    builders,
    builds,
    buildsets,
    changes,
    commands,
    masters,
    schedulers,
    source_stamps,
    state,
    steps,
    workers,
)
from buildmill.master.db import tables as t
from buildmill.master.db.buildsets import NewBuildset
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.stopping import user
from tests.database import NOW, Stage


class Rows:
    """Short ways to rows that a test only needs to be there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.master = self.write(masters.find, "m1")
        self.other_master = self.write(masters.find, "m2")
        self.builder = self.write(builders.find, "b1")
        self.worker = self.write(workers.find, "w1")

    def write(self, unit: Any, *args: Any) -> Any:
        return self.stage.result(self.stage.database.write(unit, *args))

    def read(self, query: Any, *args: Any) -> Any:
        return self.stage.result(self.stage.database.read(query, *args))

    def ask(self, *builder_ids: int, **new: Any) -> tuple[int, list[int]]:
        wanted = {"source_stamps": [{}], "builder_ids": builder_ids or (self.builder,), **new}
        buildset, requests = self.write(build_requests.ask, NewBuildset(**wanted), self.master)
        return buildset, list(requests.values())

    def start(self, request: int, builder: int | None = None) -> builds.StartedBuild | None:
        wanted = [(request, builder or self.builder, self.worker)]
        [started] = self.write(builds.start, wanted, self.master)
        result: builds.StartedBuild | None = started
        return result

    def request(self, request: int) -> Any:
        return self.read(build_requests.get, request)


@pytest.fixture
def rows(stage: Stage) -> Rows:
    return Rows(stage)


def test_equal_sources_are_one_source_stamp(rows: Rows) -> None:
    wanted = {"branch": "main", "revision": "1", "patch_body": b"--- a"}

    first, same = (rows.write(source_stamps.find_or_add, wanted) for _ in range(2))
    other = rows.write(source_stamps.find_or_add, {**wanted, "patch_body": b"--- b"})

    assert first == same != other
    assert rows.read(source_stamps.get, other).patch.body == b"--- b"


@pytest.mark.parametrize("branch", ["main", None])
def test_parent_of_a_change_is_the_newest_of_its_branch(rows: Rows, branch: str | None) -> None:
    first, _, second = (
        rows.write(changes.add, changes.NewChange(author="a", comments="", branch=b, repository="r"))
        for b in (branch, "other", branch)
    )

    assert first.parent_changeids == []
    assert second.parent_changeids == [first.changeid]
    assert second.when_timestamp == NOW


def test_buildset_is_complete_with_the_worst_result_of_its_requests(rows: Rows) -> None:
    second = rows.write(builders.find, "b2")
    buildset, [one, two] = rows.ask(rows.builder, second)

    rows.write(build_requests.complete, one, FAILURE)
    assert not rows.read(buildsets.get, buildset).complete
    assert rows.write(build_requests.complete, two, WARNINGS)

    assert not rows.write(build_requests.complete, two, SUCCESS)
    found = rows.read(buildsets.get, buildset)
    assert (found.complete, found.results, found.complete_at) == (True, FAILURE, NOW)
    last, of_set = rows.stage.events[-2:]
    assert ("buildrequests", str(two), "complete") in last.keys
    assert of_set.keys == (("buildsets", str(buildset), "complete"),)


def test_request_that_another_master_has_taken_gives_no_build(rows: Rows) -> None:
    _, [request] = rows.ask()
    assert rows.write(build_requests.claim, request, rows.other_master) is not None

    assert rows.start(request) is None

    assert rows.stage.rows(sa.select(t.builds.c.id)) == []
    assert rows.request(request).claimed_by_masterid == rows.other_master


def test_numbers_of_builds_follow_each_other_for_each_builder(rows: Rows) -> None:
    second = rows.write(builders.find, "b2")

    numbers = [
        (builder, started.build.number)
        for builder in (rows.builder, second, rows.builder)
        if (started := rows.start(rows.ask(builder)[1][0], builder)) is not None
    ]

    assert numbers == [(rows.builder, 1), (second, 1), (rows.builder, 2)]


def test_retry_puts_the_request_back_and_any_other_result_completes_it(rows: Rows) -> None:
    buildset, [request] = rows.ask()
    for result in (RETRY, SUCCESS):
        started = rows.start(request)
        assert started is not None
        rows.write(builds.finish_with_request, started.build.buildid, request, result, "text")
        assert rows.request(request).claimed == (result == SUCCESS)

    assert rows.request(request).results == SUCCESS
    assert rows.read(buildsets.get, buildset).complete


def test_cancelled_request_is_complete_or_has_its_build_stopped(rows: Rows) -> None:
    _, [waiting] = rows.ask()
    _, [running] = rows.ask()
    started = rows.start(running)
    assert started is not None

    for request in (waiting, running):
        rows.write(builds.cancel_request, request, "why", user("me"), rows.master)

    assert rows.request(waiting).results == CANCELLED
    assert not rows.request(running).complete
    assert rows.read(builds.stop_requested, started.build.buildid) == (CANCELLED, "why", "me")
    assert rows.stage.event_names()[-1] == f"control/builds/{started.build.buildid}/stop"


def test_finished_or_unknown_build_cannot_be_stopped(rows: Rows) -> None:
    _, [request] = rows.ask()
    started = rows.start(request)
    assert started is not None
    rows.write(builds.finish, started.build.buildid, SUCCESS)

    with pytest.raises(Conflict):
        rows.write(builds.request_stop, started.build.buildid, "", CANCELLED, user(""))
    with pytest.raises(NotFound):
        rows.write(builds.request_stop, 99, "", CANCELLED, user(""))


def test_rebuild_of_a_rebuild_names_the_first_build(rows: Rows) -> None:
    _, [request] = rows.ask(properties={"a": (1, "Scheduler")}, source_stamps=[{"branch": "x"}])
    found = []
    for _ in range(2):
        started = rows.start(request)
        assert started is not None
        buildset, requests = rows.write(builds.rebuild, started.build.buildid, frozenset(), rows.master)
        [request] = requests.values()
        found.append(rows.read(buildsets.get, buildset))

    assert [b.rebuilt_buildid for b in found] == [1, 1]
    assert [b.sourcestamps[0].branch for b in found] == ["x", "x"]
    assert rows.read(buildsets.properties, found[1].bsid) == {"a": (1, "Scheduler")}


def test_only_properties_that_differ_are_told(rows: Rows) -> None:
    started = rows.start(rows.ask()[1][0])
    assert started is not None
    build = started.build.buildid
    rows.write(builds.set_properties, build, {"a": (1, "s"), "b": (2, "s")})
    del rows.stage.events[:]

    rows.write(builds.set_properties, build, {"a": (1, "s"), "b": (3, "s")})
    rows.write(builds.set_properties, build, {"b": (3, "s")})

    assert [event.message for event in rows.stage.events] == [{"b": (3, "s")}]
    assert rows.read(builds.properties, build) == {"a": (1, "s"), "b": (3, "s")}


def test_newer_request_for_the_same_work_stands_for_the_older(rows: Rows) -> None:
    collapsing = frozenset({rows.builder})
    _, [older] = rows.ask(collapsing=collapsing)
    _, [patched] = rows.ask(collapsing=collapsing, source_stamps=[{"patch_body": b"x"}])

    _, [newer] = rows.ask(collapsing=collapsing)

    assert rows.request(older).results == SKIPPED
    assert not rows.request(patched).complete
    assert not rows.request(newer).complete


def test_one_master_at_a_time_has_a_scheduler(rows: Rows) -> None:
    scheduler = rows.write(schedulers.find, "s")

    def take(by: int, master: int | None) -> bool:
        return bool(rows.write(schedulers.try_set_scheduler_master, scheduler, master, by))

    one, other = rows.master, rows.other_master
    assert (take(one, one), take(other, other), take(one, one)) == (True, False, True)
    assert (take(one, None), take(other, other)) == (True, True)


@pytest.mark.parametrize(
    ("find", "take"),
    [
        (schedulers.find, schedulers.try_set_scheduler_master),
        (schedulers.find_change_source, schedulers.try_set_change_source_master),
    ],
)
def test_a_master_that_was_thought_dead_does_not_release_what_another_one_has(
    rows: Rows, find: Callable[..., int], take: Callable[..., bool]
) -> None:
    row = rows.write(find, "s")
    rows.write(take, row, rows.other_master, rows.other_master)

    assert not rows.write(take, row, None, rows.master)
    assert not rows.write(take, row, rows.master, rows.master)


def test_scheduler_remembers_its_changes_until_they_are_flushed(rows: Rows) -> None:
    scheduler = rows.write(schedulers.find, "s")
    one, two = (
        rows.write(changes.add, changes.NewChange(author="a", comments="", branch=b)).changeid for b in ("x", "y")
    )
    rows.write(schedulers.classify, scheduler, {one: True, two: False})
    rows.write(schedulers.classify, scheduler, {two: True})

    assert rows.read(schedulers.classifications, scheduler) == {one: True, two: True}
    rows.write(schedulers.flush_classifications, scheduler, two)
    assert rows.read(schedulers.classifications, scheduler) == {two: True}


class TakenOver(Transaction):
    """The transaction of a master that stands still after its first statement: another one goes on meanwhile."""

    was_taken_over = False

    def run(self, statement: Statement, **params: Any) -> int:
        changed = super().run(statement, **params)
        self._go_on()
        return changed

    def one(self, statement: Statement, **params: Any) -> Any:
        row = super().one(statement, **params)
        self._go_on()
        return row

    def _go_on(self) -> None:
        if not self.was_taken_over:
            self.was_taken_over = True
            self.sql.execute(t.builds.update().values(fence=t.builds.c.fence + 1))
            self.sql.execute(t.commands.update().values(acked=205))


def test_a_master_that_stood_still_does_not_take_back_what_another_one_has_taken(rows: Rows) -> None:
    _, [request] = rows.ask()
    started = rows.start(request)
    assert started is not None

    def acknowledge(tx: Transaction, fence: int, last: int) -> bool:
        return commands.acknowledge(tx, "1.1.1.1.abc", fence, last)

    def acknowledge_late(tx: Transaction) -> bool:
        return acknowledge(TakenOver(tx.sql, tx.now), 0, 3)

    def send(tx: Transaction) -> None:
        step = steps.begin(tx, started.build.buildid, "compile", 1, False, "compiling")
        commands.add(tx, "1.1.1.1.abc", started.build.buildid, step.stepid, 1, rows.worker, "shell")

    rows.write(send)
    assert [rows.write(acknowledge, *known) for known in ((0, 2), (0, 1), (1, 3))] == [True, True, False]

    rows.write(acknowledge_late)

    assert not rows.write(acknowledge, 0, 4)
    assert rows.stage.rows(sa.select(t.commands.c.acked)) == [(205,)]


def test_state_is_kept_by_class_object_and_name(rows: Rows) -> None:
    rows.write(state.put, "C", "o", "n", [1])
    rows.write(state.put, "C", "o", "n", {"a": None})

    assert rows.read(state.get, "C", "o", "n") == {"a": None}
    with pytest.raises(NotFound):
        rows.read(state.get, "C", "other", "n")


def test_lost_commands_are_found_by_their_index(rows: Rows) -> None:
    """Each worker that attaches asks for them, among all commands that ever ran."""
    if rows.stage.url.startswith("sqlite"):
        plan = rows.stage.rows(
            sa.text(  # type: ignore[arg-type]  # rows come all the same
                "EXPLAIN QUERY PLAN SELECT uid FROM commands WHERE commands.state IN ('assigned', 'lost')"
                " AND worker_id = 1 AND state = 'lost'"
            )
        )
        assert any("ix_commands_open" in str(row[-1]) for row in plan)
    assert rows.read(commands.lost_on, rows.worker) == []
    assert rows.read(commands.workers_with_lost) == set()
