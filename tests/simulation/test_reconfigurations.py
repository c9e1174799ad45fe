"""A hundred reconfigurations under load: good ones are in force whole, bad ones not at all, and no request is lost.

The whole master but its sockets and threads, scripted workers, a simulated clock, one seed for everything.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.common.results import SUCCESS
from buildmill.master.config.application import Application, Part, Reconfiguration
from buildmill.master.config.inventory import inventory_of
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.parts.engine import EnginePart
from buildmill.master.config.parts.services import ServicesPart
from buildmill.master.config.reading import Read
from buildmill.master.db import schedulers as scheduler_rows
from buildmill.master.db import tables as t
from tests.harness import Harness
from tests.leftovers import FailureLog

BUILDERS = tuple(f"b{n}" for n in range(6))
WORKERS = ("w0", "w1", "w2")
TEXT = """\
from buildmill.plugins import schedulers, steps, util, worker

class Broken(schedulers.AnyBranchScheduler):
    async def start_working(self):
        raise RuntimeError("no start")

c = BuildmasterConfig = {{}}
c["protocols"] = {{"msgpack_experimental_v7": {{"port": 9989}}}}
c["www"] = {{"port": {port}}}
c["collapseRequests"] = False
c["workers"] = [worker.Worker(name, "secret") for name in {workers!r}]
factory = util.BuildFactory([steps.ShellCommand(command=["make", "{version}"])])
c["builders"] = [util.BuilderConfig(name=name, workernames={workers!r}, factory=factory) for name in {builders!r}]
c["schedulers"] = [schedulers.AnyBranchScheduler("any", builderNames={builders!r}, treeStableTimer={timer})]
{more}
"""
BAD = {
    "syntax": "c[",
    "semantic": "c['bilders'] = []",
    "unknown builder": "c['schedulers'].append(schedulers.ForceScheduler('f', builderNames=['nobody']))",
    "exception": "1 / 0",
    "exit": "import sys; sys.exit(1)",
    "port taken": "c['www']['port'] = 7",
    "broken scheduler": "c['schedulers'].append(Broken('broken', builderNames=['{first}']))",
    "broken and others gone": "c['schedulers'] = [Broken('broken', builderNames={builders!r})]",
    "needs a restart": "c['db_url'] = 'sqlite:///other.sqlite'",
}
TAKEN = "tcp:7"


class Door:
    """The outside's part: a port that may be taken."""

    name = "door"

    def __init__(self) -> None:
        self.port: str | None = None
        self.settled = 0

    async def apply(self, config: MasterConfig) -> None:
        if config.www.port == TAKEN:
            raise ConfigError([ConfigProblem("nobody can be served there")])
        self.port = config.www.port

    def settle(self) -> None:
        self.settled += 1


class World:
    """A master that is reconfigured by files, and asked for builds meanwhile."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.harness = Harness(folder, seed=seed)
        self.harness.master.mq.bus = self.harness.bus
        self.door = Door()
        self.forms: list[Any] = []
        updates = self.harness.updates

        async def forget_absent() -> None:
            await updates.run(scheduler_rows.forget_seen_of_absent)

        self.services = ServicesPart(self.harness.master, self.forms.append, forget_absent)
        engine = EnginePart(
            engine=self.harness.engine, master=self.harness.master, context=self.harness.updates.context
        )
        self.parts: list[Part] = [self.door, engine, self.services]
        self.asked: list[int] = []
        first = self.read(builders=BUILDERS, workers=WORKERS)
        self.reconfiguration = Reconfiguration(
            Application(self.parts),
            first.config,
            hold=self.harness.engine.hold,
            resume=self.harness.engine.resume,
        )
        self.reconfiguration.inventory = first.inventory
        for part in self.parts:
            self.harness.result(part.apply(first.config))
        self.harness.result(self.harness.engine.start())
        for name in WORKERS:
            worker = self.harness.workers[name] = self.harness.new_worker(self.harness, name)
            worker.scripts["shell"] = lambda _: None
            worker.connect()

    def read(
        self,
        *,
        builders: tuple[str, ...],
        workers: tuple[str, ...],
        version: int = 0,
        timer: int = 5,
        port: int = 1,
        more: str = "",
    ) -> Read:
        more = more.replace("{first}", builders[0]).replace("{builders!r}", repr(builders))
        text = TEXT.format(builders=builders, workers=workers, version=version, timer=timer, port=port, more=more)
        (self.folder / "master.cfg").write_text(text)
        config = load(self.folder)
        return Read(config=config, inventory=inventory_of(config))

    def any_good(self) -> dict[str, Any]:
        chance = self.random
        return {
            "builders": tuple(chance.sample(BUILDERS, chance.randint(1, len(BUILDERS)))),
            "workers": tuple(sorted(chance.sample(WORKERS, chance.randint(1, len(WORKERS))))),
            "version": chance.randint(0, 3),
            "timer": chance.choice([5, 60]),
            "port": chance.randint(1, 3),
        }

    def reconfigure(self, more: str = "", **values: Any) -> None:
        """Read a file and put it in force, with requests that come and builds that end meanwhile."""
        read = self.read(**values, more=more)
        change = Deferred.fromCoroutine(self.reconfiguration.take(read))
        self.load()
        self.harness.turn()
        assert change.called
        failed: list[Failure] = []
        change.addErrback(failed.append)
        if failed:
            failed[0].raiseException()

    def load(self) -> None:
        """Ask for some builds; let some end."""
        for _ in range(self.random.randint(0, 2)):
            name = self.random.choice(BUILDERS)
            rows = self.harness.rows(sa.select(t.builders.c.id).where(t.builders.c.name == name))
            added = Deferred.fromCoroutine(
                self.harness.updates.addBuildset(sourcestamps=[{}], builderids=[rows[0][0]], reason="load")
            )
            added.addCallback(lambda made: self.asked.extend(made[1].values()))
        for worker in self.harness.workers.values():
            for command in tuple(worker.running.values()):
                if self.random.random() < 0.3 and not worker.closed:
                    worker.complete(command, ["rc", 0])

    def reconnect(self) -> None:
        """Workers that were let go try again, as they do."""
        for worker in self.harness.workers.values():
            if worker.closed:
                worker.closed.clear()
                worker.running.clear()
                worker.connect()

    def in_force(self) -> Any:
        """All that a refused configuration must not have changed."""
        engine = self.harness.engine
        return (
            self.door.port,
            self.harness.master.config,
            {b.builderid: b.config for b in engine.builders.values()},
            {name: (handle, handle.config, handle.connection) for name, handle in engine.workers.items()},
            [(service, service.is_working) for service in self.services._active],
            dict(self.harness.master.schedulers),
            self.harness.rows(sa.select(t.builder_masters.c.builder_id).order_by(t.builder_masters.c.builder_id)),
        )

    def assert_nothing_is_lost(self) -> None:
        """Each request waits where decisions find it or is explained, or has its build, or is complete."""
        engine = self.harness.engine
        running = {build.request.buildrequestid for build in engine.builds.values()}
        for request_id, claimed, complete in self.harness.rows(
            sa.select(t.build_requests.c.id, t.build_requests.c.claimed_by, t.build_requests.c.complete)
        ):
            if not complete and claimed is not None:
                assert request_id in running
            elif not complete:
                assert engine.explain(request_id) is not None

    def finish(self) -> None:
        """With everything configured, all that was asked for is built."""
        self.reconfigure(builders=BUILDERS, workers=WORKERS)
        for _ in range(2000):
            self.reconnect()
            for worker in self.harness.workers.values():
                for command in tuple(worker.running.values()):
                    worker.complete(command, ["rc", 0])
            self.harness.turn()
            if not self.harness.rows(sa.select(t.build_requests.c.id).where(t.build_requests.c.complete == 0)):
                return
        raise AssertionError("requests are still open")


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.harness.result(world.services.stop())
        world.harness.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_reconfigurations_lose_nothing(
    tmp_path: Path, worlds: list[World], logged_failures: FailureLog, seed: int
) -> None:
    world = World(tmp_path, seed)
    worlds.append(world)
    outcomes: Counter[str] = Counter()

    for _ in range(100):
        world.load()
        kind = world.random.choice(["good", *BAD])
        world.reconnect()
        world.harness.turn()
        if kind == "good":
            world.reconfigure(**world.any_good())
        else:
            before = world.in_force()
            with pytest.raises((ConfigError, RuntimeError)):
                world.reconfigure(BAD[kind], **world.any_good())
            assert world.in_force() == before, kind
        outcomes[kind] += 1
        world.assert_nothing_is_lost()
        world.harness.clock.advance(1)
    logged_failures.flush(RuntimeError)
    world.finish()

    assert len(outcomes) == 1 + len(BAD), outcomes
    assert len(world.asked) > 50
    completed = world.harness.rows(sa.select(t.build_requests.c.id, t.build_requests.c.results))
    assert dict(completed) == dict.fromkeys(world.asked, SUCCESS)
    built = Counter(
        request_id
        for (request_id,) in world.harness.rows(
            sa.select(t.builds.c.build_request_id).where(t.builds.c.results == SUCCESS)
        )
    )
    assert built == Counter(world.asked)
