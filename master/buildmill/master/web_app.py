"""The one place where a web process is put together: the faces of a master, beside its engine.

It shares nothing with the engine but the database and the files of logs. Events reach it through the database; what
only the engine knows or decides is asked of it.
"""

from __future__ import annotations

import random
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConfigError, ConfigProblem
from buildmill.common.tasks import TaskOwner
from buildmill.master.auth.accounts import Accounts
from buildmill.master.config.application import Application, Reconfiguration
from buildmill.master.config.execution import present_helpers, put_back_helpers
from buildmill.master.config.inventory import inventory_of
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.parts.services import ManagedServicesPart
from buildmill.master.config.parts.web import WebPart
from buildmill.master.config.plan import ReconfigPlan
from buildmill.master.config.reading import Read, Reading
from buildmill.master.config.rehearsal import DEFAULT_SECONDS
from buildmill.master.data.api import DataAPI
from buildmill.master.data.asking import EngineCalls
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import schema
from buildmill.master.db.database import Database
from buildmill.master.db.engine import parse_url
from buildmill.master.db.engine_calls import EngineState
from buildmill.master.db.lanes import Lanes
from buildmill.master.db.outbox import Batch, End, Outbox
from buildmill.master.db.schema import DatabaseUnusable
from buildmill.master.db.waking import waker_for
from buildmill.master.domain.events import Event, Key
from buildmill.master.engine.facade import Master
from buildmill.master.engine.pools import Pools
from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.logs.files import FolderLogFiles
from buildmill.master.logs.outlet import LogOutlet
from buildmill.master.logs.pursuit import THREADS as SEARCH_THREADS
from buildmill.master.logs.reading import FrameCache, Reader
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.mq.following import Follower
from buildmill.master.secrets.manager import SecretManager
from buildmill.master.staging.tools import file_blobs
from buildmill.master.web.history import History
from buildmill.master.web.operations import Operations

WAIT_SECONDS: Final = 2.0
REST_SECONDS: Final = 0.01
"""Between two commits on SQLite, whose only lock the engine wants, too: strangers can cause writes (refusals)."""
NOT_MEANT: Final = "www: the pages are served by the engine's process; set 'process' to 'own' for one of their own"


class WebApp:
    """A whole web process.

    Args:
        basedir: the master's directory, with its configuration and the files of its logs.
        config: what it begins with.
        reactor: clock, sockets, threads.
        rng: where ids come from.
        config_file: read again at `reconfig`.
        check_seconds: how long reading it may take.
        master: name of the master whose engine it goes with; by default that of `basedir` on this machine.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        basedir: Path,
        config: MasterConfig,
        reactor: Any,
        rng: random.Random,
        config_file: str = "master.cfg",
        check_seconds: float = DEFAULT_SECONDS,
        master: str | None = None,
    ) -> None:
        self._reactor = reactor
        self._origin = f"{rng.getrandbits(64):016x}"
        self._bus = SimpleBus()
        self._url = parse_url(config.db_url, str(basedir))
        # its own events come back with those of others, all in the order of their commits
        self.database = Database.open(self._url, reactor, lambda _events: None, time.monotonic)
        self.database.tell_others(Outbox(self._origin))
        if self._url.get_backend_name() == "sqlite":
            self.database.leave_room(REST_SECONDS)
        self._follower = Follower(
            database=self.database,
            waker=waker_for(self._url, reactor),
            clock=reactor,
            hear=self._heard,
            lost=self._lost,
            new_epoch=lambda: f"{rng.getrandbits(48):012x}",
        )
        self._limits = config.www.limits
        self._history = History(self._bus, "", self._limits)
        self._frames = FrameCache()
        self._search_lanes = Lanes.of_threads(reactor, "log-search", SEARCH_THREADS)
        self.logs = LogOutlet(
            database=self.database,
            reader=Reader(FolderLogFiles(basedir / "logs"), self._frames),
            clock=reactor,
            bus=self._bus,
            search_lanes=self._search_lanes,
        )
        name = f"{socket.gethostname()}:{basedir}" if master is None else master
        self.engine = EngineCalls(
            database=self.database, bus=self._bus, clock=reactor, origin=self._origin, master=name
        )
        self._pools = Pools(reactor)
        self._context = UpdateContext(secrets.token_bytes)
        self.updates = Updates(self.database, self._context)
        self.data = DataAPI(
            database=self.database,
            updates=self.updates,
            bus=self._bus,
            logs=self.logs,
            force_schedulers=self.engine,
            reasons=self.engine,
            random_bytes=secrets.token_bytes,
            engine=self.engine,
            commits=lambda: self._follower.commits,
            blobs=file_blobs(basedir, self._pools, lambda: secrets.token_hex(16)),
        )
        self.master = Master(
            basedir=basedir,
            name=name,
            data=self.data,
            updates=self.updates,
            bus=self._bus,
            clock=reactor,
            logs=None,  # its plugins, which say who may do what, write none
            rng=rng,
            processes=ReactorProcessRunner(reactor),
            in_thread=self._blocking,
            in_pool=self._pools.run,
        )
        self.master.secrets = self._secrets = SecretManager()
        self._operations = Operations(bus=self._bus, clock=reactor, monotonic=time.monotonic)
        self._operations.others.update(engine=self.engine.problem, events=self._events_problem)
        self.web = WebPart(
            data=self.data,
            bus=self._bus,
            reactor=reactor,
            rng=rng,
            operations=self._operations,
            in_thread=self._blocking,
            accounts=Accounts(database=self.database, clock=reactor, random_bytes=secrets.token_bytes),
            master=self.master,
            is_engine=False,
            history=self._history,
        )
        self._settings = _Settings(self.master, self._context)
        self._managed_secrets = ManagedServicesPart(self._secrets, "providers of secrets")
        self._reconfiguration = Reconfiguration(
            Application([self._settings, self._managed_secrets, self.web]),
            config,
            hold=lambda: None,
            resume=lambda: None,
        )
        self._reading = Reading(basedir, config_file, seconds=check_seconds)
        self._tasks = TaskOwner("web process")
        self._sleeping: Deferred[None] | None = None

    @property
    def config(self) -> MasterConfig:
        """The configuration in force."""
        return self._reconfiguration.config

    @property
    def web_url(self) -> str | None:
        """Where it listens; None before it does."""
        return self.web.url

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; when this returns, clients are served. Waits for the database, and for a first engine.

        Raises:
            ConfigError: the configuration has no pages, or not in a process of their own.
            SchemaOutOfDate: the database must be upgraded first.
            Exception: whatever keeps a part from starting; what had started is stopped again.
        """
        for notice in self.config.notices:
            self._log.warn("configuration: {notice}", notice=str(notice))
        try:
            check_meant(self.config)
            await self._start()
        except BaseException:
            await self.stop()
            raise
        self._log.info("configuration in force")
        self._log.info("web process is running")

    async def _start(self) -> None:
        await self._until(self._find_database, "the database")
        engine: EngineState = await self._until(self._find_engine, "the engine")
        self._context.masterid = self.master.masterid = engine.master_id
        if engine.problem is not None:
            self._log.warn("{problem}: what only it can do is refused until it is back", problem=engine.problem)
        await self._follower.prepare(back=self._limits.replay_events)
        self._bus.sequence, self._history.epoch = self._follower.position, self._follower.epoch
        self._history.begin()
        await self._follower.start()
        self._operations.start()
        self.engine.start()
        self._bus.subscribe(("control", "configuration", str(engine.master_id), "in_force"), self._reconfigured)
        self._bus.subscribe(("logs", None, "new"), self._new_log)
        await self.master.services.addService(self._secrets)
        await self.master.services.startService()
        await self._settings.apply(self.config)
        await self._managed_secrets.apply(self.config)
        await self.web.apply(self.config)
        self._reconfiguration.inventory = await self._blocking(inventory_of, self.config)

    async def _until(self, find: Callable[[], Any], what: str) -> Any:
        """What `find` gives, asked for again and again until that is something."""
        told = ""
        while True:
            found = await find()
            if not isinstance(found, str):
                return found
            if found != told:
                self._log.warn("waiting for {what}: {problem}", what=what, problem=found)
                told = found
            sleeping = self._sleeping = Deferred(lambda _: None)
            timer = self._reactor.callLater(WAIT_SECONDS, sleeping.callback, None)
            try:
                await sleeping
            finally:
                if timer.active():
                    timer.cancel()

    async def _find_database(self) -> Any:
        try:
            await self._blocking(schema.check, self._url)
        except DatabaseUnusable as problem:
            return str(problem)
        return True

    async def _find_engine(self) -> EngineState | str:
        try:
            found = await self.engine.state()
        except BuildmillError as problem:
            return str(problem)
        return f"master {self.master.name} has never run on this database" if found is None else found

    async def stop(self, clean: bool = False) -> None:
        """Stop everything.

        Args:
            clean: has no meaning here: nothing of what runs belongs to this process.
        """
        self._reading.cancel()
        self.database.limit_patience()
        await self._reconfiguration.stop()
        await self._quietly("reconfigurations", self._tasks.stop())
        await self._quietly("web server", self.web.stop())
        await self._quietly("services", self.master.services.stopService())
        await self._quietly("pools of threads", self._blocking(self._pools.stop_blocking))
        self._operations.stop()
        self._history.stop()
        self.data.stop()
        await self._quietly("questions to the engine", self.engine.stop())
        await self._quietly("searches", self._search_lanes.stop())
        await self._quietly("events", self._follower.stop())
        await self._quietly("database", self.database.stop())
        self._log.info("web process has stopped")

    async def _quietly(self, what: str, stopping: Any) -> None:
        try:
            await stopping
        except Exception:
            self._log.failure("stopping failed: {what}", what=what)

    async def _blocking(self, function: Callable[..., Any], *args: Any) -> Any:
        done: Deferred[Any] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)
        return await done

    async def _events_problem(self) -> str | None:
        return self._follower.trouble

    # -- events ------------------------------------------------------------------------------------

    def _heard(self, batch: Batch) -> None:
        self._bus.publish_numbered(batch.first_number, batch.events)

    def _lost(self, end: End) -> None:
        self._bus.sequence = end.number
        self._history.begin_anew(end.epoch)
        self.data.everything_changed()
        if self.web.server is not None:
            self.web.server.events_were_lost()

    def _new_log(self, key: Key, _event: Event) -> None:
        self._frames.forget(int(key[1]))  # SQLite gives the id of a deleted log again

    # -- configuration -----------------------------------------------------------------------------

    def _reconfigured(self, _key: Key, _event: Event) -> None:
        self._tasks.start(self._follow_engine(), name="follow the engine's configuration")

    async def _follow_engine(self) -> None:
        self._log.info("the engine has another configuration: reading it, too")
        try:
            await self.reconfig()
        except BuildmillError as error:
            self._log.error("the engine's configuration is not in force here: {error}", error=str(error))

    async def reconfig(self) -> ReconfigPlan:
        """Read the configuration again and put it in force, as far as it is about pages; all of it or nothing.

        Raises:
            ConfigError: nothing was changed.
            Conflict: the process stops, or does this already.
        """
        helpers = present_helpers()
        read: Read = await self._blocking(self._reading.read_blocking)
        try:
            check_meant(read.config)
            plan = await self._reconfiguration.take(read)
        except BaseException:
            put_back_helpers(helpers)
            raise
        self._log.info("configuration in force")
        return plan


class _Settings:
    """What plugins and updates read of the configuration."""

    name = "settings"

    def __init__(self, master: Master, context: UpdateContext) -> None:
        self._master = master
        self._context = context

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        self._master.config = config
        self._context.orchestration = config.orchestration
        self._context.staging = config.staging

    def settle(self) -> None:
        """Nothing was kept for going back."""


def check_meant(config: MasterConfig) -> None:
    """Raises ConfigError if a configuration does not mean a web process."""
    if config.www.port is None:
        raise ConfigError([ConfigProblem("www: no port is configured: there is nothing to serve", str(config.file))])
    if config.www.process != "own":
        raise ConfigError([ConfigProblem(NOT_MEANT, str(config.file))])
