"""Builds and workers while the master is reconfigured, loses its workers at bad moments, and stops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.results import CANCELLED, RETRY, SKIPPED, SUCCESS
from buildmill.master.db import log_horizons
from buildmill.master.db import tables as t
from buildmill.master.domain.log_horizons import UNKNOWN, LogHorizons
from buildmill.master.engine.build import ABANDON_SECONDS
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.workers import WorkerHandle
from buildmill.master.steps.janitor import LogChunksJanitor
from tests.harness import Harness
from tests.leftovers import FailureLog


class Run(ShellMixin):
    name = "run"

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**self.setupShellMixin(kwargs))

    async def run(self) -> int:
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        return command.results()


class Raise(BuildStep):
    async def run(self) -> int:
        raise ValueError("out of paper")


class Deaf(Run):
    """Its commands are not interrupted with it."""

    async def interrupt(self, reason: object) -> None:
        self.stopped = True


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def connected(harness: Harness) -> list[tuple[int, ...]]:
    return harness.rows(sa.select(t.connected_workers.c.worker_id))


def test_new_request_takes_the_place_of_a_waiting_one_whoever_asks(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")), collapseRequests=True)
    harness.worker.scripts["shell"] = lambda _: None
    harness.force()

    added = [
        harness.result(harness.updates.addBuildset(scheduler="s", sourcestamps=[{}], builderids=[1])) for _ in range(2)
    ]

    older, newer = (requests[1] for _, requests in added)
    assert harness.request(older).results == SKIPPED
    assert not harness.request(newer).complete


def leave_the_busy_worker_out(harness: Harness) -> tuple[WorkerHandle, str]:
    """One of two workers is busy, and the next configuration leaves it out; the handle, and the other's name."""
    harness.start(harness.builder(Run(command="x"), workernames=["w1", "w2"]))
    for worker in harness.workers.values():
        worker.scripts["shell"] = lambda _: None
    harness.force()
    [busy] = [handle for handle in harness.engine.workers.values() if handle.builds]
    left = tuple(worker for worker in harness.config.workers if worker.name != busy.name)
    [other] = left

    builder = harness.builder(Run(command="x"), workernames=[other.name])
    harness.engine.hold()
    harness.result(harness.engine.configure(replace(harness.config, builders=(builder,), workers=left)))
    return busy, other.name


def test_worker_that_is_configured_no_more_ends_its_build_and_is_told_as_gone(harness: Harness) -> None:
    gone: list[str] = []
    harness.engine.dismissed = gone.append
    busy, other = leave_the_busy_worker_out(harness)
    harness.engine.settle()
    harness.engine.resume()
    harness.turn()
    during, waiting = len(connected(harness)), harness.force()

    worker = harness.workers[busy.name]
    worker.complete(worker.started[-1], ["rc", 0])

    assert (during, harness.results()[0], gone) == (2, SUCCESS, [busy.name])
    assert connected(harness) == [(harness.engine.workers[other].worker_id,)]
    assert f"workers/{busy.worker_id}/disconnected" in harness.event_names()
    assert harness.request(waiting).claimed
    assert len(harness.workers[other].started) == 1


def test_going_back_finds_the_worker_and_its_build_as_they_were(harness: Harness) -> None:
    busy, _ = leave_the_busy_worker_out(harness)
    harness.result(harness.engine.configure(harness.config))
    harness.engine.settle()
    harness.engine.resume()
    harness.turn()

    worker = harness.workers[busy.name]
    worker.complete(worker.started[-1], ["rc", 0])

    assert harness.engine.workers[busy.name] is busy
    assert len(connected(harness)) == 2
    assert harness.results() == [SUCCESS]


def test_worker_that_is_lost_while_it_is_attached_is_not_taken_for_connected(harness: Harness) -> None:
    harness.start(harness.builder(Run(command="x")))
    harness.worker.cut()
    read = harness.engine.lost._read

    def cut_meanwhile(query: object, *args: object) -> Deferred[object]:
        def cut(result: object) -> object:
            harness.engine.lost._read = read
            assert harness.worker._line is not None
            harness.worker._line.cut("cable cut")
            return result

        return read(query, *args).addCallback(cut)

    harness.engine.lost._read = cut_meanwhile

    harness.worker.connect()

    assert not harness.engine.workers["w1"].slot.is_connected
    assert connected(harness) == []


@pytest.mark.parametrize("moment", ["new", "claimed"])
def test_stop_while_a_request_comes_or_is_claimed_leaves_no_build_open(harness: Harness, moment: str) -> None:
    harness.start(harness.builder(Run(command="x")))
    stops: list[Deferred[None]] = []
    harness.bus.subscribe(
        ("buildrequests", None, moment),
        lambda *_: stops.append(Deferred.fromCoroutine(harness.engine.stop(clean=False))),
    )

    harness.result(harness.updates.addBuildset(sourcestamps=[{}], builderids=[1]))
    harness.turn()

    assert [stop.called for stop in stops] == [True]
    assert harness.results() == ([] if moment == "new" else [RETRY])
    assert harness.engine.builds == {}
    assert harness.worker.started == []


def test_stop_leaves_no_timer(harness: Harness, logged_failures: FailureLog) -> None:
    harness.start(harness.builder(Raise()))
    harness.force()
    logged_failures.flush(ValueError)
    harness.worker.cut()

    harness.result(harness.engine.stop(clean=True))

    assert harness.engine._quarantines
    assert not any(timer.active() for timer in harness.engine._quarantines.values())


def test_command_of_an_abandoned_step_is_lost_until_it_is_proved_dead(harness: Harness) -> None:
    harness.start(harness.builder(Deaf(command="x")))
    harness.worker.scripts["shell"] = lambda _: None
    harness.force()
    [command] = harness.worker.started

    harness.engine.builds[1].stop("enough")
    harness.worker.scripts["shell"] = lambda _: [["rc", 0]]
    harness.advance(ABANDON_SECONDS)

    assert harness.results() == [CANCELLED]
    assert harness.rows(sa.select(t.commands.c.state).where(t.commands.c.uid == command.command_id)) == [("confirmed",)]


class Broken(LogChunksJanitor):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if Broken.built:
            raise ValueError("only one")
        Broken.built = True

    built = False


def rules(harness: Harness) -> list[LogHorizons] | None:
    return harness.result(harness.database.read(log_horizons.in_force))


def test_what_janitors_delete_is_known_after_each_configuration(harness: Harness) -> None:
    week, day = LogHorizons(general=timedelta(7)), LogHorizons(general=timedelta(1))
    assert rules(harness) is None
    harness.start(harness.builder(Run(command="x"), LogChunksJanitor(timedelta(7))))
    found = [rules(harness)]
    for steps in ([LogChunksJanitor(timedelta(1)), LogChunksJanitor(timedelta(7))], [Broken()], [Run(command="x")]):
        config = harness.changed_config(harness.builder(*steps))
        harness.result(harness.engine.configure(config))
        found.append(rules(harness))

    assert found == [[week], [day, week], [UNKNOWN], []]
