"""A little history in a database, made through the update methods: what readers of the API are shown in tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildmill.common.errors import NotFound
from buildmill.master.data.api import DataAPI
from buildmill.master.data.ports import Alongside
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.resources import ForceScheduler
from buildmill.master.engine.explanations import Explanations
from buildmill.master.logs import LogStore
from tests.database import NOW, Stage

OUTPUT = b"compiling\n\xff\x00 odd bytes\nno newline"


class CountedBytes:
    """Bytes that nobody has had before, the same ones in each run."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, length: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(length, "big")


@dataclass
class RecordingForce:
    """The port of force schedulers with one scheduler, `force`; remembers what was asked of it.

    Attributes:
        problems: what the next requests are refused with, by field.
        error: what the next requests fail with.
        builders: names of those that it knows.
    """

    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    builders: list[str] = field(default_factory=lambda: ["slow one"])

    async def documents(self) -> Sequence[ForceScheduler]:
        return (
            ForceScheduler(
                all_fields=[],
                builder_names=list(self.builders),
                button_name="go",
                enabled=True,
                label="go",
                name="force",
            ),
        )

    async def force(
        self, name: str, owner: str, params: dict[str, Any], alongside: Alongside | None = None
    ) -> tuple[int, dict[int, int]]:
        if self.error is not None:
            raise self.error
        if self.problems:
            raise InvalidParameters(self.problems)
        if name != "force":
            raise NotFound(name)
        self.asked.append((name, owner, params))
        return 7, {1: 8}


class Scene:
    """Two builders, a worker, a change, three requests, two builds (one is finished), steps and a log.

    Attributes:
        fast, slow: ids of the builders ``fast`` and ``slow one``.
        finished, running: ids of builds number 1 and 2 of ``fast``.
        waiting: id of a request that nobody has claimed.
        log: id of the log ``stdio`` of the step ``compile`` of the finished build; holds `OUTPUT`.
    """

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        context = UpdateContext()
        self.updates = Updates(stage.database, context)
        self.logs = LogStore(database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus)
        self.force = RecordingForce()
        self.data = DataAPI(
            database=stage.database,
            updates=self.updates,
            bus=stage.bus,
            logs=self.logs,
            force_schedulers=self.force,
            reasons=Explanations(stage.database.read),
            random_bytes=CountedBytes(),
        )
        self.data.start()
        stage.result(self._fill(context))

    async def _fill(self, context: UpdateContext) -> None:
        updates = self.updates
        self.master = context.masterid = await updates.findMasterId("here")
        await updates.masterActive(self.master)
        infos = [{"name": "fast", "tags": ["t1", "t2"], "description": "quick"}, {"name": "slow one", "tags": []}]
        builders = await updates.configureBuilders(self.master, infos)
        self.fast, self.slow = builders["fast"], builders["slow one"]
        self.worker = await updates.findWorkerId("w1")
        await updates.workersConfigured(self.master, {self.worker: [self.fast, self.slow]})
        await updates.workerConnected(self.worker, self.master, {"host": "h"})
        self.scheduler = await updates.findSchedulerId("any")
        await updates.trySetSchedulerMaster(self.scheduler, self.master)
        await updates.findChangeSourceId("poller")
        self.change = await updates.addChange(
            author="Ann <a@example.org>", comments="first", files=["a.c", "b/c.h"], revision="abc", branch="main",
            properties={"p": 1},
        )  # fmt: skip
        self.stamp = (await self.data.get(("changes", self.change)))["sourcestamp"]["ssid"]
        self.finished, request = await self._build(self.fast, {"reason": ("ü", "Force")})
        await self._steps(self.finished)
        await updates.setBuildProperties(self.finished, {"color": ("red", "Build"), "size": (3, "Step")})
        await updates.finishBuild(self.finished, 2)
        await updates.completeBuildRequests([request], 2)
        self.running, _ = await self._build(self.fast, {})
        _, requests = await updates.addBuildset(
            sourcestamps=[self.stamp], builderids=[self.slow], reason="later", parent_buildid=self.running
        )
        self.waiting = requests[self.slow]

    async def _build(self, builder: int, properties: dict[str, tuple[Any, str]]) -> tuple[int, int]:
        _, requests = await self.updates.addBuildset(
            sourcestamps=[self.stamp], builderids=[builder], reason="because", properties=properties
        )
        await self.updates.claimBuildRequests([requests[builder]])
        build, _ = await self.updates.newBuild(builder, requests[builder], self.worker)
        return build, requests[builder]

    async def _steps(self, build: int) -> None:
        for name in ("prepare", "compile"):
            self.step, _, _ = await self.updates.addStep(build, name)
            await self.updates.startStep(self.step, True)
        await self.updates.addStepURL(self.step, "docs", "https://example.org/")
        log = await self.updates.addLog(self.step, "stdio", "s")
        self.log = log.logid
        writer = self.logs.writer(log)
        writer.write("h", b"make\n", NOW)
        writer.write("o", OUTPUT, NOW)
        await writer.finish()
        await self.updates.finishStep(self.step, 2, False)

    def close(self) -> None:
        self.stage.result(self.logs.stop())
        self.data.stop()
