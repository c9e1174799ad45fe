"""A whole master that stages, with a worker whose machine carries the phases out by `tests.staging_program`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from twisted.internet.task import Clock

from buildmill.common.protocol import GetWorkerInfo, Request
from buildmill.common.staging import STAGING_INFO, Lifecycle, Offer, Phase, encode
from buildmill.master.config.staging_builders import staging_builders
from buildmill.master.data.staging import StagingReading
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.database import Database
from buildmill.master.domain.staging.configuration import StagingConfig, StagingFlags
from buildmill.master.domain.staging.requests import (
    Listing,
    NewApp,
    NewBuild,
    NewBuildpack,
    NewPackage,
    SpaceFilter,
)
from buildmill.master.domain.staging.values import App, Checksum, Droplet, LifecycleSpec, PackageType, StagingBuild
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.staging.blobs.files import FileBlobStore
from buildmill.master.staging.blobs.writing import FileBlobWriter
from buildmill.master.staging.runner import StagingRunner
from buildmill.master.staging.tools import StagingTools
from tests.durable import DurableWorker, Spooled
from tests.harness import Harness
from tests.scene import CountedBytes
from tests.staging import ANN, staging_config
from tests.staging_program import carry_out
from tests.unit.master.steps.machine import Machine

PACKAGE = b"PK: the files of an app"
OFFER = Offer(program=["stage"], lifecycles=list(Lifecycle), memory_mb=8000, disk_mb=8000)


class CountingClock(Clock):
    """A clock that can stop in the middle of all that happens at one time.

    Attributes:
        left: so many calls are still made; None for no bound.
        made: how many were.
    """

    left: int | None = None
    made = 0

    def advance(self, amount: float) -> None:
        self.rightNow += amount
        self._sortCalls()
        while self.calls and self.calls[0].getTime() <= self.seconds() and self.left != 0:
            call = self.calls.pop(0)
            call.called = 1
            self.made += 1
            self.left = None if self.left is None else self.left - 1
            call.func(*call.args, **call.kw)


class StagingWorker(DurableWorker):
    """A worker that stages.

    Attributes:
        offer: what it says of that; None for a worker that does not stage.
        phases: those that were carried out, in order.
        holds: the phase that does not end by itself.
    """

    offer: Offer | None = OFFER

    def __init__(self, harness: Harness, name: str) -> None:
        super().__init__(harness, name)
        self.phases: list[str] = []
        self.begun = set[str]()
        self.holds: str | None = None
        self.held: Spooled | None = None
        self.script = StagingWorker.stage
        self.machine = Machine(self, harness.basedir / "machine")
        self.machine.root.mkdir()

    def handle(self, message: Request) -> object:
        answer = super().handle(message)
        if isinstance(message, GetWorkerInfo) and self.offer is not None:
            assert isinstance(answer, dict)
            answer[STAGING_INFO] = encode(self.offer).decode()
        return answer

    def stage(self, command: Spooled) -> None:
        """Carry out what was asked for."""
        self.begun.add(command.start.cmd_uid)
        _, phase, *_ = words = command.start.args["command"]
        self.phases.append(" ".join(words[1:-2]))
        if self.holds == phase:
            self.held = command
            return
        self.go_on(command)

    def go_on(self, command: Spooled) -> None:
        """Carry out a phase, and end."""
        args = command.start.args
        words = args["command"]
        index = int(words[words.index("--index") + 1]) if "--index" in words else None
        work = self.machine.path(args["workdir"])
        outcome = carry_out(work, Phase(words[1]), index)
        self.write(command, "o", f"{words[1]} says something\n".encode())
        line = encode(outcome)
        for start in range(0, len(line), 100):  # pieces may end anywhere
            self.write(command, "l:outcome", line[start : start + 100])
        self.end(command, 1 if outcome.error else 0)


class MortalStore(FileBlobStore):
    """A store whose process can die: then its files are closed, and their locks free."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._writers: list[FileBlobWriter] = []

    async def open_write(self, limit_bytes: int | None = None) -> FileBlobWriter:
        writer = await super().open_write(limit_bytes)
        self._writers.append(writer)
        return writer

    def die(self) -> None:
        for writer in self._writers:
            if writer._file is not None:
                writer._file.close()


class StagingHarness(Harness):
    """See the module. Use `begin` once, then stage.

    Attributes:
        reads: as faces have them.
        blobs: where bytes are.
    """

    clock_class = CountingClock
    clock: CountingClock

    def __init__(self, basedir: Path, config: StagingConfig | None = None) -> None:
        self.bytes = CountedBytes()
        self.staging_config = config or staging_config(flags=StagingFlags(docker=True, cnb=True))
        super().__init__(basedir, new_worker=StagingWorker)

    def _boot(self) -> None:
        super()._boot()
        context = self.updates.context
        context.random_bytes, context.staging = self.bytes, self.staging_config

        async def at_once(function: Any, *args: Any) -> Any:
            return function(*args)

        self.blobs = MortalStore(
            directory=self.basedir / "blobs", in_thread=at_once, new_name=lambda: self.bytes(16).hex()
        )
        self.reads = StagingReading(self.database, lambda: self.updates.staging, self.blobs)
        self.master.staging = StagingTools(self.blobs, context)
        self.runner = StagingRunner(
            updates=self.updates, database=self.database, blobs=self.blobs, bus=self.bus, clock=self.clock
        )

    def _start(self) -> None:
        super()._start()
        self.result(self.updates.publishStaging([]))
        self.result(self.runner.start())
        self.turn()

    def _turn_once(self) -> bool:
        return self.clock.left != 0 and super()._turn_once()

    def crash(self) -> None:
        """The master's process dies, perhaps while it writes."""
        super().crash()
        self.blobs.die()
        self.database = Database.inline(self._engine, self.clock, self._publish, lambda: self.monotonic())
        worker = self.staging_worker
        for command in list(worker.commands.values()):
            if command.start.cmd_uid not in worker.begun:  # its machine lives on
                worker.stage(command)

    def begin(self) -> StagingWorker:
        """Start the master, and connect its worker."""
        self.start(*staging_builders(self.staging_config), workers=[WorkerConfig("w1", "secret")])
        return self.staging_worker

    @property
    def staging_worker(self) -> StagingWorker:
        (worker,) = self.workers.values()
        assert isinstance(worker, StagingWorker)
        return worker

    # -- what a face would do ------------------------------------------------------------------

    def store(self, data: bytes) -> Checksum:
        async def store() -> Checksum:
            writer = await self.blobs.open_write()
            await writer.write(data)
            return await writer.finish()

        return self.result(store())

    def buildpack(self, name: str) -> None:
        """An admin buildpack with bytes."""
        made = self.result(self.updates.createBuildpack(NewBuildpack(name=name)))
        job = self.result(self.updates.beginBuildpackUpload(made.guid))
        bits = self.store(f"buildpack {name}".encode())
        self.result(self.updates.finishBuildpackUpload(job.guid, f"{name}.zip", bits))

    def app(self, name: str = "app", **rest: Any) -> App:
        (space,) = self.result(self.reads.spaces(SpaceFilter(), Listing())).values
        return self.result(self.updates.createApp(NewApp(name=name, space_guid=space.guid, **rest), ANN))

    def package(self, app: App, data: bytes = PACKAGE) -> str:
        new = NewPackage(app_guid=app.guid, type=PackageType.BITS)
        guid = self.result(self.updates.createPackage(new, ANN)).guid
        self.result(self.updates.beginUpload(guid))
        self.result(self.updates.finishUpload(guid, self.store(data)))
        return guid

    def docker_package(self, app: App) -> str:
        new = NewPackage(app_guid=app.guid, type=PackageType.DOCKER, image="registry:5000/x")
        return self.result(self.updates.createPackage(new, ANN)).guid

    def stage(self, package_guid: str, *buildpacks: str, **rest: Any) -> str:
        """Begin to stage, and let happen what happens; the build's guid."""
        lifecycle = LifecycleSpec(buildpacks=buildpacks) if buildpacks else None
        new = NewBuild(package_guid=package_guid, lifecycle=lifecycle, **rest)
        guid = self.result(self.updates.createBuild(new, ANN)).guid
        self.turn()
        return guid

    def staging(self, guid: str) -> StagingBuild:
        return self.result(self.reads.build(guid))

    def droplet(self, guid: str) -> Droplet:
        return self.result(self.reads.droplet(guid))

    def bytes_of(self, checksum: Checksum | None) -> bytes:
        """What the store has, checked."""
        assert checksum is not None
        data = b"".join(self.collect(self.blobs.read(checksum.sha256)))
        assert hashlib.sha256(data).hexdigest() == checksum.sha256
        return data

    def incoming(self) -> list[str]:
        """What is left of interrupted uploads."""
        return [path.name for path in (self.basedir / "blobs" / "incoming").glob("*")]

    def come_back(self) -> None:
        """The worker connects to the master that was started again; time passes until all is done."""
        self.staging_worker.connect()
        self.advance(5)


def only_droplet(harness: StagingHarness) -> Droplet:
    """The only droplet that there is."""
    ((guid,),) = harness.rows(sa.select(t.droplets.c.guid))
    return harness.droplet(guid)
