"""The one place where a master is put together.

Nothing here decides anything: parts are made, given to one another, started in order and stopped in reverse.
"""

from __future__ import annotations

import hmac
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig, WorkerPort
from buildmill.master.config.plan import keep_unchanged, plan_of
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.listener import WorkerListener
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import masters, schema
from buildmill.master.db import schedulers as scheduler_rows
from buildmill.master.db.database import Database
from buildmill.master.db.engine import parse_url
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.claims import Reason
from buildmill.master.engine.engine import Engine
from buildmill.master.engine.facade import Master
from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.latent.local_worker import LocalWorker
from buildmill.master.latent.runner import LocalWorkerRunner
from buildmill.master.logs.store import LogStore
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.schedulers.forcesched import ForceSchedulers
from buildmill.master.web.server import WebServer

HEARTBEAT_SECONDS = 60.0
EXPIRY_SECONDS = 600


class App:
    """A whole master.

    Args:
        basedir: its directory.
        config: what it begins with.
        reactor: clock, sockets, threads, processes.
        rng: where passwords of local workers, command ids and choices come from.
        config_file: read again at `reconfig`.
    """

    _log = Logger()

    def __init__(
        self, *, basedir: Path, config: MasterConfig, reactor: Any, rng: random.Random, config_file: str = "master.cfg"
    ) -> None:
        self.basedir = basedir
        self.config = config
        self._config_file = config_file
        self._reactor = reactor
        self._random = rng
        self._bus = SimpleBus()
        self._url = parse_url(config.db_url, str(basedir))
        self.database = Database.open(self._url, reactor, self._bus.publish)
        self.updates = Updates(self.database, UpdateContext())
        self.logs = LogStore(database=self.database, directory=basedir / "logs", clock=reactor, bus=self._bus)
        self._forms = ForceSchedulers()
        self.data = DataAPI(
            database=self.database, updates=self.updates, bus=self._bus, logs=self.logs, force_schedulers=self._forms
        )
        self.master = Master(
            basedir=basedir,
            name=f"{socket.gethostname()}:{basedir}",
            data=self.data,
            updates=self.updates,
            bus=self._bus,
            clock=reactor,
            logs=self.logs,
            rng=rng,
            processes=ReactorProcessRunner(reactor),
            in_thread=self._blocking,
        )
        self.engine = Engine(
            master=self.master,
            updates=self.updates,
            read=self.database.read,
            bus=self._bus,
            clock=reactor,
            rng=rng,
            monotonic=time.monotonic,
        )
        self.master.queue = self.engine.queue
        self._listeners: list[WorkerListener] = []
        self._local_workers: dict[str, LocalWorkerRunner] = {}
        self._services: list[Any] = []
        self._web: WebServer | None = None
        self._heartbeat = LoopingCall(self._beat)
        self._heartbeat.clock = reactor
        self.worker_port: int | None = None
        self.web_port: int | None = None

    @property
    def web_url(self) -> str | None:
        """Where the web server listens; None without one."""
        return None if self.web_port is None else f"http://127.0.0.1:{self.web_port}/"

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; when this returns, workers and clients are served.

        Raises:
            SchemaOutOfDate: the database must be upgraded first.
            Exception: whatever keeps a part from starting; what had started is stopped again.
        """
        self._tell_notices(self.config)
        await self._blocking(schema.check, self._url)
        try:
            await self._start()
        except BaseException:
            self._log.failure("the master cannot start")
            await self.stop(clean=False)
            raise
        self._log.info("configuration in force")
        self._log.info("master is running")

    async def _start(self) -> None:
        master_id = await self.updates.run(masters.find, self.master.name)
        self.master.masterid = self.updates.context.masterid = master_id
        self._apply_settings(self.config)
        await self.updates.run(_take_over, master_id)
        await self.logs.start(master_id)
        await self.engine.configure(self.config)
        await self.engine.start()
        await self._listen(self.config)
        await self._apply_services(self.config)
        await self.updates.masterActive(master_id)
        self._heartbeat.start(HEARTBEAT_SECONDS, now=False)
        await self._apply_web(self.config)
        await self._apply_local_workers(self.config)

    async def stop(self, clean: bool = False) -> None:
        """Stop everything.

        Args:
            clean: first let running builds end; otherwise they are stopped and will be tried again.
        """
        self.database.limit_patience()
        if self._heartbeat.running:
            self._heartbeat.stop()
        await self._quietly("schedulers", self._stop_services())
        await self._quietly("engine", self.engine.stop(clean=clean))
        for name, runner in list(self._local_workers.items()):
            await self._quietly(f"local worker {name}", runner.stop())
        for listener in self._listeners:
            await self._quietly("worker port", listener.stop())
        if self._web is not None:
            await self._quietly("web server", self._web.stop())
        self.data.stop()
        await self._quietly("log store", self.logs.stop())
        if self.master.masterid:
            await self._quietly("master row", self.updates.masterStopped(self.master.masterid))
        await self._quietly("database", self.database.stop())
        self._log.info("master has stopped")

    async def _quietly(self, what: str, stopping: Any) -> None:
        try:
            await stopping
        except Exception:
            self._log.failure("stopping failed: {what}", what=what)

    async def _blocking(self, function: Callable[..., Any], *args: Any) -> Any:
        done: Deferred[Any] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)
        return await done

    def _beat(self) -> Any:
        async def beat() -> None:
            try:
                await self.updates.masterActive(self.master.masterid)
            except Exception:  # the next beat may succeed
                self._log.failure("the sign of life could not be written")

        return Deferred.fromCoroutine(beat())

    # -- configuration -----------------------------------------------------------------------------

    async def reconfig(self) -> None:
        """Read the configuration again and put it in force, all of it or nothing.

        Raises:
            ConfigError: nothing was changed.
        """
        new = await self._blocking(load, self.basedir, self._config_file)
        self._tell_notices(new)
        plan = plan_of(self.config, new)
        problems = self._unchangeable(new)
        if problems:
            raise ConfigError(problems)
        for line in plan.describe():
            self._log.info("reconfiguration: {line}", line=line)
        old, new = self.config, keep_unchanged(self.config, new, plan)
        try:
            await self._apply(new)
        except ConfigError:
            await self._apply(old)
            raise
        except BaseException:
            self._log.failure("the new configuration cannot be put in force; the old one is put back")
            await self._apply(old)
            raise
        self._log.info("configuration in force")

    def _tell_notices(self, config: MasterConfig) -> None:
        for notice in config.notices:
            self._log.warn("configuration: {notice}", notice=str(notice))

    def _unchangeable(self, new: MasterConfig) -> list[ConfigProblem]:
        problems = []
        if parse_url(new.db_url, str(self.basedir)) != self._url:
            problems.append(ConfigProblem("db_url cannot change while the master runs: restart it", str(new.file)))
        if new.worker_ports != self.config.worker_ports:
            problems.append(ConfigProblem("protocols cannot change while the master runs: restart it", str(new.file)))
        return problems

    async def _apply(self, config: MasterConfig) -> None:
        await self._apply_web(config)  # first: a port may be taken, and nothing is changed yet
        self.config = config
        self._apply_settings(config)
        await self.engine.configure(config)
        await self._apply_services(config)
        await self._apply_local_workers(config)

    def _apply_settings(self, config: MasterConfig) -> None:
        self.master.config = config
        self.updates.context.codebase_of = config.codebaseGenerator
        self.updates.context.revlink_of = config.revlink

    async def _listen(self, config: MasterConfig) -> None:
        ports = list(config.worker_ports)
        if not ports and any(worker.is_local for worker in config.workers):
            ports = [WorkerPort(port=0, interface="127.0.0.1")]
        for entry in ports:
            listener = WorkerListener(
                authenticate=self._authenticate,
                attached=self._worker_attached,
                lost=self.engine.worker_lost,
                clock=self._reactor,
                reactor=self._reactor,
                tls=_tls(entry),
                greeting=self.engine.greeting,
            )
            port = await listener.start(entry.port, entry.interface)
            self._listeners.append(listener)
            if self.worker_port is None and entry.certificate is None:
                self.worker_port = port
            self._log.info("workers are served on port {port}", port=port)

    def _authenticate(self, name: str, password: str) -> bool:
        runner = self._local_workers.get(name)
        if runner is not None:
            return hmac.compare_digest(runner.password.encode(), password.encode())
        return self.engine.authenticate(name, password)

    async def _worker_attached(self, connection: WorkerConnection) -> None:
        await self.engine.worker_attached(connection)

    async def _apply_services(self, config: MasterConfig) -> None:
        wanted = [*config.schedulers, *config.change_sources]
        for service in [s for s in self._services if s not in wanted]:
            await service.deactivate()
            self._services.remove(service)
        self.master.schedulers = {scheduler.name: scheduler for scheduler in config.schedulers}
        for service in wanted:
            if service not in self._services:
                self._services.append(service)
                await service.activate(self.master)
        await self.updates.run(scheduler_rows.forget_seen_of_absent)
        self._forms.replace(config.schedulers)

    async def _stop_services(self) -> None:
        while self._services:
            await self._services.pop().deactivate()

    async def _apply_web(self, config: MasterConfig) -> None:
        old = self._web
        if old is not None and config.www == self.config.www and config.buildbotURL == self.config.buildbotURL:
            return
        if old is not None and config.www.port in (None, self.config.www.port):
            await old.stop()  # the port is wanted again, with other settings, or not at all
            self._web = self.web_port = old = None
        if config.www.port is None:
            return
        web = WebServer(
            data=self.data,
            bus=self._bus,
            reactor=self._reactor,
            base_url=config.buildbotURL,
            allowed_origins=config.www.allowed_origins or (),
            title=config.title,
        )
        try:
            self.web_port = await web.start(config.www.port)
        except CannotListenError as error:
            problem = f"www: nobody can be served at {config.www.port}: {error.socketError}"
            raise ConfigError([ConfigProblem(problem, str(config.file))]) from error
        self._web = web
        if old is not None:
            await old.stop()
            self.data.start()  # the old server has ended what both use
        self._log.info("the data API is served at {url}api/v2", url=self.web_url)

    async def _apply_local_workers(self, config: MasterConfig) -> None:
        wanted = {worker.name: worker for worker in config.workers if isinstance(worker, LocalWorker)}
        # its process depends on nothing else that a configuration says: what it runs now goes on
        kept = {n for n, r in self._local_workers.items() if n in wanted and wanted[n].workdir == r.config.workdir}
        for name in self._local_workers.keys() - kept:
            await self._local_workers.pop(name).stop()
        for name, worker in wanted.items():
            if name not in self._local_workers:
                assert self.worker_port is not None
                runner = LocalWorkerRunner(
                    worker,
                    port=self.worker_port,
                    basedir=self.basedir,
                    reactor=self._reactor,
                    rng=self._random,
                )
                self._local_workers[name] = runner
                await runner.start()

    # -- questions -------------------------------------------------------------------------------------

    async def explain(self, request_id: int) -> list[Reason] | None:
        """Why a request waits; None when it does not."""
        return self.engine.explain(request_id)


def _take_over(tx: Transaction, master_id: int) -> None:
    """Let go of what an earlier run of this master, or one that died, still holds by its rows."""
    for other in masters.inactive_since(tx, tx.now - EXPIRY_SECONDS):
        masters.release(tx, other)
        masters.set_active(tx, other, False)
    masters.release(tx, master_id)
    masters.set_active(tx, master_id, False)


def _tls(entry: WorkerPort) -> Any:
    if entry.certificate is None:
        return None
    from twisted.internet.ssl import DefaultOpenSSLContextFactory

    key = entry.private_key or entry.certificate
    return DefaultOpenSSLContextFactory(str(key), str(entry.certificate))
