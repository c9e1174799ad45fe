"""A master without an engine: schedulers and change sources work on it, and a test sees what they ask for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildmill.master.config.master_config import MasterConfig
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import masters
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.clustered import ClusteredService
from buildmill.master.engine.facade import Master
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.logs.store import LogStore
from tests.database import Stage


class House(Stage):
    """See the module.

    Attributes:
        master: the facade that plugins get.
        reactor: starts programs, if a test gave one.
    """

    def __init__(self, basedir: Path, reactor: Any = None, seed: int = 1) -> None:
        super().__init__()
        self.basedir = basedir
        self.updates = Updates(self.database, UpdateContext())
        self.logs = LogStore(database=self.database, directory=basedir / "logs", clock=self.clock, bus=self.bus)
        self.data = DataAPI(database=self.database, updates=self.updates, bus=self.bus, logs=self.logs)
        self.master = self.new_master("first", random.Random(seed), reactor)
        self.updates.context.masterid = self.master.masterid

    def new_master(self, name: str, rng: random.Random, reactor: Any = None) -> Master:
        """Another master on the same database."""
        master = Master(
            basedir=self.basedir,
            name=name,
            data=self.data,
            updates=self.updates,
            bus=self.bus,
            clock=self.clock,
            logs=self.logs,
            rng=rng,
            processes=ReactorProcessRunner(reactor),
        )
        master.masterid = self.result(self.database.write(masters.find, name))
        builders = tuple(BuilderConfig(name, "w1", factory=BuildFactory()) for name in ("b1", "b2"))
        workers = (WorkerConfig("w1", "secret"),)
        master.config = MasterConfig(
            basedir=self.basedir, file=self.basedir / "master.cfg", builders=builders, workers=workers
        )
        return master

    def activate(self, *services: ClusteredService, master: Master | None = None) -> None:
        """Activate services on a master."""
        for service in services:
            self.result(service.activate(master or self.master))

    def deactivate(self, *services: ClusteredService) -> None:
        """The opposite."""
        for service in services:
            self.result(service.deactivate())

    def change(self, **values: Any) -> int:
        """Add a change, and let everybody see it."""
        values = {"author": "alice", "comments": "", "files": ["f"], "branch": "main", "revision": "r", **values}
        change = self.result(self.updates.addChange(**values))
        self.turn()
        return change

    def buildsets(self) -> list[dict[str, Any]]:
        """All buildsets so far, with their properties."""
        found: Sequence[dict[str, Any]] = self.result(self.data.get("buildsets", order=["bsid"]))
        return [
            {**buildset, "properties": self.result(self.data.get(("buildsets", buildset["bsid"], "properties")))}
            for buildset in found
        ]

    def requests(self) -> list[tuple[int, int, int]]:
        """Buildset, builder and priority of all requests so far."""
        found = self.result(self.data.get("buildrequests", order=["buildrequestid"]))
        return [(r["buildsetid"], r["builderid"], r["priority"]) for r in found]
