"""Latent workers: their instances are started for builds, shared, stopped when idle, and given up when they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred, succeed

from buildmill.common.results import CANCELLED, EXCEPTION, RETRY, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.domain.reasons import Because
from buildmill.master.engine.substantiation import LatentWorkerCannotSubstantiate, LatentWorkerFailedToSubstantiate
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.engine.workers import LatentWorkerForBuilder
from buildmill.master.latent.abstract import AbstractLatentWorker
from tests.durable import DurableWorker
from tests.harness import Harness, ScriptedWorker
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Run


class Cloud:
    """Where the instances are.

    Attributes:
        told: what was done, in order: ``start 1`` (of a build), ``stop``, ``stop fast``.
        answer: what start_instance does, after it has connected the worker if it `connects`.
    """

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.told: list[str] = []
        self.connects = True
        self.answer: Callable[[Any], Any] = lambda _build: True
        self.stopping: Callable[[], Any] = lambda: None
        self.check: Any = (True, "")

    def start(self, worker: AbstractLatentWorker, build: Any) -> Any:
        self.told.append(f"start {build.buildid}")
        if self.connects:
            self.harness.clock.callLater(1, self.harness.workers[worker.name].connect)
        return self.answer(build)


class Latent(AbstractLatentWorker):
    """A class of a user."""

    cloud: Cloud

    def checkConfig(self, name: str, size: str = "small", **options: Any) -> None:  # type: ignore[override]
        super().checkConfig(name, **options)

    async def reconfigService(self, name: str, size: str = "small", **options: Any) -> None:
        self.size = size

    def start_instance(self, build: Any) -> Any:
        assert self.size == "small"
        assert self.password
        return self.cloud.start(self, build)

    def stop_instance(self, fast: bool = False) -> Any:
        assert self.size == "small"  # it knows its arguments, whoever has started the instance
        self.cloud.told.append("stop fast" if fast else "stop")
        return self.cloud.stopping()

    async def check_instance(self) -> Any:
        return self.cloud.check

    async def renderWorkerProps(self, build: Any) -> Any:
        return await build.render(build.getProperty("image"))


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def cloud_of(
    harness: Harness, *builders: str, worker_class: type[ScriptedWorker] = ScriptedWorker, **worker: Any
) -> Cloud:
    """Builders with one latent worker that is not connected."""
    cloud = Cloud(harness)
    latent = Latent("w1", **worker)
    latent.cloud = cloud
    harness.workers["w1"] = worker_class(harness, "w1")
    made = [harness.builder(Run(command="x"), name=name) for name in builders or ("b1",)]
    harness.start(*made, workers=[latent])
    return cloud


def advance(harness: Harness, seconds: float) -> None:
    harness.clock.advance(seconds)
    harness.turn()


def test_an_instance_is_started_for_a_build_and_stopped_when_nobody_needs_it(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=600)
    idle = list(cloud.told)

    harness.force()
    starting = harness.build(1).state_string
    advance(harness, 1)
    advance(harness, 599)
    before = list(cloud.told)
    advance(harness, 1)

    assert (idle, starting) == ([], "starting worker w1")
    assert harness.results() == [SUCCESS]
    assert (before, cloud.told) == (["start 1"], ["start 1", "stop"])
    assert harness.worker.closed[-1][1] == "the instance of this worker is being stopped"


def test_builds_that_come_in_time_share_an_instance(harness: Harness) -> None:
    cloud = cloud_of(harness, "b1", "b2", build_wait_timeout=600)

    harness.force("b1")
    harness.force("b2")
    advance(harness, 1)
    advance(harness, 300)
    harness.force("b1")
    advance(harness, 599)

    assert harness.results() == [SUCCESS, SUCCESS, SUCCESS]
    assert cloud.told == ["start 1"]


@pytest.mark.parametrize(("timeout", "told"), [(0, ["start 1", "stop"]), (-1, ["start 1"])])
def test_an_instance_can_be_of_one_build_or_stay_for_ever(harness: Harness, timeout: int, told: list[str]) -> None:
    cloud = cloud_of(harness, build_wait_timeout=timeout)

    harness.force()
    advance(harness, 1)
    advance(harness, 100_000)

    assert cloud.told == told


def test_a_build_that_needs_another_instance_gets_it_when_the_present_one_is_idle(harness: Harness) -> None:
    cloud = cloud_of(harness, "b1", "b2")
    harness.worker.scripts["shell"] = lambda _: None

    harness.force("b1", {"image": "one"})
    advance(harness, 1)
    harness.force("b2", {"image": "two"})
    advance(harness, 10)
    during = list(cloud.told)
    harness.worker.scripts["shell"] = lambda _: [["rc", 0]]
    harness.worker.complete(harness.worker.started[0], ["rc", 0])
    advance(harness, 1)

    assert during == ["start 1"]
    assert cloud.told == ["start 1", "stop", "start 2"]
    assert harness.results() == [SUCCESS, SUCCESS]


def failing(cloud: Cloud) -> tuple[str, int]:
    cloud.connects, cloud.answer = False, lambda _: False
    return "start_instance says that it failed", 0


def raising(cloud: Cloud) -> tuple[str, int]:
    def broken(_build: Any) -> Any:
        raise OSError("no room")

    cloud.connects, cloud.answer = False, broken
    return "OSError: no room", 0


def saying_so(cloud: Cloud) -> tuple[str, int]:
    def refuse(_build: Any) -> Any:
        raise LatentWorkerFailedToSubstantiate("w1", "no money")

    cloud.connects, cloud.answer = False, refuse
    return "('w1', 'no money')", 0


def not_connecting(cloud: Cloud) -> tuple[str, int]:
    cloud.connects = False
    return "it did not connect within 30 s", 30


def dying(cloud: Cloud) -> tuple[str, int]:
    cloud.connects, cloud.check = False, (False, "exit code 3")
    return "its instance has ended: exit code 3", 10


@pytest.mark.parametrize("how", [failing, raising, saying_so, not_connecting, dying])
def test_a_start_that_fails_is_tried_again_after_a_while(
    harness: Harness, how: Callable[[Cloud], tuple[str, int]], logged_failures: FailureLog
) -> None:
    cloud = cloud_of(harness, missing_timeout=30)
    why, seconds = how(cloud)

    request = harness.force()
    advance(harness, seconds)
    waiting = harness.result(harness.data.get(("buildrequests", request, "explain")))
    once = list(cloud.told)
    cloud.connects, cloud.answer, cloud.check = True, lambda _: succeed("started"), (True, "")
    advance(harness, 10)
    advance(harness, 1)

    assert harness.results() == [RETRY, SUCCESS]
    assert why in harness.build(1).state_string
    assert once == ["start 1", "stop"]
    assert [reason["code"] for reason in waiting] == [Because.QUARANTINED]
    assert cloud.told == ["start 1", "stop", "start 2"]
    logged_failures.flush()


def test_a_start_that_can_never_succeed_ends_the_build(harness: Harness, logged_failures: FailureLog) -> None:
    def refuse(_build: Any) -> Any:
        raise LatentWorkerCannotSubstantiate("no such image")

    cloud = cloud_of(harness)
    cloud.connects, cloud.answer = False, refuse

    harness.force()
    advance(harness, 1)

    assert harness.results() == [EXCEPTION]
    assert "no such image" in harness.build(1).state_string
    logged_failures.flush()


def test_a_build_that_is_stopped_waits_no_longer_and_its_instance_is_stopped(harness: Harness) -> None:
    cloud = cloud_of(harness)
    cloud.connects = False
    harness.force()

    harness.result(harness.updates.requestBuildStop(1, "enough"))
    harness.turn()

    assert harness.results() == [CANCELLED]
    assert cloud.told == ["start 1", "stop"]


def test_an_instance_that_is_lost_is_started_anew(harness: Harness) -> None:
    cloud = cloud_of(harness)
    harness.worker.scripts["shell"] = lambda _: None
    harness.force()
    advance(harness, 1)

    harness.worker.scripts["shell"] = lambda _: [["rc", 0]]
    harness.worker.cut()
    advance(harness, 1)
    advance(harness, 60)

    assert cloud.told[:3] == ["start 1", "stop", "start 2"]
    assert harness.results() == [RETRY, SUCCESS]


def test_an_instance_that_cannot_be_stopped_is_told_and_tried_again_with_the_next_build(
    harness: Harness, logged_failures: FailureLog
) -> None:
    def broken() -> None:
        raise OSError("no network")

    cloud = cloud_of(harness, build_wait_timeout=0)
    cloud.stopping = broken

    for _ in range(2):
        harness.force()
        advance(harness, 1)

    assert cloud.told == ["start 1", "stop", "start 2", "stop"]
    assert harness.results() == [SUCCESS, SUCCESS]
    assert len(logged_failures.flush(OSError)) == 2


def test_what_stands_idle_and_is_lost_is_stopped(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=-1)
    harness.force()
    advance(harness, 1)

    harness.worker.cut()
    advance(harness, 1)

    assert cloud.told == ["start 1", "stop"]


def test_while_it_is_being_stopped_its_worker_cannot_connect_and_builds_wait(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=0)
    stopped: Deferred[None] = Deferred()
    cloud.stopping = lambda: stopped
    harness.force()
    advance(harness, 1)

    harness.worker.connect()
    refused = harness.worker.closed[-1][1]
    harness.force()
    before = list(cloud.told)
    cloud.stopping = lambda: None
    stopped.callback(None)
    harness.turn()
    advance(harness, 1)

    assert "is being stopped" in refused
    assert before == ["start 1", "stop"]
    assert cloud.told == ["start 1", "stop", "start 2", "stop"]
    assert harness.results() == [SUCCESS, SUCCESS]


def test_a_worker_that_comes_unasked_is_taken_and_stopped_when_idle(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=600)

    harness.worker.connect()
    advance(harness, 600)

    assert cloud.told == ["stop"]


def test_a_master_that_stops_stops_its_instances(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=-1)
    harness.force()
    advance(harness, 1)

    harness.result(harness.engine.stop(clean=False))

    assert cloud.told == ["start 1", "stop fast"]


def test_a_worker_that_is_left_out_or_is_of_another_kind_is_stopped(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=-1)
    harness.force()
    advance(harness, 1)

    plain = harness.changed_config(harness.builder(Run(command="x")), workers=[WorkerConfig("w1", "x")])
    harness.result(harness.engine.configure(plain))
    harness.engine.settle()
    harness.turn()

    assert cloud.told == ["start 1", "stop"]
    assert not isinstance(harness.engine.workers["w1"], LatentWorkerForBuilder)


def test_functions_of_users_can_ask_whether_a_worker_is_latent(harness: Harness) -> None:
    cloud_of(harness)

    assert isinstance(harness.engine.workers["w1"], LatentWorkerForBuilder)


def test_durable_commands_of_one_instance_are_not_those_of_the_next(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=0, worker_class=DurableWorker)
    worker = harness.worker
    assert isinstance(worker, DurableWorker)
    worker.script = lambda worker, command: worker.end(command)

    for number in range(2):
        worker.install_id, worker.session = f"instance {number}", 0
        harness.force()
        advance(harness, 1)
        advance(harness, 1)

    assert cloud.told == ["start 1", "stop", "start 2", "stop"]
    assert harness.results() == [SUCCESS, SUCCESS]


def test_a_build_with_durable_commands_keeps_its_instance_while_the_master_is_away(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=60, worker_class=DurableWorker)
    worker = harness.worker
    assert isinstance(worker, DurableWorker)
    harness.force()
    advance(harness, 1)

    harness.stop_and_restart()
    away = list(cloud.told)
    worker.connect()
    worker.end(worker.command)
    advance(harness, 1)
    told = list(cloud.told)
    advance(harness, 60)

    assert (away, told) == (["start 1"], ["start 1"])
    assert harness.results() == [SUCCESS]
    assert cloud.told == ["start 1", "stop"]


def test_after_a_restart_a_worker_that_had_durable_commands_is_started_anew(harness: Harness) -> None:
    cloud = cloud_of(harness, worker_class=DurableWorker)
    worker = harness.worker
    assert isinstance(worker, DurableWorker)
    worker.script = lambda worker, command: worker.end(command)
    harness.force()
    advance(harness, 1)

    harness.stop_and_restart()
    worker.install_id, worker.session = "another instance", 0
    harness.force()
    advance(harness, 1)
    advance(harness, 1)

    assert cloud.told == ["start 1", "stop fast", "start 2"]
    assert harness.results() == [SUCCESS, SUCCESS]


def test_an_idle_instance_of_an_earlier_configuration_is_stopped(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=-1)
    harness.force()
    advance(harness, 1)

    changed = Latent("w1", build_wait_timeout=-1, max_builds=3)
    changed.cloud = cloud
    harness.result(harness.engine.configure(harness.changed_config(*harness.config.builders, workers=[changed])))
    harness.turn()
    stopped = list(cloud.told)
    harness.force()
    advance(harness, 1)

    assert stopped == ["start 1", "stop"]
    assert cloud.told == ["start 1", "stop", "start 2"]
    assert harness.results() == [SUCCESS, SUCCESS]


def test_a_master_that_stops_waits_for_no_instance(harness: Harness) -> None:
    cloud = cloud_of(harness)
    cloud.connects = False
    harness.force()

    harness.result(harness.engine.stop(clean=False))

    assert harness.results() == [RETRY]
    assert cloud.told == ["start 1", "stop"]


def test_a_worker_without_a_password_gets_one_and_others_keep_theirs(harness: Harness) -> None:
    cloud_of(harness)
    own = Latent("w2", password="theirs")
    own.cloud = Cloud(harness)
    workers = [*harness.config.workers, own]

    harness.result(harness.engine.configure(harness.changed_config(*harness.config.builders, workers=workers)))

    assert len(harness.engine.workers["w1"].password or "") == 64
    assert harness.engine.authenticate("w2", "theirs")
    assert not harness.engine.authenticate("w1", "")


def test_a_made_up_password_is_known_again_after_a_restart_and_only_its_hash_is_kept(harness: Harness) -> None:
    cloud_of(harness, build_wait_timeout=-1)
    harness.force()
    advance(harness, 1)
    password = harness.engine.workers["w1"].password or ""

    harness.seed += 1  # other randomness
    harness.crash_and_restart()

    assert harness.engine.workers["w1"].password not in (None, password)
    assert harness.engine.authenticate("w1", password)
    assert not harness.engine.authenticate("w1", password[:-1])
    assert password not in str(harness.rows(sa.select(t.object_states)))


def test_a_build_ends_on_the_instance_of_a_worker_that_is_latent_no_more(harness: Harness) -> None:
    cloud = cloud_of(harness, build_wait_timeout=-1)
    harness.worker.scripts["shell"] = lambda _: None
    harness.force()
    advance(harness, 1)

    plain = harness.changed_config(*harness.config.builders, workers=[WorkerConfig("w1", "x")])
    harness.result(harness.engine.configure(plain))
    harness.engine.settle()
    harness.turn()
    during = list(cloud.told)
    harness.worker.complete(harness.worker.started[0], ["rc", 0])
    advance(harness, 1)
    after = list(cloud.told)
    harness.worker.scripts["shell"] = lambda _: [["rc", 0]]
    harness.worker.connect()
    harness.force()
    advance(harness, 10_000)

    assert (during, after) == (["start 1"], ["start 1", "stop"])
    assert harness.results() == [SUCCESS, SUCCESS]
    assert cloud.told == after


def test_while_a_build_waits_for_its_instance_to_come_back_nothing_else_is_begun_there(harness: Harness) -> None:
    cloud = cloud_of(harness, "b1", "b2", build_wait_timeout=0, worker_class=DurableWorker)
    worker = harness.worker
    assert isinstance(worker, DurableWorker)
    harness.force("b1")
    advance(harness, 1)

    harness.stop_and_restart()
    other = harness.force("b2")
    waiting = harness.result(harness.data.get(("buildrequests", other, "explain")))
    worker.script = lambda worker, command: worker.end(command)
    worker.connect()
    worker.end(worker.command)
    advance(harness, 1)

    assert [reason["code"] for reason in waiting] == [Because.OFFLINE]
    assert harness.results() == [SUCCESS, SUCCESS]
    assert cloud.told[0] == "start 1"


def test_an_instance_that_does_not_come_back_after_a_restart_is_started_anew(harness: Harness) -> None:
    cloud = cloud_of(harness, worker_class=DurableWorker)
    worker = harness.worker
    assert isinstance(worker, DurableWorker)
    harness.force()
    advance(harness, 1)

    harness.stop_and_restart()
    worker.install_id, worker.session, worker.commands = "another instance", 0, {}
    worker.script = lambda worker, command: worker.end(command)
    advance(harness, harness.durations.reclaim)
    advance(harness, 1)
    advance(harness, 1)

    assert cloud.told == ["start 1", "start 2"]
    assert harness.results() == [RETRY, SUCCESS]


def test_a_worker_that_is_connected_when_it_becomes_latent_is_its_first_instance(harness: Harness) -> None:
    cloud = Cloud(harness)
    latent = Latent("w1", build_wait_timeout=60)
    latent.cloud = cloud
    harness.start(harness.builder(Run(command="x")))

    harness.result(harness.engine.configure(harness.changed_config(*harness.config.builders, workers=[latent])))
    harness.force()
    before = list(cloud.told)
    advance(harness, 60)
    harness.force()
    advance(harness, 1)

    assert (before, cloud.told) == ([], ["stop", "start 2"])
    assert harness.results() == [SUCCESS, SUCCESS]
