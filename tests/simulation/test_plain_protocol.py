"""A whole master and its workers under random faults: nothing is lost, nothing runs twice at once.

Real classes but for the worker's machine: a simulated one keeps commands running when its connection breaks, as
workers of the plain protocol do. Faults are drawn from the seed; the same seed gives the same trace.
"""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Conflict
from buildmill.common.protocol import StartCommand
from buildmill.common.results import CANCELLED, RETRY
from buildmill.master.db import tables as t
from buildmill.master.domain.lock_values import MasterLock
from tests.harness import Harness, Pairs
from tests.unit.master.engine.test_builds import Run

SEEDS = 25
STEPS_PER_SEED = 60


class Machine:
    """A worker's machine: its commands live on without a connection."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive: set[str] = set()
        self.is_connected = True

    def shell(self, command: StartCommand) -> Pairs | None:
        """Start a command, or kill lost ones."""
        script = str(command.args["command"])
        lost = re.findall(r"BUILDMILL_CMD_UID=([0-9a-f.]+)", script)
        if lost:
            self.world.note(f"{self.name} kills {len(lost)}")
            self.alive -= set(lost)
            return [["rc", 0]]
        uid = command.command_id
        self.world.spawned(self, uid)
        self.alive.add(uid)
        seconds = self.world.rng.uniform(0, 20)
        self.world.harness.clock.callLater(seconds, self._end, command)
        return None

    def _end(self, command: StartCommand) -> None:
        if command.command_id not in self.alive:
            return
        self.alive.discard(command.command_id)
        worker = self.world.harness.workers[self.name]
        if self.is_connected and command.command_id in worker.running:
            self.world.harness.clock.callLater(0, worker.complete, command, ["rc", self.world.rng.choice([0, 0, 0, 1])])


class World:
    """One seed's run."""

    def __init__(self, basedir: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.trace: list[str] = []
        self.harness = Harness(basedir, seed=seed)
        self.machines = {name: Machine(self, name) for name in ("w1", "w2", "w3")}
        self.requests: list[int] = []
        lock = MasterLock("database")
        h = self.harness
        h.start(
            h.builder(Run(command=["a"]), Run(command=["b"]), name="b1", workernames=["w1", "w2"]),
            h.builder(Run(command=["c"], locks=[lock.access("exclusive")]), name="b2", workernames=["w2", "w3"]),
        )
        for name, worker in h.workers.items():
            worker.scripts["shell"] = self.machines[name].shell

    def note(self, text: str) -> None:
        self.trace.append(f"{self.harness.clock.seconds():.3f} {text}")

    def spawned(self, machine: Machine, uid: str) -> None:
        """A command begins: nothing else of its request may be alive anywhere."""
        request = self._request_of(uid)
        self.note(f"{machine.name} starts {uid} of request {request}")
        for other in self.machines.values():
            for alive in other.alive:
                assert self._request_of(alive) != request, "\n".join([*self.trace[-200:], f"{alive} still runs"])

    def _request_of(self, uid: str) -> int:
        build = int(uid.split(".")[0])
        with self.harness._engine.connect() as connection:
            return int(
                connection.execute(sa.select(t.builds.c.build_request_id).where(t.builds.c.id == build)).scalar_one()
            )

    # -- what may happen ---------------------------------------------------------------------

    def force(self) -> None:
        self.requests.append(self.harness.force(self.rng.choice(["b1", "b2"])))
        self.note(f"request {self.requests[-1]}")

    def cut(self) -> None:
        name = self.rng.choice(sorted(self.machines))
        if self.machines[name].is_connected:
            self.note(f"cut {name}")
            self.machines[name].is_connected = False
            worker = self.harness.workers[name]
            worker.running.clear()
            worker.cut()

    def connect(self) -> None:
        name = self.rng.choice(sorted(self.machines))
        if not self.machines[name].is_connected:
            self.note(f"connect {name}")
            self.machines[name].is_connected = True
            self.harness.workers[name].connect()

    def crash(self) -> None:
        self.note("master dies")
        # the machines outlive the master: the ends of their commands are put back on the clock
        calls: Any = self.harness.clock.getDelayedCalls()
        ends = [(c.getTime(), c.func, c.args) for c in calls if isinstance(getattr(c.func, "__self__", None), Machine)]
        for machine in self.machines.values():
            machine.is_connected = False
            self.harness.workers[machine.name].running.clear()
        self.harness.crash_and_restart()
        for when, function, arguments in ends:
            self.harness.clock.callLater(max(0, when - self.harness.clock.seconds()), function, *arguments)

    def stop(self) -> None:
        running = sorted(self.harness.engine.builds)
        if running:
            build = self.rng.choice(running)
            self.note(f"stop build {build}")
            try:
                self.harness.result(self.harness.updates.requestBuildStop(build, "enough", CANCELLED, "somebody"))
            except Conflict:
                self.note("it had ended")
            self.harness.turn()

    def cancel(self) -> None:
        if self.requests:
            request = self.rng.choice(self.requests)
            self.note(f"cancel request {request}")
            self.harness.result(self.harness.updates.cancelBuildRequest(request, "not needed", "somebody"))
            self.harness.turn()

    def wait(self) -> None:
        self.harness.advance(self.rng.uniform(0, 15))

    def run(self) -> None:
        """Faults, then peace."""
        happenings = [self.force, self.force, self.cut, self.connect, self.connect, self.crash, self.stop, self.cancel]
        for _ in range(STEPS_PER_SEED):
            self.rng.choice([*happenings, self.wait, self.wait, self.wait, self.wait])()
        for _ in range(400):
            for machine in self.machines.values():
                if not machine.is_connected:
                    machine.is_connected = True
                    self.harness.workers[machine.name].connect()
            self.harness.advance(10)
            if not self.harness.engine.builds and not len(self.harness.engine.queue):
                break

    def check(self) -> None:
        """Every request has exactly one result, every lost attempt is recorded, nothing is left over."""
        h = self.harness
        why = "\n".join(self.trace[-200:])
        for request in self.requests:
            row = h.request(request)
            assert row.complete, f"request {request} has no result\n{why}"
            results = [
                r
                for (r,) in h.rows(
                    sa.select(t.builds.c.results).where(t.builds.c.build_request_id == request).order_by(t.builds.c.id)
                )
            ]
            final = [r for r in results if r != RETRY]
            assert len(final) <= 1, f"request {request}: {results}\n{why}"
            assert row.results == (final[0] if final else CANCELLED), why
        for builder in h.engine.builders:
            numbers = [
                n
                for (n,) in h.rows(
                    sa.select(t.builds.c.number).where(t.builds.c.builder_id == builder).order_by(t.builds.c.id)
                )
            ]
            assert numbers == list(range(1, len(numbers) + 1))
        assert h.rows(sa.select(t.steps.c.id).where(t.steps.c.complete_at.is_(None))) == []
        assert h.rows(sa.select(t.logs.c.id).where(t.logs.c.complete == 0)) == []
        assert h.rows(sa.select(t.commands.c.uid).where(t.commands.c.state.in_(["assigned", "lost"]))) == []
        assert h.rows(sa.select(t.buildsets.c.id).where(t.buildsets.c.complete == 0)) == []
        assert h.engine.locks.holders(("master", "database")) == ()
        assert all(not slot.running for slot in h.engine.queue.workers.values())

    def digest(self) -> str:
        """The same for the same seed."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_request_gets_one_result_and_never_runs_twice_at_once(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)

    world.run()

    world.check()


def test_same_seed_gives_the_same_trace(tmp_path: Path) -> None:
    worlds = [World(tmp_path / name, 7) for name in ("one", "two")]

    for world in worlds:
        world.run()

    assert worlds[0].digest() == worlds[1].digest()
