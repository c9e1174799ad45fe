"""Whatever keeps a request waiting is told, with the ids of what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import NotFound
from buildmill.master.data.resultspec import EVERYTHING
from buildmill.master.db import builders, masters
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.lock_values import MasterLock, WorkerLock
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.engine.chosen_worker import enforceChosenWorker
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.latent.clouds import LibVirtWorker
from tests.harness import Harness
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Raise, Run


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


@dataclass(frozen=True)
class Expected:
    """What the first reason must say."""

    code: Because
    text: str
    fields: dict[str, Any] = field(default_factory=dict)


Cause = Callable[[Harness], tuple[int, Expected]]


def busy(harness: Harness, *names: str) -> None:
    """What is started on workers does not end."""
    for worker in harness.workers.values():
        if worker.name in names or not names:
            worker.scripts["shell"] = lambda _: None


def offline(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.cut()
    return harness.force(), Expected(Because.OFFLINE, "worker w1 is not connected", {"workerid": 1})


def starting_worker(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.cut()
    harness.engine.worker_absent(Reason(code=Because.COMING, text="worker w1 is being started", worker="w1"))
    return harness.force(), Expected(Because.COMING, "worker w1 is being started", {"worker": "w1", "workerid": 1})


def failing_worker(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.cut()
    harness.engine.worker_absent(Reason(code=Because.FAILING, text="it ended with 3", worker="w1"))
    harness.engine.worker_absent(Reason(code=Because.FAILING, text="nobody knows it", worker="w9"))
    return harness.force(), Expected(Because.FAILING, "it ended with 3", {"workerid": 1})


def worker_that_is_not_started(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), workers=[LibVirtWorker("w1", "secret", "/hd")])
    harness.worker.cut()
    return harness.force(), Expected(
        Because.NOT_STARTED,
        "worker w1 is not connected: LibVirtWorker 'w1' is accepted, but starts no machines of libvirt yet; "
        + LibVirtWorker.way_out,
        {"worker": "w1", "workerid": 1},
    )


def worker_that_is_of_another_kind_now(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), workers=[LibVirtWorker("w1", "secret", "/hd")])
    harness.worker.cut()
    builder = harness.builder(Run(command="x"))
    plain = harness.changed_config(builder, workers=[WorkerConfig("w1", "secret")])
    harness.result(harness.engine.configure(plain))
    return harness.force(), Expected(Because.OFFLINE, "worker w1 is not connected")


def paused(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.result(harness.updates.setWorkerPaused(1, True, "new disk"))
    return harness.force(), Expected(Because.PAUSED, "worker w1 is paused: new disk", {"worker": "w1", "workerid": 1})


def graceful(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    busy(harness)
    harness.force()
    harness.result(harness.updates.setWorkerGraceful(1, True))
    return harness.force(), Expected(Because.GRACEFUL, "worker w1 is shutting down when its builds are done")


def quarantined(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Raise()))
    harness.force()
    return harness.force(), Expected(Because.QUARANTINED, "worker w1 failed and is tried again in 10 s")


def busy_with_another_builder(harness: Harness) -> tuple[int, Expected]:
    harness.start(
        harness.builder(Run(command="x")),
        harness.builder(Run(command="y"), name="b2"),
        workers=[WorkerConfig("w1", "secret", max_builds=1)],
    )
    busy(harness)
    harness.force("b1")
    return harness.force("b2"), Expected(
        Because.BUSY, "worker w1 is busy with build 1", {"buildid": 1, "buildids": [1], "workerid": 1}
    )


def busy_with_two(harness: Harness) -> tuple[int, Expected]:
    harness.start(
        *(harness.builder(Run(command="x"), name=name) for name in ("b1", "b2", "b3")),
        workers=[WorkerConfig("w1", "secret", max_builds=2)],
    )
    busy(harness)
    harness.force("b1")
    harness.force("b2")
    return harness.force("b3"), Expected(Because.BUSY, "worker w1 is busy with builds 1, 2", {"buildids": [1, 2]})


def busy_with_the_same_builder(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    busy(harness)
    harness.force()
    return harness.force(), Expected(
        Because.BUSY, "worker w1 is busy with build 1 of the same builder", {"buildids": [1]}
    )


def lock_of_another_builder(harness: Harness) -> tuple[int, Expected]:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x"), locks=[lock.access("exclusive")]),
        harness.builder(Run(command="y"), name="b2", workernames=["w2"], locks=[lock.access("exclusive")]),
    )
    busy(harness)
    harness.force("b1")
    return harness.force("b2"), Expected(
        Because.LOCK, "lock device is held by b1 request 1 (build 1)", {"lock": "device", "buildids": [1]}
    )


def lock_of_a_worker(harness: Harness) -> tuple[int, Expected]:
    lock = WorkerLock("disk")
    harness.start(
        harness.builder(Run(command="x"), locks=[lock.access("exclusive")]),
        harness.builder(Run(command="y"), name="b2", locks=[lock.access("exclusive")]),
    )
    busy(harness)
    harness.force("b1")
    return harness.force("b2"), Expected(
        Because.LOCK, "lock disk is held by b1 request 1 (build 1)", {"lock": "disk", "buildid": 1, "workerid": 1}
    )


def lock_of_a_step(harness: Harness) -> tuple[int, Expected]:
    lock = MasterLock("device")
    harness.start(
        harness.builder(Run(command="x", locks=[lock.access("exclusive")])),
        harness.builder(Run(command="y"), name="b2", workernames=["w2"], locks=[lock.access("exclusive")]),
    )
    busy(harness)
    harness.force("b1")
    return harness.force("b2"), Expected(
        Because.LOCK, "lock device is held by b1 build 1, step run (build 1)", {"lock": "device", "buildids": [1]}
    )


def can_start_refuses(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x"), canStartBuild=lambda *_: False))
    return harness.force(), Expected(
        Because.REFUSED,
        "canStartBuild says no for worker w1",
        {"function": "canStartBuild", "worker": "w1", "workerid": 1},
    )


def next_worker_refuses(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x"), nextWorker=lambda *_: None))
    return harness.force(), Expected(
        Because.REFUSED, "nextWorker chooses no worker out of w1", {"function": "nextWorker"}
    )


def select_next_worker_refuses(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), select_next_worker=lambda *_: None)
    return harness.force(), Expected(
        Because.REFUSED, "select_next_worker chooses no worker out of w1", {"function": "select_next_worker"}
    )


def next_build_chooses_none(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x"), nextBuild=lambda *_: None))
    return harness.force(), Expected(
        Because.REFUSED, "nextBuild of builder b1 chooses no request", {"function": "nextBuild"}
    )


def next_build_prefers_another(harness: Harness) -> tuple[int, Expected]:
    harness.start(
        harness.builder(
            Run(command="x"),
            nextBuild=lambda _, requests: max(requests, key=lambda r: r.id),
            canStartBuild=lambda *_: False,
        )
    )
    first = harness.force()
    harness.force()
    return first, Expected(Because.REFUSED, "nextBuild of builder b1 prefers request 2", {"function": "nextBuild"})


def next_build_is_thinking(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x"), nextBuild=lambda *_: Deferred()))
    return harness.force(), Expected(
        Because.ASKED, "nextBuild has been asked and has not answered yet", {"function": "nextBuild"}
    )


def can_start_raises(harness: Harness) -> tuple[int, Expected]:
    def broken(*_: object) -> bool:
        raise ValueError("out of paper")

    harness.start(harness.builder(Run(command="x"), canStartBuild=broken))
    return harness.force(), Expected(
        Because.FAILED,
        "canStartBuild of builder b1 failed: ValueError: out of paper",
        {"function": "canStartBuild"},
    )


def prioritize_leaves_out(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), prioritizeBuilders=lambda *_: [])
    return harness.force(), Expected(
        Because.REFUSED, "prioritizeBuilders leaves builder b1 out", {"function": "prioritizeBuilders"}
    )


def place_is_kept_for_another(harness: Harness) -> tuple[int, Expected]:
    harness.start(
        harness.builder(Run(command="x"), nextBuild=lambda *_: Deferred()),
        harness.builder(Run(command="y"), name="b2"),
        workers=[WorkerConfig("w1", "secret", max_builds=1)],
    )
    harness.force("b1")
    return harness.force("b2"), Expected(
        Because.BUSY, "worker w1 keeps its last place for a builder whose function is being asked"
    )


def behind_others(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.cut()
    harness.force()
    waiting = harness.force()
    harness.force(priority=3)
    return waiting, Expected(Because.BEHIND, "2 requests of its builder go first", {"position": 3})


def no_worker_is_configured(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), workers=[WorkerConfig("w2", "secret")])
    return harness.force(), Expected(Because.NO_WORKER, "no worker that is configured here can ever run it")


def chosen_worker_is_not_the_builders(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x"), canStartBuild=enforceChosenWorker))
    return harness.force(properties={"workername": "w7"}), Expected(
        Because.NO_WORKER,
        "no worker can ever run it: it asks for worker w7, which builder b1 does not have",
        {"worker": "w7"},
    )


def held(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    busy(harness)
    request = harness.force()
    harness.worker.cut()
    return request, Expected(
        Because.HELD, "its last attempt may still be running on worker w1", {"worker": "w1", "workerid": 1}
    )


def master_stops(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    harness.result(harness.engine.stop(clean=True))
    return harness.force(), Expected(Because.MASTER_STOPPING, "the master gives out no work at present")


def builder_is_gone(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")), harness.builder(Run(command="y"), name="b2"))
    harness.worker.cut()
    request = harness.force("b2")
    harness.result(harness.engine.configure(harness.changed_config(harness.builder(Run(command="x")))))
    return request, Expected(Because.NO_BUILDER, "no configuration has builder b2 any more: nobody can ever run it")


def another_master(harness: Harness, is_active: bool) -> int:
    """A request for a builder that only another master has."""
    harness.start(harness.builder(Run(command="x")), harness.builder(Run(command="y"), name="b2"))
    harness.worker.cut()
    request = harness.force("b2")
    harness.result(harness.engine.configure(harness.changed_config(harness.builder(Run(command="x")))))

    def add(tx: Transaction) -> None:
        other = masters.find(tx, "other")
        masters.set_active(tx, other, is_active)
        builders.configure(tx, other, [{"name": "b2"}])

    harness.result(harness.database.write(add))
    return request


def master_is_inactive(harness: Harness) -> tuple[int, Expected]:
    return another_master(harness, False), Expected(
        Because.MASTER_INACTIVE, "builder b2 is run by master other, which is not active"
    )


def master_is_another(harness: Harness) -> tuple[int, Expected]:
    return another_master(harness, True), Expected(
        Because.OTHER_MASTER, "builder b2 is run by master other: only that one knows more"
    )


def cancelled_but_not_ended(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    busy(harness)
    harness.worker.obeys = False
    request = harness.force()
    harness.result(harness.updates.cancelBuildRequest(request, "enough", "me"))
    return request, Expected(Because.STOPPING, "build 1 of it is being stopped: enough", {"buildid": 1, "workerid": 1})


def running(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    busy(harness)
    return harness.force(), Expected(Because.RUNNING, "build 1 of it runs on worker w1", {"buildids": [1]})


def complete(harness: Harness) -> tuple[int, Expected]:
    harness.start(harness.builder(Run(command="x")))
    return harness.force(), Expected(Because.COMPLETE, "it is complete, with the result success")


CAUSES: list[Cause] = [
    offline, starting_worker, failing_worker, paused, graceful, quarantined,
    worker_that_is_not_started, worker_that_is_of_another_kind_now,
    busy_with_another_builder, busy_with_two, busy_with_the_same_builder, place_is_kept_for_another,
    lock_of_another_builder, lock_of_a_worker, lock_of_a_step,
    can_start_refuses, next_worker_refuses, select_next_worker_refuses, next_build_chooses_none,
    next_build_prefers_another, next_build_is_thinking, can_start_raises, prioritize_leaves_out,
    behind_others, no_worker_is_configured, chosen_worker_is_not_the_builders, held,
    master_stops, builder_is_gone, master_is_inactive, master_is_another,
    cancelled_but_not_ended, running, complete,
]  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_cause_of_waiting_is_told(harness: Harness, cause: Cause, logged_failures: FailureLog) -> None:
    request, expected = cause(harness)

    first = harness.result(harness.data.get(("buildrequests", request, "explain")))[0]

    assert (first["code"], first["text"]) == (expected.code, expected.text)
    assert {name: first[name] for name in expected.fields} == expected.fields
    logged_failures.flush()


def test_every_code_but_those_of_a_moment_has_its_cause() -> None:
    """What is missing here lasts for less than a turn, or needs a database that fails."""
    names = Path(__file__).read_text()

    missing = {code for code in Because if f"Because.{code.name}," not in names.split("CAUSES")[0]}

    assert missing == {Because.STARTING, Because.IDLE, Because.NOT_MADE}


def test_builder_says_why_it_starts_nothing(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")))

    idle = harness.result(harness.data.get("builders/1/explain"))
    harness.worker.cut()
    harness.force()
    waiting = harness.result(harness.data.get("builders/1/explain"))

    assert [(r["code"], r["text"]) for r in idle] == [("idle", "nothing waits for builder b1")]
    assert [r["code"] for r in waiting] == ["worker_offline"]


def test_builder_of_another_master_says_so(harness: Harness) -> None:
    another_master(harness, is_active=True)

    [reason] = harness.result(harness.data.get("builders/2/explain"))

    assert reason["code"] == "other_master"


@pytest.mark.parametrize("path", ["buildrequests/7/explain", "builders/7/explain"])
def test_what_is_not_there_is_not_found(harness: Harness, path: str) -> None:
    harness.start(harness.builder(Run(command="x")))

    found = harness.data.find(path.split("/"))

    with pytest.raises(NotFound, match="no build"):
        harness.result(harness.data.read(found, EVERYTHING, lambda result: result))


def test_explanation_is_never_kept(harness: Harness) -> None:
    harness.data.start()

    for path in ("buildrequests/1/explain", "builders/1/explain"):
        assert harness.data.stamp(harness.data.find(path.split("/"))) is None
    assert harness.data.stamp(harness.data.find(["buildrequests", "1"])) is not None
