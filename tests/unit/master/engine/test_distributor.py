"""Who gets a worker next: with functions of the configuration, with locks, and with many that wait."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from buildmill.common.results import SKIPPED, SUCCESS
from buildmill.master.db import build_requests
from buildmill.master.db.buildsets import NewBuildset
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.lock_values import MasterLock
from buildmill.master.engine import choosing, claim_locks, distributor
from buildmill.master.engine.builder import Builder, RequestView
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.worker_config import WorkerConfig
from tests.harness import Harness
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Run

ONE_AT_A_TIME = [WorkerConfig("w1", "secret", max_builds=1)]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def never_end(harness: Harness) -> None:
    """What is started on workers ends when the test says so."""
    for worker in harness.workers.values():
        worker.scripts["shell"] = lambda _: None


def end(harness: Harness, worker: str = "w1") -> None:
    """The oldest command of a worker succeeds."""
    machine = harness.workers[worker]
    machine.complete(next(iter(machine.running.values())), ["rc", 0])


def end_many(harness: Harness, count: int) -> None:
    for _ in range(count):
        end(harness)


def end_of(harness: Harness, command: str) -> None:
    """The only command of these words succeeds."""
    [running] = [c for c in harness.worker.running.values() if c.args["command"] == command]
    harness.worker.complete(running, ["rc", 0])


def claimed(harness: Harness, *requests: int) -> list[bool]:
    return [harness.request(request).claimed for request in requests]


def ask_often(harness: Harness, count: int) -> None:
    """Many requests for the first builder."""

    def unit(tx: Transaction) -> None:
        for _ in range(count):
            build_requests.ask(tx, NewBuildset(source_stamps=[{}], builder_ids=[1]), harness.master.masterid)

    harness.result(harness.database.write(unit))
    harness.turn()


# -- how much work it is -------------------------------------------------------------------------


def work_of(harness: Harness, action: Callable[[], object]) -> tuple[int, int]:
    """Calls of functions that decide, and statements, that an action comes to."""
    domain = (f"buildmill.master.domain.{name}" for name in ("claims", "lines", "worker_slot", "locks"))
    engine = (module.__name__ for module in (distributor, choosing, claim_locks))
    files = {sys.modules[name].__file__ for name in (*domain, *engine)}
    calls = statements = 0

    def called(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename in files

    def executed(_statement: str) -> None:
        nonlocal statements
        statements += 1

    def trace(connection: Connection) -> None:
        connection.sql.connection.driver_connection.set_trace_callback(executed)  # type: ignore[union-attr]  # SQLite

    harness.result(harness.database.read(trace))
    harness.result(harness.database.write(trace))
    sys.setprofile(called)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls, statements


def best(_builder: Builder, _worker: object, request: RequestView) -> bool:
    return request.priority >= 0


@pytest.mark.parametrize("functions", [{}, {"canStartBuild": best}], ids=["plain", "with a function"])
def test_work_of_a_decision_does_not_grow_with_the_queue(harness: Harness, functions: dict[str, Any]) -> None:
    harness.start(
        harness.builder(Run(command="x"), workernames=["w1", "w2"], **functions),
        harness.builder(Run(command="y"), name="b2", workernames=["w1", "w2"], **functions),
    )
    never_end(harness)
    ask_often(harness, 60)
    few = work_of(harness, lambda: end_many(harness, 10))

    ask_often(harness, 540)
    many = work_of(harness, lambda: end_many(harness, 10))

    assert min(few) > 100
    assert many[0] <= few[0] * 1.05
    assert many[1] <= few[1] * 1.05


def test_builders_that_wait_for_a_lock_are_not_looked_at_again_and_again(harness: Harness) -> None:
    lock = MasterLock("device")

    def blocked(count: int) -> list[BuilderConfig]:
        return [
            harness.builder(Run(command="x"), name=f"l{n}", workernames=["w1"], locks=[lock.access("exclusive")])
            for n in range(count)
        ]

    free = harness.builder(Run(command="y"), name="free", workernames=["w1"])
    works: list[tuple[int, int]] = []
    for count in (3, 30):
        config = [free, *blocked(count)]
        if works:
            harness.result(harness.engine.configure(harness.changed_config(*config)))
            harness.turn()
        else:
            harness.start(*config, workers=[WorkerConfig("w1", "secret", max_builds=2)])
            never_end(harness)
            harness.force("l0")  # has the lock
        for builder in config[1:]:
            harness.force(builder.name)
        for _ in range(3):
            harness.force("free")
        end_of(harness, "y")  # each of the others is looked at, and set aside
        works.append(work_of(harness, lambda: end_of(harness, "y")))

    (few, statements), many = works
    assert many[0] < 1.5 * few  # ten times as many builders; the heaps have some more entries that are out of date
    assert many[1] == statements


# -- functions ------------------------------------------------------------------------------------


def test_builder_whose_function_thinks_does_not_hold_up_another(harness: Harness) -> None:
    answer: Deferred[bool] = Deferred()
    harness.start(
        harness.builder(Run(command="x"), workernames=["w1", "w2"], canStartBuild=lambda *_: answer),
        harness.builder(Run(command="y"), name="b2", workernames=["w1", "w2"], canStartBuild=lambda *_: True),
        harness.builder(Run(command="z"), name="b3", workernames=["w1", "w2"]),
    )
    never_end(harness)

    slow, quick, plain = harness.force("b1"), harness.force("b2"), harness.force("b3")
    assert claimed(harness, slow, quick, plain) == [False, True, True]
    answer.callback(True)
    harness.turn()

    assert claimed(harness, slow) == [True]


def test_place_is_kept_for_a_second_for_a_function_that_thinks(harness: Harness) -> None:
    answers: list[Deferred[bool]] = []

    def ask(*_: object) -> Deferred[bool]:
        answers.append(Deferred())
        return answers[-1]

    harness.start(
        harness.builder(Run(command="x"), canStartBuild=ask),
        harness.builder(Run(command="y"), name="b2"),
        workers=ONE_AT_A_TIME,
    )
    never_end(harness)
    first, urgent, plain = harness.force("b2"), harness.force("b1", priority=5), harness.force("b2")
    end(harness)
    assert harness.request(first).complete
    harness.advance(0.9)
    assert claimed(harness, urgent, plain) == [False, False]
    answers.pop().callback(True)
    harness.turn()
    assert claimed(harness, urgent, plain) == [True, False]

    urgent = harness.force("b1", priority=5)
    end(harness)
    harness.advance(1.1)

    assert claimed(harness, urgent, plain) == [False, True]
    answers.pop().callback(True)
    harness.turn()
    assert claimed(harness, urgent) == [False]  # the place is taken
    end(harness)
    answers.pop().callback(True)
    harness.turn()
    assert claimed(harness, urgent) == [True]


def test_builder_that_was_refused_is_asked_at_the_events_of_its_own(harness: Harness) -> None:
    asked: list[int] = []

    def refuse(_builder: object, _worker: object, request: RequestView) -> bool:
        asked.append(request.id)
        return False

    harness.start(
        harness.builder(Run(command="x"), canStartBuild=refuse),
        harness.builder(Run(command="y"), name="b2", workernames=["w1", "w2"]),
    )
    never_end(harness)

    harness.force("b1")
    assert asked == [1]
    harness.force("b1")
    assert asked == [1, 1, 2]
    asked.clear()
    harness.workers["w2"].cut()
    harness.workers["w2"].connect()
    assert asked == []
    harness.force("b2")
    harness.workers["w2"].cut()
    assert asked == []
    harness.force("b2")
    end(harness)

    assert asked == [1, 2]


def test_functions_that_refuse_many_requests_let_the_master_breathe(harness: Harness) -> None:
    seen: list[str] = []
    count = 3 * choosing.CALLS_IN_A_ROW

    def refuse(*_: object) -> bool:
        seen.append("asked")
        return False

    def turn() -> None:
        seen.append("turn")
        if seen.count("asked") < count:
            harness.clock.callLater(0, turn)

    harness.start(harness.builder(Run(command="x"), canStartBuild=refuse))
    harness.clock.callLater(0, turn)

    ask_often(harness, count)

    assert seen.count("asked") == count
    assert max(len(row.split()) for row in " ".join(seen).split("turn")) <= choosing.CALLS_IN_A_ROW


def test_function_that_raises_stops_no_other_builder(harness: Harness, logged_failures: FailureLog) -> None:
    def broken(*_: object) -> object:
        raise SystemExit(3)

    harness.start(
        harness.builder(Run(command="x"), nextWorker=broken),
        harness.builder(Run(command="y"), name="b2", nextBuild=lambda _, requests: requests[0]),
    )

    failing, other = harness.force("b1", priority=3), harness.force("b2")

    assert claimed(harness, failing, other) == [False, True]
    assert harness.request(other).results == SUCCESS
    logged_failures.flush()


def test_function_whose_deferred_is_cancelled_has_failed(harness: Harness, logged_failures: FailureLog) -> None:
    answers: list[Deferred[bool]] = []

    def ask(*_: object) -> Deferred[bool]:
        answers.append(Deferred())
        return answers[-1]

    harness.start(harness.builder(Run(command="x"), canStartBuild=ask))
    first = harness.force()
    answers[0].cancel()
    harness.turn()

    reasons = harness.engine.explain(first)

    assert reasons is not None
    assert reasons[0].text == f"canStartBuild of builder b1 failed: {CancelledError.__name__}: "
    harness.force()
    answers[1].callback(True)
    harness.turn()
    assert harness.results() == [SUCCESS]
    logged_failures.flush()


def test_master_stops_while_a_function_thinks(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x"), canStartBuild=lambda *_: Deferred()))
    request = harness.force()

    harness.result(harness.engine.stop(clean=True))

    assert claimed(harness, request) == [False]


def test_answer_of_a_function_that_is_configured_no_more_counts_no_more(harness: Harness) -> None:
    answer: Deferred[bool] = Deferred()
    harness.start(harness.builder(Run(command="x"), canStartBuild=lambda *_: answer))
    request = harness.force()

    refusing = harness.builder(Run(command="x"), canStartBuild=lambda *_: False)
    harness.result(harness.engine.configure(harness.changed_config(refusing)))
    harness.turn()
    answer.callback(True)
    harness.turn()
    assert claimed(harness, request) == [False]

    harness.result(harness.engine.configure(harness.changed_config(harness.builder(Run(command="x")))))
    harness.turn()
    assert claimed(harness, request) == [True]


def test_next_build_sees_all_and_what_it_chooses_goes_on_when_it_is_gone(harness: Harness) -> None:
    seen: list[list[int]] = []
    answers: list[Deferred[Any]] = []

    async def choose(_builder: Builder, requests: list[RequestView]) -> object:
        seen.append([request.id for request in requests])
        answers.append(Deferred())
        await answers[-1]
        return requests[0]

    harness.start(harness.builder(Run(command="x"), nextBuild=choose))
    first, second = harness.force(), harness.force()
    harness.result(harness.updates.cancelBuildRequest(first, "no", "me"))

    answers[0].callback(None)
    harness.turn()
    answers[1].callback(None)
    harness.turn()

    assert seen == [[first], [second]]
    assert harness.request(second).results == SUCCESS


def test_prioritize_builders_orders_those_that_can_start(harness: Harness) -> None:
    seen: list[list[str]] = []

    async def reversed_(_master: object, candidates: list[Builder]) -> list[Builder]:
        seen.append([builder.name for builder in candidates])
        return sorted(candidates, key=lambda builder: builder.name, reverse=True)

    names = ("b1", "b2", "b3")
    harness.start(
        *(harness.builder(Run(command=name), name=name) for name in names),
        workers=ONE_AT_A_TIME,
        prioritizeBuilders=reversed_,
    )
    never_end(harness)
    requests = [harness.force(name) for name in names]
    again = harness.force("b3")

    end(harness)
    assert claimed(harness, *requests, again) == [True, False, True, False]
    end(harness)
    assert claimed(harness, *requests, again) == [True, False, True, True]
    end(harness)
    assert claimed(harness, *requests) == [True, True, True]
    assert seen == [["b1"], ["b2", "b3"], ["b2", "b3"], ["b2"]]


def test_prioritize_builders_that_fails_leaves_the_default_order(harness: Harness, logged_failures: FailureLog) -> None:
    def broken(_master: object, _builders: list[Builder]) -> list[Builder]:
        raise ValueError("out of paper")

    harness.start(
        harness.builder(Run(command="x")),
        harness.builder(Run(command="y"), name="b2"),
        workers=ONE_AT_A_TIME,
        prioritizeBuilders=broken,
    )
    never_end(harness)
    harness.force("b1")

    lower, higher = harness.force("b1"), harness.force("b2", priority=1)
    end(harness)

    assert claimed(harness, lower, higher) == [False, True]
    logged_failures.flush()


def test_select_next_worker_serves_builders_without_a_function_of_their_own(harness: Harness) -> None:
    workers = ["w1", "w2", "w3"]

    def called(name: str) -> Callable[..., object]:
        return lambda _builder, candidates, _request: next(w for w in candidates if w.name == name)

    harness.start(
        harness.builder(Run(command="x"), workernames=workers),
        harness.builder(Run(command="y"), name="b2", nextWorker=called("w2"), workernames=workers),
        select_next_worker=called("w3"),
    )
    never_end(harness)

    harness.force("b1")
    harness.force("b2")

    started = {name: [c.args["command"] for c in worker.started] for name, worker in harness.workers.items()}
    assert started == {"w1": [], "w2": ["y"], "w3": ["x"]}


def test_collapse_function_is_asked_once_for_each_new_request_and_each_older_one(harness: Harness) -> None:
    asked: list[tuple[int, int]] = []

    async def same_branch(_master: object, builder: Builder, new: RequestView, old: RequestView) -> bool:
        asked.append((new["buildrequestid"], old["buildrequestid"]))
        assert builder["name"] == "b1"
        assert new["buildsetid"] != old["buildsetid"]
        return bool(new.sources[""].branch == old.sources[""].branch)

    harness.start(harness.builder(Run(command="x")), collapseRequests=same_branch)
    never_end(harness)
    running = harness.force()
    first = harness.force(source_stamps=[{"branch": "a"}])
    other = harness.force(source_stamps=[{"branch": "b"}])
    last = harness.force(source_stamps=[{"branch": "a"}])

    end(harness)

    assert asked == [(other, first), (last, first), (last, other)]
    assert harness.request(first).results == SKIPPED
    assert harness.request(running).results == SUCCESS
    assert claimed(harness, other, last) == [True, False]


def test_collapse_function_that_fails_leaves_requests_as_they_are(
    harness: Harness, logged_failures: FailureLog
) -> None:
    def broken(*_: object) -> bool:
        raise ValueError("out of paper")

    harness.start(harness.builder(Run(command="x"), collapseRequests=broken))
    never_end(harness)
    harness.force()
    requests = [harness.force(), harness.force()]

    for _ in range(3):
        end(harness)

    assert [harness.request(request).results for request in requests] == [SUCCESS, SUCCESS]
    logged_failures.flush()


# -- locks ------------------------------------------------------------------------------------------


def test_end_of_a_step_lets_a_builder_have_its_lock(harness: Harness) -> None:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x", locks=[lock.access("exclusive")]), Run(command="y")),
        harness.builder(Run(command="z"), name="b2", workernames=["w2"], locks=[lock.access("exclusive")]),
    )
    never_end(harness)
    harness.force("b1")
    waiting = harness.force("b2")
    assert claimed(harness, waiting) == [False]

    end(harness)

    assert claimed(harness, waiting) == [True]
    assert [c.args["command"] for c in harness.workers["w1"].running.values()] == ["y"]


def test_a_request_for_a_whole_lock_is_not_passed_over_by_later_ones_that_only_count(harness: Harness) -> None:
    lock = MasterLock("device", maxCount=2)
    harness.start(
        harness.builder(Run(command="x"), locks=[lock.access("counting")]),
        harness.builder(Run(command="whole"), name="b2", workernames=["w2"], locks=[lock.access("exclusive")]),
        harness.builder(Run(command="z"), name="b3", workernames=["w3"], locks=[lock.access("counting")]),
    )
    never_end(harness)
    harness.force("b1")
    whole, later = harness.force("b2"), harness.force("b3")
    assert claimed(harness, whole, later) == [False, False]

    end(harness)

    assert claimed(harness, whole, later) == [True, False]


def test_a_request_without_a_worker_keeps_no_lock_from_others(harness: Harness) -> None:
    lock = MasterLock("device", maxCount=2)
    harness.start(
        harness.builder(Run(command="x"), locks=[lock.access("counting")]),
        harness.builder(Run(command="whole"), name="b2", workernames=["w2"], locks=[lock.access("exclusive")]),
        harness.builder(Run(command="z"), name="b3", workernames=["w3"], locks=[lock.access("counting")]),
    )
    never_end(harness)
    harness.force("b1")
    whole = harness.force("b2")
    harness.workers["w2"].cut()
    harness.turn()
    later = harness.force("b3")

    assert claimed(harness, whole, later) == [False, True]


def test_function_is_asked_again_when_a_lock_is_free(harness: Harness) -> None:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x"), locks=[lock.access("exclusive")]),
        harness.builder(
            Run(command="y"),
            name="b2",
            workernames=["w2"],
            locks=[lock.access("exclusive")],
            canStartBuild=lambda *_: True,
        ),
    )
    never_end(harness)
    harness.force("b1")
    waiting = harness.force("b2")
    assert claimed(harness, waiting) == [False]

    end(harness)

    assert claimed(harness, waiting) == [True]
